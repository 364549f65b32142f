"""Putting an approved calibrator into use, and taking it out again."""

from __future__ import annotations

from pathlib import Path

from monitor.errors import OutsidePlanError, UsageError
from monitor.operation.dossiers import issue_dossiers
from monitor.operation.people.signing import Signatory, clock, decision_record
from monitor.operation.reading.live import one_finding, require_stratum
from monitor.operation.workspace import Workspace, open_workspace
from monitor.records import Calibrator, Place
from monitor.registry import Change


def deploy(workspace: Workspace, change: Change, night: str) -> None:
    """Make an approved candidate the live calibrator of its place; its stream starts anew.

    Args:
        workspace: Open for writing.
        change: Signed by every role of the plan.
        night: Day of the last signature.

    Raises:
        OutsidePlanError: The change lacks a signature, or is not open to deployment.
    """
    if change.state != "approved" or change.candidate is None:
        raise OutsidePlanError(
            f"{change.id}: only an approved change is deployed, this one is {change.state}"
        )
    night = in_use_from(workspace, night)
    workspace.record(
        "deployed",
        night,
        {
            "change": change.id,
            "site": change.place.site,
            "finding": change.place.finding,
            "calibrator": change.candidate["candidate"],
            "night": night,
            "simulated": any(approval["simulated"] for approval in change.approvals),
        },
    )


def rollback(
    path: Path,
    site: str,
    finding: str | None,
    who: Signatory,
    *,
    reason: str,
    change: str | None = None,
    key_file: Path | None = None,
) -> Calibrator:
    """Return a site to the approved version that was in use before the present one.

    Never to a newer version, to one that was rolled back itself, or to one that nobody approved; the
    original counts as authorised. A change that is still open at the place ends as void, because the
    version it was compared with is no longer in use, and the place's stream starts anew.

    Args:
        path: The workspace.
        site: As the logs name it.
        finding: May be None when the plan has one.
        who: The person, with a key that the plan lists for the role.
        reason: Why.
        change: The deployed change that the person was shown as live; whichever is when None.
        key_file: Pseudonym key of the workspace.

    Returns:
        The calibrator now in use.

    Raises:
        OutsidePlanError: The plan has no rollback, or the role or key is not in it.
        UsageError: The original is in use, so there is nothing to return from; another change than the one
            shown is live; or the site has strata.
    """
    with open_workspace(path, key_file) as workspace:
        plan = workspace.loaded.plan
        if plan.update.rollback is None:
            raise OutsidePlanError("the plan's update_procedures have no rollback")
        place = Place(site, one_finding(plan, finding))
        require_stratum(plan, workspace.state, place)
        before = workspace.state.calibrator_before(place)
        if before is None:
            raise UsageError(f"{site}: the original calibrator is in use; there is no version before it")
        undone, at = workspace.state.deployments[place][-1], clock()
        if change not in (None, undone["change"]):
            raise UsageError(f"{change}: not the change that is live at {site}; that is {undone['change']}")
        night = in_use_from(workspace, at[:10])
        content = {
            "site": place.site,
            "finding": place.finding,
            "change": undone["change"],
            "from": undone["calibrator"],
            "to": before.as_record(),
            "reason": reason,
            "night": night,
            "simulated": undone["simulated"],
        }
        body = decision_record(workspace, "rolled_back", who, content, at)
        with workspace.commit():
            _void_open_changes(workspace, place, night, before)
            workspace.record("rolled_back", at, body)
        issue_dossiers(workspace)
        workspace.store.publish_snapshot()
        return before


def in_use_from(workspace: Workspace, day: str) -> str:
    """A decision takes effect on its day, and never before a night that has already been run."""
    return max(day, workspace.state.last_night or day)


def _void_open_changes(workspace: Workspace, place: Place, night: str, before: Calibrator) -> None:
    voided = [
        change for change in workspace.state.changes_in("collecting", "proposed") if change.place == place
    ]
    for change in voided:
        compared = change.opened["last_deployed"]["version"]
        reason = f"{compared}, with which it was to be compared, was rolled back to {before.version}"
        workspace.record("voided", night, {"change": change.id, "reason": reason, "night": night})
