"""Beta calibration: two slopes, one for each end of the score."""

from __future__ import annotations

import numpy as np

from monitor.calibration.choice import Choice, as_tuples, covariance_of
from monitor.calibrators import beta_columns
from monitor.logistic import LogisticFit, SeparationError, fit_logistic
from monitor.records import Calibrator, FloatArray, TextArray

PARTS = ((0, 1, 2), (0, 2), (0, 1))
"""Columns that may be free: intercept, a, b; a held at zero; b held at zero."""


def fit_beta(x: FloatArray, outcome: FloatArray, patient: TextArray, current: Calibrator) -> Choice:
    """Logit of the probability as a ln(score) - b ln(1 - score) + c, with a and b at least zero.

    The log-likelihood is concave, so a negative a or b moves to zero and the rest is fitted again.

    Args:
        x: Winsorised logit of the raw score, shape (n,).
        outcome: 0 or 1, shape (n,).
        patient: Shape (n,); only the covariance depends on it.
        current: Not used: the map starts from the raw score.

    Returns:
        The choice, with c as intercept; a parameter held at zero has no error.

    Raises:
        SeparationError: No finite fit with rising map exists.

    References:
        Kull, Silva Filho, Flach (2017), Electron J Stat 11:5052-5080.
    """
    del current
    design = np.column_stack([np.ones_like(x), beta_columns(x)])
    free, fit = _best(design, outcome)
    coefficients, covariance = np.zeros(3), np.zeros((3, 3))
    coefficients[list(free)] = fit.coefficients
    covariance[np.ix_(free, free)] = covariance_of(fit, design[:, free], patient)
    intercept, a, b = (float(value) for value in coefficients)
    parameters = {"intercept": intercept, "slope": 1.0, "a": a, "b": b}
    whole = np.insert(np.insert(covariance, 1, 0.0, axis=0), 1, 0.0, axis=1)
    return Choice("beta", (), parameters, as_tuples(whole), "beta")


def _best(design: FloatArray, outcome: FloatArray) -> tuple[tuple[int, ...], LogisticFit]:
    """The free columns and fit of the highest likelihood among those without a negative slope."""
    whole = fit_logistic(design, outcome)
    if whole.coefficients[1:].min() >= 0.0:
        return PARTS[0], whole
    fits = [(free, fit_logistic(design[:, free], outcome)) for free in PARTS[1:]]
    rising = [(free, fit) for free, fit in fits if fit.coefficients[1] > 0.0]
    if not rising:
        raise SeparationError("no finite fit: neither end of the score rises with the outcome")
    return max(rising, key=lambda pair: pair[1].log_likelihood)
