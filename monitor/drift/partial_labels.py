"""Samples whose outcomes are known in part: what may still be said of their means, and what may not.

Where an outcome becomes known depending on the score alone, the studies with an outcome speak for all others
of their score bin. Where it may depend on the outcome itself, only bounds are left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from monitor.drift.labelled import Labelled
from monitor.intervals import normal_quantile
from monitor.records import BoolArray, Estimate, FloatArray, IntArray

BINS = 10


@dataclass(frozen=True)
class Mean:
    """A mean over a sample, and what each study and patient did to it.

    Attributes:
        value: NaN where nothing speaks for some of the sample.
        influence: Contribution of each study to the error of the value, shape (n,).
        size: Studies that the mean stands for.
    """

    value: float
    influence: FloatArray
    size: float

    def variance(self, patient: IntArray | None) -> float:
        """Sum of the squared influence of each patient (numbers of shape (n,)), or study when None."""
        by_patient = self.influence if patient is None else np.bincount(patient, weights=self.influence)
        return float((by_patient**2).sum())


class PostStratification:
    """The score bins of a sample and how many outcomes each has.

    Example:
        Two low scores of which one is verified, two high ones both verified.

        >>> scores, outcomes = np.array([0.1, 0.2, 0.8, 0.9]), np.array([0.0, np.nan, 0.0, 1.0])
        >>> who = np.array(list("abcd"), dtype=object)
        >>> PostStratification(Labelled(scores, outcomes, who), bins=2).weight.tolist()
        [2.0, 0.0, 1.0, 1.0]
    """

    def __init__(self, sample: Labelled, bins: int = BINS) -> None:
        self.known = sample.known
        self.code = score_bins(sample.score, bins)
        total = np.bincount(self.code).astype(np.float64)
        self.verified = np.bincount(self.code, weights=self.known)
        self.covers = bool((self.verified > 0).all()) and len(sample) > 0
        self.weight: FloatArray = np.where(self.known, total[self.code], 0.0)
        self.weight /= np.maximum(self.verified, 1.0)[self.code]

    def mean(self, values: FloatArray, member: BoolArray | None = None) -> Mean:
        """Mean of `values` over all studies of the sample, or over those of one class.

        Args:
            values: Shape (n,); used where the outcome is known.
            member: Which known studies belong to the class, shape (n,); None for all of them.

        Returns:
            The post-stratified mean; it is NaN when a bin has no outcome or the class no study.
        """
        inside = self.known if member is None else self.known & member
        size = float(self.weight[inside].sum())
        if not self.covers or size == 0.0:
            return Mean(float("nan"), np.zeros(len(values)), 0.0)
        value = float((self.weight[inside] * values[inside]).sum()) / size
        residual = np.zeros(len(values))
        residual[inside] = values[inside] - value
        centre = (np.bincount(self.code, weights=residual) / self.verified)[self.code]
        return Mean(value, (self.weight * (residual - centre) + centre) / size, size)


def score_bins(score: FloatArray, bins: int) -> IntArray:
    """Bin of each study, bins of about equally many studies by score; tied scores stay together.

    Example:
        >>> score_bins(np.array([0.1, 0.5, 0.5, 0.9]), 2).tolist()
        [0, 1, 1, 1]
    """
    if len(score) == 0:
        return np.zeros(0, dtype=np.int64)
    edges = np.unique(np.quantile(score, np.arange(1, bins) / bins, method="higher"))
    code = np.searchsorted(edges, score, side="right")
    return np.unique(code, return_inverse=True)[1].astype(np.int64)


def post_stratified_prevalence(sample: Labelled, *, level: float = 0.05, bins: int = BINS) -> Estimate:
    """Prevalence when whether an outcome becomes known depends on the score alone.

    Each bin's share of events among its verified studies counts with the bin's share of all studies.

    Args:
        sample: Shape (n,).
        level: One minus the coverage of the interval.
        bins: Score bins, at least one.

    Returns:
        The prevalence with a cluster-robust interval; without a value where a bin has no outcome.

    References:
        Begg and Greenes (1983), Biometrics 39:207-215.

    Example:
        Half of the low scores are verified (1 event in 2), all of the high ones (3 in 4): (2 + 3) / 8,
        not the 4 / 6 of the verified.

        >>> scores = np.array([0.1] * 4 + [0.9] * 4)
        >>> outcomes = np.array([1.0, 0.0, np.nan, np.nan, 1.0, 1.0, 1.0, 0.0])
        >>> sample = Labelled(scores, outcomes, np.arange(8).astype(str).astype(object))
        >>> post_stratified_prevalence(sample, bins=2).value
        0.625
    """
    found = PostStratification(sample, bins).mean(sample.outcome)
    if np.isnan(found.value):
        return Estimate(None, None, None, len(sample), sample.events, "no outcome in some score bin")
    half = normal_quantile(1 - level / 2) * found.variance(sample.patient_number) ** 0.5
    low, high = max(0.0, found.value - half), min(1.0, found.value + half)
    return Estimate(found.value, low, high, len(sample), sample.events, "post-stratified by score")


def manski_bounds(sample: Labelled) -> Estimate | None:
    """The prevalences that remain possible when an outcome may be missing because of the outcome.

    Args:
        sample: Shape (n,).

    Returns:
        Bounds without a value: every missing outcome absent, every one present; None when none is missing.

    References:
        Manski (1989), Journal of Human Resources 24:343-360.

    Example:
        One event, two without and one unknown of four studies: from 1/4 to 2/4.

        >>> outcomes, who = np.array([1.0, 0.0, 0.0, np.nan]), np.array(list("abcd"), dtype=object)
        >>> found = manski_bounds(Labelled(np.full(4, 0.5), outcomes, who))
        >>> found.low, found.high
        (0.25, 0.5)
    """
    n, missing = len(sample), int((~sample.known).sum())
    if missing == 0:
        return None
    positives = float(np.nansum(sample.outcome))
    return Estimate(None, positives / n, (positives + missing) / n, n, sample.events, "Manski bounds")
