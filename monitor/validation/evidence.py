"""What a look sees and what it says: the rows under each calibrator, and one result per criterion."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from monitor.hashing import finite_or_none
from monitor.intervals import cluster_mean_error
from monitor.logistic import cluster_numbers
from monitor.plan.model import Criterion
from monitor.records import BoolArray, CriterionStatus, Estimate, FloatArray, IntArray, TextArray


@dataclass(frozen=True)
class Evidence:
    """Validation rows as the criteria see them, each array of shape (n,).

    Attributes:
        outcome: 0 or 1.
        patient: Pseudonyms.
        candidate, last_deployed, original: Calibrated log-odds under the three calibrators.
        score: Raw scores, whose ranks are those of every calibrator.
        flagged: True at or above the candidate's threshold; None without an operating point.
        weight: How many studies of the window each speaks for, in proportion; None when all are alike.
    """

    outcome: FloatArray
    patient: TextArray
    candidate: FloatArray
    last_deployed: FloatArray
    original: FloatArray
    score: FloatArray | None = None
    flagged: BoolArray | None = None
    weight: FloatArray | None = None

    @property
    def n(self) -> int:
        return len(self.outcome)

    @property
    def events(self) -> int:
        """Rows of the rarer class."""
        positives = int(self.outcome.sum())
        return min(positives, self.n - positives)

    @cached_property
    def patient_number(self) -> IntArray:
        """Patients as numbers from 0, which the sums over each of them start from, shape (n,)."""
        return cluster_numbers(self.patient)

    def where(self, keep: BoolArray) -> Evidence:
        """The rows that `keep` marks."""
        score = None if self.score is None else self.score[keep]
        flagged = None if self.flagged is None else self.flagged[keep]
        weight = None if self.weight is None else self.weight[keep]
        maps = (self.candidate[keep], self.last_deployed[keep], self.original[keep])
        return Evidence(self.outcome[keep], self.patient[keep], *maps, score, flagged, weight)

    @property
    def weights(self) -> FloatArray:
        """The weights, or ones, shape (n,)."""
        return np.ones(self.n) if self.weight is None else self.weight

    def mean(self, values: FloatArray) -> tuple[float, float]:
        """Mean of a value per study, weighted where studies are, and its cluster-robust error.

        Example:
            A study that speaks for three beside one that speaks for itself.

            >>> two, who = np.array([1.0, 0.0]), np.array(["a", "b"], dtype=object)
            >>> Evidence(two, who, two, two, two, weight=np.array([3.0, 1.0])).mean(two)[0]
            0.75
        """
        mean = float(values.mean()) if self.weight is None else float(np.average(values, weights=self.weight))
        return mean, cluster_mean_error(values, self.patient_number, self.weight)

    def said(self, method: str) -> str:
        """A method's name, which tells weighted outcomes."""
        return method if self.weight is None else f"{method}, weighted by verification"


class Bounds(NamedTuple):
    """An estimate with its two one-sided bounds."""

    value: float
    low: float
    high: float


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
        two = self.low_limit is not None and self.high_limit is not None
        single = self.low_limit if self.high_limit is None else self.high_limit
        return {
            "id": self.criterion.id,
            "metric": self.criterion.metric,
            "against": getattr(self.criterion, "against", None),
            "require": self.criterion.require,
            "limit": None if two else single,
            "limits": [self.low_limit, self.high_limit] if two else None,
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


def above(bounds: Bounds, limit: float, events: int) -> tuple[CriterionStatus, int | None]:
    """The lower bound clears the limit, the upper one lies below it, or neither.

    Returns:
        (status, events needed at the present estimate).

    Example:
        >>> above(Bounds(0.5, 0.1, 0.9), 0.0, 100), above(Bounds(0.5, -0.5, 1.5), 0.0, 100)
        (('demonstrated', None), ('not_contradicted', 400))
    """
    if bounds.low > limit:
        return "demonstrated", None
    missing = needed(events, bounds.value - bounds.low, bounds.value - limit)
    return ("contradicted" if bounds.high < limit else "not_contradicted"), missing


def inside(bounds: Bounds, limits: tuple[float, float], events: int) -> tuple[CriterionStatus, int | None]:
    """Inside both limits: demonstrated; wholly beyond one: contradicted; else neither."""
    low, high = limits
    if bounds.low > low and bounds.high < high:
        return "demonstrated", None
    missing = needed(events, bounds.value - bounds.low, min(bounds.value - low, high - bounds.value))
    beyond = bounds.high < low or bounds.low > high
    return ("contradicted" if beyond else "not_contradicted"), missing


def needed(events: int, half_width: float, distance: float) -> int | None:
    """Events at which the half-width shrinks to the distance, if the estimate stays where it is.

    Example:
        >>> needed(100, 0.4, 0.2), needed(100, 0.4, -0.1)
        (400, None)
    """
    if distance <= 0 or not math.isfinite(half_width):
        return None
    return math.ceil(events * (half_width / distance) ** 2)


def estimate(evidence: Evidence, bounds: Bounds, method: str) -> Estimate:
    """The estimate as a record; what is not finite becomes None."""
    value, low, high = (finite_or_none(part) for part in bounds)
    return Estimate(value, low, high, evidence.n, evidence.events, evidence.said(method))


def no_estimate(
    criterion: Criterion, evidence: Evidence, limits: tuple[float | None, float | None], why: str
) -> CriterionResult:
    """A criterion that these rows cannot speak to, which is never a pass."""
    empty = Estimate(None, None, None, evidence.n, evidence.events, why)
    return CriterionResult(criterion, empty, *limits, None, "insufficient", None)
