"""Rules that say each night whether a number has drifted: the field's, and ours.

Each gives one statistic per night of a site; a night alarms where the statistic is above its limit. All are
whole-array forms of the rule as it is written down, and every one of them sees the same nights.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from nights import NIGHTS, Site

from monitor.drift import FrozenFeature, MeanStream, freeze_continuous, location_and_spread, log_limit
from monitor.drift.detector import log_mean_exp
from monitor.records import FloatArray, IntArray

PSI_BINS, PSI_FLOOR = 10, 1e-4
STANDARD_DEVIATIONS = 3.0
TUNED_TO, CUSUM_LIMIT = 0.5, 14.0
"""Shift in SD, and the limit in nats: none is stated, and with 14 the .25 SD shift has the stated delay."""
ALPHA, STREAMS = 0.05, 230


class Compared:
    """A site's sorted nights and what several rules need of them, computed once."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.sorted = np.sort(site.values, axis=1)
        self.sorted.flags.writeable = False
        self.reference = np.sort(site.reference, axis=None)

    @cached_property
    def ranks(self) -> IntArray:
        """How many of the reference lie at or below each value, shape (nights, studies)."""
        return _ranks(self.reference, self.sorted)

    @cached_property
    def feature(self) -> FrozenFeature:
        """The reference as the product freezes it."""
        return freeze_continuous(self.site.reference.ravel(), self.site.reference_patients)

    @cached_property
    def codes(self) -> IntArray:
        """Codes of all nights; neighbours stay together where they are of one patient."""
        values = self.site.values if self.site.paired else self.sorted
        return self.feature.code(values.ravel()).reshape(values.shape)

    @cached_property
    def counts(self) -> FloatArray:
        """Studies of each night with each code."""
        return _counts(self.codes, len(self.feature.counts))


def _ranks(reference: FloatArray, values: FloatArray) -> IntArray:
    return np.searchsorted(reference, values.ravel(), side="right").reshape(values.shape)


def kolmogorov_smirnov(compared: Compared) -> FloatArray:
    """Largest distance of the two distribution functions."""
    studies, rows = compared.sorted.shape[1], len(compared.reference)
    below = compared.ranks / rows
    steps = np.arange(1, studies + 1) / studies
    return np.maximum((steps - below).max(axis=1), (below - steps + 1 / studies).max(axis=1))


def population_stability_index(compared: Compared) -> FloatArray:
    """Sum of (share now - share then) ln(share now / share then) over tenths of the reference."""
    rows = len(compared.reference)
    bins = np.minimum((np.maximum(compared.ranks - 1, 0) * PSI_BINS) // rows, PSI_BINS - 1)
    now = np.maximum(_counts(bins, PSI_BINS) / bins.shape[1], PSI_FLOOR)
    return ((now - 1 / PSI_BINS) * np.log(now * PSI_BINS)).sum(axis=1)


def normed_wasserstein(compared: Compared) -> FloatArray:
    """Area between the two distribution functions, in standard deviations of the reference.

    Each value of a night faces the same number of neighbours of the reference.
    """
    reference, studies = compared.reference, compared.sorted.shape[1]
    ends = np.arange(studies + 1) * (len(reference) // studies)
    total = np.concatenate([[0.0], np.cumsum(reference)])
    low, high = ends[:-1], ends[1:]
    split = np.clip(compared.ranks, low, high)
    distance = compared.sorted * (2 * split - low - high) - 2 * total[split] + total[low] + total[high]
    return distance.sum(axis=1) / len(reference) / float(np.std(reference))


def nights_of_the_reference(compared: Compared) -> FloatArray:
    """Jensen-Shannon distance in standard deviations of that of the reference's nights, from their mean.

    Bins by Doane's rule, as NannyML's default has them.
    """
    edges = np.histogram_bin_edges(compared.reference, bins="doane")
    then = np.histogram(compared.reference, edges)[0] / len(compared.reference)
    past = _jensen_shannon(compared.site.reference, edges, then)
    now = _jensen_shannon(compared.site.values, edges, then)
    return (now - past.mean()) / past.std()


def gaussian_cusum(compared: Compared) -> FloatArray:
    """Larger of two cumulative sums, up and down, of the log-likelihood ratio of a shift by `TUNED_TO`."""
    reference, values = compared.site.reference, compared.site.values
    z = (values - reference.mean()) / reference.std()
    sums = np.stack([(sign * TUNED_TO * z - TUNED_TO**2 / 2).sum(axis=1) for sign in (1, -1)], axis=1)
    level, path = np.zeros(2), np.empty_like(sums)
    for night, step in enumerate(sums):
        level = np.maximum(level + step, 0.0)
        path[night] = level
    return path.max(axis=1)


def tolerance_detector(compared: Compared) -> FloatArray:
    """Our covariate stream: natural log of R against the band of .1 SD and two standard errors."""
    return _log_mixture(compared, 0.1, 2.0)


def point_null_detector(compared: Compared) -> FloatArray:
    """The same engine without a band: its null is the mean of the reference, as estimated."""
    return _log_mixture(compared, 0.0, 0.0)


@dataclass(frozen=True)
class Rule:
    """A statistic and its limit.

    Attributes:
        limit: From the studies of a night and the rows of the reference.
        remembers: The statistic carries earlier nights along, so its delay is told of sites quiet before.
    """

    name: str
    statistic: Callable[[Compared], FloatArray]
    limit: Callable[[int, int], float]
    remembers: bool = False

    def alarms(self, compared: Compared) -> FloatArray:
        """Whether each night alarms, shape (nights,)."""
        studies, rows = compared.sorted.shape[1], len(compared.reference)
        return self.statistic(compared) >= self.limit(studies, rows)


@cache
def kolmogorov_limit(studies: int, rows: int, p: float) -> float:
    """The distance whose p-value is `p`."""
    from scipy.stats import kstwo

    return float(kstwo.isf(p, round(studies * rows / (studies + rows))))


def _fixed(limit: float) -> Callable[[int, int], float]:
    return lambda _studies, _rows: limit


RULES = (
    Rule("KS p < .05", kolmogorov_smirnov, lambda n, m: kolmogorov_limit(n, m, 0.05)),
    Rule("KS, Bonferroni over 365", kolmogorov_smirnov, lambda n, m: kolmogorov_limit(n, m, 0.05 / NIGHTS)),
    Rule("PSI > .2, 10 bins", population_stability_index, _fixed(0.2)),
    Rule("PSI > .1, 10 bins", population_stability_index, _fixed(0.1)),
    Rule("3 SD of reference nights", nights_of_the_reference, _fixed(STANDARD_DEVIATIONS)),
    Rule("normed Wasserstein > .1", normed_wasserstein, _fixed(0.1)),
    Rule("Gaussian CUSUM for .5 SD", gaussian_cusum, _fixed(CUSUM_LIMIT), remembers=True),
    Rule("point-null e-SR", point_null_detector, _fixed(log_limit(NIGHTS, 1, ALPHA, 1.0)), remembers=True),
    Rule("ours, c = 7300", tolerance_detector, _fixed(log_limit(NIGHTS, 1, ALPHA, 1.0)), remembers=True),
    Rule(
        "ours, c = 1.68e6", tolerance_detector, _fixed(log_limit(NIGHTS, STREAMS, ALPHA, 1.0)), remembers=True
    ),
)


def our_stream(compared: Compared, standardized_difference: float, standard_errors: float) -> MeanStream:
    """The product's covariate stream, frozen on the site's reference."""
    return location_and_spread(compared.feature, standardized_difference, standard_errors)


def _log_mixture(compared: Compared, standardized_difference: float, standard_errors: float) -> FloatArray:
    """Natural log of R after each night, R the mean over the bets."""
    stream = our_stream(compared, standardized_difference, standard_errors)
    log_r = np.full(len(stream.wagers), -np.inf)
    path = np.empty((len(compared.codes), len(stream.wagers)))
    for night, log_e in enumerate(nightly_log_e(stream, compared)):
        log_r = log_e + np.logaddexp(log_r, 0.0)
        path[night] = log_r
    return log_mean_exp(path)


def nightly_log_e(stream: MeanStream, compared: Compared) -> FloatArray:
    """As `MeanStream.log_e`, of all nights at once: log e-values of shape (nights, bets)."""
    log_e = log_e_per_code(stream)
    if not compared.site.paired:
        return compared.counts @ log_e
    e, codes = np.exp(log_e), compared.codes
    return np.log((e[codes[:, ::2]] + e[codes[:, 1::2]]) / 2).sum(axis=1)


def log_e_per_code(stream: MeanStream) -> FloatArray:
    """What one study with each code adds to the log e-value of each bet, shape (codes, bets)."""
    gain = np.array([wager.gain for wager in stream.wagers])
    edge = np.array([wager.edge for wager in stream.wagers])
    readings = stream.values[:, [wager.functional for wager in stream.wagers]]
    return np.log1p(gain * (readings - edge))


def _counts(codes: IntArray, size: int) -> FloatArray:
    """How often each code occurs on each night, shape (nights, size)."""
    nights = len(codes)
    flat = codes + size * np.arange(nights)[:, None]
    return np.bincount(flat.ravel(), minlength=nights * size).reshape(nights, size).astype(np.float64)


def _jensen_shannon(values: FloatArray, edges: FloatArray, then: FloatArray) -> FloatArray:
    """Distance (base 2) of each night's shares to those of the reference; what lies outside has a bin."""
    bins = np.searchsorted(edges, values, side="right")
    bins[values == edges[-1]] -= 1
    counts = _counts(bins, len(edges) + 1)
    inside = counts[:, 1:-1]
    outside = counts[:, :1] + counts[:, -1:]
    now = np.concatenate([inside, outside], axis=1) / values.shape[1]
    past = np.append(then, 0.0)
    middle = (now + past) / 2
    divergence = _entropy_terms(now, middle) + _entropy_terms(np.broadcast_to(past, now.shape), middle)
    return np.sqrt(np.maximum(divergence, 0.0) / 2 / math.log(2))


def _entropy_terms(share: FloatArray, middle: FloatArray) -> FloatArray:
    safe = np.where(share > 0, share, 1.0)
    return (share * np.log(safe / np.where(share > 0, middle, 1.0))).sum(axis=1)
