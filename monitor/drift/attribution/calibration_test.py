"""Whether P(outcome | score) is still what the deployed calibrator says: (intercept, slope) = (0, 1)."""

from __future__ import annotations

import numpy as np

from monitor.calibrators import calibrated_log_odds, inner_design, shape
from monitor.drift.attribution.contrast import Contrast, wald_statistic
from monitor.drift.labelled import Labelled
from monitor.logistic import (
    LogisticFit,
    SeparationError,
    cluster_covariance,
    expit,
    fit_logistic,
    log_loss,
    logit,
)
from monitor.records import Calibrator, FloatArray

PERFECT = (0.0, 1.0)


def calibration_contrast(window: Labelled, calibrator: Calibrator) -> Contrast | None:
    """Test (a, b) = (0, 1) in logit P(outcome) = a + b * deployed log-odds.

    A likelihood-ratio test where the calibrator is known exactly and no patient repeats, else a Wald test
    with the cluster-robust covariance of the window plus the calibrator's own.

    Args:
        window: Studies after the alarm; those with an outcome count.
        calibrator: The deployed one, with the covariance of its fit.

    Returns:
        The contrast (a, b - 1); None when no finite fit exists (one class, perfect separation), or where
        two patients have all outcomes of the rarer class.

    References:
        Cox (1958), Biometrika 45:562-565.

    Example:
        Odds of 1/2 at each side of even odds, where the calibrator said 1/e and e: refuted.

        >>> from monitor.records import IDENTITY
        >>> score = np.repeat(expit(np.array([-1.0, 1.0])), 300)
        >>> outcome = np.tile([1.0, 0.0, 0.0], 200)
        >>> found = calibration_contrast(
        ...     Labelled(score, outcome, np.arange(600).astype(str).astype(object)), IDENTITY
        ... )
        >>> found.difference.round(3).tolist(), found.p < 1e-6
        ([-0.693, -1.0], True)
    """
    window = window.where(window.known)
    x = logit(window.score)
    deployed = calibrated_log_odds(calibrator, x)
    design = np.column_stack([np.ones_like(x), deployed])
    try:
        fit = fit_logistic(design, window.outcome)
    except SeparationError:
        return None
    difference = fit.coefficients - np.array(PERFECT)
    own = calibrator_covariance(calibrator, x)
    repeats = window.repeats
    moving = robust_covariance(design, fit, window) if repeats else fit.covariance
    if moving is None:
        return None
    if repeats or own.any():
        return Contrast(difference, moving, own, wald_statistic(difference, moving + own))
    gain = fit.log_likelihood + float(log_loss(deployed, window.outcome).sum())
    return Contrast(difference, moving, own, max(0.0, 2.0 * gain))


def robust_covariance(design: FloatArray, fit: LogisticFit, known: Labelled) -> FloatArray | None:
    """Sandwich covariance of a fit by patient, times g / (g - k) for k coefficients.

    The g patients with an outcome of the rarer class carry the information; without the factor a true
    hypothesis is rejected too often where they are few.

    Args:
        design: Shape (n, k).
        fit: Of the outcomes on the design.
        known: The n studies, each with an outcome.

    Returns:
        Shape (k, k); None for k patients or fewer.

    References:
        Liang and Zeger (1986), Biometrika 73:13-22. The factor is that of MacKinnon and White (1985),
        Journal of Econometrics 29:305-325, with patients for rows.
    """
    rarer = float(known.outcome.mean() <= 0.5)
    patients, coefficients = len(set(known.patient[known.outcome == rarer])), design.shape[1]
    if patients <= coefficients:
        return None
    sandwich = cluster_covariance(design, fit.residual, fit.covariance, known.patient)
    return sandwich * patients / (patients - coefficients)


def calibrator_covariance(calibrator: Calibrator, x: FloatArray) -> FloatArray:
    """Covariance of (a, b) that the error of the calibrator's own fit brings about.

    An error of the deployed log-odds, taken to the line a + b * log-odds by least squares with weights
    p (1 - p). For the straight-line kinds it lies on that line, so nothing is lost.

    Args:
        calibrator: Any kind.
        x: Logit of the raw score in the window, shape (n,).

    Returns:
        Shape (2, 2).

    Example:
        The identity, fitted: the errors of intercept and slope are those of a and b.

        >>> from monitor.calibrators import straight_line
        >>> fitted = straight_line("v1", "platt", 0.0, 1.0, ((0.04, 0.01), (0.01, 0.02)))
        >>> calibrator_covariance(fitted, np.array([-1.0, 0.0, 1.0])).round(6).tolist()
        [[0.04, 0.01], [0.01, 0.02]]
    """
    covariance = np.asarray(calibrator.covariance)
    if not covariance.any():
        return np.zeros((2, 2))
    deployed = calibrated_log_odds(calibrator, x)
    inner = calibrator.parameters["slope"] * inner_design(calibrator, x)
    errors = np.column_stack([np.ones_like(x), shape(calibrator, x), inner])
    line = np.column_stack([np.ones_like(x), deployed])
    risk = expit(deployed)
    weighted = line * (risk * (1.0 - risk))[:, None]
    onto_line = np.linalg.solve(weighted.T @ line, weighted.T @ errors)
    return onto_line @ covariance @ onto_line.T
