"""Scores and outcomes of one simulated site: the six streams that read them.

The score is exactly calibrated at 5 % prevalence. What moves a covariate by one standard deviation moves the
log-odds of the score by .3, and the outcomes with them: an effect of .1 SD is then inside the band of the
mean score. Outcomes are of a patient's first study.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from calibration_stream import AREA, CHANGE_NIGHT, NIGHTS, PREVALENCE
from covariate_stream import log_e_per_code
from site_streams import REFERENCE_NIGHTS, WEIGHTS, Change, Stream, Variation, nightly, pairs

from monitor.drift import (
    MeanStream,
    choose_bets,
    code_values,
    freeze_continuous,
    freeze_rate,
    location_and_spread,
    log_e_values,
    rate,
    score_mean,
)
from monitor.logistic import expit
from monitor.records import FloatArray
from monitor.simulation import calibrated_night, shifted_outcomes

LOG_ODDS_PER_SD, ALERT_FROM = 0.3, 0.10
REFERENCE_EVENTS, BET_ROWS = 100, 100
SPARE = 1.6
"""Nights drawn for the reference's events, as a multiple of those expected to hold them."""


def outcomes_and_scores(
    rng: np.random.Generator, studies: int, variation: Variation, change: Change
) -> Iterator[Stream]:
    """The streams of outcomes and of scores."""
    rows = 2 if variation.paired else 1
    events_a_night = studies // rows * PREVALENCE
    nights = max(REFERENCE_NIGHTS, math.ceil(SPARE * REFERENCE_EVENTS / events_a_night)) + NIGHTS
    log_odds, outcome = _studies(rng, (nights, studies), variation, change)
    yield from _outcome_streams(log_odds[:, ::rows], outcome[:, ::rows])
    yield from _score_streams(log_odds, variation.paired)


def _studies(
    rng: np.random.Generator, shape: tuple[int, int], variation: Variation, change: Change
) -> tuple[FloatArray, FloatArray]:
    """Log-odds of the score, and outcomes; shape (nights, studies)."""
    first, other = (calibrated_night(rng, shape, PREVALENCE, AREA)[0] for _ in range(2))
    log_odds = pairs(rng, first, other, variation.paired)
    log_odds += LOG_ODDS_PER_SD * variation.effects(rng, shape[0])[:, None]
    outcome = shifted_outcomes(rng, log_odds)
    late = slice(shape[0] - NIGHTS + CHANGE_NIGHT, None)
    if change.prevalence is not None:
        log_odds[late], outcome[late] = _after_label_shift(rng, log_odds[late].shape, change.prevalence)
    elif (change.intercept, change.slope) != (0.0, 1.0):
        outcome[late] = shifted_outcomes(rng, log_odds[late], change.intercept, change.slope)
    return log_odds, outcome


def _after_label_shift(
    rng: np.random.Generator, shape: tuple[int, ...], prevalence: float
) -> tuple[FloatArray, FloatArray]:
    """The laws of the score given the outcome stay those of the old prevalence."""
    log_odds, outcome = calibrated_night(rng, shape, prevalence, AREA)
    moved = math.log(PREVALENCE / (1 - PREVALENCE)) - math.log(prevalence / (1 - prevalence))
    return log_odds + moved, outcome


def _outcome_streams(log_odds: FloatArray, outcome: FloatArray) -> Iterator[Stream]:
    """Calibration of an exact calibrator, and prevalence; shapes (nights, patients)."""
    bets = choose_bets(log_odds.ravel()[:BET_ROWS])
    late, observed = log_odds[-NIGHTS:], outcome[-NIGHTS:]
    rows = log_e_values(late.ravel(), np.full(late.size, 0.1), observed.ravel(), bets)
    yield Stream("calibration", WEIGHTS["calibration"], rows.reshape(*late.shape, len(bets)).sum(axis=1))
    enough = int(np.searchsorted(np.cumsum(outcome.sum(axis=1)), REFERENCE_EVENTS)) + 1
    reference = outcome[: max(REFERENCE_NIGHTS, enough)].ravel()
    yield _rate_stream("prevalence", reference, observed, 0.1, 1.0)


def _rate_stream(
    name: str, reference: FloatArray, observed: FloatArray, tolerance: float, standard_errors: float
) -> Stream:
    """Zeros and ones, one per patient."""
    stream = rate(freeze_rate(reference, len(reference)), tolerance, standard_errors)
    ones = observed.sum(axis=1)
    counts = np.column_stack([observed.shape[1] - ones, ones])
    return Stream(name, WEIGHTS[name], counts @ log_e_per_code(stream))


def _score_streams(log_odds: FloatArray, paired: bool) -> Iterator[Stream]:
    """Mean and shape of the score and the rate of alerts, all studies."""
    score = expit(log_odds)
    then, now = score[:REFERENCE_NIGHTS].ravel(), score[-NIGHTS:]
    patients = then.size // (2 if paired else 1)
    feature = freeze_continuous(then, patients)
    codes = feature.code(now.ravel()).reshape(now.shape)
    mean = score_mean(feature, code_values(feature, then), 0.1, 1.0)
    yield _of(mean, "score mean", codes, paired)
    yield _of(location_and_spread(feature, 0.1, 2.0), "score shape", codes, paired)
    flagged = rate(freeze_rate((then >= ALERT_FROM).astype(float), patients), 0.2, 2.0)
    yield _of(flagged, "alert rate", (now >= ALERT_FROM).astype(np.int64), paired)


def _of(stream: MeanStream, name: str, codes: np.ndarray, paired: bool) -> Stream:
    return Stream(name, WEIGHTS[name], nightly(log_e_per_code(stream), codes, paired))
