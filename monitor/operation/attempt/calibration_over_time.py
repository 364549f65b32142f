"""Observed over expected events at a place, cohort after cohort, recorded with a look; for reading only."""

from __future__ import annotations

from typing import Any

from monitor.calibrators import calibrated_log_odds, read_calibrator
from monitor.logistic import logit
from monitor.operation.attempt.windows import Knowledge, account_for, first_cohort_in_use
from monitor.operation.workspace import Workspace
from monitor.performance import observed_expected_over_time
from monitor.records import Rows
from monitor.registry import Change


def calibration_over_time(
    workspace: Workspace, change: Change, validation: Rows, knowledge: Knowledge
) -> dict[str, Any] | None:
    """The last deployed calibrator since it is in use, and the candidate on the rows that judge it.

    Args:
        workspace: Open for writing.
        change: With a frozen candidate.
        validation: Rows that judge the candidate.
        knowledge: Of the night.

    Returns:
        `last_deployed` (cut where fit and validation begin) and `candidate`, stretches of cohorts; None
        for a log without dates.
    """
    if workspace.loaded.plan.undated or change.candidate is None:
        return None
    found = workspace.store.mature_rows(
        matured_by=knowledge.matured_by,
        known_by=knowledge.known_by,
        place=change.place,
        first=first_cohort_in_use(workspace, change.place),
        held=True,
    )
    held = found.get(change.place)
    usable = account_for(workspace, held, set())[1] if held else validation
    starts = (change.opened["fit_from"], str(validation.cohort.min()))
    return {
        "last_deployed": _stretches(change.opened["last_deployed"], usable, starts),
        "candidate": _stretches(change.candidate["candidate"], validation, ()),
    }


def _stretches(calibrator: dict[str, Any], rows: Rows, starts: tuple[str, ...]) -> list[dict[str, Any]]:
    log_odds = calibrated_log_odds(read_calibrator(calibrator), logit(rows.score))
    return observed_expected_over_time(log_odds, rows.outcome, rows.patient, rows.cohort, starts)
