"""Area under the ROC curve of the raw score, with an interval that knows about patients."""

from __future__ import annotations

import math

import numpy as np

from monitor.intervals import normal_quantile
from monitor.logistic import cluster_sums
from monitor.records import Estimate, FloatArray, TextArray


def area_under_curve(
    score: FloatArray, outcome: FloatArray, patient: TextArray, level: float = 0.95
) -> Estimate:
    """Probability that a positive study scores above a negative one, ties counted half.

    Ranks are of the raw score: a monotone calibrator cannot change them. The interval is on the logit
    scale and under-covers below 50 of the rarer class.

    Args:
        score: Raw scores, shape (n,).
        outcome: 0 or 1, shape (n,).
        patient: Shape (n,).
        level: Two-sided coverage.

    Returns:
        The area; its value is None when a class is empty, its interval None when the area is 0 or 1.

    References:
        DeLong et al. (1988), Biometrics 44:837-845. Obuchowski (1997), Biometrics 53:567-578.

    Example:
        >>> who = np.array(["a", "b", "c", "d"], dtype=object)
        >>> area_under_curve(np.array([0.1, 0.4, 0.35, 0.8]), np.array([0.0, 0, 1, 1]), who).value
        0.75
    """
    positive, negative = outcome == 1, outcome == 0
    counts = len(outcome), int(min(positive.sum(), negative.sum()))
    if counts[1] == 0:
        return Estimate(None, None, None, *counts, "one class only")
    placement = _placements(score, positive, negative)
    area = float(placement[positive].mean())
    method = "logit-DeLong by patient (Obuchowski)"
    error = _standard_error(placement - area, positive, negative, patient)
    if not 0.0 < area < 1.0 or error is None:
        return Estimate(area, None, None, *counts, "no interval at the boundary")
    centre, half = math.log(area / (1 - area)), normal_quantile(0.5 + level / 2) * error / (area * (1 - area))
    low, high = (1 / (1 + math.exp(-(centre + sign * half))) for sign in (-1, 1))
    return Estimate(area, low, high, *counts, method)


def _placements(score: FloatArray, positive: np.ndarray, negative: np.ndarray) -> FloatArray:
    """For each positive the share of negatives below it, for each negative of positives above it."""
    placement = np.zeros(len(score))
    low = np.sort(score[negative])
    high = np.sort(score[positive])
    below = np.searchsorted(low, score[positive], "left") + np.searchsorted(low, score[positive], "right")
    above = np.searchsorted(high, score[negative], "left") + np.searchsorted(high, score[negative], "right")
    placement[positive] = below / (2 * len(low))
    placement[negative] = 1.0 - above / (2 * len(high))
    return placement


def _standard_error(
    centred: FloatArray, positive: np.ndarray, negative: np.ndarray, patient: TextArray
) -> float | None:
    """Obuchowski's variance: sums of placements over a patient's positives and negatives."""
    of_positives = cluster_sums(np.where(positive, centred, 0.0), patient)
    of_negatives = cluster_sums(np.where(negative, centred, 0.0), patient)
    m, n = int(positive.sum()), int(negative.sum())
    with_positive = len(np.unique(patient[positive]))
    with_negative = len(np.unique(patient[negative]))
    patients = len(of_positives)
    if with_positive < 2 or with_negative < 2:
        return None
    variance = (
        with_positive / (with_positive - 1) * float((of_positives**2).sum()) / m**2
        + with_negative / (with_negative - 1) * float((of_negatives**2).sum()) / n**2
        + 2 * patients / (patients - 1) * float((of_positives * of_negatives).sum()) / (m * n)
    )
    return math.sqrt(variance) if variance > 0 else None
