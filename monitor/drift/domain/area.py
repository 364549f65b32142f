"""Held-out area under the curve: ranks are compared inside a fold, errors are those of patients.

Scores of two folds come from two classifiers and are never compared with each other.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from monitor.drift.domain.folds import Folds
from monitor.intervals import normal_quantile
from monitor.records import BoolArray, Estimate, FloatArray, IntArray

HELD_OUT = "mean of held-out folds, logit-DeLong by patient (Obuchowski)"
WIDENED = "mean of held-out folds, logit-DeLong by patient (Obuchowski), widened as relabellings vary"


class Area(NamedTuple):
    """An area and each row's part in its error.

    Attributes:
        value: Mean of the folds' areas.
        influence: Shape (n,); its sums by patient, squared and added, are the variance.
    """

    value: float
    influence: FloatArray


def held_out_area(score: FloatArray, member: BoolArray, folds: Folds) -> Area:
    """Probability that a member outscores another row of its fold, ties counted half, averaged over folds.

    Args:
        score: Shape (n,).
        member: Shape (n,).
        folds: How the patients were dealt; a fold without members, or without others, is left out.

    Returns:
        The area; one half with no influence where no fold has both.

    References:
        DeLong et al. (1988), Biometrics 44:837-845. Obuchowski (1997), Biometrics 53:567-578.

    Example:
        >>> who = np.arange(4)
        >>> one = Folds(who, np.zeros(4, dtype=np.int64), (who,))
        >>> held_out_area(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True]), one).value
        0.75
    """
    both = [rows for rows in folds.held if 0 < np.count_nonzero(member[rows]) < len(rows)]
    influence, areas = np.zeros(len(score)), [0.5] * (not both)
    for rows in both:
        value, parts = fold_area(score[rows], member[rows], folds.patient[rows])
        areas.append(value)
        influence[rows] = parts / len(both)
    return Area(float(np.mean(areas)), influence)


def fold_area(score: FloatArray, member: BoolArray, patient: IntArray) -> tuple[float, FloatArray]:
    """Area of one fold and each row's influence, scaled for the patients of its class."""
    low, high = np.sort(score[~member]), np.sort(score[member])
    part = np.empty(len(score))
    part[member] = share_below(low, score[member])
    part[~member] = 1.0 - share_below(high, score[~member])
    value = float(part[member].mean())
    influence = part - value
    for which, rows in ((member, len(high)), (~member, len(low))):
        people = np.count_nonzero(np.bincount(patient[which]))
        influence[which] *= math.sqrt(people / max(people - 1, 1)) / rows
    return value, influence


def share_below(ordered: FloatArray, score: FloatArray) -> FloatArray:
    """Share of `ordered` below each score, equal ones counted half."""
    twice = np.searchsorted(ordered, score, "left") + np.searchsorted(ordered, score, "right")
    return twice / (2 * len(ordered))


def area_error(influence: FloatArray, patient: IntArray) -> float:
    """Standard error of an area, or of a difference of areas, from the influence of its rows.

    Example:
        >>> area_error(np.array([0.3, -0.3, 0.4]), np.array([0, 0, 1]))
        0.4
    """
    sums = np.bincount(patient, weights=influence)
    return math.sqrt(float(sums @ sums))


def studentised(value: float, error: float) -> float:
    """Distance from what chance gives, in standard errors; infinite for a perfect area.

    The error, too, answers to how many studies each patient has, so that the permutation test holds its
    size where patients of one sample have more of them (Chung and Romano 2013, 10.1214/13-AOS1090).

    Example:
        >>> studentised(0.2, 0.1), studentised(0.5, 0.0), studentised(0.0, 0.0)
        (2.0, inf, 0.0)
    """
    if error > 0.0:
        return value / error
    return math.copysign(math.inf, value) if value else 0.0


def area_estimate(value: float, error: float, member: BoolArray, level: float, method: str) -> Estimate:
    """The area with its interval on the logit scale; without one when it is 0 or 1 or has no error.

    Example:
        >>> found = area_estimate(0.5, 0.05, np.array([True, False]), 0.95, "")
        >>> f"{found.low:.3f} {found.high:.3f}"
        '0.403 0.597'
    """
    members = int(member.sum())
    counts = len(member), min(members, len(member) - members)
    if not 0.0 < value < 1.0 or error == 0.0:
        return Estimate(value, None, None, *counts, f"{method}; no interval at the boundary")
    centre = math.log(value / (1.0 - value))
    half = normal_quantile(0.5 + level / 2) * error / (value * (1.0 - value))
    low, high = (1.0 / (1.0 + math.exp(-(centre + sign * half))) for sign in (-1, 1))
    return Estimate(value, low, high, *counts, method)
