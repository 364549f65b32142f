"""The smallest change the data support: keep, intercept or Platt, chosen by a closed test."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from monitor.calibrators import calibrated_log_odds
from monitor.errors import EstimationError
from monitor.logistic import LogisticFit, cluster_covariance, expit, fit_logistic, log_loss
from monitor.records import Calibrator, FloatArray, TextArray

LEVEL = 0.05
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
    """What the closed test chose.

    Attributes:
        kind: "keep" when the current calibrator is not contradicted.
        steps: The tests made, in order.
        parameters: Of the chosen map of the raw log-odds, named as its kind names them.
        covariance: Of the parameters in their order.
    """

    kind: Literal["keep", "intercept", "platt"]
    steps: tuple[LikelihoodRatioTest, ...]
    parameters: Mapping[str, Any]
    covariance: tuple[tuple[float, ...], ...]

    def calibrator(self, version: str) -> Calibrator:
        """The candidate as a calibrator.

        Raises:
            ValueError: The current calibrator is kept, so there is no candidate.
        """
        if self.kind == "keep":
            raise ValueError("the closed test keeps the current calibrator: there is no candidate")
        return Calibrator(version, self.kind, self.parameters, self.covariance)


def choose(x: FloatArray, outcome: FloatArray, patient: TextArray, current: Calibrator) -> Choice:
    """Keep, move the intercept, or refit intercept and slope, whichever is least and not contradicted.

    Args:
        x: Winsorised logit of the raw score, shape (n,).
        outcome: 0 or 1, shape (n,).
        patient: Shape (n,); only the covariance depends on it.
        current: The live calibrator, whose map is what "keep" means.

    Returns:
        The choice with its likelihood-ratio tests at level .05.

    Raises:
        SeparationError: No finite fit exists.
        RankingLostError: The Platt slope is at most .2.

    References:
        Vergouwe et al. (2017), Stat Med 36:4529-4539.

    Example:
        Even odds observed where even odds were predicted: keep.

        >>> from monitor.records import IDENTITY
        >>> x = np.tile([-1.0, 1.0], 20)
        >>> y = np.tile([0.0, 1, 0, 1, 0, 1, 1, 0], 5)
        >>> who = np.arange(40).astype(str).astype(object)
        >>> choose(x, y, who, IDENTITY).kind
        'keep'
    """
    ones = np.ones((len(x), 1))
    line = np.column_stack([ones, x])
    deployed = calibrated_log_odds(current, x)
    platt = fit_logistic(line, outcome)
    if platt.coefficients[1] <= SMALLEST_SLOPE:
        raise RankingLostError(
            f"the score has lost its ranking: fitted slope {platt.coefficients[1]:.2f}, "
            f"a candidate needs more than {SMALLEST_SLOPE}"
        )
    shift = fit_logistic(ones, outcome, offset=deployed)
    kept = -float(log_loss(deployed, outcome).sum())
    against_keep = _step("platt against keep", platt.log_likelihood - kept, 2)
    if against_keep.p > LEVEL:
        return Choice("keep", (against_keep,), current.parameters, current.covariance)
    against_intercept = _step("platt against intercept", platt.log_likelihood - shift.log_likelihood, 1)
    steps = (against_keep, against_intercept)
    if against_intercept.p > LEVEL:
        return _intercept_choice(shift, x, outcome, patient, current, steps)
    covariance = _covariance(platt, line, outcome, line @ platt.coefficients, patient)
    intercept, slope = (float(value) for value in platt.coefficients)
    parameters = {"intercept": intercept, "slope": slope}
    return Choice("platt", steps, parameters, as_tuples(covariance))


def chi_square_tail(statistic: float, degrees_of_freedom: Literal[1, 2]) -> float:
    """P(chi-square > statistic), from the survival function so that small values stay exact.

    Example:
        >>> f"{chi_square_tail(3.841459, 1):.4f} {chi_square_tail(5.991465, 2):.4f}"
        '0.0500 0.0500'
    """
    if statistic <= 0:
        return 1.0
    return math.erfc(math.sqrt(statistic / 2)) if degrees_of_freedom == 1 else math.exp(-statistic / 2)


def _step(test: str, gain: float, degrees_of_freedom: Literal[1, 2]) -> LikelihoodRatioTest:
    statistic = max(0.0, 2.0 * gain)
    return LikelihoodRatioTest(
        test, statistic, degrees_of_freedom, chi_square_tail(statistic, degrees_of_freedom)
    )


def _intercept_choice(
    shift: LogisticFit,
    x: FloatArray,
    outcome: FloatArray,
    patient: TextArray,
    current: Calibrator,
    steps: tuple[LikelihoodRatioTest, ...],
) -> Choice:
    """Move the intercept; the slope keeps its value and its own uncertainty.

    The refitted intercept answers an error of the slope by the opposite error at the weighted mean of
    x, which is where the covariance comes from.
    """
    moved = float(shift.coefficients[0])
    fitted = moved + calibrated_log_odds(current, x)
    variance = float(_covariance(shift, np.ones((len(x), 1)), outcome, fitted, patient)[0, 0])
    weight = expit(fitted) * (1.0 - expit(fitted))
    centre = float((weight * x).sum() / weight.sum())
    slope_variance = current.covariance[1][1]
    between = -centre * slope_variance
    covariance = ((variance + centre**2 * slope_variance, between), (between, slope_variance))
    parameters = {**current.parameters, "intercept": current.parameters["intercept"] + moved}
    return Choice("intercept", steps, parameters, covariance)


def _covariance(
    fit: LogisticFit, design: FloatArray, outcome: FloatArray, log_odds: FloatArray, patient: TextArray
) -> FloatArray:
    """Model-based where every patient has one row, else the cluster sandwich."""
    if len(np.unique(patient)) == len(patient):
        return fit.covariance
    return cluster_covariance(design, outcome - expit(log_odds), fit.covariance, patient)


def as_tuples(matrix: FloatArray) -> tuple[tuple[float, ...], ...]:
    """A matrix as it stands in a record."""
    return tuple(tuple(row) for row in matrix.tolist())
