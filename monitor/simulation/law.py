"""The score's law: two normal curves of log-odds, so that P(outcome | score) is known exactly.

With prevalence pi and separation d, draw the outcome first and then its log-odds from
N(logit(pi) + d^2 / 2, d^2) for events and N(logit(pi) - d^2 / 2, d^2) for the rest. By Bayes' rule the
log-odds of an event given the score is then the score's own log-odds: a perfectly calibrated model. A
departure is made by drawing the outcome anew from a stated map of the log-odds, so it is exact as well.
"""

from __future__ import annotations

import math
from functools import cache
from statistics import NormalDist

import numpy as np

from monitor.logistic import expit
from monitor.records import FloatArray

QUADRATURE_NODES = 80
BISECTIONS = 80
LARGEST_INTERCEPT = 60.0


def separation(auc: float) -> float:
    """Distance of the two curves in standard deviations, from the area under the ROC curve.

    References:
        Green and Swets (1966): AUC = Phi(d / sqrt 2) for two normal curves of equal width.

    Example:
        >>> separation(0.5), f"{separation(0.85):.3f}"
        (0.0, '1.466')
    """
    return math.sqrt(2.0) * NormalDist().inv_cdf(auc)


def calibrated_night(
    rng: np.random.Generator, studies: int | tuple[int, ...], prevalence: float, auc: float
) -> tuple[FloatArray, FloatArray]:
    """Studies whose score is exactly calibrated.

    Args:
        rng: Source of randomness.
        studies: How many, or a shape such as (sites, studies) to draw many nights at once.
        prevalence: Probability of an event, strictly between 0 and 1.
        auc: Area under the ROC curve, from .5 up to but not including 1.

    Returns:
        (log-odds of the score, outcome as 0.0 or 1.0), each of the shape asked for.

    Raises:
        ValueError: prevalence or auc lies outside its range.

    Example:
        >>> log_odds, outcome = calibrated_night(np.random.default_rng(1), (2, 3), 0.1, 0.85)
        >>> log_odds.shape, sorted(set(outcome.ravel().tolist()) | {1.0})
        ((2, 3), [0.0, 1.0])
    """
    centre, d = _curves(prevalence, auc)
    outcome = (rng.random(studies) < prevalence).astype(np.float64)
    return centre + (outcome - 0.5) * d**2 + d * rng.standard_normal(studies), outcome


def shifted_outcomes(
    rng: np.random.Generator,
    log_odds: FloatArray,
    intercept: FloatArray | float = 0.0,
    slope: FloatArray | float = 1.0,
) -> FloatArray:
    """Outcomes whose true log-odds are `intercept + slope * log_odds`: what the score should have said.

    Args:
        rng: Source of randomness.
        log_odds: Of the score, any shape.
        intercept, slope: One number, or one per study.

    Returns:
        0.0 or 1.0, in the shape of `log_odds`.

    Example:
        At a true risk of expit(40) nothing but events occurs.

        >>> shifted_outcomes(np.random.default_rng(1), np.zeros(3), intercept=40.0).tolist()
        [1.0, 1.0, 1.0]
    """
    risk = expit(np.asarray(intercept + slope * log_odds, dtype=np.float64))
    return (rng.random(log_odds.shape) < risk).astype(np.float64)


def event_rate(intercept: float, slope: float, prevalence: float, auc: float) -> float:
    """Share of events when the true log-odds are `intercept + slope * log_odds`.

    Example:
        Without a shift it is the prevalence.

        >>> f"{event_rate(0.0, 1.0, 0.1, 0.85):.6f}"
        '0.100000'
    """
    log_odds, weight = score_law(prevalence, auc)
    return float(weight @ expit(intercept + slope * log_odds))


def intercept_keeping_prevalence(slope: float, prevalence: float, auc: float) -> float:
    """Intercept that leaves the share of events at `prevalence` when the slope is not one.

    Example:
        Around even odds the law is symmetric, so no intercept is needed.

        >>> abs(round(intercept_keeping_prevalence(0.7, 0.5, 0.85), 6))
        0.0
    """
    low, high = -LARGEST_INTERCEPT, LARGEST_INTERCEPT
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        if event_rate(middle, slope, prevalence, auc) < prevalence:
            low = middle
        else:
            high = middle
    return (low + high) / 2


@cache
def normal_quadrature() -> tuple[FloatArray, FloatArray]:
    """Nodes and weights that integrate over a standard normal variable; the weights sum to one."""
    node, weight = np.polynomial.hermite_e.hermegauss(QUADRATURE_NODES)
    weight = weight / weight.sum()
    node.flags.writeable = weight.flags.writeable = False
    return node, weight


def _curves(prevalence: float, auc: float) -> tuple[float, float]:
    """Midpoint of the two curves and their distance, which is also their standard deviation."""
    if not 0.0 < prevalence < 1.0:
        raise ValueError(f"prevalence must lie strictly between 0 and 1, not {prevalence}")
    if not 0.5 <= auc < 1.0:
        raise ValueError(f"auc must be at least .5 and below 1, not {auc}")
    return math.log(prevalence / (1.0 - prevalence)), separation(auc)


def score_law(prevalence: float, auc: float) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights that integrate over the score's log-odds.

    Example:
        Averaged over all scores the risk is the prevalence.

        >>> log_odds, weight = score_law(0.05, 0.85)
        >>> f"{float(weight @ expit(log_odds)):.6f}"
        '0.050000'
    """
    centre, d = _curves(prevalence, auc)
    node, weight = normal_quadrature()
    log_odds = np.concatenate([centre + d**2 / 2 + d * node, centre - d**2 / 2 + d * node])
    return log_odds, np.concatenate([prevalence * weight, (1.0 - prevalence) * weight])
