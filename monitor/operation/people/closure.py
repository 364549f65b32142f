"""What a person puts on record without changing a calibrator: closed alarms and deviations."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from monitor.errors import OutsidePlanError, UsageError
from monitor.operation.attempt.attempts import ROOT_CAUSE
from monitor.operation.people.signing import Signatory, clock, decision_record
from monitor.operation.workspace import Workspace, open_workspace

CAUSES = ("data", "population", "device", "practice", "none", "other")
CATEGORIES: Final = {
    "deviation": "the plan was not followed, or could not be",
    "chose_not_to_implement": "a change that the plan allows was not made: no deviation",
    "submitted_instead": "a submission was made instead of using the plan: no deviation",
    "no_submission_needed": "a change that needs no submission, documented here: no deviation",
    ROOT_CAUSE: "why an attempt failed, a cause outside the plan: no deviation, a further attempt may follow",
}
"""A deviation, and the categories that are none, with what each says."""


def close_alarm(
    path: Path,
    alarm: str,
    who: Signatory,
    *,
    cause: str,
    reason: str,
    key_file: Path | None = None,
) -> None:
    """End an alarm with a cause, a reason and a person; the place's stream starts anew.

    Args:
        path: The workspace.
        alarm: For example "ALM-0001".
        who: The person; with a key wherever the plan lists any.
        cause: One of `CAUSES`.
        reason: What was found, or why the signal is set aside.
        key_file: Pseudonym key of the workspace.

    Raises:
        UsageError: Unknown or closed alarm, one whose change is still open, or an unknown cause.
        OutsidePlanError: The role or the key is not in the plan.
    """
    with open_workspace(path, key_file) as workspace:
        found = workspace.state.alarms.get(alarm)
        if found is None or found.closed:
            known = [name for name, item in workspace.state.alarms.items() if not item.closed]
            raise UsageError(f"{alarm}: no open alarm of that name; open: {', '.join(known) or 'none'}")
        if cause not in CAUSES:
            raise UsageError(f"--cause {cause}: expected one of {', '.join(CAUSES)}")
        for change in workspace.state.changes_in("collecting", "proposed", "approved"):
            if change.opened["alarm"] == alarm:
                raise UsageError(f"{alarm}: its change {change.id} is {change.state}; decide that first")
        at = clock()
        content = {"alarm": alarm, "by": who.name, "cause": cause, "reason": reason}
        body = decision_record(workspace, "alarm_closed", who, content, at)
        with workspace.commit():
            workspace.record("alarm_closed", at, body)
        workspace.store.publish_snapshot()


def record_deviation(
    path: Path,
    category: str,
    description: str,
    who: Signatory,
    *,
    change: str | None = None,
    key_file: Path | None = None,
) -> str:
    """Put a deviation from the plan on record, or one of the categories that are none.

    Args:
        path: The workspace.
        category: One of `CATEGORIES`.
        description: What happened, without anything that identifies a patient.
        who: The person; with a key wherever the plan lists any.
        change: The change it is about, if any.
        key_file: Pseudonym key of the workspace.

    Returns:
        The name of the record, for example "DEV-0001".

    Raises:
        UsageError: Unknown category or change.
        OutsidePlanError: The role or the key is not in the plan, or not the one for a root cause.
    """
    if category not in CATEGORIES:
        raise UsageError(f"--category {category}: expected one of {', '.join(CATEGORIES)}")
    with open_workspace(path, key_file) as workspace:
        if change is not None and change not in workspace.state.changes:
            raise UsageError(f"{change}: no such change; `pccp changes {path}` lists them")
        if category == ROOT_CAUSE:
            _require_failed_attempt(workspace, change, who)
        name, at = f"DEV-{len(workspace.state.deviations) + 1:04d}", clock()
        content: dict[str, Any] = {
            "deviation": name,
            "category": category,
            "is_deviation": category == "deviation",
            "change": change,
            "description": description,
        }
        body = decision_record(workspace, "deviation", who, content, at)
        with workspace.commit():
            workspace.record("deviation", at, body)
        workspace.store.publish_snapshot()
        return name


def _require_failed_attempt(workspace: Workspace, change: str | None, who: Signatory) -> None:
    """A root cause belongs to a failed change, and to the role the plan names for it."""
    found = workspace.state.changes.get(change or "")
    if found is None or found.state not in ("rejected", "insufficient"):
        raise UsageError(f"{ROOT_CAUSE} needs --change with one that was rejected or insufficient")
    rule = workspace.loaded.plan.evaluation.retest
    if rule is None or who.role != rule.role:
        named = f"it names {rule.role}" if rule else "it has no retest"
        raise OutsidePlanError(f"role {who.role} does not sign a root cause under this plan; {named}")
