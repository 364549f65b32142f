"""Thresholds and abstention on a binormal score, as in statistics.md section 5 (S9).

Positive log-odds scores are N(d, 1), negatives N(0, 1), AUC .85, so d = sqrt(2) * 1.0364.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.stats import norm

from monitor.calibrators import calibrated_log_odds, straight_line
from monitor.logistic import SeparationError, fit_logistic
from monitor.performance.abstention import abstains, straddles
from monitor.performance.thresholds import predictive_value_threshold, sensitivity_threshold
from monitor.records import FloatArray

AUC = 0.85
SEPARATION = float(np.sqrt(2.0) * norm.ppf(AUC))
PREVALENCE = 0.05
TRUE_INTERCEPT = float(np.log(PREVALENCE / (1 - PREVALENCE)) - SEPARATION**2 / 2)


def lost_sensitivity(rng: np.random.Generator, n: int, runs: int) -> tuple[float, float]:
    """Share of runs whose true sensitivity is below .90: exact order statistic, plug-in quantile."""
    scores = rng.normal(SEPARATION, 1.0, (runs, n))
    exact = np.array([sensitivity_threshold(row, 0.90, 0.05) for row in scores], dtype=float)
    plug_in = np.quantile(scores, 0.10, axis=1)
    return tuple(float((norm.sf(cut - SEPARATION) < 0.90).mean()) for cut in (exact, plug_in))


def predictive_value(threshold: FloatArray, prevalence: float) -> FloatArray:
    """True positive predictive value at a threshold."""
    true = prevalence * norm.sf(threshold - SEPARATION)
    return true / (true + (1.0 - prevalence) * norm.sf(threshold))


def lost_predictive_value(
    rng: np.random.Generator, n: int, prevalence: float, floor: float, runs: int
) -> tuple[float, float]:
    """Share of runs whose threshold has a true predictive value below the floor; share that set one."""
    found: list[float] = []
    for _ in range(runs):
        outcome = (rng.random(n) < prevalence).astype(float)
        score = rng.normal(SEPARATION * outcome, 1.0)
        threshold = predictive_value_threshold(score, outcome, floor, 0.05)
        found.append(np.nan if threshold is None else threshold)
    set_ = np.array(found)
    below = predictive_value(set_[~np.isnan(set_)], prevalence) < floor
    return float(below.sum() / runs), float((~np.isnan(set_)).mean())


class Share(NamedTuple):
    """A mean over fits, its Monte Carlo error, and the spread of one fit."""

    value: float
    error: float
    spread: float


class Silence(NamedTuple):
    """Shares of studies: abstained on, for the interval alone; wrongly sided, with and without abstention."""

    abstains: Share
    interval: Share
    wrong: Share
    wrong_without: Share


def silence(rng: np.random.Generator, positives: int, threshold: float, runs: int) -> Silence:
    """How often a fitted calibrator abstains, and is on the wrong side of the threshold."""
    table = np.array([_one_calibrator(rng, positives, threshold) for _ in range(runs)])
    spread = table.std(axis=0, ddof=1)
    columns = zip(table.mean(axis=0), spread / np.sqrt(runs), spread, strict=True)
    return Silence(*(Share(*(float(number) for number in column)) for column in columns))


def _one_calibrator(rng: np.random.Generator, positives: int, threshold: float) -> tuple[float, ...]:
    """One fit on so many positives, tried on 20,000 later studies."""
    while True:
        x, outcome = _studies(rng, round(positives / PREVALENCE))
        try:
            fit = fit_logistic(np.column_stack([np.ones_like(x), x]), outcome)
            break
        except SeparationError:
            continue
    covariance = tuple(tuple(row) for row in fit.covariance.tolist())
    fitted = straight_line("v1", "platt", float(fit.coefficients[0]), float(fit.coefficients[1]), covariance)
    limits = tuple(float(limit) for limit in np.percentile(x, [0.1, 99.9]))
    later, _ = _studies(rng, 20_000)
    cut = float(np.log(threshold / (1 - threshold)))
    silent, open_side = abstains(fitted, later, cut, limits), straddles(fitted, later, cut)
    truth = TRUE_INTERCEPT + SEPARATION * later >= cut
    wrong = (calibrated_log_odds(fitted, later) >= cut) != truth
    return tuple(float(share.mean()) for share in (silent, open_side, wrong & ~silent, wrong))


def _studies(rng: np.random.Generator, n: int) -> tuple[FloatArray, FloatArray]:
    outcome = (rng.random(n) < PREVALENCE).astype(float)
    return rng.normal(SEPARATION * outcome, 1.0), outcome
