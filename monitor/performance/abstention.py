"""When a calibrator says "I don't know" about a study."""

from __future__ import annotations

import numpy as np

from monitor.calibrators import calibrated_log_odds, log_odds_error
from monitor.intervals import normal_quantile
from monitor.records import BoolArray, Calibrator, FloatArray

LEVEL = 0.95
"""Coverage of the interval that must not contain the threshold."""


def straddles(calibrator: Calibrator, score_log_odds: FloatArray, threshold_log_odds: float) -> BoolArray:
    """Studies whose side of the threshold the calibrator's own fit leaves open.

    Args:
        calibrator: Any kind.
        score_log_odds: logit of the raw score, shape (n,).
        threshold_log_odds: logit of the threshold on the calibrated probability.

    Returns:
        True where the 95 % interval of the calibrated log-odds contains the threshold, shape (n,);
        never for a map that is known exactly.

    Example:
        A standard error of .1 leaves a distance of .19 open and settles one of .2.

        >>> from monitor.calibrators import straight_line
        >>> fitted = straight_line("v1", "intercept", 0.0, 1.0, ((0.01, 0.0), (0.0, 0.0)))
        >>> straddles(fitted, np.array([0.19, 0.2]), 0.0).tolist()
        [True, False]
    """
    distance = np.abs(calibrated_log_odds(calibrator, score_log_odds) - threshold_log_odds)
    return distance < normal_quantile(0.5 + LEVEL / 2) * log_odds_error(calibrator, score_log_odds)


def outside(score_log_odds: FloatArray, limits: tuple[float, float] | None) -> BoolArray:
    """Studies whose raw score lies beyond the scores the calibrator was fitted on.

    Args:
        score_log_odds: logit of the raw score, shape (n,).
        limits: The .1 and 99.9 percentiles of the fitting window, in log-odds; None for a map that
            was not fitted.

    Example:
        >>> outside(np.array([-3.0, 0.0, 3.0]), (-2.0, 3.0)).tolist()
        [True, False, False]
    """
    if limits is None:
        return np.zeros(len(score_log_odds), dtype=bool)
    return (score_log_odds < limits[0]) | (score_log_odds > limits[1])


def abstains(
    calibrator: Calibrator,
    score_log_odds: FloatArray,
    threshold_log_odds: float,
    limits: tuple[float, float] | None,
) -> BoolArray:
    """Studies about which the calibrator says "I don't know", for either reason, shape (n,).

    Example:
        >>> from monitor.records import IDENTITY
        >>> abstains(IDENTITY, np.array([-3.0, 0.0]), 0.0, (-2.0, 3.0)).tolist()
        [True, False]
    """
    open_side = straddles(calibrator, score_log_odds, threshold_log_odds)
    return open_side | outside(score_log_odds, limits)
