"""Agreement of two who answer the same yes-or-no question, beyond chance."""

from __future__ import annotations

import math

import numpy as np

from monitor.intervals import normal_quantile
from monitor.logistic import cluster_sums
from monitor.records import BoolArray, Estimate, FloatArray, TextArray


def cohens_kappa(first: BoolArray, second: BoolArray, patient: TextArray, level: float = 0.95) -> Estimate:
    """Agreement of two on a yes-or-no question beyond chance; one is perfect, zero is chance.

    Each has a rate of its own, so it suits a device and a reader, who need not flag equally often;
    `monitor.performance.kappa` is for readers who stand for each other.

    Args:
        first, second: What each says, shape (n,).
        patient: Shape (n,).
        level: Two-sided coverage of the jackknife interval over patients.

    Returns:
        Kappa; `events` counts the studies on which one of the two gave the rarer answer. No value without a
        study, or where both give one answer throughout; no interval where they never differ.

    References:
        Cohen (1960), Educational and Psychological Measurement 20:37-46.

    Example:
        They agree on three of four, and on two by chance: (3/4 - 1/2) / (1 - 1/2).

        >>> first, second = np.array([True, True, False, False]), np.array([True, False, False, False])
        >>> cohens_kappa(first, second, np.array(["a", "b", "c", "d"], dtype=object)).value
        0.5
    """
    counts = len(first), int(min((first | second).sum(), (~first | ~second).sum()))
    sums = np.column_stack([np.ones(len(first)), first, second, first != second]).astype(np.float64)
    value = float(_kappa(sums.sum(axis=0))) if len(first) else math.nan
    if math.isnan(value):
        return Estimate(None, None, None, *counts, "no study, or one answer throughout")
    left_out = _kappa(sums.sum(axis=0) - cluster_sums(sums, patient))
    error = math.sqrt((len(left_out) - 1) * float(left_out.var()))
    if not math.isfinite(error) or error == 0.0:  # one patient, or perfect agreement, shows no spread
        return Estimate(value, None, None, *counts, "Cohen")
    half = normal_quantile(0.5 + level / 2) * error
    low, high = max(-1.0, value - half), min(1.0, value + half)
    return Estimate(value, low, high, *counts, "Cohen, jackknife over patients")


def _kappa(sums: FloatArray) -> FloatArray:
    """Kappa from (studies, first positive, second positive, differing), shape (..., 4), or NaN."""
    n, first, second, differ = np.moveaxis(sums, -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        chance = (first * (n - second) + second * (n - first)) / n
        return np.where(chance > 0, 1.0 - differ / chance, np.nan)
