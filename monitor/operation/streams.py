"""Reads each place's calibration stream, cohort by cohort, and raises its alarm."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from monitor.calibrators import calibrated_log_odds, log_odds_error
from monitor.drift import (
    Bet,
    Detector,
    change_point,
    choose_bets,
    log_e_of_cohort,
    log_e_values,
    log_limit,
    look,
    start,
)
from monitor.logistic import logit
from monitor.operation.workspace import Workspace
from monitor.plan import ChangePlan
from monitor.records import FloatArray, Place, Rows
from monitor.store import StreamRow

STREAM = "calibration"


@dataclass
class Stream:
    """One place's stream in its present epoch.

    Attributes:
        epoch: Its number.
        bets: Fixed at its first look.
        detector: After its newest look.
        rows, positives: Of all its looks.
        looks_before: Looks that the store held when the stream was taken up; only an alarm reads them again.
        cohorts, log_e: Of each look since.
    """

    epoch: int
    bets: tuple[Bet, ...]
    detector: Detector
    rows: int = 0
    positives: int = 0
    looks_before: int = 0
    cohorts: list[str] = field(default_factory=list[str])
    log_e: list[FloatArray] = field(default_factory=list[FloatArray])


def load_streams(workspace: Workspace) -> dict[Place, Stream]:
    """The streams of all places, as the store's aggregates left them."""
    return {
        found.place: Stream(
            found.epoch,
            _bets(workspace, found.place),
            Detector(np.array(found.log_r), found.looks),
            found.rows,
            found.positives,
            found.looks,
        )
        for found in workspace.store.stream_positions()
        if found.stream == STREAM and found.epoch == workspace.state.epoch.get(found.place, 0)
    }


def stream_limit(plan: ChangePlan) -> float:
    """Natural log of the calibration stream's alarm limit.

    Every place of a hospital shares its false-alarm probability: each finding, in each stratum.
    """
    monitoring = plan.monitoring
    return log_limit(
        monitoring.horizon_looks,
        plan.places_per_site,
        monitoring.false_alarm_probability,
        monitoring.streams.calibration.weight,
    )


def read_cohort(
    workspace: Workspace, streams: dict[Place, Stream], rows: Rows, cohort: str, nights: tuple[date, date]
) -> StreamRow | None:
    """One look at one place: bet on its mature rows and update R.

    Args:
        workspace: Open for writing.
        streams: Of all places, updated in place.
        rows: The cohort's mature rows of the place; those of repeat visits take no part.
        cohort: Its key.
        nights: (night of the look, date up to which arrivals are known).

    Returns:
        The aggregate to store; None when nothing was looked at, because no usable row is there or an
        alarm of the place is still open.
    """
    place = rows.place
    known = rows.known()
    known = known.where(~known.repeat)
    if len(known) == 0 or workspace.state.open_alarm(place):
        return None
    stream = streams.get(place)
    if stream is None or stream.epoch != workspace.state.epoch.get(place, 0):
        stream = streams[place] = _start(workspace, place, nights)
    log_e = _cohort_log_e(workspace, stream, known)
    stream.detector = look(stream.detector, log_e)
    stream.cohorts.append(cohort)
    stream.log_e.append(log_e)
    positives = int(known.outcome.sum())
    stream.rows += len(known)
    stream.positives += positives
    return StreamRow(
        place=place,
        stream=STREAM,
        epoch=stream.epoch,
        cohort=cohort,
        night=nights[0],
        rows=len(known),
        positives=positives,
        log_e=tuple(float(value) for value in log_e),
        log_r=tuple(float(value) for value in stream.detector.log_r),
        log_r_mixture=stream.detector.log_mixture,
    )


def raise_alarm(workspace: Workspace, stream: Stream, place: Place, night: date) -> dict[str, Any]:
    """Put an alarm on the ledger, with the estimated time of the change."""
    cohorts, log_e = _history(workspace, stream, place)
    point = change_point(np.array(log_e), stream.detector.log_r)
    body = {
        "alarm": f"ALM-{len(workspace.state.alarms) + 1:04d}",
        "site": place.site,
        "finding": place.finding,
        "stream": STREAM,
        "night": night.isoformat(),
        "cohort": cohorts[-1],
        "log_r": stream.detector.log_mixture,
        "log_limit": stream_limit(workspace.loaded.plan),
        "bet": stream.bets[point.bet].name,
        "change_cohort": cohorts[point.earliest],
        "likeliest_change_cohort": cohorts[point.likeliest],
        "looks": stream.detector.looks,
        "rows": stream.rows,
        "events": min(stream.positives, stream.rows - stream.positives),
    }
    workspace.record("alarm", night.isoformat(), body)
    return body


def _cohort_log_e(workspace: Workspace, stream: Stream, rows: Rows) -> FloatArray:
    tolerance = workspace.loaded.plan.monitoring.streams.calibration.tolerance
    calibrator, x = workspace.state.calibrator(rows.place), logit(rows.score)
    log_odds, error = calibrated_log_odds(calibrator, x), log_odds_error(calibrator, x)
    half_width = tolerance.logit + tolerance.standard_errors * error
    return log_e_of_cohort(log_e_values(log_odds, half_width, rows.outcome, stream.bets), rows.patient)


def _start(workspace: Workspace, place: Place, nights: tuple[date, date]) -> Stream:
    """Fix the bets of a new epoch from the place's first scores, before its outcomes are read."""
    epoch = workspace.state.epoch.get(place, 0)
    count = workspace.loaded.plan.monitoring.score_reference_rows
    scores = workspace.store.first_scores(place, count, nights[1])
    reference = calibrated_log_odds(workspace.state.calibrator(place), logit(scores))
    bets = choose_bets(reference)
    workspace.record(
        "stream_started",
        nights[0].isoformat(),
        {
            "site": place.site,
            "finding": place.finding,
            "stream": STREAM,
            "epoch": epoch,
            "calibrator": workspace.state.calibrator(place).version,
            "score_reference_rows": len(scores),
            "bets": [[bet.name, bet.intercept, bet.slope] for bet in bets],
        },
    )
    return Stream(epoch, bets, start(len(bets)))


def _history(workspace: Workspace, stream: Stream, place: Place) -> tuple[list[str], list[FloatArray]]:
    """Cohort and log e-values of every look of the epoch, the newest last."""
    stored = workspace.store.streams(place=place) if stream.looks_before else []
    before = [row for row in stored if (row.stream, row.epoch) == (STREAM, stream.epoch)][
        : stream.looks_before
    ]
    cohorts = [row.cohort for row in before] + stream.cohorts
    return cohorts, [np.array(row.log_e) for row in before] + stream.log_e


def _bets(workspace: Workspace, place: Place) -> tuple[Bet, ...]:
    epoch = workspace.state.epoch.get(place, 0)
    return tuple(Bet(name, a, b) for name, a, b in workspace.state.streams[place, epoch]["bets"])
