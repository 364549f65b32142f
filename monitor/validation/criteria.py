"""The criteria of a change: each an estimate, its one-sided bounds and what they show.

`demonstrated` means the bound proves the claim, `contradicted` that the opposite bound proves the
contrary; anything between is absence of evidence and is never a pass of a demonstrated criterion.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from monitor.logistic import SeparationError, cluster_sums, expit, fit_logistic, log_loss, numbered_covariance
from monitor.plan.model import Criterion, LossCriterion, RatioCriterion
from monitor.records import FloatArray
from monitor.validation.evidence import (
    Bounds,
    CriterionResult,
    Evidence,
    above,
    estimate,
    inside,
    no_estimate,
)
from monitor.validation.operating_point import alert_rate, proportion_at
from monitor.validation.ranking import area


def assess(criterion: Criterion, evidence: Evidence, z: float) -> CriterionResult:
    """One criterion on the validation rows.

    Args:
        criterion: From the plan.
        evidence: Validation rows.
        z: Standard normal quantile of the look's one-sided alpha.

    Returns:
        The result; `insufficient` where no estimate exists, which never meets a requirement.
    """
    assessors: dict[str, Callable[[Any, Evidence, float], CriterionResult]] = {
        "log_loss_difference": loss_difference,
        "brier_score_difference": loss_difference,
        "observed_expected_ratio": observed_expected_ratio,
        "calibration_slope": calibration_slope,
        "auc": area,
        "alert_rate": alert_rate,
        **dict.fromkeys(("sensitivity", "specificity", "ppv", "npv"), proportion_at),
    }
    return assessors[criterion.metric](criterion, evidence, z)


def brier_score(log_odds: FloatArray, outcome: FloatArray) -> FloatArray:
    """Squared error of each probability, shape (n,).

    Example:
        >>> brier_score(np.array([0.0]), np.array([1.0])).tolist()
        [0.25]
    """
    return (expit(log_odds) - outcome) ** 2


LOSSES: dict[str, Callable[[FloatArray, FloatArray], FloatArray]] = {
    "log_loss_difference": log_loss,
    "brier_score_difference": brier_score,
}


def loss_difference(criterion: LossCriterion, evidence: Evidence, z: float) -> CriterionResult:
    """Mean loss of the comparator minus the candidate's, paired, clustered by patient.

    Above zero the candidate is better, per study; log loss in nats. A relative margin is a share of the
    comparator's loss on the same studies, so the error is that of the distance between the two.
    """
    loss = LOSSES[criterion.metric]
    comparator = evidence.last_deployed if criterion.against == "last_deployed" else evidence.original
    losses = loss(comparator, evidence.outcome)
    difference = losses - loss(evidence.candidate, evidence.outcome)
    mean, error = evidence.mean(difference)
    limit = criterion.limit
    if limit is None:
        assert criterion.margin_relative is not None  # the model demands exactly one of the two
        limit = criterion.margin_relative * evidence.mean(losses)[0]
        error = evidence.mean(difference - criterion.margin_relative * losses)[1]
    bounds = Bounds(mean, mean - z * error, mean + z * error)
    status, missing = above(bounds, limit, evidence.events)
    found = estimate(evidence, bounds, "paired difference, cluster-robust")
    return CriterionResult(criterion, found, limit, None, error, status, missing)


def observed_expected_ratio(criterion: RatioCriterion, evidence: Evidence, z: float) -> CriterionResult:
    """Observed over expected events of the rarer class, cluster-robust on the log scale."""
    low, high = criterion.limits
    found = ratio_on_log_scale(evidence, z)
    if found is None:
        return no_estimate(criterion, evidence, (low, high), "no event of the rarer class")
    on_log_scale, error = found
    status, missing = inside(on_log_scale, (math.log(low), math.log(high)), evidence.events)
    bounds = Bounds(*(math.exp(part) for part in on_log_scale))
    ratio = estimate(evidence, bounds, "rarer class, log scale, cluster-robust")
    return CriterionResult(criterion, ratio, low, high, error, status, missing)


def ratio_on_log_scale(evidence: Evidence, z: float) -> tuple[Bounds, float] | None:
    """(log of observed over expected events with bounds, its error); None without an event.

    Of the rarer class: the ratio of the commoner one could not leave the limits whatever the candidate did.
    Which studies carry which weight is chance too, so the weighted total of risks is not fixed.
    """
    if evidence.events == 0:
        return None
    weight = evidence.weights
    flip = evidence.mean(evidence.outcome)[0] > 0.5
    observed = 1.0 - evidence.outcome if flip else evidence.outcome
    expected = expit(-evidence.candidate if flip else evidence.candidate)
    count = float(weight @ observed)
    ratio = count / float(weight @ expected)
    residual = observed - (1.0 if evidence.weight is None else ratio) * expected
    error = math.sqrt(float((cluster_sums(weight * residual, evidence.patient_number) ** 2).sum())) / count
    centre = math.log(ratio)
    return Bounds(centre, centre - z * error, centre + z * error), error


def calibration_slope(criterion: RatioCriterion, evidence: Evidence, z: float) -> CriterionResult:
    """Slope of the outcome on the candidate's log-odds, with the cluster sandwich error."""
    low, high = criterion.limits
    try:
        bounds, error_of_slope = slope_bounds(evidence, z)
    except SeparationError as error:
        return no_estimate(criterion, evidence, (low, high), str(error))
    status, missing = inside(bounds, (low, high), evidence.events)
    found = estimate(evidence, bounds, "logistic regression, cluster sandwich")
    return CriterionResult(criterion, found, low, high, error_of_slope, status, missing)


def slope_bounds(evidence: Evidence, z: float) -> tuple[Bounds, float]:
    """(slope with bounds, its error).

    Raises:
        SeparationError: No finite slope exists.
    """
    weight, design = evidence.weights, np.column_stack([np.ones(evidence.n), evidence.candidate])
    fit = fit_logistic(design, evidence.outcome, weight=weight)
    covariance = numbered_covariance(design, fit.residual, fit.covariance, evidence.patient_number)
    slope, error = float(fit.coefficients[1]), math.sqrt(float(covariance[1, 1]))
    return Bounds(slope, slope - z * error, slope + z * error), error
