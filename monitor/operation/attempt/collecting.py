"""What becomes of an open change: a candidate fitted and frozen, then judged on rows nobody has used.

Only a night with a change to move on imports this module, and the statistics behind it.
"""

from __future__ import annotations

from datetime import date, timedelta

from monitor.operation.attempt.fitting import Fit, describe_window, fits, freeze
from monitor.operation.attempt.looks import look, validation_evidence, void, without_look
from monitor.operation.attempt.outcome_counts import OutcomeCounts
from monitor.operation.attempt.reuse import UntoldWindowError
from monitor.operation.attempt.windows import Knowledge, fitting_window
from monitor.operation.spreading import Spread
from monitor.operation.workspace import Workspace
from monitor.registry import Change


def advance_all(
    workspace: Workspace, cohort: str, counts: OutcomeCounts, knowledge: Knowledge, spread: Spread
) -> None:
    """Take one more mature cohort into account in every change that is still collecting, in their order.

    Args:
        workspace: Open for writing.
        cohort: The cohort that has just matured.
        counts: Usable outcomes per cohort, the new one included.
        knowledge: Of the night.
        spread: Takes the fits that are due to where they are made.
    """
    collecting = list(workspace.state.collecting())
    least = workspace.loaded.plan.retraining.events_for.least
    due = [
        change
        for change in collecting
        if change.candidate is None and counts.events(change.place, change.opened["fit_from"]) >= least
    ]
    made = fits(workspace, due, cohort, knowledge, spread)
    for change in collecting:
        _advance(workspace, change, made.get(change.id), counts, knowledge)


def _advance(
    workspace: Workspace, change: Change, fit: Fit | None, counts: OutcomeCounts, knowledge: Knowledge
) -> None:
    """Freeze the fit where one was due, judge at the look, else wait."""
    plan, night = workspace.loaded.plan, knowledge.matured_by
    if change.candidate is None:
        if fit is not None:
            freeze(workspace, change, fit, knowledge)
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


def finish_undated(workspace: Workspace, counts: OutcomeCounts, knowledge: Knowledge, spread: Spread) -> None:
    """An undated log has one look: fit, judge and end every change in the same night."""
    state = workspace.state
    collecting = list(state.collecting())
    made = fits(workspace, collecting, None, knowledge, spread)
    for change in collecting:
        if change.id in made:
            freeze(workspace, change, made[change.id], knowledge)
        if state.changes[change.id].candidate:
            look(workspace, state.changes[change.id], counts, knowledge)
        if state.changes[change.id].verdict is None:
            because = "an undated log has one look and does not grow"
            conclude(workspace, state.changes[change.id], counts, knowledge, because)
