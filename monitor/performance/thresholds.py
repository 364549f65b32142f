"""Thresholds on the raw score that keep a sensitivity, a predictive value or an alert rate.

A study is flagged when its raw score is at or above the threshold.
"""

from __future__ import annotations

import math

import numpy as np

from monitor.records import FloatArray

LEAST_FLAGGED = 40
"""Flagged studies with which the search for a predictive value starts."""


def least_positives(floor: float, error: float) -> int:
    """Positives below which no threshold can be shown to keep a sensitivity.

    Args:
        floor: Sensitivity to be kept, strictly between 0 and 1.
        error: Probability with which it may be missed, strictly between 0 and 1.

    Example:
        >>> least_positives(0.90, 0.05), least_positives(0.95, 0.05)
        (29, 59)
    """
    return math.ceil(math.log(error) / math.log(floor))


def order_statistic(positives: int, floor: float, error: float) -> int | None:
    """The largest k whose k-th smallest positive score keeps the sensitivity.

    The true sensitivity falls below the floor only when fewer than k of the positives lie under the
    score's own (1 - floor) quantile, so the largest k with P(Bin(n, 1 - floor) <= k - 1) <= error is used.

    Args:
        positives: Independent positive studies, n.
        floor: Sensitivity to be kept.
        error: Probability with which it may be missed.

    Returns:
        k from 1 to n; None when there are too few positives for any.

    References:
        Wilks (1941), Ann Math Stat 12:91-96, for distribution-free tolerance limits.

    Example:
        With 29 positives the smallest will do: 0.9 ** 29 = 0.047.

        >>> order_statistic(29, 0.9, 0.05), order_statistic(28, 0.9, 0.05)
        (1, None)
    """
    from scipy.special import bdtr

    fits = np.asarray(bdtr(np.arange(positives), positives, 1.0 - floor)) <= error
    largest = int(fits.sum())
    return largest or None


def sensitivity_threshold(positive_score: FloatArray, floor: float, error: float) -> float | None:
    """Threshold whose true sensitivity is at least `floor`, except with probability `error`.

    Args:
        positive_score: Raw scores of independent positive studies, shape (n,).
        floor: Sensitivity to be kept.
        error: Probability with which it may be missed.

    Returns:
        A raw score; None when there are too few positives.

    Example:
        Of a hundred positives, k is 5.

        >>> sensitivity_threshold(np.arange(1, 101) / 1000, 0.9, 0.05)
        0.005
    """
    k = order_statistic(len(positive_score), floor, error)
    return None if k is None else float(np.sort(positive_score)[k - 1])


def predictive_value_threshold(
    score: FloatArray, outcome: FloatArray, floor: float, error: float
) -> float | None:
    """Loosest threshold whose positive predictive value is shown to be above `floor`.

    Thresholds are tested from strict to loose, starting at the first with forty flagged studies, each by
    the exact binomial test at `error`; the first failure ends the sequence, so no correction is needed.

    Args:
        score: Raw scores of independent studies, shape (n,).
        outcome: 0 or 1, shape (n,).
        floor: Predictive value to be kept.
        error: One-sided level of each test.

    Returns:
        A raw score; None when the first test fails or fewer than forty studies exist.

    References:
        Angelopoulos et al. (2025), Ann Appl Stat 19:1641-1662 (learn then test, fixed sequence).

    Example:
        Thirty of forty positive against one half: P(Bin(40, .5) >= 30) = .0011. The next ten studies
        are negatives of one score: P(Bin(50, .5) >= 30) = .1013 ends the sequence.

        >>> score = np.repeat([0.9, 0.5], [40, 10])
        >>> outcome = np.repeat([1.0, 0.0], [30, 20])
        >>> predictive_value_threshold(score, outcome, 0.5, 0.05)
        0.9
    """
    from scipy.special import bdtrc

    order = np.argsort(-score, kind="stable")
    ranked, positives = score[order], np.cumsum(outcome[order])
    last_of_tie = np.append(ranked[1:] < ranked[:-1], True) if len(ranked) else np.zeros(0, dtype=bool)
    flagged = np.arange(1, len(ranked) + 1)
    tested = last_of_tie & (flagged >= LEAST_FLAGGED)
    p = np.asarray(bdtrc(positives[tested] - 1.0, flagged[tested], floor))
    passed = int(np.argmax(np.append(p, 2.0) > error))
    return float(ranked[tested][passed - 1]) if passed else None


def alert_rate_threshold(score: FloatArray, rate: float) -> float | None:
    """Loosest threshold that flags at most a share `rate` of these studies.

    Args:
        score: Raw scores, shape (n,).
        rate: Share strictly between 0 and 1.

    Returns:
        One of the scores; None when even the highest one flags too many.

    Example:
        >>> alert_rate_threshold(np.array([0.1, 0.2, 0.3, 0.4]), 0.5)
        0.3
        >>> alert_rate_threshold(np.array([0.4, 0.4, 0.4]), 0.5) is None
        True
    """
    values, counts = np.unique(score, return_counts=True)
    flagged = np.cumsum(counts[::-1])[::-1]
    allowed = values[flagged <= rate * len(score)]
    return float(allowed[0]) if len(allowed) else None
