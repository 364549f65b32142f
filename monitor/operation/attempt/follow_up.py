"""Did a deployed change help? Asked once, on the studies since, when the plan's number of events has come.

Accepting a change says that it helped on the validation window. The patients after deployment are the
ones who matter, and the past may have changed again, so the two calibrators are compared once more.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

import numpy as np

from monitor.calibrators import calibrated_log_odds, read_calibrator
from monitor.errors import EvidenceError
from monitor.logistic import log_loss, logit
from monitor.operation.attempt.outcome_counts import OutcomeCounts
from monitor.operation.attempt.windows import (
    Knowledge,
    account_for,
    describe,
    fitted_patients,
    pool_of,
    read_rows,
)
from monitor.operation.calendar import cohort_key
from monitor.operation.workspace import Workspace
from monitor.records import Rows
from monitor.registry import Change

Answer = Literal["helped", "harmed", "cannot_tell", "not_asked"]
"""`not_asked`: the patients of the fit can no longer be told from those who may judge."""

POOL_LEFT = "rows of other sites that the candidate has learned from have left the database"


def follow_up(workspace: Workspace, counts: OutcomeCounts, knowledge: Knowledge) -> None:
    """Ask of every calibrator in use that has not been asked about and has enough events since.

    Args:
        workspace: Open for writing.
        counts: Usable outcomes of every cohort read so far.
        knowledge: Of the night.
    """
    plan = workspace.loaded.plan
    if plan.update.follow_up is None or plan.undated:
        return
    for place, deployments in sorted(workspace.state.deployments.items()):
        if not deployments:
            continue
        change = workspace.state.changes[deployments[-1]["change"]]
        deployed = cohort_key(plan.monitoring.cadence, date.fromisoformat(deployments[-1]["night"]))
        held = change.opened["fit_from"] > workspace.state.archived_to(place)
        waiting = held and change.followed_up is None
        if waiting and counts.events(place, deployed, after=True) >= plan.update.follow_up.events:
            _ask(workspace, change, deployed, knowledge)


def answer(low: float, high: float) -> Answer:
    """What the interval of the gain shows.

    Example:
        >>> answer(0.001, 0.02), answer(-0.02, -0.001), answer(-0.01, 0.01)
        ('helped', 'harmed', 'cannot_tell')
    """
    if low > 0.0:
        return "helped"
    return "harmed" if high < 0.0 else "cannot_tell"


def _ask(workspace: Workspace, change: Change, deployed: str, knowledge: Knowledge) -> None:
    """Record the answer; waits while too few of the counted events may be used.

    Cohorts after that of the deployment count; in it, studies of both calibrators may lie together.
    """
    asked = workspace.loaded.plan.update.follow_up
    window = read_rows(workspace, change.place, knowledge, deployed)
    if asked is None or window is None:
        return
    window = window.where(window.cohort > deployed)
    if _pool_left(workspace, change):
        unused = window.where(np.zeros(len(window), dtype=bool))
        body = {"comparison": None, "answer": "not_asked", "reason": POOL_LEFT, "data_account": []}
        _record(workspace, change, knowledge, {"alpha": asked.alpha, **body, **describe(unused)})
        return
    account, rows = account_for(workspace, window, fitted_patients(workspace.under_plan_of(change), change))
    if rows.events < asked.events:
        return
    comparison = _comparison(change, rows, asked.alpha)
    found = answer(comparison["low"], comparison["high"])
    body = {"comparison": comparison, "answer": found, "data_account": account}
    _record(workspace, change, knowledge, {"alpha": asked.alpha, **body, **describe(rows)})


def _pool_left(workspace: Workspace, change: Change) -> bool:
    """True when a pool cannot be read again because its rows were archived; else it must be as on record."""
    gone = any(
        change.opened["fit_from"] <= workspace.state.archived_to(place)
        for place in workspace.state.archived
        if place.finding == change.place.finding and place != change.place
    )
    if not gone:
        return False
    try:
        pool_of(workspace.under_plan_of(change), change)
    except EvidenceError:
        return True
    return False


def _record(workspace: Workspace, change: Change, knowledge: Knowledge, found: dict[str, Any]) -> None:
    night = knowledge.matured_by.isoformat()
    body: dict[str, Any] = {
        "change": change.id,
        "site": change.place.site,
        "finding": change.place.finding,
        "night": night,
        "rollback_proposed": found["answer"] == "harmed",
        **found,
        **knowledge.as_record(),
    }
    workspace.record("follow_up", night, body)


def _comparison(change: Change, rows: Rows, alpha: float) -> dict[str, Any]:
    """Mean log loss of the calibrator before minus that of the one in use, per study."""
    from monitor.performance import log_loss_gain  # few nights have something to ask

    x = logit(rows.score)
    before, after = (
        calibrated_log_odds(read_calibrator(record), x)
        for record in (change.opened["last_deployed"], (change.candidate or {})["candidate"])
    )
    gain = log_loss_gain(before, after, rows.outcome, rows.patient, alpha=alpha)
    return {
        "value": gain.value,
        "low": gain.low,
        "high": gain.high,
        "log_loss_before": float(log_loss(before, rows.outcome).mean()),
        "log_loss_after": float(log_loss(after, rows.outcome).mean()),
        "method": gain.method,
    }
