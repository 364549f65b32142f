"""The fit of a candidate on the collected rows, frozen in the ledger or withdrawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from monitor.calibration import (
    Before,
    Choice,
    Policy,
    PriorUnknownError,
    RankingLostError,
    SaturatedScoreError,
    choose,
    winsorised_logit,
)
from monitor.logistic import SeparationError
from monitor.operation.attempt.looks import without_look
from monitor.operation.attempt.operating_points import at_freezing
from monitor.operation.attempt.pool import NO_POOL, Pool, other_sites
from monitor.operation.attempt.windows import Knowledge, describe, first_cohort_in_use, fitting_window
from monitor.operation.spreading import Spread
from monitor.operation.workspace import Workspace
from monitor.records import Calibrator, FloatArray, Rows, TextArray
from monitor.registry import Change


class Problem(NamedTuple):
    """What a fit reads. Patients are numbers in the order of their pseudonyms, which are not in it."""

    score: FloatArray
    outcome: FloatArray
    patient: TextArray
    current: Calibrator
    policy: Policy


class Fitted(NamedTuple):
    """The choice and the limits of the winsorised score, or in words why none can be made."""

    choice: Choice | None
    limits: tuple[float, float]
    refused: str = ""


@dataclass(frozen=True)
class Fit:
    """A fit that was due: its rows, the other sites' rows, and what was found."""

    rows: Rows
    pool: Pool
    found: Fitted


def solve(problem: Problem) -> Fitted:
    """Fit and choose: a pure function that any process may run."""
    try:
        x, limits = winsorised_logit(problem.score)
        choice = choose(x, problem.outcome, problem.patient, problem.current, problem.policy)
    except (SeparationError, RankingLostError, SaturatedScoreError, PriorUnknownError) as error:
        return Fitted(None, (0.0, 0.0), str(error))
    return Fitted(choice, limits)


def fits(
    workspace: Workspace, changes: Sequence[Change], last: str | None, knowledge: Knowledge, spread: Spread
) -> dict[str, Fit]:
    """The fits that the collected rows of some changes allow, by the change's name.

    None depends on another: each reads rows of the store and the calibrator in use at its place.
    """
    due = {
        change.id: (change, rows)
        for change in changes
        if (rows := _enough(workspace, change, last, knowledge)) is not None
    }
    pools = {name: _pool(workspace, change, rows, knowledge) for name, (change, rows) in due.items()}
    problems = [_problem(workspace, change, rows, pools[name]) for name, (change, rows) in due.items()]
    solved = zip(due.items(), spread(solve, problems), strict=True)
    return {name: Fit(rows, pools[name], found) for (name, (_, rows)), found in solved}


def _enough(workspace: Workspace, change: Change, last: str | None, knowledge: Knowledge) -> Rows | None:
    """The collected rows; None while their events are too few."""
    rows = fitting_window(workspace, change, last, knowledge)
    least = workspace.loaded.plan.retraining.events_for.least
    return None if rows is None or rows.events < least else rows


def _pool(workspace: Workspace, change: Change, rows: Rows, knowledge: Knowledge) -> Pool:
    pooled = rows.events < workspace.loaded.plan.retraining.events_for.closed_test
    return other_sites(workspace, change, rows, knowledge) if pooled else NO_POOL


def _problem(workspace: Workspace, change: Change, rows: Rows, pool: Pool) -> Problem:
    patient = np.unique(rows.patient.astype(str), return_inverse=True)[1].astype(object)
    current, policy = workspace.state.calibrator(change.place), _policy(workspace, change, pool)
    return Problem(rows.score, rows.outcome, patient, current, policy)


def freeze(workspace: Workspace, change: Change, fit: Fit, knowledge: Knowledge) -> None:
    """Freeze the candidate of a fit; withdraw the change where none is warranted."""
    rows, choice = fit.rows, fit.found.choice
    if choice is None:
        _withdraw(workspace, change, knowledge, fit.found.refused, {"fit": describe_window(rows, knowledge)})
        return
    record = {
        "fit": describe_window(rows, knowledge),
        **_grounds(choice, fit.pool),
        "winsorised_logit": list(fit.found.limits),
    }
    if choice.kind == "keep":
        _withdraw(workspace, change, knowledge, _why_kept(choice), record)
        return
    if choice.kind not in workspace.loaded.plan.modification.methods:
        reason = f"the data call for {choice.kind}, which the plan does not list"
        _record_outside_plan(workspace, change, choice.kind, knowledge)
        _withdraw(workspace, change, knowledge, reason, record)
        return
    candidate = choice.calibrator(workspace.state.next_version(change.place))
    threshold = at_freezing(workspace, change, candidate, rows)
    body = {"change": change.id, "plan_sha256": change.plan_sha256, "candidate": candidate.as_record()}
    body |= {**record, **threshold}
    workspace.record("candidate_frozen", knowledge.matured_by.isoformat(), body)


def _policy(workspace: Workspace, change: Change, pool: Pool) -> Policy:
    """The plan's methods and minima, the rows of the other sites, and what came before."""
    plan = workspace.loaded.plan
    events_for = plan.retraining.events_for
    return Policy(
        plan.modification.methods,
        events_for.closed_test,
        events_for.pooled,
        events_for.flexible,
        pool.sites,
        _before(workspace, change, events_for.closed_test),
    )


def _before(workspace: Workspace, change: Change, least_events: int) -> Before:
    """Outcomes of the cohorts that the live calibrator read before the change's first one."""
    since = first_cohort_in_use(workspace, change.place)
    counted = [
        count
        for count in workspace.store.cohort_counts()
        if count.place == change.place and since <= count.cohort < change.opened["fit_from"]
    ]
    known, positives = sum(count.known for count in counted), sum(count.positives for count in counted)
    return Before(known, positives, least_events)


def _grounds(choice: Choice, pool: Pool) -> dict[str, Any]:
    """What decided, under the name of the rule: closed_test, pooling or cross_validation."""
    if choice.kind == "prior_shift":
        steps = [asdict(step) for step in choice.steps]
        return {"closed_test": {"chosen": choice.kind, "steps": steps}, "prior_shift": dict(choice.grounds)}
    if choice.steps:
        return {"closed_test": {"chosen": choice.kind, "steps": [asdict(step) for step in choice.steps]}}
    if choice.kind == "pooled":
        return {"pooling": {**choice.grounds, **pool.record}}
    return {"cross_validation": {"chosen": choice.kind, **choice.grounds}}


def _why_kept(choice: Choice) -> str:
    if choice.steps:
        return f"the closed test keeps the current calibrator (p = {choice.steps[0].p:.3f})"
    return "cross-validation keeps the current calibrator: no method is better by over one standard error"


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
