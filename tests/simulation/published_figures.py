"""Four published figures on sample size and power, computed anew; none is simulated."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtr
from scipy.stats import binom

from monitor.intervals import normal_quantile

HIGH, LOW, GROUP = 0.85, 0.75, 66


def published() -> list[tuple[str, float, float]]:
    """(claim, ours, as computed in the design), in the order of the claims."""
    n, exact = group_size(0.05), power_by_enumeration(GROUP, 0.05)
    return [
        ("half-width at .85, n = 66: Wald", _wald(HIGH, GROUP), 0.0861),
        ("half-width at .85, n = 66: Wilson", _wilson(HIGH, GROUP), 0.0859),
        (".85 versus .75, 80 % power: n per group, pooled", n, 250.0),
        (".85 versus .75, 80 % power: n per group, unpooled", group_size(0.05, pooled=False), 247.2),
        (".85 versus .75, 80 % power: continuity-corrected", corrected(n), 269.6),
        ("power with 66 per group: normal", power(GROUP, 0.05), 0.2988),
        ("power with 66 per group: exact, pooled z test", exact, 0.2977),
        ("Bonferroni .005: n per group, pooled", group_size(0.005), 424.5),
        ("Bonferroni .005: n per group, unpooled", group_size(0.005, pooled=False), 419.3),
        ("power with 66 per group at .005: normal", power(GROUP, 0.005), 0.084),
    ]


def published_figures() -> bool:
    """Print the table; True when every figure agrees to the digits stated."""
    print(f"\nPublished figures, computed anew\n{'':<58}{'ours':>10}{'stated':>10}")
    held = True
    for claim, ours, stated in published():
        digits = 1 if stated > 1 else 3 if stated == 0.084 else 4
        agrees = round(abs(ours - stated), 6) <= 0.5 * 10**-digits
        held &= agrees
        print(f"{claim:<58}{ours:>10.4f}{stated:>10.4f}{'' if agrees else '  DIFFERS'}")
    return held


def group_size(alpha: float, *, pooled: bool = True) -> float:
    """Studies per group for 80 % power, two-sided; Fleiss, Levin and Paik (2003), section 4.2."""
    mean, apart = (HIGH + LOW) / 2, HIGH * (1 - HIGH) + LOW * (1 - LOW)
    under_null = math.sqrt(2 * mean * (1 - mean)) if pooled else math.sqrt(apart)
    total = normal_quantile(1 - alpha / 2) * under_null + normal_quantile(0.8) * math.sqrt(apart)
    return (total / (HIGH - LOW)) ** 2


def corrected(n: float) -> float:
    """With the continuity correction of the same section."""
    return n / 4 * (1 + math.sqrt(1 + 4 / (n * (HIGH - LOW)))) ** 2


def power(n: int, alpha: float) -> float:
    """Normal approximation with the pooled variance under the null hypothesis."""
    mean = (HIGH + LOW) / 2
    null, alternative = math.sqrt(2 * mean * (1 - mean) / n), _spread(n)
    return float(ndtr((HIGH - LOW - normal_quantile(1 - alpha / 2) * null) / alternative))


def power_by_enumeration(n: int, alpha: float) -> float:
    """Power of the two-sided pooled z test over every pair of counts."""
    counts = np.arange(n + 1)
    one, other = np.meshgrid(counts, counts, indexing="ij")
    mean = (one + other) / (2 * n)
    error = np.sqrt(2 * mean * (1 - mean) / n)
    z = np.divide((one - other) / n, error, out=np.zeros_like(error), where=error > 0)
    chance = np.outer(binom.pmf(counts, n, HIGH), binom.pmf(counts, n, LOW))
    return float(chance[np.abs(z) > normal_quantile(1 - alpha / 2)].sum())


def _spread(n: int) -> float:
    return math.sqrt((HIGH * (1 - HIGH) + LOW * (1 - LOW)) / n)


def _wald(share: float, n: int) -> float:
    return normal_quantile(0.975) * math.sqrt(share * (1 - share) / n)


def _wilson(share: float, n: int) -> float:
    """Half-width at a share that need not be a count; Wilson (1927), JASA 22:209-212."""
    z = normal_quantile(0.975)
    return z / (1 + z**2 / n) * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
