"""What a refit chose, and the covariance of what it estimated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from monitor.calibrators import is_straight_line
from monitor.errors import EstimationError
from monitor.logistic import LogisticFit, cluster_numbers, expit, numbered_covariance
from monitor.records import Calibrator, CalibratorKind, FloatArray, TextArray

Method = Literal["keep", "intercept", "platt", "pooled", "prior_shift", "beta", "isotonic"]
SMALLEST_SLOPE = 0.2


class RankingLostError(EstimationError):
    """The fitted slope is so small that the score no longer ranks; no calibrator can repair that."""


@dataclass(frozen=True)
class LikelihoodRatioTest:
    """One likelihood-ratio test of the closed procedure."""

    test: str
    statistic: float
    degrees_of_freedom: Literal[1, 2]
    p: float


@dataclass(frozen=True)
class Choice:
    """What was chosen, how, and the map it leads to.

    Attributes:
        kind: The method; "keep" when the current calibrator is not contradicted.
        steps: The tests of the closed test, in order; none by another rule.
        parameters: Of the chosen map, named as its kind names them.
        covariance: As `Calibrator.covariance`.
        map_kind: Kind of the chosen map: an intercept moved on a beta map leaves a beta map.
        grounds: What a rule other than the closed test decided by, for the record.
    """

    kind: Method
    steps: tuple[LikelihoodRatioTest, ...]
    parameters: Mapping[str, Any]
    covariance: tuple[tuple[float, ...], ...]
    map_kind: CalibratorKind
    grounds: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def calibrator(self, version: str) -> Calibrator:
        """The candidate as a calibrator.

        Raises:
            ValueError: The current calibrator is kept, so there is no candidate.
        """
        if self.kind == "keep":
            raise ValueError("the current calibrator is kept: there is no candidate")
        return Calibrator(version, self.map_kind, self.parameters, self.covariance)


def keep(
    current: Calibrator,
    steps: tuple[LikelihoodRatioTest, ...] = (),
    grounds: Mapping[str, Any] | None = None,
) -> Choice:
    """The current calibrator stays."""
    return Choice("keep", steps, current.parameters, current.covariance, current.kind, grounds or {})


def moved_kind(
    current: Calibrator, method: Literal["intercept", "platt", "pooled", "prior_shift"]
) -> CalibratorKind:
    """Kind of the map when intercept or slope of the current one are refitted.

    Example:
        >>> from monitor.records import IDENTITY
        >>> moved_kind(IDENTITY, "platt")
        'platt'
    """
    return method if is_straight_line(current) else current.kind


def require_ranking(slope: float) -> None:
    """A score that hardly ranks is no matter for a calibrator.

    Raises:
        RankingLostError: The slope is at most .2.
    """
    if slope <= SMALLEST_SLOPE:
        raise RankingLostError(
            f"the score has lost its ranking: fitted slope {slope:.2f}, "
            f"a candidate needs more than {SMALLEST_SLOPE}"
        )


def covariance_of(fit: LogisticFit, design: FloatArray, patient: TextArray) -> FloatArray:
    """Model-based where every patient has one row, else the cluster sandwich."""
    number = cluster_numbers(patient)
    if int(number.max()) + 1 == len(patient):
        return fit.covariance
    return numbered_covariance(design, fit.residual, fit.covariance, number)


def joint_covariance(
    refitted: FloatArray,
    free: FloatArray,
    kept: FloatArray,
    log_odds: FloatArray,
    kept_covariance: FloatArray,
) -> FloatArray:
    """Covariance of refitted parameters together with those that keep their value and their own error.

    The refit answers an error of what is kept: by the implicit function theorem its derivative is
    -(F'WF)^-1 F'WK, with F and K the designs of the two and W the weights p(1 - p).

    Args:
        refitted: Covariance of the refitted parameters, shape (f, f), as if the others were exact.
        free: Their design, shape (n, f).
        kept: Design of what is kept, shape (n, k).
        log_odds: Of the new map, shape (n,).
        kept_covariance: Shape (k, k).

    Returns:
        Shape (f + k, f + k), the refitted parameters first.
    """
    probability = expit(log_odds)
    weighted = free * (probability * (1.0 - probability))[:, None]
    answer = -np.linalg.solve(weighted.T @ free, weighted.T @ kept)
    between = answer @ kept_covariance
    return np.block([[refitted + between @ answer.T, between], [between.T, kept_covariance]])


def as_tuples(matrix: FloatArray) -> tuple[tuple[float, ...], ...]:
    """A matrix as it stands in a record."""
    return tuple(tuple(row) for row in matrix.tolist())
