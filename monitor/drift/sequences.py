"""Confidence sequences: intervals that hold at all looks together, so one may be read every night."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist

TIGHTEST_AT = 500
"""Studies at which the sequence of a mean is narrowest."""
WIDEST_LEVEL = 1 - 1e-12
"""Seven standard errors: where a sequence would be wider, so few studies have no normal interval anyway."""


def rate_sequence(studies: int, total: float, alpha: float) -> tuple[float, float]:
    """Confidence sequence for the mean of readings in [0, 1]: all means whose bettor stays below 1/alpha.

    The bettor mixes all simple alternatives with equal weights. For readings of 0 and 1 nothing is lost; for
    others the sequence is wider than it need be, and it holds as well.

    Args:
        studies: How many.
        total: Sum of their readings.
        alpha: Probability of ever missing the mean.

    Returns:
        (low, high); (0, 1) without a study.

    References:
        Robbins (1970), Ann Math Stat 41:1397-1409; Waudby-Smith, Ramdas (2024), JRSS-B 86:1-27.

    Example:
        One study says nothing at 5 %; 50 of 100 says about .5.

        >>> rate_sequence(1, 1.0, 0.05)[1]
        1.0
        >>> low, high = rate_sequence(100, 50.0, 0.05)
        >>> f"{low:.3f} {high:.3f}"
        '0.345 0.655'
    """
    if studies == 0:
        return 0.0, 1.0
    zeros, wall = studies - total, -math.log(alpha)
    mixture = math.lgamma(1 + total) + math.lgamma(1 + zeros) - math.lgamma(2 + studies)

    def held(mean: float) -> bool:
        against = (total * math.log(mean) if total else 0.0) + (zeros * math.log1p(-mean) if zeros else 0.0)
        return mixture - against < wall

    centre = total / studies
    low = 0.0 if total == 0 else _end(held, centre, 0.0)
    high = 1.0 if zeros == 0 else _end(held, centre, 1.0)
    return low, high


def _end(held: Callable[[float], bool], inside: float, outside: float) -> float:
    """Where a condition that holds at `inside` stops, by bisection towards `outside`."""
    for _ in range(60):
        middle = (inside + outside) / 2
        if held(middle):
            inside = middle
        else:
            outside = middle
    return outside


def mean_sequence(studies: int, total: float, squares: float, alpha: float) -> tuple[float, float]:
    """Asymptotic confidence sequence for a mean, from additive sums.

    Args:
        studies: Independent readings, one per patient and look.
        total: Their sum.
        squares: Sum of their squares.
        alpha: Probability of ever missing the mean.

    Returns:
        (low, high); infinite with fewer than two.

    References:
        Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas (2024), Ann Stat 52:2613-2640.

    Example:
        >>> low, high = mean_sequence(400, 200.0, 133.33, 0.05)
        >>> f"{low:.3f} {high:.3f}"
        '0.456 0.544'
    """
    if studies < 2:
        return -math.inf, math.inf
    mean = total / studies
    variance = max(0.0, squares / studies - mean**2) * studies / (studies - 1)
    half = error_multiplier(studies, alpha) * math.sqrt(variance / studies)
    return mean - half, mean + half


def error_multiplier(studies: int, alpha: float) -> float:
    """Standard errors that an asymptotic confidence sequence reaches to each side after so many studies.

    A single look at 5 % reaches 1.96.

    Example:
        >>> f"{error_multiplier(500, 0.05):.2f}"
        '3.04'
    """
    width = (-2 * math.log(alpha) + math.log(1 - 2 * math.log(alpha))) / TIGHTEST_AT
    spread = studies * width + 1
    return math.sqrt(spread / (studies * width) * math.log(spread / alpha**2))


def level_of_a_sequence(studies: int, alpha: float) -> float:
    """Two-sided coverage of the normal interval that is as wide as the sequence after so many studies.

    With it an interval made for one look becomes one that may be read at every look.

    Example:
        >>> f"{level_of_a_sequence(500, 0.05):.4f}"
        '0.9976'
    """
    return min(WIDEST_LEVEL, 2 * NormalDist().cdf(error_multiplier(max(studies, 1), alpha)) - 1)
