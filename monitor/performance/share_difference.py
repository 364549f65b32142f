"""Difference of two shares, with an interval and a p-value that know about patients."""

from __future__ import annotations

import math

import numpy as np

from monitor.intervals import normal_quantile
from monitor.logistic import cluster_sums
from monitor.performance.proportions import design_effect
from monitor.records import BoolArray, Estimate, TextArray


def share_difference(hit: BoolArray, group: BoolArray, patient: TextArray, level: float = 0.95) -> Estimate:
    """Share of hits in a group minus the share outside it; zero where both are alike.

    Newcombe's square-and-add of two Wilson intervals, each at its effective number of rows. Patients with
    rows on both sides may make the difference vary more than two independent shares; the interval is then
    widened by as much, and never narrowed.

    Args:
        hit: Shape (n,).
        group: Shape (n,).
        patient: Shape (n,).
        level: Two-sided coverage.

    Returns:
        The difference, between -1 and 1; no value where a side has no row. `events` counts the rarer of hits
        and others.

    References:
        Newcombe (1998), Stat Med 17:873-890, method 10.

    Example:
        Newcombe's example (a): 56 of 70 against 48 of 80.

        >>> group = np.arange(150) < 70
        >>> hit = np.concatenate([np.arange(70) < 56, np.arange(80) < 48])
        >>> found = share_difference(hit, group, np.arange(150).astype(str).astype(object))
        >>> f"{found.value:.4f} {found.low:.4f} {found.high:.4f}"
        '0.2000 0.0524 0.3339'
    """
    hits = int(hit.sum())
    counts = len(hit), min(hits, len(hit) - hits)
    if not group.any() or group.all():
        return Estimate(None, None, None, *counts, "a side has no study")
    inside, outside = float(hit[group].mean()), float(hit[~group].mean())
    size = _effective(hit, group, patient)
    low_in, high_in = _wilson(inside, size[0], level)
    low_out, high_out = _wilson(outside, size[1], level)
    value, wider = inside - outside, _widening(hit, group, patient)
    low = value - wider * math.hypot(inside - low_in, high_out - outside)
    high = value + wider * math.hypot(high_in - inside, outside - low_out)
    method = "Newcombe, effective size by patient"
    return Estimate(value, max(-1.0, low), min(1.0, high), *counts, method)


def equal_shares_p_value(hit: BoolArray, group: BoolArray, patient: TextArray) -> float:
    """Two-sided p-value of a group that has the share of hits that the others have.

    Pearson's chi-squared test on the effective numbers of rows; it needs some five expected hits and some
    five expected others on either side.

    Args:
        hit: Shape (n,), with hits and others.
        group: Shape (n,), with rows on both sides.
        patient: Shape (n,).

    Example:
        15 of 20 against 5 of 20: z = .5 / sqrt(.5 * .5 * (1/20 + 1/20)) = 3.162.

        >>> group = np.arange(40) < 20
        >>> hit = np.concatenate([np.arange(20) < 15, np.arange(20) < 5])
        >>> f"{equal_shares_p_value(hit, group, np.arange(40).astype(str).astype(object)):.4f}"
        '0.0016'
    """
    share, size = float(hit.mean()), _effective(hit, group, patient)
    error = math.sqrt(share * (1.0 - share) * (1.0 / size[0] + 1.0 / size[1]))
    z = float(hit[group].mean() - hit[~group].mean()) / (error * _widening(hit, group, patient))
    return math.erfc(abs(z) / math.sqrt(2.0))


def _effective(hit: BoolArray, group: BoolArray, patient: TextArray) -> tuple[float, float]:
    """Rows in the group and outside it, each over its design effect."""
    sides = ((hit[side], patient[side]) for side in (group, ~group))
    inside, outside = (len(hits) / design_effect(hits, who) for hits, who in sides)
    return inside, outside


def _wilson(share: float, size: float, level: float) -> tuple[float, float]:
    """Wilson's score interval at a number of rows that need not be whole."""
    z = normal_quantile(0.5 + level / 2)
    centre = (share + z**2 / (2 * size)) / (1 + z**2 / size)
    half = z / (1 + z**2 / size) * math.sqrt(share * (1 - share) / size + z**2 / (4 * size**2))
    return max(0.0, centre - half), min(1.0, centre + half)


def _widening(hit: BoolArray, group: BoolArray, patient: TextArray) -> float:
    """Standard error of the difference by patient over that of two independent shares, at least one."""
    inside = np.where(group, hit - hit[group].mean(), 0.0) / group.sum()
    outside = np.where(~group, hit - hit[~group].mean(), 0.0) / (~group).sum()
    apart = sum(float((cluster_sums(side, patient) ** 2).sum()) for side in (inside, outside))
    together = float((cluster_sums(inside - outside, patient) ** 2).sum())
    return math.sqrt(max(1.0, together / apart)) if apart > 0 else 1.0
