"""One change per alarm: opened as soon as the plan allows it."""

from __future__ import annotations

from datetime import date
from typing import Any

from monitor.operation.archiving import first_held
from monitor.operation.attempt.attempts import defer, deferral
from monitor.operation.attempt.windows import first_cohort_in_use
from monitor.operation.workspace import Workspace
from monitor.records import IDENTITY, Place
from monitor.registry import Change

AUTHOR = "pccp-monitor"
"""The service that proposes changes. It is the author, and never an approver."""


def open_change(workspace: Workspace, alarm: dict[str, Any], night: date) -> Change | None:
    """Open the one change an alarm may have; None when the plan's attempts for the place are used up.

    None also while the plan forbids it, as in a cool-down; then the reason goes on record.
    """
    state, plan = workspace.state, workspace.loaded.plan
    place = Place(alarm["site"], alarm["finding"])
    attempt = state.attempts(place) + 1
    if attempt > len(plan.evaluation.attempt_alpha):
        return None
    if (found := deferral(workspace, place, night)) is not None:
        defer(workspace, alarm, found, night)
        return None
    opened_on = {"opened_on": night.isoformat()} if alarm["alarm"] in state.deferred else {}
    name = f"CHG-{len(state.changes) + 1:04d}"
    workspace.record(
        "change_opened",
        night.isoformat(),
        {
            "change": name,
            "alarm": alarm["alarm"],
            "site": place.site,
            "finding": place.finding,
            "modification": plan.modification.id,
            "attempt": attempt,
            "alpha": plan.evaluation.attempt_alpha[attempt - 1],
            "fit_from": _fit_from(workspace, place, alarm["change_cohort"]),
            "last_deployed": state.calibrator(place).as_record(),
            "original": IDENTITY.as_record(),
            "author": AUTHOR,
            "approvals": [{"role": item.role, "signatures": item.signatures} for item in plan.approvals],
            **opened_on,
        },
    )
    return state.changes[name]


def open_deferred(workspace: Workspace, night: date) -> None:
    """Ask again for every open alarm whose change was put off."""
    for name in sorted(workspace.state.deferred):
        alarm = workspace.state.alarms[name]
        if alarm.closed is None:
            open_change(workspace, alarm.body, night)


def _fit_from(workspace: Workspace, place: Place, change_cohort: str) -> str:
    """The estimated change, never before the live calibrator's deployment or the first rows still held."""
    return max(change_cohort, first_held(workspace, place), first_cohort_in_use(workspace, place))
