"""Criteria at the operating point: proportions of flagged studies, with exact one-sided bounds."""

from __future__ import annotations

import numpy as np

from monitor.performance.proportions import proportion
from monitor.plan.model import AlertRateCriterion, ProportionCriterion
from monitor.records import BoolArray
from monitor.validation.evidence import Bounds, CriterionResult, Evidence, above, estimate, no_estimate

NO_THRESHOLD = "the candidate has no threshold at the operating point"


def proportion_at(criterion: ProportionCriterion, evidence: Evidence, z: float) -> CriterionResult:
    """Sensitivity, specificity or a predictive value: Clopper-Pearson on the effective number of studies.

    Args:
        criterion: Which proportion, and its floor.
        evidence: With `flagged`; without it there is no estimate.
        z: Standard normal quantile of the look's one-sided alpha.
    """
    limits = (criterion.limit, None)
    if evidence.flagged is None:
        return no_estimate(criterion, evidence, limits, NO_THRESHOLD)
    positive = evidence.outcome == 1
    hit, among = {
        "sensitivity": (evidence.flagged, positive),
        "specificity": (~evidence.flagged, ~positive),
        "ppv": (positive, evidence.flagged),
        "npv": (~positive, ~evidence.flagged),
    }[criterion.metric]
    found = _bounds(evidence, hit[among], among, z)
    if found is None:
        return no_estimate(criterion, evidence, limits, "no study of the kind it is about")
    bounds, method = found
    status, missing = above(bounds, criterion.limit, evidence.events)
    return CriterionResult(
        criterion, estimate(evidence, bounds, method), criterion.limit, None, None, status, missing
    )


def alert_rate(criterion: AlertRateCriterion, evidence: Evidence, z: float) -> CriterionResult:
    """Share of studies that raise an alert, whose upper bound must stay below the ceiling."""
    limits = (None, criterion.limit)
    if evidence.flagged is None:
        return no_estimate(criterion, evidence, limits, NO_THRESHOLD)
    found = _bounds(evidence, evidence.flagged, np.ones(evidence.n, dtype=bool), z)
    if found is None:
        return no_estimate(criterion, evidence, limits, "no study")
    bounds, method = found
    mirrored = Bounds(-bounds.value, -bounds.high, -bounds.low)
    status, missing = above(mirrored, -criterion.limit, evidence.events)
    return CriterionResult(
        criterion, estimate(evidence, bounds, method), None, criterion.limit, None, status, missing
    )


def _bounds(evidence: Evidence, hit: BoolArray, among: BoolArray, z: float) -> tuple[Bounds, str] | None:
    """The share of hits with one-sided bounds at the look's alpha; None without a study."""
    from scipy.special import ndtr

    weight = None if evidence.weight is None else evidence.weight[among]
    found = proportion(hit, evidence.patient[among], 1.0 - 2.0 * float(ndtr(-z)), weight)
    if found.value is None or found.low is None or found.high is None:
        return None
    return Bounds(found.value, found.low, found.high), f"{found.method}, {len(hit)} studies"
