"""A newly authorised version of the plan takes the place of the bound one, on record and by a person."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from monitor import plan
from monitor.errors import OutsidePlanError, PlanError, UsageError
from monitor.operation.people.signing import Signatory, clock, decision_record
from monitor.operation.plans import identity, keep_plan, shown, use_plan
from monitor.operation.workspace import Workspace, open_workspace, read_plan
from monitor.plan import ChangePlan, Difference, LoadedPlan, difference

MOST_RECORDED = 200
"""Differing keys that the ledger lists; all are counted."""

DEVICE = r"device\.(?!safe_and_effective_without_change)"
"""What makes it another device: such a change needs a plan of its own."""

EXCLUSIONS: Final[Mapping[str, str]] = {
    r"device\.model_version$": "model_weights",
    r"device\.intended_use$": "intended_use",
    r"findings\b": "new_finding",
    r"modification_protocol\.data_management\.\d+\.reference_standard\.(source|version)$": (
        "new_reference_standard"
    ),
}
"""What a differing key would change, in the words that plans use for invariants and exclusions."""

FIXED_IN_THE_STORE: Final[Mapping[str, str]] = {
    r"findings\b": "the findings",
    r"logs\.covariates\.\d+(\.(name|kind))?$": "the set of covariates",
    r"logs\.predictions\.(time_precision|timezone|day_zero)$": "how times are read",
    r"logs\.predictions\.research_id$": "how study numbers are stored",
    r"logs\.outcomes\.study_id_globally_unique$": "how outcomes are joined",
    r"monitoring\.cadence$": "the cohorts",
    r"logs\.strata\b": "the strata",
}
"""What the rows already stored were made with."""

WATCHED = r"monitoring\.(?!floor_of_live_version)|modification_protocol\.data_management"
"""What the running streams rest on: they start anew when it changes."""


def amend(
    path: Path, plan_file: Path, who: Signatory, *, meaning: str, key_file: Path | None = None
) -> list[Difference]:
    """Bind a newly authorised version of the same plan; what differs goes on the ledger.

    Args:
        path: The workspace.
        plan_file: The new version.
        who: The person, with a key that the plan in force lists for the role.
        meaning: What the signature means, in the person's words.
        key_file: Pseudonym key of the workspace.

    Returns:
        What differs, in the order of the plan.

    Raises:
        PlanError: The new plan has faults, another id, no higher version, or changes what stored rows fix.
        UsageError: It is the bound plan already, or a change is still open.
        OutsidePlanError: It is a plan for another device, or the role or key is not in the plan in force.
    """
    new = plan.load(plan_file)
    with open_workspace(path, key_file) as workspace:
        differences = permitted_differences(workspace.loaded, new)
        _require_no_open_change(workspace)
        at, old = clock(), workspace.loaded
        content = {
            "plan": identity(new),
            "from": {"version": old.plan.plan.version, "sha256": old.sha256},
            "differences": len(differences),
            "difference": [item._asdict() for item in differences[:MOST_RECORDED]],
            "restarts_streams": any(re.match(WATCHED, item.key) for item in differences),
            "meaning": meaning,
        }
        body = decision_record(workspace, "amended", who, content, at)
        keep_plan(path, old)
        keep_plan(path, new)
        with workspace.commit():
            workspace.record("amended", at, body)
        use_plan(path, new)
        workspace.store.publish_snapshot()
    return differences


def preview(path: Path, plan_file: Path) -> list[Difference]:
    """What `amend` would put on record, without doing it.

    Raises:
        MonitorError: As `amend` does, but for open changes, roles and keys.
    """
    return permitted_differences(read_plan(path), plan.load(plan_file))


def permitted_differences(old: LoadedPlan, new: LoadedPlan) -> list[Difference]:
    """What differs between two versions of one plan.

    Raises:
        UsageError: Nothing differs.
        PlanError: Another plan, no higher version, or something stored rows cannot follow.
        OutsidePlanError: Another device, or something that the plan in force excludes.
    """
    before, after = old.plan.plan, new.plan.plan
    if old.sha256 == new.sha256:
        raise UsageError(f"{new.path}: this plan is bound already (sha256 {new.sha256[:12]}...)")
    if before.id != after.id:
        raise PlanError(f"{new.path}: plan.id: another plan (expected {before.id}, found {after.id})")
    if _numbers(after.version) <= _numbers(before.version):
        raise PlanError(
            f"{new.path}: plan.version: a changed plan needs a higher version "
            f"(expected above {before.version}, found {after.version})"
        )
    differences = difference(old.plan, new.plan)
    _require_inside(old.plan, differences)
    _require_followed_by_the_store(new, differences)
    _require_same_strata(old, new)
    return differences


def _require_inside(bound: ChangePlan, differences: list[Difference]) -> None:
    named = {*bound.device.invariants, *bound.modification.excluded}
    outside: list[str] = []
    for item in differences:
        words = next((word for pattern, word in EXCLUSIONS.items() if re.match(pattern, item.key)), "")
        if re.match(DEVICE, item.key) or words in named:
            hit = f" (the plan excludes {words})" if words in named else ""
            outside.append(f"{item}{hit}")
    if outside:
        raise OutsidePlanError(
            "no version of this plan can make this change, it needs a submission and a workspace of its own: "
            + "; ".join(outside[:10])
        )


def _require_followed_by_the_store(new: LoadedPlan, differences: list[Difference]) -> None:
    for item in differences:
        for pattern, what in FIXED_IN_THE_STORE.items():
            if re.match(pattern, item.key):
                raise PlanError(
                    f"{new.path}: {item.key}: the rows stored here fix {what}; "
                    f"bind a new workspace for it ({shown([item])})"
                )


def _require_same_strata(old: LoadedPlan, new: LoadedPlan) -> None:
    """The strata are the levels of a covariate, which may otherwise gain and lose levels."""
    if old.plan.strata != new.plan.strata:
        before, after = (", ".join(item.plan.strata) for item in (old, new))
        raise PlanError(
            f"{new.path}: logs.strata: the rows stored here fix the strata; "
            f"bind a new workspace for others (expected {before}, found {after})"
        )


def _require_no_open_change(workspace: Workspace) -> None:
    found = workspace.state.changes_in("collecting", "proposed", "approved")
    if found:
        names = ", ".join(f"{change.id} ({change.state})" for change in found)
        raise UsageError(f"a change ends under the plan it was opened under; still open: {names}")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
