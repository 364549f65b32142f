"""A difference that should be zero under a hypothesis, with the two parts of its variance."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from monitor.records import FloatArray


@dataclass(frozen=True)
class Contrast:
    """What a hypothesis says is zero, as it was estimated.

    Attributes:
        difference: Shape (k,).
        moving: Its covariance from the window, shape (k, k); falls as one over the window's size.
        fixed: Its covariance from the reference or the calibrator, shape (k, k); more nights leave it.
        statistic: Chi-square with k degrees of freedom when the difference is zero.
    """

    difference: FloatArray
    moving: FloatArray
    fixed: FloatArray
    statistic: float

    @property
    def p(self) -> float:
        """Probability of a statistic at least as large when the difference is zero."""
        return chi_square_tail(self.statistic, len(self.difference))

    def wald(self, growth: float = 1.0) -> float:
        """The Wald statistic of this very difference in a window `growth` times as large."""
        return wald_statistic(self.difference, self.moving / growth + self.fixed)


def wald_statistic(difference: FloatArray, covariance: FloatArray) -> float:
    """difference' covariance^-1 difference.

    Example:
        >>> wald_statistic(np.array([1.0, 2.0]), np.diag([1.0, 4.0]))
        2.0
    """
    return float(difference @ np.linalg.solve(covariance, difference))


def chi_square_tail(statistic: float, degrees_of_freedom: int) -> float:
    """P(chi-square > statistic), from the survival function so that small values stay exact.

    Example:
        With two degrees of freedom it is exp(-statistic / 2).

        >>> f"{chi_square_tail(2.0, 2):.6f} {math.exp(-1):.6f}"
        '0.367879 0.367879'
    """
    from scipy.special import chdtrc

    return float(chdtrc(degrees_of_freedom, max(statistic, 0.0)))


@dataclass(frozen=True)
class Side:
    """One sample's part in a comparison of means.

    Attributes:
        mean: NaN where there is none.
        size: Studies that it stands for.
        values: Of the studies it was taken over, shape (k,).
        robust: Its variance where patients repeat or outcomes are missing; 0 where the studies are
            independent and count alike.
    """

    mean: float
    size: float
    values: FloatArray
    robust: float = 0.0

    def variance(self, pooled: float) -> float:
        """Of the mean: repeats and missing outcomes never make it smaller than `pooled / size`."""
        return max(pooled / self.size, self.robust)


def mean_contrast(reference: Side, window: Side) -> Contrast | None:
    """Whether two samples have one mean; None when either has no value.

    The variance of a row is taken over both samples together, as the hypothesis has it, so that no
    constant sample makes a difference infinitely certain. For 0 or 1 it is the two-proportion test.

    Args:
        reference: The fixed side.
        window: The side that more nights make larger.

    Example:
        Shares of 2 in 10 and 5 in 10: pooled 7/20, z = .3 / sqrt(.35 * .65 * .2) = 1.41.

        >>> def share(events):
        ...     y = np.array([1.0] * events + [0.0] * (10 - events))
        ...     return Side(y.mean(), 10.0, y)
        >>> f"{mean_contrast(share(2), share(5)).statistic ** 0.5:.2f}"
        '1.41'
    """
    difference = window.mean - reference.mean
    if math.isnan(difference):
        return None
    pooled = float(np.concatenate([reference.values, window.values]).var())
    moving, fixed = window.variance(pooled), reference.variance(pooled)
    total = moving + fixed
    statistic = difference**2 / total if total > 0.0 else 0.0
    return Contrast(np.array([difference]), np.array([[moving]]), np.array([[fixed]]), statistic)
