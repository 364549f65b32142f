"""Area under the ROC curve of the raw score, with an interval that knows about patients."""

from __future__ import annotations

import math

import numpy as np

from monitor.intervals import normal_quantile
from monitor.logistic import cluster_numbers
from monitor.ordering import distinct
from monitor.records import Estimate, FloatArray, IntArray, TextArray


def area_under_curve(
    score: FloatArray, outcome: FloatArray, patient: TextArray | IntArray, level: float = 0.95
) -> Estimate:
    """Probability that a positive study scores above a negative one, ties counted half.

    Ranks are of the raw score: a monotone calibrator cannot change them. The interval is on the logit
    scale and under-covers below 50 of the rarer class.

    Args:
        score: Raw scores, shape (n,).
        outcome: 0 or 1, shape (n,).
        patient: Of each row, by name or number, shape (n,).
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
    positives = int((outcome == 1).sum())
    counts = len(outcome), min(positives, len(outcome) - positives)
    if counts[1] == 0:
        return Estimate(None, None, None, *counts, "one class only")
    area, contribution = placements(score, outcome)
    method = "logit-DeLong by patient (Obuchowski)"
    error = area_error(contribution - area, outcome, patient)
    if not 0.0 < area < 1.0 or error is None:
        return Estimate(area, None, None, *counts, "no interval at the boundary")
    centre, half = math.log(area / (1 - area)), normal_quantile(0.5 + level / 2) * error / (area * (1 - area))
    low, high = (1 / (1 + math.exp(-(centre + sign * half))) for sign in (-1, 1))
    return Estimate(area, low, high, *counts, method)


def placements(score: FloatArray, outcome: FloatArray) -> tuple[float, FloatArray]:
    """The area, and each study's part in it: the share of the other class that it is ordered rightly with.

    Args:
        score: Shape (n,).
        outcome: 0 or 1, shape (n,), both present.

    Returns:
        (area, placements of shape (n,)); the mean placement of either class is the area.

    Example:
        >>> area, parts = placements(np.array([0.1, 0.4, 0.35, 0.8]), np.array([0.0, 0, 1, 1]))
        >>> area, parts.tolist()
        (0.75, [1.0, 0.5, 0.5, 1.0])
    """
    positive = outcome == 1
    _, place, studies = distinct(score)
    positives = np.bincount(place[positive], minlength=len(studies))
    of_positives, of_negatives = _lower(studies - positives), 1.0 - _lower(positives)
    area = float((positives * of_positives).sum() / positives.sum())
    return area, np.where(positive, of_positives[place], of_negatives[place])


def _lower(counts: IntArray) -> FloatArray:
    """Of the studies counted at each score, the share that lies lower, ties counted half."""
    return (2 * np.cumsum(counts) - counts) / (2 * counts.sum())


def area_error(centred: FloatArray, outcome: FloatArray, patient: TextArray | IntArray) -> float | None:
    """Standard error of an area, or of a difference of two, by Obuchowski's variance.

    Args:
        centred: Placements minus the area, or their difference minus that of the areas, shape (n,).
        outcome: 0 or 1, shape (n,).
        patient: Of each row, by name or number, shape (n,).

    Returns:
        DeLong's error where every patient has one study; None with one patient of a class, or no variance.
    """
    number = cluster_numbers(patient)
    patients = int(number.max()) + 1
    of_class = number + patients * (outcome == 1)
    of_negatives, of_positives = np.bincount(of_class, centred, 2 * patients).reshape(2, patients)
    studies = np.bincount(of_class, minlength=2 * patients).reshape(2, patients)
    n, m = studies.sum(axis=1).tolist()
    with_negative, with_positive = (np.count_nonzero(of_one) for of_one in studies)
    if with_positive < 2 or with_negative < 2:
        return None
    variance = (
        with_positive / (with_positive - 1) * float((of_positives**2).sum()) / m**2
        + with_negative / (with_negative - 1) * float((of_negatives**2).sum()) / n**2
        + 2 * patients / (patients - 1) * float((of_positives * of_negatives).sum()) / (m * n)
    )
    return math.sqrt(variance) if variance > 0 else None
