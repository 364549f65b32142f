"""From frozen references and the plan's tolerance to streams: readings, bands and bets.

Those of one covariate at many places are made together: for one place alone the calls would cost most.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from monitor.drift.frozen import FrozenFeature
from monitor.drift.mean_streams import MeanStream
from monitor.drift.wagers import GAINS, ODDS_RATIOS, Band, at_odds, mean_bets, rate_bands, rate_bets
from monitor.logistic import expit, logit
from monitor.records import FloatArray, IntArray

RARE_LEVEL = 0.01
"""A level with a smaller share of the reference is read as "other"."""
DOWN_GAINS = (0.3, 0.6, 0.95)
"""Of the bets on a lower mean score."""
_BETWEEN = np.empty(0, dtype=np.int64)


class Functionals(NamedTuple):
    """How the codes of one feature are read as 0 or 1; the attributes are those of `MeanStream`."""

    names: tuple[str, ...]
    one: IntArray
    values: FloatArray


_RATE = Functionals(("rate",), np.array([-1, 0]), np.array([[0.0], [1.0]]))


def location_and_spread(
    feature: FrozenFeature, standardized_difference: float, standard_errors: float
) -> MeanStream:
    """`locations_and_spreads` of one place.

    Example:
        >>> from monitor.drift.frozen import freeze_continuous
        >>> stream = location_and_spread(freeze_continuous(np.arange(100.0), 100), 0.1, 2.0)
        >>> f"{stream.bands[0].high:.3f}"
        '0.586'
    """
    return locations_and_spreads([feature], standardized_difference, standard_errors)[0]


def locations_and_spreads(
    features: Sequence[FrozenFeature], standardized_difference: float, standard_errors: float
) -> list[MeanStream]:
    """Streams of a number: its mid-rank in the reference, and how far out that lies.

    The mean mid-rank is the probability that a new value exceeds one of the reference, ties counted half; a
    shift by d standard deviations of a normal law moves it by Phi(d / sqrt 2) - 1/2.

    Args:
        features: Continuous, of one place each; at least one.
        standardized_difference: Tolerated shift in standard deviations.
        standard_errors: Further tolerance, in standard errors of the reference's mean mid-rank.
    """
    values = [_ranks(feature) for feature in features]
    listed = zip(values, features, strict=True)
    reference = np.array([np.add.reduce(of * feature.shares, axis=1) for of, feature in listed])
    half = NormalDist().cdf(standardized_difference / math.sqrt(2)) - 0.5
    half += standard_errors / np.sqrt([[12 * feature.patients] for feature in features])
    low, high = np.maximum(0.0, reference - half), np.minimum(1.0, reference + half)
    bands = [tuple(map(Band, *ends)) for ends in zip(low.tolist(), high.tolist(), strict=True)]
    bets = mean_bets(low.ravel(), high.ravel(), GAINS, GAINS).stakes([2] * len(features))
    return [
        MeanStream(feature, ("location", "spread"), of.T, mean, bands, staked, _BETWEEN)
        for feature, of, mean, bands, staked in zip(features, values, reference, bands, bets, strict=True)
    ]


def _ranks(feature: FrozenFeature) -> FloatArray:
    """Readings of each code: mid-rank, and how far out that lies, shape (2, codes)."""
    found = np.empty((2, len(feature.counts)))
    found[0] = feature.mid_ranks
    np.abs(2 * found[0] - 1, out=found[1])
    return found


def standardized_difference(mean_mid_rank: float) -> float:
    """Shift in standard deviations behind a mean mid-rank, were the feature normal with an unchanged spread.

    Example:
        >>> f"{standardized_difference(0.638163):.3f}"
        '0.500'
    """
    inside = min(max(mean_mid_rank, 1e-6), 1 - 1e-6)
    return math.sqrt(2) * NormalDist().inv_cdf(inside)


def level_shares(feature: FrozenFeature, tolerance: float, standard_errors: float) -> MeanStream:
    """`shares_of_levels` of one place.

    Example:
        >>> from monitor.drift.frozen import freeze_levels
        >>> levels = np.array(["a"] * 60 + ["b"] * 40, dtype=object)
        >>> stream = level_shares(freeze_levels(levels, 100), 0.2, 2.0)
        >>> stream.functionals, stream.values.tolist()
        (('a', 'b', 'other'), [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    """
    return shares_of_levels([feature], tolerance, standard_errors)[0]


def shares_of_levels(
    features: Sequence[FrozenFeature], tolerance: float, standard_errors: float
) -> list[MeanStream]:
    """Streams of a category: the share of each level that is not rare, and of all others together.

    Args:
        features: Categorical, of one place each; at least one.
        tolerance: Tolerated change of a share's log-odds.
        standard_errors: Further tolerance, in standard errors of the reference's log-odds.
    """
    return _rates(features, [_levels(feature) for feature in features], tolerance, standard_errors)


def _levels(feature: FrozenFeature) -> Functionals:
    frequent = [index for index, share in enumerate(feature.shares[:-1].tolist()) if share >= RARE_LEVEL]
    one = np.full(len(feature.counts), len(frequent))
    one[frequent] = range(len(frequent))
    names = (*(feature.levels[index] for index in frequent), "other")
    return Functionals(names, one, np.equal.outer(one, range(len(names))).astype(np.float64))


def rate(feature: FrozenFeature, tolerance: float, standard_errors: float) -> MeanStream:
    """`rates` of one place."""
    return rates([feature], tolerance, standard_errors)[0]


def rates(features: Sequence[FrozenFeature], tolerance: float, standard_errors: float) -> list[MeanStream]:
    """Streams of 0 and 1, such as missing values, alerts or outcomes; arguments as of `shares_of_levels`."""
    return _rates(features, [_RATE] * len(features), tolerance, standard_errors)


def _rates(
    features: Sequence[FrozenFeature], read: Sequence[Functionals], tolerance: float, standard_errors: float
) -> list[MeanStream]:
    """Half a study is added to each side of a rate, so that one never met has a band."""
    counts, one = (
        np.concatenate(of) for of in ([item.counts for item in features], [item.one for item in read])
    )
    codes = np.array([len(item.counts) for item in features])
    functionals = np.array([len(item.names) for item in read])
    ends = np.cumsum(functionals)
    counted, of_code = one >= 0, one + np.repeat(ends - functionals, codes)
    ones = np.bincount(of_code[counted], weights=counts[counted], minlength=int(ends[-1]))
    studies = np.repeat(np.add.reduceat(counts, np.cumsum(codes) - codes), functionals)
    patients = np.repeat([item.patients for item in features], functionals)
    smoothed, reference = (ones + 0.5) / (studies + 1), ones / studies
    low, high = rate_bands(smoothed, patients, tolerance, standard_errors)
    bands = list(map(Band, low.tolist(), high.tolist()))
    staked = rate_bets(low, high, smoothed).stakes(functionals.tolist())
    return [
        MeanStream(feature, of.names, of.values, reference[start:end], tuple(bands[start:end]), bets, of.one)
        for feature, of, bets, (start, end) in zip(
            features, read, staked, pairwise([0, *ends.tolist()]), strict=True
        )
    ]


def score_mean(
    feature: FrozenFeature, probability: FloatArray, tolerance: float, standard_errors: float
) -> MeanStream:
    """Stream of the mean calibrated probability: what a change of prevalence moves without any outcome.

    If the probabilities are right, those with the outcome have mean p²/p and those without p(1-p)/(1-p); a
    prevalence whose log-odds move by `tolerance` moves the mean by so much of their distance.

    Args:
        feature: The raw score, continuous.
        probability: Calibrated probability of each code, shape (codes,).
        tolerance: Tolerated change of the prevalence's log-odds.
        standard_errors: Further tolerance, in standard errors of the reference's mean.

    References:
        Saerens, Latinne, Decaestecker (2002), Neural Computation 14:21-41; a bet is its
        sequential form.
    """
    share = feature.shares
    mean = float(share @ probability)
    variance = float(share @ (probability - mean) ** 2)
    with_outcome = float(share @ probability**2) / mean
    without = float(share @ (probability * (1 - probability))) / (1 - mean)
    error = standard_errors * math.sqrt(variance / feature.patients)
    centre = float(logit(np.array([mean]))[0])
    moved = [float(expit(np.array([centre + sign * tolerance]))[0]) for sign in (-1, 1)]
    low, high = (mean + (prevalence - mean) * (with_outcome - without) for prevalence in moved)
    low, high = max(0.0, low - error), min(1.0, high + error)
    gains = (at_odds(np.array(mean), np.array(ODDS_RATIOS)) - mean) / (mean * (1 - mean))
    bets = mean_bets(np.array([low]), np.array([high]), gains.tolist(), DOWN_GAINS).stakes([1])[0]
    values, reference = probability[:, None], np.array([mean])
    return MeanStream(feature, ("mean",), values, reference, (Band(low, high),), bets, _BETWEEN)


def code_values(feature: FrozenFeature, scores: FloatArray) -> FloatArray:
    """One score for each code of a continuous feature: the mean of the reference's, else the nearest edges'.

    Args:
        feature: Frozen from `scores`.
        scores: The reference's scores, shape (m,).

    Example:
        >>> from monitor.drift.frozen import freeze_continuous
        >>> scores = np.array([0.2, 0.4])
        >>> [round(value, 3) for value in code_values(freeze_continuous(scores, 2), scores).tolist()]
        [0.2, 0.2, 0.3, 0.4, 0.4]
    """
    edges = feature.edges
    found = np.empty(2 * len(edges) + 1)
    found[1::2] = edges
    found[0], found[-1] = edges[0], edges[-1]
    found[2:-1:2] = (edges[1:] + edges[:-1]) / 2
    ordered = np.sort(scores)  # so that the order of the rows changes no bit
    total = np.bincount(feature.code(ordered), weights=ordered, minlength=len(found))
    met = feature.counts > 0
    found[met] = total[met] / feature.counts[met]
    return found
