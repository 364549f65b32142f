"""The studies on which the device is known to find it hard, reported by themselves and judged by nothing."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

from monitor.intervals import normal_quantile
from monitor.logistic import SeparationError, log_loss
from monitor.records import Estimate, FloatArray
from monitor.validation.criteria import ratio_on_log_scale, slope_bounds
from monitor.validation.evidence import Bounds, Evidence, estimate

LEVEL = 0.95
"""Of each interval, for reading; nothing is decided by them."""
Shown = Literal["better", "worse", "not_powered"]


@dataclass(frozen=True)
class ChallengingResult:
    """What the challenging studies show.

    Attributes:
        n, events: Studies, and those of the rarer class.
        gain: By comparator, its log loss minus the candidate's, nats per study.
        observed_expected, slope: Calibration of the candidate.
        shown: By comparator, what the interval of the gain shows; `not_powered` where it holds 0.
    """

    n: int
    events: int
    gain: dict[str, Estimate]
    observed_expected: Estimate
    slope: Estimate
    shown: dict[str, Shown]

    def as_record(self) -> dict[str, Any]:
        """The ledger's form."""
        return asdict(self)


def challenging(evidence: Evidence) -> ChallengingResult:
    """Gains over both comparators and calibration of the candidate, each with a 95 % interval.

    Args:
        evidence: The validation rows of the set.

    Returns:
        The result; what cannot be estimated has no value and says why.

    Example:
        Nothing is concluded from an empty set.

        >>> import numpy as np
        >>> none = np.zeros(0)
        >>> challenging(Evidence(none, none.astype(object), none, none, none)).shown["original"]
        'not_powered'
    """
    z = normal_quantile(0.5 + LEVEL / 2)
    comparators = {"last_deployed": evidence.last_deployed, "original": evidence.original}
    gain = {name: _gain(evidence, log_odds, z) for name, log_odds in comparators.items()}
    shown: dict[str, Shown] = {name: _shown(found) for name, found in gain.items()}
    return ChallengingResult(
        evidence.n, evidence.events, gain, _ratio(evidence, z), _slope(evidence, z), shown
    )


def _gain(evidence: Evidence, comparator: FloatArray, z: float) -> Estimate:
    if evidence.events == 0:
        return _nothing(evidence, "no study of one of the classes")
    difference = log_loss(comparator, evidence.outcome) - log_loss(evidence.candidate, evidence.outcome)
    mean, error = evidence.mean(difference)
    bounds = Bounds(mean, mean - z * error, mean + z * error)
    return estimate(evidence, bounds, "paired difference, cluster-robust")


def _shown(gain: Estimate) -> Shown:
    """An interval that holds 0 shows neither a difference nor that there is none."""
    if gain.low is not None and gain.low > 0:
        return "better"
    return "worse" if gain.high is not None and gain.high < 0 else "not_powered"


def _ratio(evidence: Evidence, z: float) -> Estimate:
    found = ratio_on_log_scale(evidence, z)
    if found is None:
        return _nothing(evidence, "no event of the rarer class")
    bounds = Bounds(*(math.exp(part) for part in found[0]))
    return estimate(evidence, bounds, "rarer class, log scale, cluster-robust")


def _slope(evidence: Evidence, z: float) -> Estimate:
    try:
        bounds, _ = slope_bounds(evidence, z)
    except SeparationError as error:
        return _nothing(evidence, str(error))
    return estimate(evidence, bounds, "logistic regression, cluster sandwich")


def _nothing(evidence: Evidence, why: str) -> Estimate:
    return Estimate(None, None, None, evidence.n, evidence.events, why)
