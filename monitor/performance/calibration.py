"""Calibration of predicted risks: what is displayed beside the criteria."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np

from monitor.hashing import finite_or_none
from monitor.intervals import normal_quantile, wilson_interval
from monitor.logistic import (
    LogisticFit,
    SeparationError,
    cluster_numbers,
    expit,
    fit_logistic,
    log_loss,
    numbered_covariance,
    numbered_sums,
)
from monitor.ordering import ascending
from monitor.records import Estimate, FloatArray, IntArray, TextArray

BINS = 10
HISTOGRAM_EDGES = 20


def calibration_summary(
    log_odds: FloatArray, outcome: FloatArray, weight: FloatArray | None = None
) -> dict[str, float | None]:
    """Log loss (nats per study), Brier score, calibration error and observed/expected events.

    Args:
        log_odds: Calibrated log-odds, shape (n,), at least one.
        outcome: 0 or 1, shape (n,).
        weight: How much each study counts, shape (n,); with it the calibration error, whose bins are not
            weighted, is None.

    Example:
        >>> summary = calibration_summary(np.zeros(4), np.array([0.0, 1, 0, 1]))
        >>> summary["brier"], summary["observed_expected"]
        (0.25, 1.0)
    """
    predicted = expit(log_odds)
    return {
        "log_loss": finite_or_none(float(np.average(log_loss(log_odds, outcome), weights=weight))),
        "brier": finite_or_none(float(np.average((outcome - predicted) ** 2, weights=weight))),
        "ece": finite_or_none(expected_calibration_error(predicted, outcome)) if weight is None else None,
        "observed_expected": finite_or_none(
            float(np.average(outcome, weights=weight) / np.average(predicted, weights=weight))
        ),
    }


def expected_calibration_error(predicted: FloatArray, outcome: FloatArray) -> float:
    """Mean absolute gap between predicted and observed risk over ten bins of equal mass.

    Equal risks stay in one bin, so a score with few distinct values has fewer bins. A perfect score has
    an error above zero by chance alone, so it is displayed, never a criterion.

    Args:
        predicted: Predicted risks, shape (n,).
        outcome: 0 or 1, shape (n,).

    Example:
        One event among four of risk .25 is as predicted; in two bins the gaps are 0 - .2 and 1 - .6.

        >>> expected_calibration_error(np.array([0.25, 0.25, 0.25, 0.25]), np.array([0.0, 0, 0, 1]))
        0.0
        >>> expected_calibration_error(np.array([0.1, 0.1, 0.3, 0.3]), np.array([0.0, 0, 0, 1]))
        0.15
    """
    bins = _equal_mass_bins(predicted)
    gaps = [abs(float((outcome[bin] - predicted[bin]).sum())) for bin in bins]
    return sum(gaps) / len(predicted)


def reliability_bins(log_odds: FloatArray, outcome: FloatArray) -> list[dict[str, Any]]:
    """Ten bins of equal mass: mean predicted and observed risk with a Wilson interval and counts.

    Args:
        log_odds: Calibrated log-odds, shape (n,).
        outcome: 0 or 1, shape (n,).

    Example:
        >>> [bin["n"] for bin in reliability_bins(np.linspace(-1, 1, 20), np.tile([0.0, 1], 10))]
        [2, 2, 2, 2, 2, 2, 2, 2, 2, 2]
    """
    predicted = expit(log_odds)
    found: list[dict[str, Any]] = []
    for members in _equal_mass_bins(predicted):
        n, positives = len(members), int(outcome[members].sum())
        low, high = wilson_interval(positives, n)
        found.append(
            {
                "predicted": float(predicted[members].mean()),
                "observed": positives / n,
                "low": low,
                "high": high,
                "n": n,
                "events": min(positives, n - positives),
            }
        )
    return found


def score_histogram(score: FloatArray, outcome: FloatArray) -> dict[str, list[float] | list[int]]:
    """Counts of raw scores over twenty bins of [0, 1], the right edge closed, by outcome.

    Example:
        >>> histogram = score_histogram(np.array([0.0, 1.0]), np.array([0.0, 1.0]))
        >>> histogram["negatives"][0], histogram["positives"][-1]
        (1, 1)
    """
    edges = np.linspace(0.0, 1.0, HISTOGRAM_EDGES + 1)
    return {
        "edges": [float(edge) for edge in edges],
        "negatives": [int(count) for count in np.histogram(score[outcome == 0], edges)[0]],
        "positives": [int(count) for count in np.histogram(score[outcome == 1], edges)[0]],
    }


def recalibration_estimates(
    log_odds: FloatArray, outcome: FloatArray, patient: TextArray | IntArray, level: float = 0.95
) -> dict[str, Estimate]:
    """Calibration in the large, slope and observed/expected ratio, with cluster-robust intervals.

    The intercept has its slope fixed at one; zero, one and one are ideal. Where no estimate exists
    (one class, no spread) its value is None and the method says why.

    Args:
        log_odds: Deployed log-odds, shape (n,).
        outcome: 0 or 1, shape (n,).
        patient: Of each row, by name or number, shape (n,).
        level: Two-sided coverage of each interval.

    Example:
        Odds of one half observed where even odds were predicted: intercept ln(1/2), ratio 2/3.

        >>> who = np.arange(30).astype(str).astype(object)
        >>> found = recalibration_estimates(np.zeros(30), np.tile([1.0, 0, 0], 10), who)
        >>> f"{found['intercept'].value:.3f} {found['observed_expected'].value:.3f}"
        '-0.693 0.667'
    """
    z = normal_quantile(0.5 + level / 2)
    positives = int(outcome.sum())
    counts = len(outcome), min(positives, len(outcome) - positives)
    columns, number = np.stack([np.ones(len(outcome)), log_odds]), cluster_numbers(patient)
    slope, line = _last_coefficient(columns.T, 0.0, outcome, number, counts, z)
    start = None if line is None else _shift(line)
    intercept, _ = _last_coefficient(columns[:1].T, log_odds, outcome, number, counts, z, start)
    ratio = _observed_expected(log_odds, outcome, number, level)
    return {"intercept": intercept, "slope": slope, "observed_expected": ratio}


def _last_coefficient(
    design: FloatArray,
    offset: FloatArray | float,
    outcome: FloatArray,
    patient: IntArray,
    counts: tuple[int, int],
    z: float,
    start: FloatArray | None = None,
) -> tuple[Estimate, LogisticFit | None]:
    """The last coefficient of a logistic fit, with the cluster sandwich, and the fit."""
    try:
        fit = fit_logistic(design, outcome, offset, start=start)
    except SeparationError as error:
        return Estimate(None, None, None, *counts, str(error)), None
    covariance = numbered_covariance(design, fit.residual, fit.covariance, patient)
    value, error_of_value = float(fit.coefficients[-1]), math.sqrt(float(covariance[-1, -1]))
    low, high = value - z * error_of_value, value + z * error_of_value
    return Estimate(value, low, high, *counts, "logistic regression, cluster sandwich"), fit


def _shift(line: LogisticFit) -> FloatArray:
    """About the intercept of slope one: it meets the fitted line where that is known best."""
    best_known = -line.covariance[0, 1] / line.covariance[1, 1]
    return line.coefficients[:1] + (line.coefficients[1] - 1.0) * best_known


def observed_expected(
    log_odds: FloatArray, outcome: FloatArray, patient: TextArray | IntArray, level: float = 0.95
) -> Estimate:
    """Observed over expected events, with a cluster-robust interval on the log scale.

    Args:
        log_odds: Calibrated log-odds, shape (n,), at least one.
        outcome: 0 or 1, shape (n,).
        patient: Shape (n,).
        level: Two-sided coverage of the interval.

    Returns:
        The ratio; one is ideal. Its value is None without an event.

    Example:
        >>> observed_expected(np.zeros(2), np.ones(2), np.array(["a", "b"], dtype=object)).value
        2.0
    """
    return _observed_expected(log_odds, outcome, cluster_numbers(patient), level)


def _observed_expected(log_odds: FloatArray, outcome: FloatArray, number: IntArray, level: float) -> Estimate:
    observed, z = float(outcome.sum()), normal_quantile(0.5 + level / 2)
    counts = len(outcome), min(int(observed), len(outcome) - int(observed))
    if observed == 0:
        return Estimate(None, None, None, *counts, "no event")
    predicted = expit(log_odds)
    value = observed / float(predicted.sum())
    error = math.sqrt(float((numbered_sums(outcome - predicted, number) ** 2).sum())) / observed
    low, high = value * math.exp(-z * error), value * math.exp(z * error)
    return Estimate(value, low, high, *counts, "log scale, cluster-robust")


def _equal_mass_bins(predicted: FloatArray) -> list[Any]:
    """Rows of each bin; equal risks share one, so that the order of the rows cannot matter."""
    order = ascending(predicted)
    ranked = predicted[order]
    cuts = [len(part) for part in np.array_split(order, BINS) if len(part)]
    ends = np.searchsorted(ranked, ranked[np.cumsum(cuts, dtype=int) - 1], side="right")
    return [order[begin:end] for begin, end in pairwise([0, *np.unique(ends)])]
