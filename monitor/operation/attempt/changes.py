"""One change per alarm: collect, fit and freeze a candidate, then judge it on rows nobody has used."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from monitor.operation.archiving import first_held
from monitor.operation.attempt.attempts import defer, deferral
from monitor.operation.attempt.fitting import describe_window, fit
from monitor.operation.attempt.looks import look, validation_evidence, void, without_look
from monitor.operation.attempt.outcome_counts import OutcomeCounts
from monitor.operation.attempt.reuse import UntoldWindowError
from monitor.operation.attempt.windows import Knowledge, first_cohort_in_use, fitting_window
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


def advance(
    workspace: Workspace, change: Change, cohort: str, counts: OutcomeCounts, knowledge: Knowledge
) -> None:
    """Take one more mature cohort into account: fit at the minimum, judge at the look, else wait.

    Args:
        workspace: Open for writing.
        change: Still collecting.
        cohort: The cohort that has just matured.
        counts: Usable outcomes per cohort, the new one included.
        knowledge: Of the night.
    """
    plan, night = workspace.loaded.plan, knowledge.matured_by
    if change.candidate is None:
        if counts.events(change.place, change.opened["fit_from"]) >= plan.retraining.events_for.least:
            fit(workspace, change, cohort, knowledge)
    elif (
        counts.events(change.place, change.candidate["fit"]["to"], after=True)
        >= plan.evaluation.looks.events[change.looks_held]
    ):
        look(workspace, change, counts, knowledge)
    change = workspace.state.changes[change.id]
    waited = night - date.fromisoformat(change.opened.get("opened_on", change.alarm["night"]))
    if change.verdict is None and waited > timedelta(days=plan.evaluation.maximum_wait_days):
        conclude(
            workspace,
            change,
            counts,
            knowledge,
            f"the plan's longest wait of {plan.evaluation.maximum_wait_days} days has passed",
        )


def conclude(
    workspace: Workspace, change: Change, counts: OutcomeCounts, knowledge: Knowledge, because: str
) -> None:
    """End a change that never reached its next look: insufficient, with what is missing and a forecast."""
    plan = workspace.loaded.plan
    minimum = plan.retraining.events_for.least
    look_events = plan.evaluation.looks.events[change.looks_held]
    if change.candidate is None:
        rows = fitting_window(workspace, change, None, knowledge)
        described = {"collected": describe_window(rows, knowledge)} if rows else {}
        where, need, still_to_come = "fitting window", minimum, look_events
    else:
        try:
            found = validation_evidence(workspace, change, knowledge)
        except UntoldWindowError as error:
            void(workspace, change, str(error), knowledge)
            return
        rows, described = found or (None, {})
        where, need, still_to_come = "validation window", look_events, 0
    have, studies = (rows.events, len(rows)) if rows else (0, 0)
    missing = max(need - have, 0) + still_to_come
    reason = f"the {where} holds {have} of the rarer class in {studies} studies, {need} are needed; {because}"
    if plan.undated:
        reason += f" ({counts.events(change.place, '')} of the rarer class in the whole cohort)"
    body = {**without_look(change, (reason,), "insufficient"), **described}
    if change.looks:  # what the last look showed stands, with the rows it was made on
        body = {
            **change.looks[-1],
            "verdict": "insufficient",
            "reasons": [reason, *change.looks[-1]["reasons"]],
        }
    body["needed"] = {
        "events": missing,
        "forecast": counts.forecast(change.place, missing, knowledge.matured_by),
        "events_per_month": round(counts.events_per_month(change.place), 2),
    }
    workspace.record("verdict", knowledge.matured_by.isoformat(), body)


def _fit_from(workspace: Workspace, place: Place, change_cohort: str) -> str:
    """The estimated change, never before the live calibrator's deployment or the first rows still held."""
    return max(change_cohort, first_held(workspace, place), first_cohort_in_use(workspace, place))
