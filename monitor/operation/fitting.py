"""The fit of a candidate on the collected rows, frozen in the ledger or withdrawn."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from monitor.calibration import RankingLostError, SaturatedScoreError, choose, winsorised_logit
from monitor.logistic import SeparationError
from monitor.operation.looks import without_look
from monitor.operation.windows import Knowledge, describe, fitting_window
from monitor.operation.workspace import Workspace
from monitor.records import Rows
from monitor.registry import Change


def fit(workspace: Workspace, change: Change, last: str | None, knowledge: Knowledge) -> None:
    """Fit on the collected rows and freeze the candidate; withdraw the change where none is warranted."""
    rows = fitting_window(workspace, change, last, knowledge)
    if rows is None or rows.events < workspace.loaded.plan.retraining.events_for.closed_test:
        return
    current = workspace.state.calibrator(change.place)
    try:
        x, limits = winsorised_logit(rows.score)
        choice = choose(x, rows.outcome, rows.patient, current)
    except (SeparationError, RankingLostError, SaturatedScoreError) as error:
        _withdraw(workspace, change, knowledge, str(error), {"fit": describe_window(rows, knowledge)})
        return
    fitted = {
        "fit": describe_window(rows, knowledge),
        "closed_test": {"chosen": choice.kind, "steps": [asdict(step) for step in choice.steps]},
        "winsorised_logit": list(limits),
    }
    if choice.kind == "keep":
        reason = f"the closed test keeps the current calibrator (p = {choice.steps[0].p:.3f})"
        _withdraw(workspace, change, knowledge, reason, fitted)
        return
    if choice.kind not in workspace.loaded.plan.modification.methods:
        reason = f"the data call for {choice.kind}, which the plan does not list"
        _record_outside_plan(workspace, change, choice.kind, knowledge)
        _withdraw(workspace, change, knowledge, reason, fitted)
        return
    candidate = choice.calibrator(workspace.state.next_version(change.place)).as_record()
    body = {"change": change.id, "candidate": candidate, **fitted}
    workspace.record("candidate_frozen", knowledge.matured_by.isoformat(), body)


def describe_window(rows: Rows, knowledge: Knowledge) -> dict[str, Any]:
    """The rows of a window, and what was known when they were read."""
    return {**describe(rows), **knowledge.as_record()}


def _record_outside_plan(workspace: Workspace, change: Change, method: str, knowledge: Knowledge) -> None:
    """What the data ask for and the plan does not cover: a person's to follow up."""
    body = {
        "change": change.id,
        "site": change.place.site,
        "finding": change.place.finding,
        "requested": method,
        "excluded_by": "description_of_modifications.methods",
        "listed": list(workspace.loaded.plan.modification.methods),
        "night": knowledge.matured_by.isoformat(),
    }
    workspace.record("outside_plan", knowledge.matured_by.isoformat(), body)


def _withdraw(
    workspace: Workspace, change: Change, knowledge: Knowledge, reason: str, fitted: dict[str, Any]
) -> None:
    """End a change without a candidate; what was fitted and tested stays on record."""
    body = {**without_look(change, (reason,), None), **fitted}
    workspace.record("verdict", knowledge.matured_by.isoformat(), body)
