"""Rules that say each night whether a number has drifted: the field's, and ours.

Each gives one statistic per night of a site; a night alarms where the statistic is above its limit. All are
whole-array forms of the rule as it is written down, and every one of them sees the same nights.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from compared import Compared, counts_by_night
from nights import NIGHTS
from numpy.typing import NDArray
from ours import log_mixture

from monitor.drift import log_limit
from monitor.records import FloatArray

PSI_BINS, PSI_FLOOR = 10, 1e-4
STANDARD_DEVIATIONS = 3.0
TUNED_TO, CUSUM_LIMIT = 0.5, 14.0
"""Shift in SD, and the limit in nats: none is stated, and with 14 the .25 SD shift has the stated delay."""
ALPHA, STREAMS = 0.05, 230


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
    now = np.maximum(counts_by_night(bins, PSI_BINS) / bins.shape[1], PSI_FLOOR)
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
    return log_mixture(compared, 0.1, 2.0)


def point_null_detector(compared: Compared) -> FloatArray:
    """The same engine without a band: its null is the mean of the reference, as estimated."""
    return log_mixture(compared, 0.0, 0.0)


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

    def alarms(self, compared: Compared) -> NDArray[np.bool_]:
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


def _jensen_shannon(values: FloatArray, edges: FloatArray, then: FloatArray) -> FloatArray:
    """Distance (base 2) of each night's shares to those of the reference; what lies outside has a bin."""
    bins = np.searchsorted(edges, values, side="right")
    bins[values == edges[-1]] -= 1
    counts = counts_by_night(bins, len(edges) + 1)
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
