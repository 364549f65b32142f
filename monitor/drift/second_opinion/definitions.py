"""Evidently's drift statistics by their definitions, so that its numbers can be checked by ours.

Read in the source of Evidently 0.7.23 (`evidently.legacy.calculations.stattests`); where its documentation
says otherwise, the source counts. No value may be missing or infinite; levels are numbers that name them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import numpy as np

from monitor.drift.second_opinion.records import Kind
from monitor.records import FloatArray

Definition = Callable[[FloatArray, FloatArray], float]

MOST_SINGLE_VALUES: Final = 20
SMALL_SHARE: Final = 1e-4
SMALLEST_SPREAD: Final = 1e-3


def shares(reference: FloatArray, current: FloatArray, kind: Kind) -> tuple[FloatArray, FloatArray]:
    """Shares of both samples in Evidently's bins.

    More than 20 distinct values in the reference make bins of equal width between the smallest and the
    largest value of *both* samples; else each value is a bin of its own.

    Args:
        reference, current: Values or numbers of levels, shapes (n,) and (m,), neither empty.
        kind: A categorical column has no bins of several values.

    Returns:
        Two arrays of one shape, each summing to one.

    Example:
        >>> shares(np.array([1.0, 1, 2, 2]), np.array([2.0, 3]), "categorical")
        (array([0.5, 0.5, 0. ]), array([0. , 0.5, 0.5]))
    """
    both = np.concatenate([reference, current])
    if kind == "continuous" and len(np.unique(reference)) > MOST_SINGLE_VALUES:
        edges = np.histogram_bin_edges(both, bins="sturges")
        counts = [np.histogram(sample, edges)[0] for sample in (reference, current)]
    else:
        levels, code = np.unique(both, return_inverse=True)
        parts = (code[: len(reference)], code[len(reference) :])
        counts = [np.bincount(part, minlength=len(levels)) for part in parts]
    return counts[0] / len(reference), counts[1] / len(current)


def population_stability_index(reference: FloatArray, current: FloatArray) -> float:
    """Sum over the bins of (r - c) ln(r / c); zero when the shares are alike. Evidently's limit is .1.

    An empty bin gets 1e-4, or a millionth of the sample's smallest share where that is not above 1e-4.

    Args:
        reference, current: Shares of the bins, of one shape.

    Example:
        Shares of 1/2 and 1/2 against 3/4 and 1/4: ln(3) / 4.

        >>> found = population_stability_index(np.array([0.5, 0.5]), np.array([0.75, 0.25]))
        >>> f"{found:.4f}", f"{math.log(3) / 4:.4f}"
        ('0.2747', '0.2747')
    """
    left, right = _filled(reference), _filled(current)
    return float(((left - right) * np.log(left / right)).sum())


def frozen_stability_index(reference: FloatArray, current: FloatArray) -> float:
    """PSI between the deciles of the reference alone, whose outer bins are open; not one of Evidently's.

    No value of the current window can move an edge, so that one extreme value cannot hide a shift.

    Example:
        A far value adds to the share of the last bin, however far it is.

        >>> reference = np.arange(100.0)
        >>> near, far = (frozen_stability_index(reference, np.append(reference, x)) for x in (100, 1e9))
        >>> near == far
        True
    """
    edges = np.unique(np.quantile(reference, np.arange(1, 10) / 10))
    bins = [np.searchsorted(edges, sample, side="right") for sample in (reference, current)]
    counts = [np.bincount(found, minlength=len(edges) + 1) for found in bins]
    return population_stability_index(counts[0] / len(reference), counts[1] / len(current))


def expected_stability_index(cells: int, reference: int, current: int) -> float:
    """What PSI is expected to be when both samples come from one law: (cells - 1) (1/n + 1/m).

    Args:
        cells: Bins with a value in them.
        reference, current: The two sample sizes.

    References:
        Yurdakul (2018), Statistical Properties of Population Stability Index, Western Michigan University.

    Example:
        >>> round(expected_stability_index(10, 2000, 200), 4)
        0.0495
    """
    return (cells - 1) * (1 / reference + 1 / current)


def jensen_shannon_distance(reference: FloatArray, current: FloatArray) -> float:
    """Square root of the Jensen-Shannon divergence in natural logarithms. Evidently's limit is .1.

    Args:
        reference, current: Shares of the bins, of one shape.

    Example:
        Nothing in common is as far as it goes: the root of ln(2).

        >>> f"{jensen_shannon_distance(np.array([1.0, 0.0]), np.array([0.0, 1.0])) ** 2:.4f}"
        '0.6931'
    """
    middle = (reference + current) / 2
    divergence = (_relative_entropy(reference, middle) + _relative_entropy(current, middle)) / 2
    return math.sqrt(max(divergence, 0.0))


def normed_wasserstein(reference: FloatArray, current: FloatArray) -> float:
    """Area between the two distribution functions in standard deviations of the reference.

    The deviation divides by n and counts as at least .001. Evidently's limit is .1.

    Example:
        Both values move by one; the reference's deviation is one.

        >>> normed_wasserstein(np.array([0.0, 2.0]), np.array([1.0, 3.0]))
        1.0
    """
    points = np.sort(np.concatenate([reference, current]))
    below = [
        np.searchsorted(np.sort(sample), points[:-1], side="right") / len(sample)
        for sample in (reference, current)
    ]
    area = float((np.abs(below[0] - below[1]) * np.diff(points)).sum())
    return area / max(float(reference.std()), SMALLEST_SPREAD)


def kolmogorov_smirnov_p(reference: FloatArray, current: FloatArray) -> float:
    """Two-sided p-value of the two-sample Kolmogorov-Smirnov test; Evidently flags .05 and below.

    Exact up to 10,000 values in the larger sample, asymptotic above.

    Example:
        Three and three values apart: two of the twenty orders are as extreme.

        >>> round(kolmogorov_smirnov_p(np.array([0.0, 1, 2]), np.array([3.0, 4, 5])), 12)
        0.1
    """
    from scipy.stats import ks_2samp

    return float(np.asarray(ks_2samp(reference, current))[1])


def chi_square_p(reference: FloatArray, current: FloatArray) -> float:
    """Upper tail of the sum of (o - e)^2 / e, e being the reference's counts scaled to the current size.

    The reference is taken as known exactly, and a level it does not have makes the p-value zero. Evidently
    flags below .05.

    Example:
        3 and 1 where 2 and 2 are expected: a statistic of one on one degree of freedom.

        >>> round(chi_square_p(np.array([0.0, 1]), np.array([0.0, 0, 0, 1])), 4)
        0.3173
    """
    from scipy.stats import chi2

    expected, observed = (share * len(current) for share in shares(reference, current, "categorical"))
    if (expected == 0).any():
        return 0.0
    statistic = float(((observed - expected) ** 2 / expected).sum())
    return float(chi2.sf(statistic, len(expected) - 1)) if len(expected) > 1 else math.nan


def two_shares_p(reference: FloatArray, current: FloatArray) -> float:
    """Two-sided p-value of the pooled z test on the share of one of two values; flagged below .05.

    Example:
        Shares of 1/2 and 1 among four and four: z is the root of 8/3.

        >>> round(two_shares_p(np.array([0.0, 0, 1, 1]), np.ones(4)), 4)
        0.1025
    """
    n, m = len(reference), len(current)
    first = min(reference.min(), current.min())
    there, here = float((reference != first).mean()), float((current != first).mean())
    pooled = (there * n + here * m) / (n + m)
    z = (there - here) / math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    return math.erfc(abs(z) / math.sqrt(2))


ON_SHARES: Final[Mapping[str, Definition]] = MappingProxyType(
    {"psi": population_stability_index, "jensenshannon": jensen_shannon_distance}
)
ON_VALUES: Final[Mapping[str, Definition]] = MappingProxyType(
    {
        "ks": kolmogorov_smirnov_p,
        "chisquare": chi_square_p,
        "z": two_shares_p,
        "wasserstein": normed_wasserstein,
    }
)
P_VALUES: Final = frozenset({"ks", "chisquare", "z"})


def recomputed(method: str, reference: FloatArray, current: FloatArray, kind: Kind) -> float | None:
    """One of Evidently's statistics by its definition; None for a method that has none here or no number.

    Example:
        >>> recomputed("wasserstein", np.array([0.0, 2.0]), np.array([1.0, 3.0]), "continuous")
        1.0
    """
    with np.errstate(all="ignore"):
        if method in ON_SHARES:
            found = ON_SHARES[method](*shares(reference, current, kind))
        elif method in ON_VALUES:
            found = ON_VALUES[method](reference, current)
        else:
            return None
    return found if math.isfinite(found) else None


def _filled(share: FloatArray) -> FloatArray:
    smallest = float(share[share > 0].min())
    return np.where(share > 0, share, smallest / 1e6 if smallest <= SMALL_SHARE else SMALL_SHARE)


def _relative_entropy(share: FloatArray, other: FloatArray) -> float:
    inside = share > 0
    return float((share[inside] * np.log(share[inside] / other[inside])).sum())
