"""From a frozen reference and the plan's tolerance to a stream: readings, bands and bets."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from monitor.drift.frozen import FrozenFeature
from monitor.drift.visits import Tally, tally, visits
from monitor.drift.wagers import (
    ODDS_RATIOS,
    Band,
    Stakes,
    Wager,
    at_odds,
    log_e_of_readings,
    mean_wagers,
    rate_band,
    rate_wagers,
    stakes,
)
from monitor.logistic import expit, logit
from monitor.records import FloatArray, IntArray

_BETWEEN = np.empty(0, dtype=np.int64)
RARE_LEVEL = 0.01
"""A level with a smaller share of the reference is read as "other"."""
DOWN_GAINS = (0.3, 0.6, 0.95)
"""Of the bets on a lower mean score."""


class Added(NamedTuple):
    """What a look adds to a stream.

    Attributes:
        sums, squares: Of the patients' mean readings and of the squares of these, shape (functionals,).
        log_e: Natural log of the look's e-value per bet, shape (k,); None where nothing was bet.
    """

    sums: FloatArray
    squares: FloatArray
    log_e: FloatArray | None


@dataclass(frozen=True)
class MeanStream:
    """How the studies of a place are read and bet on, fixed when its reference was frozen.

    Attributes:
        feature: Codes a study's value.
        functionals: Name of each reading: location and spread, a level, or rate.
        values: Reading of each code, shape (codes, functionals), in [0, 1]; fastest where a functional's
            readings lie together.
        reference: Mean of each reading over the reference, shape (functionals,).
        bands: Tolerated means, one per functional.
        stakes: The bets; none where no band leaves room, and then the stream cannot alarm.
        one: Where every reading is 0 or 1: the functional a code reads as one, -1 for none; else empty.
    """

    feature: FrozenFeature
    functionals: tuple[str, ...]
    values: FloatArray
    reference: FloatArray
    bands: tuple[Band, ...]
    stakes: Stakes
    one: IntArray

    @property
    def wagers(self) -> tuple[Wager, ...]:
        """The bets one by one."""
        return self.stakes.wagers()

    def in_words(self, wager: Wager) -> str:
        """A bet with what it is about, such as "location up 0.5"."""
        return f"{self.functionals[wager.functional]} {wager.name}"

    def read(self, held: Tally, *, bet: bool = True) -> Added:
        """What a look adds; without a `bet` no evidence is made of it.

        Neither the order of rows nor that of patients changes a bit of it: studies are counted by code, and
        patients with several stand in the order of their mean readings.
        """
        met, values = np.flatnonzero(held.counts), self.values.T
        shared = held.means(values)
        times = np.concatenate([held.counts.take(met), np.ones(shared.shape[1])])
        readings = np.concatenate([values.take(met, axis=1), shared], axis=1)
        weighted = readings * times
        sums, squares = np.add.reduce(weighted, axis=1), np.add.reduce(weighted * readings, axis=1)
        if not bet:
            return Added(sums, squares, None)
        log_e = log_e_of_readings(readings, self.stakes)
        log_e *= times
        return Added(sums, squares, np.add.reduce(log_e, axis=1))

    def log_e(self, codes: IntArray, patient: IntArray) -> FloatArray:
        """Natural log of a look's e-value per bet, shape (k,); rows of one patient count once."""
        rows = visits(patient)
        found = self.read(tally(codes, len(self.values), codes[rows.shared], rows)).log_e
        return np.empty(0) if found is None else found


def location_and_spread(
    feature: FrozenFeature, standardized_difference: float, standard_errors: float
) -> MeanStream:
    """Stream of a number: its mid-rank in the reference, and how far out that lies.

    The mean mid-rank is the probability that a new value exceeds one of the reference, ties counted half; a
    shift by d standard deviations of a normal law moves it by Phi(d / sqrt 2) - 1/2.

    Args:
        feature: Continuous.
        standardized_difference: Tolerated shift in standard deviations.
        standard_errors: Further tolerance, in standard errors of the reference's mean mid-rank.

    Example:
        >>> from monitor.drift.frozen import freeze_continuous
        >>> stream = location_and_spread(freeze_continuous(np.arange(100.0), 100), 0.1, 2.0)
        >>> f"{stream.bands[0].high:.3f}"
        '0.586'
    """
    ranks = feature.mid_ranks
    values = np.stack([ranks, np.abs(2 * ranks - 1)]).T
    half = NormalDist().cdf(standardized_difference / math.sqrt(2)) - 0.5
    half += standard_errors / math.sqrt(12 * feature.patients)
    reference = feature.shares @ values
    bands = tuple(Band(max(0.0, mean - half), min(1.0, mean + half)) for mean in reference.tolist())
    names = ("location", "spread")
    wagers = [wager for index, band in enumerate(bands) for wager in mean_wagers(index, band)]
    return MeanStream(feature, names, values, reference, bands, stakes(wagers), _BETWEEN)


def standardized_difference(mean_mid_rank: float) -> float:
    """Shift in standard deviations behind a mean mid-rank, were the feature normal with an unchanged spread.

    Example:
        >>> f"{standardized_difference(0.638163):.3f}"
        '0.500'
    """
    inside = min(max(mean_mid_rank, 1e-6), 1 - 1e-6)
    return math.sqrt(2) * NormalDist().inv_cdf(inside)


def level_shares(feature: FrozenFeature, tolerance: float, standard_errors: float) -> MeanStream:
    """Stream of a category: the share of each level that is not rare, and of all others together.

    Args:
        feature: Categorical.
        tolerance: Tolerated change of a share's log-odds.
        standard_errors: Further tolerance, in standard errors of the reference's log-odds.

    Example:
        >>> from monitor.drift.frozen import freeze_levels
        >>> levels = np.array(["a"] * 60 + ["b"] * 40, dtype=object)
        >>> stream = level_shares(freeze_levels(levels, 100), 0.2, 2.0)
        >>> stream.functionals, stream.values.tolist()
        (('a', 'b', 'other'), [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    """
    frequent = [index for index, share in enumerate(feature.shares[:-1].tolist()) if share >= RARE_LEVEL]
    one = np.full(len(feature.counts), len(frequent))
    one[frequent] = range(len(frequent))
    names = (*(feature.levels[index] for index in frequent), "other")
    return _rates(feature, names, one, tolerance, standard_errors)


def rate(feature: FrozenFeature, tolerance: float, standard_errors: float) -> MeanStream:
    """Stream of 0 and 1, such as missing values, alerts or outcomes; tolerances as for `level_shares`."""
    return _rates(feature, ("rate",), np.array([-1, 0]), tolerance, standard_errors)


def _rates(
    feature: FrozenFeature, names: tuple[str, ...], one: IntArray, tolerance: float, errors: float
) -> MeanStream:
    """Half a study is added to each side of a rate, so that one never met has a band."""
    studies, values = int(feature.counts.sum()), (one[:, None] == range(len(names))).astype(np.float64)
    ones = feature.counts @ values
    smoothed: list[float] = ((ones + 0.5) / (studies + 1)).tolist()
    bands = tuple(rate_band(share, feature.patients, tolerance, errors) for share in smoothed)
    wagers = [
        wager
        for index, (band, share) in enumerate(zip(bands, smoothed, strict=True))
        for wager in rate_wagers(index, band, share)
    ]
    return MeanStream(feature, names, values, ones / studies, bands, stakes(wagers), one)


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
    band = Band(max(0.0, low - error), min(1.0, high + error))
    gains = tuple((at_odds(mean, ratio) - mean) / (mean * (1 - mean)) for ratio in ODDS_RATIOS)
    up = [wager for wager in mean_wagers(0, band, gains) if wager.gain > 0]
    down = [wager for wager in mean_wagers(0, band, DOWN_GAINS) if wager.gain < 0]
    made = stakes(up + down)
    return MeanStream(feature, ("mean",), probability[:, None], np.array([mean]), (band,), made, _BETWEEN)


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
