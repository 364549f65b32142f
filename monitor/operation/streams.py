"""Reads each place's calibration stream, cohort by cohort, and raises its alarm."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from monitor.calibrators import calibrated_log_odds, log_odds_error
from monitor.drift import (
    Bet,
    ChangePoint,
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
    """One place's stream in its present epoch."""

    epoch: int
    bets: tuple[Bet, ...]
    detector: Detector
    cohorts: list[str] = field(default_factory=list[str])
    log_e: list[FloatArray] = field(default_factory=list[FloatArray])
    rows: int = 0
    positives: int = 0

    @property
    def change_point(self) -> ChangePoint:
        return change_point(np.array(self.log_e), self.detector.log_r)


def load_streams(workspace: Workspace) -> dict[Place, Stream]:
    """The streams of all places, as the store's aggregates left them."""
    streams: dict[Place, Stream] = {}
    for row in workspace.store.streams():
        if row.epoch != workspace.state.epoch.get(row.place, 0):
            continue
        stream = streams.setdefault(row.place, _begun(workspace, row.place))
        stream.cohorts.append(row.cohort)
        stream.log_e.append(np.array(row.log_e))
        stream.detector = Detector(np.array(row.log_r), stream.detector.looks + 1)
        stream.rows += row.rows
        stream.positives += row.positives
    return streams


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
    point = stream.change_point
    body = {
        "alarm": f"ALM-{len(workspace.state.alarms) + 1:04d}",
        "site": place.site,
        "finding": place.finding,
        "stream": STREAM,
        "night": night.isoformat(),
        "cohort": stream.cohorts[-1],
        "log_r": stream.detector.log_mixture,
        "log_limit": stream_limit(workspace.loaded.plan),
        "bet": stream.bets[point.bet].name,
        "change_cohort": stream.cohorts[point.earliest],
        "likeliest_change_cohort": stream.cohorts[point.likeliest],
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


def _begun(workspace: Workspace, place: Place) -> Stream:
    epoch = workspace.state.epoch.get(place, 0)
    bets = tuple(Bet(name, a, b) for name, a, b in workspace.state.streams[place, epoch]["bets"])
    return Stream(epoch, bets, start(len(bets)))
