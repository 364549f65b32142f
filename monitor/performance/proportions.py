"""Proportions with an interval that knows about patients."""

from __future__ import annotations

import numpy as np

from monitor.logistic import cluster_sums
from monitor.records import BoolArray, Estimate, FloatArray, IntArray, TextArray


def proportion(
    hit: BoolArray, patient: TextArray | IntArray, level: float = 0.95, weight: FloatArray | None = None
) -> Estimate:
    """Share of rows that are hits, with an exact interval at the effective number of rows.

    The rows of one patient resemble each other; the variance they have in common divides the number of
    rows by the design effect, which is never taken to be below one. Unequal weights count likewise.

    Args:
        hit: Shape (n,).
        patient: Shape (n,).
        level: Two-sided coverage.
        weight: How much each row counts, shape (n,), above 0; None when all are alike.

    Returns:
        The share; its value is None without rows. `events` counts the rarer of hits and others.

    References:
        Clopper and Pearson (1934), Biometrika 26:404-413. Korn and Graubard (1998), Survey Methodology
        24:193-201, for the effective sample size.

    Example:
        >>> who = np.arange(20).astype(str).astype(object)
        >>> found = proportion(np.arange(20) < 17, who)
        >>> f"{found.value:.2f} {found.low:.4f} {found.high:.4f}"
        '0.85 0.6211 0.9679'
    """
    from scipy.special import betaincinv

    n, hits = len(hit), int(hit.sum())
    counts = n, min(hits, n - hits)
    if n == 0:
        return Estimate(None, None, None, *counts, "no study")
    share = hits / n if weight is None else float(weight @ hit) / float(weight.sum())
    size = n / design_effect(hit, patient, weight)
    tail = (1.0 - level) / 2.0
    low = float(betaincinv(share * size, size - share * size + 1.0, tail)) if hits > 0 else 0.0
    high = float(betaincinv(share * size + 1.0, size - share * size, 1.0 - tail)) if hits < n else 1.0
    return Estimate(share, low, high, *counts, "exact binomial, effective size by patient")


def design_effect(hit: BoolArray, patient: TextArray | IntArray, weight: FloatArray | None = None) -> float:
    """Variance of a share by patient over that of independent, equal rows, at least one.

    Example:
        Two rows per patient that are always alike count once.

        >>> who = np.array(["a", "a", "b", "b"], dtype=object)
        >>> design_effect(np.array([True, True, False, False]), who)
        2.0

        One of two rows that counts three times as much as the other: two rows are worth 16 / 10.

        >>> two = np.array(["a", "b"], dtype=object)
        >>> design_effect(np.array([True, True]), two, np.array([3.0, 1.0]))
        1.25
    """
    n = len(hit)
    if weight is None:
        weight = np.ones(n)
    total = float(weight.sum())
    if hit.all() or not hit.any():
        return max(1.0, n * float((cluster_sums(weight, patient) ** 2).sum()) / total**2)
    share = float(weight @ hit) / total
    sums = cluster_sums(weight * (hit - share), patient)
    return max(1.0, n * float((sums**2).sum()) / (total**2 * share * (1.0 - share)))
