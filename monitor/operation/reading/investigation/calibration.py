"""Observed against expected events of a place: over time, by probability, and in the plan's subgroups."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

import numpy as np

from monitor.calibrators import calibrated_log_odds, read_calibrator
from monitor.logistic import expit, logit
from monitor.operation.calendar import cohort_key
from monitor.operation.reading.investigation.scene import Scene
from monitor.performance import (
    observed_expected,
    observed_expected_over_time,
    recalibration_estimates,
    reliability_bins,
    score_histogram,
)
from monitor.plan.subgroups import subgroups
from monitor.records import IDENTITY, Calibrator, FloatArray, Rows
from monitor.validation import member

LEAST_EVENTS = 10
"""Observed in a subgroup: fewer leave an interval from half to twice at best."""
LEAST_DRAWN = 20
"""Of the rarer class, before groups by probability are drawn: two for each of ten groups."""
UNUSED = "no outcome has matured since the calibrator is in use"

InUse = list[tuple[str, Calibrator]]


def calibration_over_time(scene: Scene) -> dict[str, Any]:
    """The ratio of observed to expected events, each study by the calibrator that was in use for it.

    Returns:
        `periods`, as short as twenty observed events allow, and `in_use`, the first cohort of each version
        after the original; or the reason why there are none.
    """
    if scene.plan.undated:
        return {"reason": "the log has no dates"}
    rows = scene.matured.known() if scene.matured else None
    if rows is None or len(rows) == 0:
        return {"reason": "no outcome has matured"}
    used = _in_use(scene)
    log_odds, starts = _as_given(rows, used), [first for first, _ in used[1:]]
    periods = observed_expected_over_time(log_odds, rows.outcome, rows.patient, rows.cohort, starts)
    if not periods:
        return {"reason": f"{int(rows.outcome.sum())} events observed, one stretch of time needs 20"}
    versions = [{"version": calibrator.version, "from": first} for first, calibrator in used[1:]]
    return {"periods": periods, "in_use": versions}


def calibration_by_subgroup(scene: Scene) -> dict[str, Any]:
    """The same ratio in each subgroup of the plan, for the calibrator in use since it is."""
    named = subgroups(scene.plan)
    if not named:
        return {"reason": "the plan names no subgroup"}
    calibrator, rows = _since_in_use(scene)
    if rows is None or len(rows) == 0:
        return {"reason": UNUSED}
    covariates = scene.snapshot.covariates(rows)
    found = [
        _subgroup(item.name, rows.where(member(item.condition, covariates)), calibrator) for item in named
    ]
    return {"version": calibrator.version, "from": str(rows.cohort.min()), "subgroups": found}


def calibration_in_use(scene: Scene) -> dict[str, Any]:
    """How right the calibrator in use has been since it is: estimates, and a reliability diagram's groups."""
    if scene.plan.undated:
        return {"reason": "the log has no dates"}
    calibrator, rows = _since_in_use(scene)
    if rows is None or len(rows) == 0:
        return {"reason": UNUSED}
    log_odds, events = calibrated_log_odds(calibrator, logit(rows.score)), int(rows.outcome.sum())
    rarer = min(events, len(rows) - events)
    if rarer < LEAST_DRAWN:
        return {"reason": f"{rarer} events of the rarer class since it is in use, {LEAST_DRAWN} are needed"}
    estimates = recalibration_estimates(log_odds, rows.outcome, rows.patient)
    return {
        "version": calibrator.version,
        "from": str(rows.cohort.min()),
        "to": str(rows.cohort.max()),
        "n": len(rows),
        "events": rarer,
        "estimates": {name: asdict(found) for name, found in estimates.items()},
        "groups": reliability_bins(log_odds, rows.outcome),
        "histogram": score_histogram(expit(log_odds), rows.outcome),
    }


def _since_in_use(scene: Scene) -> tuple[Calibrator, Rows | None]:
    """The calibrator in use, and the mature rows with an outcome of the cohorts that had it throughout."""
    first, calibrator = _in_use(scene)[-1]
    rows = scene.matured.known() if scene.matured else None
    return calibrator, rows.where(np.asarray(rows.cohort >= first, dtype=bool)) if rows is not None else None


def _in_use(scene: Scene) -> InUse:
    """Every calibrator that was in use, the original first, with the first cohort that had it throughout."""
    moved: list[tuple[str, Calibrator]] = []
    for change in scene.state.changes.values():
        if change.place == scene.place and change.deployed:
            moved.append((change.deployed["night"], read_calibrator(change.deployed["calibrator"])))
        if change.place == scene.place and change.rolled_back:
            moved.append((change.rolled_back["night"], read_calibrator(change.rolled_back["to"])))
    cadence = scene.plan.monitoring.cadence
    return [
        ("", IDENTITY),
        *(
            (cohort_key(cadence, date.fromisoformat(night) + timedelta(days=1)), calibrator)
            for night, calibrator in sorted(moved, key=lambda pair: pair[0])
        ),
    ]


def _as_given(rows: Rows, used: InUse) -> FloatArray:
    """Log-odds of each row under the calibrator that was in use for its cohort."""
    x = logit(rows.score)
    log_odds = np.array(x)
    for first, calibrator in used[1:]:
        later = np.asarray(rows.cohort >= first, dtype=bool)
        log_odds[later] = calibrated_log_odds(calibrator, x[later])
    return log_odds


def _subgroup(name: str, rows: Rows, calibrator: Calibrator) -> dict[str, Any]:
    observed = int(rows.outcome.sum())
    counts = {"subgroup": name, "n": len(rows), "observed": observed}
    if observed < LEAST_EVENTS:
        reason = f"not enough: {observed} events observed, {LEAST_EVENTS} are needed"
        return {**counts, "value": None, "low": None, "high": None, "reason": reason}
    found = observed_expected(calibrated_log_odds(calibrator, logit(rows.score)), rows.outcome, rows.patient)
    return {**counts, "value": found.value, "low": found.low, "high": found.high, "reason": None}
