"""Quantiles and intervals used by more than one room."""

from __future__ import annotations

import math
from statistics import NormalDist

from monitor.logistic import cluster_sums
from monitor.records import FloatArray, IntArray, TextArray


def normal_quantile(probability: float) -> float:
    """Standard normal quantile.

    Example:
        >>> f"{normal_quantile(0.975):.4f}"
        '1.9600'
    """
    return NormalDist().inv_cdf(probability)


def wilson_interval(events: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Wilson score interval of a proportion, for display.

    Args:
        events: Number of events, 0..n.
        n: Number of rows, at least one.
        level: Two-sided coverage.

    Returns:
        (low, high), both in [0, 1].

    References:
        Wilson (1927), JASA 22:209-212.

    Example:
        >>> low, high = wilson_interval(5, 10)
        >>> f"{low:.3f} {high:.3f}"
        '0.237 0.763'
    """
    z = normal_quantile(0.5 + level / 2)
    share = events / n
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return max(0.0, centre - half), min(1.0, centre + half)


def cluster_mean_error(
    values: FloatArray, cluster: TextArray | IntArray, weight: FloatArray | None = None
) -> float:
    """Standard error of a mean when the rows of one patient may depend on each other.

    Args:
        values: Shape (n,).
        cluster: Patient of each row, by name or number, shape (n,).
        weight: Of each row in the mean, shape (n,), taken as known; None when all are alike.

    Example:
        Two patients whose rows are alike carry two values, not four.

        >>> import numpy as np
        >>> who = np.array(["a", "a", "b", "b"], dtype=object)
        >>> f"{cluster_mean_error(np.array([0.0, 0, 1, 1]), who):.4f}"
        '0.3536'
    """
    if weight is None:
        deviations = cluster_sums(values - values.mean(), cluster)
        return math.sqrt(float((deviations**2).sum())) / len(values)
    mean = float(weight @ values) / float(weight.sum())
    deviations = cluster_sums(weight * (values - mean), cluster)
    return math.sqrt(float((deviations**2).sum())) / float(weight.sum())
