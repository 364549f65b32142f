"""From rows to what the fit sees: raw log-odds, winsorised, with saturated exports refused."""

from __future__ import annotations

import numpy as np

from monitor.errors import EstimationError
from monitor.logistic import logit
from monitor.records import FloatArray

TAIL_PERCENT = 0.1
SATURATED_SHARE = 0.01


class SaturatedScoreError(EstimationError):
    """Too many scores are exactly 0 or 1: the export has lost the model's output."""


def winsorised_logit(score: FloatArray) -> tuple[FloatArray, tuple[float, float]]:
    """Logit of the raw score, limited to the .1 and 99.9 percentiles of these rows.

    Args:
        score: Raw scores of the fitting window, shape (n,), in [0, 1].

    Returns:
        (limited log-odds, shape (n,); (lower, upper) limits).

    Raises:
        SaturatedScoreError: More than 1 % of the scores are exactly 0 or 1.

    Example:
        >>> x, limits = winsorised_logit(np.array([0.5, 0.5, 0.5]))
        >>> x.tolist(), limits
        ([0.0, 0.0, 0.0], (0.0, 0.0))
    """
    saturated = float(((score == 0.0) | (score == 1.0)).mean())
    if saturated > SATURATED_SHARE:
        raise SaturatedScoreError(
            f"saturated export: {saturated:.1%} of the scores are exactly 0 or 1, "
            f"at most {SATURATED_SHARE:.0%} may be"
        )
    x = logit(score)
    low, high = (float(value) for value in np.percentile(x, [TAIL_PERCENT, 100 - TAIL_PERCENT]))
    return np.clip(x, low, high), (low, high)
