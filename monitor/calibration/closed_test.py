"""The smallest change the data support: keep, intercept or Platt, chosen by a closed test.

Intercept and slope are those of the current calibrator's shape. For a straight line that is the raw
score's log-odds; a beta or isotonic shape stays as it is, so that the three models are nested.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from monitor.calibration.choice import (
    Choice,
    LikelihoodRatioTest,
    as_tuples,
    covariance_of,
    joint_covariance,
    keep,
    moved_kind,
    require_ranking,
)
from monitor.calibrators import calibrated_log_odds, inner_design, shape
from monitor.logistic import LogisticFit, fit_logistic, log_loss
from monitor.records import Calibrator, FloatArray, TextArray

LEVEL = 0.05


def closed_test(x: FloatArray, outcome: FloatArray, patient: TextArray, current: Calibrator) -> Choice:
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
        >>> closed_test(x, y, who, IDENTITY).kind
        'keep'
    """
    deployed = calibrated_log_odds(current, x)
    platt = fit_logistic(_line(current, x), outcome)
    require_ranking(float(platt.coefficients[1]))
    shift = fit_logistic(np.ones((len(x), 1)), outcome, offset=deployed)
    kept = -float(log_loss(deployed, outcome).sum())
    against_keep = _step("platt against keep", platt.log_likelihood - kept, 2)
    if against_keep.p > LEVEL:
        return keep(current, (against_keep,))
    against_intercept = _step("platt against intercept", platt.log_likelihood - shift.log_likelihood, 1)
    steps = (against_keep, against_intercept)
    if against_intercept.p > LEVEL:
        return _intercept_choice(shift, x, patient, current, steps)
    return _platt_choice(platt, x, patient, current, steps)


def fit_intercept(x: FloatArray, outcome: FloatArray, patient: TextArray, current: Calibrator) -> Choice:
    """The current map with its intercept refitted; arguments as `closed_test`."""
    shift = fit_logistic(np.ones((len(x), 1)), outcome, offset=calibrated_log_odds(current, x))
    return _intercept_choice(shift, x, patient, current, ())


def fit_platt(x: FloatArray, outcome: FloatArray, patient: TextArray, current: Calibrator) -> Choice:
    """The current map with intercept and slope refitted; arguments as `closed_test`."""
    return _platt_choice(fit_logistic(_line(current, x), outcome), x, patient, current, ())


def chi_square_tail(statistic: float, degrees_of_freedom: Literal[1, 2]) -> float:
    """P(chi-square > statistic), from the survival function so that small values stay exact.

    Example:
        >>> f"{chi_square_tail(3.841459, 1):.4f} {chi_square_tail(5.991465, 2):.4f}"
        '0.0500 0.0500'
    """
    if statistic <= 0:
        return 1.0
    return math.erfc(math.sqrt(statistic / 2)) if degrees_of_freedom == 1 else math.exp(-statistic / 2)


def _line(current: Calibrator, x: FloatArray) -> FloatArray:
    return np.column_stack([np.ones_like(x), shape(current, x)])


def _step(test: str, gain: float, degrees_of_freedom: Literal[1, 2]) -> LikelihoodRatioTest:
    statistic = max(0.0, 2.0 * gain)
    return LikelihoodRatioTest(
        test, statistic, degrees_of_freedom, chi_square_tail(statistic, degrees_of_freedom)
    )


def _intercept_choice(
    shift: LogisticFit,
    x: FloatArray,
    patient: TextArray,
    current: Calibrator,
    steps: tuple[LikelihoodRatioTest, ...],
) -> Choice:
    """Move the intercept; the slope keeps its value and its own uncertainty."""
    moved = float(shift.coefficients[0])
    log_odds, free = moved + calibrated_log_odds(current, x), np.ones((len(x), 1))
    inner = current.parameters["slope"] * inner_design(current, x)
    kept = np.column_stack([shape(current, x), inner])
    covariance = joint_covariance(
        covariance_of(shift, free, patient),
        free,
        kept,
        log_odds,
        np.asarray(current.covariance)[1:, 1:],
    )
    parameters = {**current.parameters, "intercept": current.parameters["intercept"] + moved}
    kind = moved_kind(current, "intercept")
    return Choice("intercept", steps, parameters, as_tuples(covariance), kind)


def _platt_choice(
    platt: LogisticFit,
    x: FloatArray,
    patient: TextArray,
    current: Calibrator,
    steps: tuple[LikelihoodRatioTest, ...],
) -> Choice:
    """Refit intercept and slope; what is inside the shape keeps its value and its own uncertainty."""
    line = _line(current, x)
    log_odds = line @ platt.coefficients
    intercept, slope = (float(value) for value in platt.coefficients)
    covariance = joint_covariance(
        covariance_of(platt, line, patient),
        line,
        slope * inner_design(current, x),
        log_odds,
        np.asarray(current.covariance)[2:, 2:],
    )
    parameters = {**current.parameters, "intercept": intercept, "slope": slope}
    return Choice("platt", steps, parameters, as_tuples(covariance), moved_kind(current, "platt"))
