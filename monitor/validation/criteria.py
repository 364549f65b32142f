"""The criteria of a change: each an estimate, its one-sided bounds and what they show.

`demonstrated` means the bound proves the claim, `contradicted` that the opposite bound proves the
contrary; anything between is absence of evidence and is never a pass of a demonstrated criterion.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from monitor.hashing import finite_or_none
from monitor.intervals import cluster_mean_error
from monitor.logistic import SeparationError, cluster_covariance, cluster_sums, expit, fit_logistic, log_loss
from monitor.plan.model import Criterion, LogLossCriterion, RatioCriterion
from monitor.records import CriterionStatus, Estimate, FloatArray, TextArray


@dataclass(frozen=True)
class Evidence:
    """Validation rows as the criteria see them, each array of shape (n,).

    Attributes:
        outcome: 0 or 1.
        patient: Pseudonyms.
        candidate, last_deployed, original: Calibrated log-odds under the three calibrators.
    """

    outcome: FloatArray
    patient: TextArray
    candidate: FloatArray
    last_deployed: FloatArray
    original: FloatArray

    @property
    def n(self) -> int:
        return len(self.outcome)

    @property
    def events(self) -> int:
        """Rows of the rarer class."""
        positives = int(self.outcome.sum())
        return min(positives, self.n - positives)


@dataclass(frozen=True)
class CriterionResult:
    """A criterion with what the rows showed.

    Attributes:
        low_limit, high_limit: What the bound was held against, in the metric's unit.
        standard_error: Of the estimate, on the log scale for the observed/expected ratio.
        needed_events: Rarer-class studies at which the bound would clear if the estimate stayed; None
            when it is clear already or no number would do.
    """

    criterion: Criterion
    estimate: Estimate
    low_limit: float | None
    high_limit: float | None
    standard_error: float | None
    status: CriterionStatus
    needed_events: int | None

    @property
    def met(self) -> bool:
        """True when the status is at least what the plan requires."""
        if self.criterion.require == "demonstrated":
            return self.status == "demonstrated"
        return self.status in ("demonstrated", "not_contradicted")

    def as_record(self) -> dict[str, Any]:
        """The ledger's form."""
        limits = [self.low_limit, self.high_limit]
        return {
            "id": self.criterion.id,
            "metric": self.criterion.metric,
            "against": getattr(self.criterion, "against", None),
            "require": self.criterion.require,
            "limit": None if self.high_limit is not None else self.low_limit,
            "limits": limits if self.high_limit is not None else None,
            "estimate": {
                "value": self.estimate.value,
                "low": self.estimate.low,
                "high": self.estimate.high,
                "n": self.estimate.n,
                "events": self.estimate.events,
                "method": self.estimate.method,
            },
            "standard_error": self.standard_error,
            "status": self.status,
            "needed_events": self.needed_events,
        }


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
        "log_loss_difference": log_loss_difference,
        "observed_expected_ratio": observed_expected_ratio,
        "calibration_slope": calibration_slope,
    }
    return assessors[criterion.metric](criterion, evidence, z)


def log_loss_difference(criterion: LogLossCriterion, evidence: Evidence, z: float) -> CriterionResult:
    """Mean log loss of the comparator minus the candidate's, paired, clustered by patient.

    Above zero the candidate is better, in nats per study.
    """
    comparator = evidence.last_deployed if criterion.against == "last_deployed" else evidence.original
    losses = log_loss(comparator, evidence.outcome)
    difference = losses - log_loss(evidence.candidate, evidence.outcome)
    mean = float(difference.mean())
    error = cluster_mean_error(difference, evidence.patient)
    limit = criterion.limit
    if limit is None:
        assert criterion.margin_relative is not None  # the model demands exactly one of the two
        limit = criterion.margin_relative * float(losses.mean())
    estimate = _estimate(
        evidence, mean, mean - z * error, mean + z * error, "paired difference, cluster-robust"
    )
    if mean - z * error > limit:
        status: CriterionStatus = "demonstrated"
    elif mean + z * error < limit:
        status = "contradicted"
    else:
        status = "not_contradicted"
    needed = None if status == "demonstrated" else _needed(evidence.events, z * error, mean - limit)
    return CriterionResult(criterion, estimate, limit, None, error, status, needed)


def observed_expected_ratio(criterion: RatioCriterion, evidence: Evidence, z: float) -> CriterionResult:
    """Observed over expected events of the rarer class, cluster-robust on the log scale.

    The ratio of the commoner class could not leave the limits whatever the candidate did.
    """
    flip = evidence.outcome.mean() > 0.5
    observed = 1.0 - evidence.outcome if flip else evidence.outcome
    expected = expit(-evidence.candidate if flip else evidence.candidate)
    count = float(observed.sum())
    if count == 0:
        return _no_estimate(criterion, evidence, "no event of the rarer class")
    ratio = math.log(count / float(expected.sum()))
    error = math.sqrt(float((cluster_sums(observed - expected, evidence.patient) ** 2).sum())) / count
    low, high = criterion.limits
    status, needed = _two_one_sided(ratio, error, (math.log(low), math.log(high)), evidence.events, z)
    bounds = math.exp(ratio), math.exp(ratio - z * error), math.exp(ratio + z * error)
    estimate = _estimate(evidence, *bounds, "rarer class, log scale, cluster-robust")
    return CriterionResult(criterion, estimate, low, high, error, status, needed)


def calibration_slope(criterion: RatioCriterion, evidence: Evidence, z: float) -> CriterionResult:
    """Slope of the outcome on the candidate's log-odds, with the cluster sandwich error."""
    design = np.column_stack([np.ones(evidence.n), evidence.candidate])
    try:
        fit = fit_logistic(design, evidence.outcome)
    except SeparationError as error:
        return _no_estimate(criterion, evidence, str(error))
    residual = evidence.outcome - expit(design @ fit.coefficients)
    covariance = cluster_covariance(design, residual, fit.covariance, evidence.patient)
    slope, error_of_slope = float(fit.coefficients[1]), math.sqrt(float(covariance[1, 1]))
    low, high = criterion.limits
    status, needed = _two_one_sided(slope, error_of_slope, (low, high), evidence.events, z)
    bounds = slope, slope - z * error_of_slope, slope + z * error_of_slope
    estimate = _estimate(evidence, *bounds, "logistic regression, cluster sandwich")
    return CriterionResult(criterion, estimate, low, high, error_of_slope, status, needed)


def _two_one_sided(
    value: float, error: float, limits: tuple[float, float], events: int, z: float
) -> tuple[CriterionStatus, int | None]:
    """Inside both limits: demonstrated; wholly beyond one: contradicted; else neither."""
    low, high = limits
    if value - z * error > low and value + z * error < high:
        return "demonstrated", None
    needed = _needed(events, z * error, min(value - low, high - value))
    if value + z * error < low or value - z * error > high:
        return "contradicted", needed
    return "not_contradicted", needed


def _needed(events: int, half_width: float, distance: float) -> int | None:
    """Events at which the half-width shrinks to the distance, if the estimate stays where it is."""
    if distance <= 0 or not math.isfinite(half_width):
        return None
    return math.ceil(events * (half_width / distance) ** 2)


def _estimate(evidence: Evidence, value: float, low: float, high: float, method: str) -> Estimate:
    return Estimate(
        finite_or_none(value), finite_or_none(low), finite_or_none(high), evidence.n, evidence.events, method
    )


def _no_estimate(criterion: RatioCriterion, evidence: Evidence, why: str) -> CriterionResult:
    low, high = criterion.limits
    estimate = Estimate(None, None, None, evidence.n, evidence.events, why)
    return CriterionResult(criterion, estimate, low, high, None, "insufficient", None)
