"""Two estimates of a prevalence from scores alone, when the scores of each class stayed as they were."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from monitor.drift.prevalence_samples import LabelledScores, UnlabelledScores
from monitor.intervals import cluster_mean_error, normal_quantile
from monitor.logistic import CLIP, cluster_sums
from monitor.records import BoolArray, FloatArray

LEAST_SEPARATION = 0.1
MAXIMUM_STEPS = 100
TOLERANCE = 1e-12


def maximum_likelihood_prevalence(
    risk: FloatArray, reference_prevalence: float, count: FloatArray | None = None
) -> float | None:
    """Prevalence of a window that makes its risks likeliest, known as MLLS or the fixed point of EM.

    The risks were right at the reference's prevalence; at prevalence q a score occurs
    1 + (q - reference) u times as often, u = (risk - reference) / (reference (1 - reference)).

    Args:
        risk: Calibrated risks, shape (n,), clipped to [1e-6, 1 - 1e-6]; or distinct values.
        reference_prevalence: At which the risks are calibrated, strictly between 0 and 1.
        count: How often each value occurs, shape (n,), at least 0; None where each is one study.

    Returns:
        In [0, 1]. None where nothing speaks: no study, or every risk equal to the reference prevalence.

    Raises:
        ValueError: reference_prevalence is not strictly between 0 and 1.

    References:
        Saerens, Latinne, Decaestecker (2002), Neural Computation 14:21-41. Alexandari, Kundaje, Shrikumar
        (2020), ICML, arXiv 1901.06852 (the likelihood is concave).

    Example:
        A test with risks .8 and .2 at even prevalence is right in four of five. If 56 of 100 are high,
        .56 = q .8 + (1 - q) .2 gives q = .6.

        >>> f"{maximum_likelihood_prevalence(np.array([0.8, 0.2]), 0.5, np.array([56.0, 44.0])):.6f}"
        '0.600000'
    """
    if not 0.0 < reference_prevalence < 1.0:
        raise ValueError("reference_prevalence must lie strictly between 0 and 1")
    weight = np.ones(len(risk)) if count is None else count
    speaks = (weight > 0) & (np.clip(risk, CLIP, 1.0 - CLIP) != reference_prevalence)
    if not speaks.any():
        return None
    found = likelihood_maxima(risk[None], weight[None], np.array([reference_prevalence]))
    return float(np.clip(found[0], 0.0, 1.0))


def likelihood_maxima(risk: FloatArray, count: FloatArray, prevalence: FloatArray) -> FloatArray:
    """Prevalences that maximise many likelihoods at once, by Newton steps kept inside a bracket.

    Args:
        risk: Of each value in each likelihood, shape (b, k).
        count: How often it occurs, shape (b, k).
        prevalence: Of the reference, shape (b,).

    Returns:
        Shape (b,); NaN where a risk is NaN. A maximum at 0 or 1 is continued by one Newton step beyond it,
        so that resampled estimates keep the spread that the limits would hide.
    """
    centre = prevalence[:, None]
    ratio = (np.clip(risk, CLIP, 1.0 - CLIP) - centre) / (centre * (1.0 - centre))

    def derivatives(at: FloatArray) -> tuple[FloatArray, FloatArray]:
        term = ratio / (1.0 + (at[:, None] - centre) * ratio)
        return (count * term).sum(axis=1), (count * term**2).sum(axis=1)

    low, high = np.zeros(len(risk)), np.ones(len(risk))
    at = np.where(np.isnan(risk).any(axis=1), np.nan, prevalence)
    (slope_low, bend_low), (slope_high, bend_high) = derivatives(low), derivatives(high)
    inside = (slope_low > 0) & (slope_high < 0)
    for _ in range(MAXIMUM_STEPS):
        slope, bend = derivatives(at)
        low, high = np.where(slope > 0, at, low), np.where(slope < 0, at, high)
        step = at + slope / bend
        step = np.where((step < low) | (step > high), (low + high) / 2.0, step)
        moved, at = np.abs(step - at)[inside].max(initial=0.0), step
        if moved < TOLERANCE:
            break
    at = np.where(slope_low <= 0, slope_low / bend_low, at)
    return np.where(slope_high >= 0, 1.0 + slope_high / bend_high, at)


@dataclass(frozen=True)
class BlackBoxShift:
    """The prevalence that explains a share of flagged studies.

    Attributes:
        unbounded: (flagged share - false-positive rate) / (sensitivity - false-positive rate); outside
            [0, 1] where no prevalence explains the share.
        standard_error: From both samples, by patient.
    """

    unbounded: float
    standard_error: float


def black_box_shift(
    reference: LabelledScores, target: UnlabelledScores, threshold: float
) -> BlackBoxShift | None:
    """Prevalence from the share of studies at or above a threshold, known as BBSE.

    Args:
        reference: Says how often either class is flagged.
        target: Says how often anybody is.
        threshold: On the scale of both scores.

    Returns:
        None where it cannot be estimated: no study, one class alone, or a sensitivity less than .1 above
        the false-positive rate.

    References:
        Lipton, Wang, Smola (2018), ICML, arXiv 1802.03916. Error by the delta method.

    Example:
        Flagged are 4 of 5 events, 1 of 5 others and 7 of 10 in the window: (.7 - .2) / (.8 - .2) = 5/6.

        >>> who = np.arange(10).astype(str).astype(object)
        >>> high = np.array([0.9] * 4 + [0.1] + [0.9] + [0.1] * 4)
        >>> reference = LabelledScores(high, np.repeat([1.0, 0.0], 5), who)
        >>> target = UnlabelledScores(np.repeat([0.9, 0.1], [7, 3]), who)
        >>> f"{black_box_shift(reference, target, 0.5).unbounded:.4f}"
        '0.8333'
    """
    if reference.events == 0 or len(target.score) == 0:
        return None
    positive, flagged = reference.outcome == 1, reference.score >= threshold
    sensitivity, false_positive = float(flagged[positive].mean()), float(flagged[~positive].mean())
    separation = sensitivity - false_positive
    if separation < LEAST_SEPARATION:
        return None
    in_window = target.score >= threshold
    value = (float(in_window.mean()) - false_positive) / separation
    of_events = value * _influence(flagged, positive, sensitivity)
    of_others = (1.0 - value) * _influence(flagged, ~positive, false_positive)
    spread = float((cluster_sums(of_events + of_others, reference.patient) ** 2).sum())
    window = cluster_mean_error(in_window.astype(float), target.patient) ** 2
    return BlackBoxShift(value, math.sqrt(spread + window) / separation)


def _influence(flagged: BoolArray, of_class: BoolArray, rate: float) -> FloatArray:
    """What each study adds to the error of its class's rate of flags."""
    return of_class * (flagged - rate) / of_class.sum()


def bounded(value: float, error: float, level: float) -> tuple[float, float, float]:
    """(value, low, high) cut to [0, 1]; at a limit the interval is one-sided and starts there.

    Args:
        value: May lie outside [0, 1].
        error: Standard error.
        level: Coverage.

    Example:
        1.645 and 1.960 standard errors:

        >>> [f"{number:.4f}" for number in bounded(-0.02, 0.01, 0.95)]
        ['0.0000', '0.0000', '0.0164']
        >>> [f"{number:.4f}" for number in bounded(0.5, 0.01, 0.95)]
        ['0.5000', '0.4804', '0.5196']
    """
    cut = min(1.0, max(0.0, value))
    at_limit = cut in (0.0, 1.0)
    half = normal_quantile(level if at_limit else 0.5 + level / 2.0) * error
    return cut, max(0.0, cut - half), min(1.0, cut + half)
