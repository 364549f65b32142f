"""Discrimination as a criterion: the area under the ROC curve, alone or against the original."""

from __future__ import annotations

import math

import numpy as np

from monitor.ordering import distinct
from monitor.performance.discrimination import area_error, placements
from monitor.plan.model import AreaCriterion
from monitor.records import FloatArray
from monitor.validation.evidence import Bounds, CriterionResult, Evidence, above, estimate, no_estimate

RANK_IDENTICAL = "rank-identical: the candidate orders every study as the original does"


def area(criterion: AreaCriterion, evidence: Evidence, z: float) -> CriterionResult:
    """Area of the raw score above a floor, or the candidate's minus the original's above a margin.

    Args:
        criterion: With a limit, or with a comparator and a margin.
        evidence: With the raw score.
        z: Standard normal quantile of the look's one-sided alpha.

    References:
        DeLong et al. (1988), Biometrics 44:837-845. Obuchowski (1997), Biometrics 53:567-578.
    """
    limit = criterion.limit if criterion.limit is not None else criterion.margin
    assert limit is not None  # the model demands exactly one of the two
    if evidence.events == 0:
        return no_estimate(criterion, evidence, (limit, None), "one class only")
    if evidence.score is None:
        return no_estimate(criterion, evidence, (limit, None), "no raw score")
    if criterion.against is None:
        found = area_bounds(evidence.score, evidence, z)
        method = "raw score, logit-DeLong by patient, t"
    else:
        found, method = _difference(evidence, z)
    if found is None:
        return no_estimate(criterion, evidence, (limit, None), "no interval at the boundary")
    bounds, error = found
    status, missing = above(bounds, limit, evidence.events)
    return CriterionResult(criterion, estimate(evidence, bounds, method), limit, None, error, status, missing)


def area_bounds(score: FloatArray, evidence: Evidence, z: float) -> tuple[Bounds, float] | None:
    """The area with bounds on the logit scale and the t quantile of the rarer class minus one.

    Returns:
        (area with bounds, its standard error); None at an area of 0 or 1, or with one patient of a class.
    """
    from scipy.special import ndtr, stdtrit

    value, contribution = placements(score, evidence.outcome)
    error = area_error(contribution - value, evidence.outcome, evidence.patient_number)
    if error is None or not 0.0 < value < 1.0 or evidence.events < 2:
        return None
    quantile = -float(stdtrit(evidence.events - 1, ndtr(-z)))
    centre, half = math.log(value / (1 - value)), quantile * error / (value * (1 - value))
    low, high = (1 / (1 + math.exp(-(centre + sign * half))) for sign in (-1, 1))
    return Bounds(value, low, high), error


def _difference(evidence: Evidence, z: float) -> tuple[tuple[Bounds, float] | None, str]:
    """Candidate's area minus the original's on the same rows; exactly 0 where both rank alike."""
    if rank_identical(evidence.candidate, evidence.original):
        return (Bounds(0.0, 0.0, 0.0), 0.0), RANK_IDENTICAL
    of_candidate, contribution = placements(evidence.candidate, evidence.outcome)
    of_original, compared = placements(evidence.original, evidence.outcome)
    difference = of_candidate - of_original
    centred = contribution - compared - difference
    error = area_error(centred, evidence.outcome, evidence.patient_number)
    if error is None:
        return None, ""
    bounds = Bounds(difference, difference - z * error, difference + z * error)
    return (bounds, error), "paired DeLong by patient"


def rank_identical(one: FloatArray, other: FloatArray) -> bool:
    """True when two scores put all studies in the same order, ties included.

    Example:
        >>> rank_identical(np.array([0.1, 0.2, 0.2]), np.array([1.0, 5.0, 5.0]))
        True
        >>> rank_identical(np.array([0.1, 0.2, 0.3]), np.array([1.0, 5.0, 5.0]))
        False
    """
    return np.array_equal(distinct(one)[1], distinct(other)[1])
