"""One site with outcomes and scores, and what each rule says of its nights.

As in `calibration_stream`: 200 studies a night, prevalence 5 %, area under the curve .85. The cumulative sum
is risk-adjusted (Steiner et al. 2000, Biostatistics 1:441-452), both ways, and steps once a night.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from calibration_stream import AREA, CHANGE_NIGHT, NIGHTS, PREVALENCE, STUDIES, Maps
from covariate_stream import BoolArray, log_e_per_code

from monitor.drift import (
    choose_bets,
    code_values,
    freeze_continuous,
    freeze_rate,
    log_e_values,
    log_limit,
    rate,
    score_mean,
)
from monitor.drift.detector import log_mean_exp
from monitor.logistic import expit
from monitor.records import FloatArray
from monitor.simulation import calibrated_night, shifted_outcomes

REFERENCE_ROWS, BET_ROWS, ROLLING, SHIFTED_LOGITS = 18_000, 100, 30, 0.3
LIMIT = log_limit(NIGHTS, 1, 0.05, 1.0)
ODDS_RATIO, CUSUM_LIMIT, SPIEGELHALTER_LIMIT, OBSERVED_EXPECTED = 1.65, 6.95, 1.96, (0.8, 1.25)
NO_BAND = 1e-12


@dataclass(frozen=True)
class Column:
    """What is true of the deployed calibrator: fitted on so many events, or exact; nights may vary."""

    name: str
    positives: int | None = None
    night_effect: float = 0.0


COLUMNS = (
    Column("exact"),
    Column("fitted on 100", 100),
    Column("fitted on 250", 250),
    Column("fitted on 1000", 1000),
    Column("night effect .2", night_effect=0.2),
)


def alarmed(log_e: FloatArray) -> BoolArray:
    """Nights on which R stands above the limit of a whole alpha, shape (runs, nights).

    Args:
        log_e: Of each night and bet, shape (runs, nights, bets).
    """
    log_r = np.full(log_e[:, 0].shape, -np.inf)
    found = np.empty(log_e.shape[:2], dtype=bool)
    for night in range(log_e.shape[1]):
        log_r = log_e[:, night] + np.logaddexp(log_r, 0.0)
        found[:, night] = log_mean_exp(log_r) >= LIMIT
    return found


def alarms_of_column(rng: np.random.Generator, column: Column, maps: Maps, run: int) -> list[bool]:
    """Whether each rule of `STATED` alarms in a year."""
    reference, _ = calibrated_night(rng, BET_ROWS, PREVALENCE, AREA)
    raw, outcome = calibrated_night(rng, (NIGHTS, STUDIES), PREVALENCE, AREA)
    if column.night_effect:
        outcome = shifted_outcomes(rng, raw, column.night_effect * rng.standard_normal((NIGHTS, 1)))
    intercept, slope, variance = maps.intercept[run], maps.slope[run], maps.variance[run]
    error = np.sqrt(variance[0, 0] + 2 * variance[0, 1] * raw + variance[1, 1] * raw**2)
    deployed = intercept + slope * raw
    bets_from = intercept + slope * reference
    probability = expit(deployed)
    return [
        *(bool(rule.any()) for rule in peers(probability, outcome)),
        _calibration_alarms(bets_from, deployed, np.full_like(raw, NO_BAND), outcome),
        _calibration_alarms(bets_from, deployed, 0.1 + error, outcome),
    ]


def peers(probability: FloatArray, outcome: FloatArray) -> list[BoolArray]:
    """Nights on which the field's rules alarm; probabilities and outcomes of shape (nights, studies)."""
    spread = 1 - 2 * probability
    surprise = ((outcome - probability) * spread).sum(axis=1)
    variance = (spread**2 * probability * (1 - probability)).sum(axis=1)
    ratio = _rolling(outcome.sum(axis=1)) / _rolling(probability.sum(axis=1))
    low, high = OBSERVED_EXPECTED
    return [
        np.abs(surprise) > SPIEGELHALTER_LIMIT * np.sqrt(variance),
        np.abs(_rolling(surprise)) > SPIEGELHALTER_LIMIT * np.sqrt(_rolling(variance)),
        (ratio < low) | (ratio > high),
        risk_adjusted_cusum(probability, outcome) > CUSUM_LIMIT,
    ]


def risk_adjusted_cusum(probability: FloatArray, outcome: FloatArray) -> FloatArray:
    """Larger of the two sums after each night, each kept from falling below zero."""
    paths = []
    for ratio in (ODDS_RATIO, 1 / ODDS_RATIO):
        step = outcome * math.log(ratio) - np.log1p((ratio - 1) * probability)
        walk = np.cumsum(step.sum(axis=1))
        paths.append(walk - np.minimum(np.minimum.accumulate(walk), 0.0))
    return np.maximum(*paths)


def _rolling(nightly: FloatArray) -> FloatArray:
    """Sums over `ROLLING` nights."""
    total = np.concatenate([[0.0], np.cumsum(nightly)])
    return total[ROLLING:] - total[:-ROLLING]


def _calibration_alarms(
    bets_from: FloatArray, deployed: FloatArray, half_width: FloatArray, outcome: FloatArray
) -> bool:
    bets = choose_bets(bets_from)
    rows = log_e_values(deployed.ravel(), half_width.ravel(), outcome.ravel(), bets)
    return bool(alarmed(rows.reshape(1, *deployed.shape, len(bets)).sum(axis=2)).any())


def prevalence_bets(rng: np.random.Generator, rows: int, after: float) -> FloatArray:
    reference = (rng.random(rows) < PREVALENCE).astype(float)
    stream = rate(freeze_rate(reference, rows), 0.1, 1.0)
    share = np.where(np.arange(NIGHTS) < CHANGE_NIGHT, PREVALENCE, after)
    ones = rng.binomial(STUDIES, share)
    return np.column_stack([STUDIES - ones, ones]) @ log_e_per_code(stream)


def label_shift(rng: np.random.Generator, area: float, after: float) -> FloatArray:
    """Deployed log-odds of a year whose prevalence becomes `after`; the laws given the outcome stay."""
    log_odds, _ = calibrated_night(rng, (NIGHTS, STUDIES), PREVALENCE, area)
    later, _ = calibrated_night(rng, (NIGHTS - CHANGE_NIGHT, STUDIES), after, area)
    log_odds[CHANGE_NIGHT:] = later + math.log(PREVALENCE / (1 - PREVALENCE)) - math.log(after / (1 - after))
    return log_odds


def score_bets(rng: np.random.Generator, area: float, log_odds: FloatArray) -> FloatArray:
    reference, _ = calibrated_night(rng, REFERENCE_ROWS, PREVALENCE, area)
    score = expit(reference)
    feature = freeze_continuous(score, REFERENCE_ROWS)
    stream = score_mean(feature, code_values(feature, score), 0.1, 1.0)
    codes = feature.code(expit(log_odds).ravel()).reshape(log_odds.shape)
    return log_e_per_code(stream)[codes].sum(axis=1)


def benign_shift(rng: np.random.Generator) -> tuple[bool, FloatArray, BoolArray]:
    """Calibration alarm, log e-values of the score stream, and nights that Spiegelhalter flags."""
    log_odds, _ = calibrated_night(rng, (NIGHTS, STUDIES), PREVALENCE, AREA)
    log_odds[CHANGE_NIGHT:] += SHIFTED_LOGITS
    outcome = shifted_outcomes(rng, log_odds)
    reference, _ = calibrated_night(rng, BET_ROWS, PREVALENCE, AREA)
    calibration = _calibration_alarms(reference, log_odds, np.full_like(log_odds, 0.1), outcome)
    return calibration, score_bets(rng, AREA, log_odds), peers(expit(log_odds), outcome)[0]
