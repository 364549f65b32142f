"""Whose outcome becomes known: by score, because outcomes known mainly for high scores mislead."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from monitor.intervals import wilson_interval
from monitor.records import BoolArray, FloatArray


@dataclass(frozen=True)
class ScoreBin:
    """Studies of one range of scores and how many of them have a known outcome.

    Attributes:
        low, high: Least and largest score in the bin.
        n, known: Studies, and those with a usable outcome.
        share: known / n, with its 95 % Wilson interval.
    """

    low: float
    high: float
    n: int
    known: int
    share: float
    share_low: float
    share_high: float


@dataclass(frozen=True)
class Ascertainment:
    """Known outcomes by score.

    Attributes:
        bins: In the order of the score, each with at least one study.
        spread: Largest minus smallest share; 0 where verification does not depend on the score.
        weight: Of each study with a known outcome, 1 / share of its bin; 0 without one; shape (n,).
    """

    bins: tuple[ScoreBin, ...]
    spread: float
    weight: FloatArray


def ascertainment_by_score(score: FloatArray, known: BoolArray, bins: int) -> Ascertainment:
    """Share of studies with a known outcome in bins of equally many studies by score.

    Weighting each known outcome by the inverse of its bin's share gives every range of scores its place in
    the whole again. That is right when, within a bin, whether an outcome becomes known does not depend on
    the outcome itself.

    Args:
        score: Raw scores of mature studies, shape (n,), at least one.
        known: Whether the outcome is known and usable, shape (n,).
        bins: Number of bins, at least one; tied scores stay together.

    Returns:
        Shares, spread and weights. A bin without any known outcome has share 0, and the studies of it are
        spoken for by nobody.

    Raises:
        ValueError: No study, or no bin.

    References:
        Begg and Greenes (1983), Biometrics 39:207-215.

    Example:
        Half of the low scores are verified and all of the high ones.

        >>> found = ascertainment_by_score(
        ...     np.array([0.1, 0.1, 0.9, 0.9]), np.array([True, False, True, True]), 2
        ... )
        >>> [item.share for item in found.bins], found.spread, found.weight.tolist()
        ([0.5, 1.0], 0.5, [2.0, 0.0, 1.0, 1.0])
    """
    if len(score) == 0 or bins < 1:
        raise ValueError("at least one study and one bin are needed")
    edges = np.unique(np.quantile(score, np.arange(1, bins) / bins, method="higher"))
    code = np.searchsorted(edges, score, side="right")
    found = [_bin(score[code == number], known[code == number]) for number in np.unique(code)]
    share = np.array([item.share for item in found])[np.unique(code, return_inverse=True)[1]]
    weight = np.zeros(len(score))
    weight[known] = 1.0 / share[known]
    shares = [item.share for item in found]
    return Ascertainment(tuple(found), max(shares) - min(shares), weight)


def _bin(score: FloatArray, known: BoolArray) -> ScoreBin:
    n, count = len(score), int(known.sum())
    low, high = wilson_interval(count, n)
    return ScoreBin(float(score.min()), float(score.max()), n, count, count / n, low, high)
