"""Net benefit of acting on a risk, with a patient bootstrap."""

from __future__ import annotations

from typing import Any

import numpy as np

from monitor.logistic import cluster_sums, expit
from monitor.records import BoolArray, Estimate, FloatArray, TextArray

RESAMPLES = 1000
CURVE_POINTS = 40
LARGEST_THRESHOLD = 0.98


def net_benefit(flagged: BoolArray, outcome: FloatArray, threshold: float) -> float:
    """True positives per study, less the false ones at the price the threshold puts on them.

    Args:
        flagged: Shape (n,), at least one.
        outcome: 0 or 1, shape (n,).
        threshold: Probability from which on acting is worth it.

    References:
        Vickers and Elkin (2006), Med Decis Making 26:565-574.

    Example:
        Of ten studies two true and three false alarms; at .2 a false one costs a quarter: 2/10 - 3/40.

        >>> flagged = np.repeat([True, False], 5)
        >>> outcome = np.array([1.0, 1, 0, 0, 0, 1, 0, 0, 0, 0])
        >>> round(net_benefit(flagged, outcome, 0.2), 6)
        0.125
    """
    true = float(outcome[flagged].sum())
    false = float(flagged.sum()) - true
    return (true - false * threshold / (1.0 - threshold)) / len(outcome)


def net_benefit_change(
    before: BoolArray,
    after: BoolArray,
    outcome: FloatArray,
    patient: TextArray,
    *,
    threshold: float,
    seed: int,
) -> dict[str, Estimate]:
    """Net benefit before and after and what the change adds, with 95 % percentile intervals.

    Patients are drawn with replacement, so that the rows of one stay together.

    Args:
        before: Flagged before the change, shape (n,).
        after: Flagged after it, shape (n,).
        outcome: 0 or 1, shape (n,).
        patient: Shape (n,).
        threshold: Probability from which on acting is worth it.
        seed: From the hash of the rows, so that the same rows give the same interval.

    Returns:
        "before", "after" and "change".
    """
    gains = [_gains(flagged, outcome, threshold) for flagged in (before, after)]
    columns = np.column_stack([gains[0], gains[1], gains[1] - gains[0], np.ones(len(outcome))])
    sums = cluster_sums(columns, patient)
    low, high = np.percentile(_resampled(sums, seed), [2.5, 97.5], axis=0)
    positives = int(outcome.sum())
    counts = len(outcome), min(positives, len(outcome) - positives)
    method = f"bootstrap of patients, {RESAMPLES} draws"
    return {
        name: Estimate(float(columns[:, at].mean()), float(low[at]), float(high[at]), *counts, method)
        for at, name in enumerate(("before", "after", "change"))
    }


def decision_curve(
    before: FloatArray, after: FloatArray, outcome: FloatArray, threshold: float
) -> list[dict[str, Any]]:
    """Net benefit of both maps and of flagging everybody over thresholds around the plan's.

    Args:
        before: Log-odds under the map in use, shape (n,).
        after: Log-odds under the candidate, shape (n,).
        outcome: 0 or 1, shape (n,).
        threshold: The plan's, in the middle of the grid where twice of it is a probability.

    Example:
        >>> curve = decision_curve(np.zeros(4), np.ones(4), np.array([1.0, 0, 0, 0]), 0.25)
        >>> point = curve[19]
        >>> point["threshold"], point["all"], point["before"], point["after"]
        (0.25, 0.0, 0.0, 0.0)
    """
    everybody = np.ones(len(outcome), dtype=bool)
    grid = np.linspace(0.0, min(2.0 * threshold, LARGEST_THRESHOLD), CURVE_POINTS + 1)[1:]
    risks = expit(before), expit(after)
    return [
        {
            "threshold": float(at),
            "all": net_benefit(everybody, outcome, float(at)),
            "before": net_benefit(risks[0] >= at, outcome, float(at)),
            "after": net_benefit(risks[1] >= at, outcome, float(at)),
        }
        for at in grid
    ]


def _gains(flagged: BoolArray, outcome: FloatArray, threshold: float) -> FloatArray:
    return np.where(flagged, outcome - (1.0 - outcome) * threshold / (1.0 - threshold), 0.0)


def _resampled(sums: FloatArray, seed: int) -> FloatArray:
    """Means over bootstrap samples of patients, shape (draws, columns - 1); the last column counts rows."""
    rng = np.random.default_rng(seed)
    drawn = np.empty((RESAMPLES, sums.shape[1]))
    for draw in range(RESAMPLES):
        times = np.bincount(rng.integers(0, len(sums), len(sums)), minlength=len(sums))
        drawn[draw] = times @ sums
    return drawn[:, :-1] / drawn[:, -1:]
