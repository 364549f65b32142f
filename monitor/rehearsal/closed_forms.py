"""How many studies of the rarer class a criterion needs when the candidate is exactly right."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from scipy.stats import binom

from monitor.intervals import normal_quantile
from monitor.logistic import expit, log_loss
from monitor.records import FloatArray
from monitor.rehearsal.sites import SiteProfile
from monitor.simulation import normal_quadrature, score_law, separation

POWER = 0.8
MOST_EVENTS = 10_000_000


class TwoSided(NamedTuple):
    """Two one-sided tests of a value that is truly in place.

    Attributes:
        below, above: Distances of the lower and upper limit, both above zero.
        variance: Of the estimate with one study of the rarer class; it falls as 1 / events.
    """

    below: float
    above: float
    variance: float


def two_one_sided_power(test: TwoSided, events: float, alpha: float) -> float:
    """Probability that the interval lies between both limits.

    Args:
        test: Limits and variance.
        events: Studies of the rarer class.
        alpha: One-sided.

    References:
        Schuirmann (1987), J Pharmacokin Biopharm 15:657-680.

    Example:
        Observed over expected within [.8, 1.25] at 5 % prevalence, 100 and 200 events.

        >>> ratio = TwoSided(math.log(1.25), math.log(1.25), 0.95)
        >>> [f"{two_one_sided_power(ratio, events, 0.05):.2f}" for events in (100, 200)]
        ['0.48', '0.89']
    """
    error, z, normal = math.sqrt(test.variance / events), normal_quantile(1.0 - alpha), NormalDist()
    inside = normal.cdf(test.below / error - z) + normal.cdf(test.above / error - z) - 1.0
    return max(0.0, inside)


def one_sided_power(distance: float, variance: float, events: float, alpha: float) -> float:
    """Probability that a lower bound clears a limit that lies `distance` below the truth.

    Example:
        At no distance it is alpha.

        >>> f"{one_sided_power(0.0, 1.0, 100, 0.05):.3f}"
        '0.050'
    """
    error = math.sqrt(variance / events)
    return NormalDist().cdf(distance / error - normal_quantile(1.0 - alpha))


def least_events(power_at: Callable[[float], float], power: float = POWER) -> int | None:
    """Studies of the rarer class at which the power is reached, to the nearest; None when no number does.

    Args:
        power_at: Power as a function of events, never falling.
        power: To be reached.

    Example:
        The published 163, 245 and 896 events for limits of 1.25, 1.2 and 1.1 at 5 % prevalence.

        >>> for high in (1.25, 1.2, 1.1):
        ...     ratio = TwoSided(math.log(high), math.log(high), 0.95)
        ...     least_events(lambda events: two_one_sided_power(ratio, events, 0.05))
        163
        245
        896
    """
    low, high = 1.0, float(MOST_EVENTS)
    if power_at(high) < power:
        return None
    while high - low > 1e-6 * high:
        middle = math.sqrt(low * high)
        low, high = (middle, high) if power_at(middle) < power else (low, middle)
    return max(1, round(high))


def binomial_floor_events(truth: float, floor: float, alpha: float, power: float = POWER) -> int | None:
    """Positives at which the Clopper-Pearson lower bound of a sensitivity first clears a floor.

    The power of an exact test is a saw-tooth; this is the first count at which it reaches `power`.

    Args:
        truth: True sensitivity, above the floor.
        floor: What the lower bound must reach.
        alpha: One-sided.
        power: To be reached.

    References:
        Clopper and Pearson (1934), Biometrika 26:404-413.

    Example:
        >>> [binomial_floor_events(*pair, 0.05) for pair in ((0.90, 0.85), (0.90, 0.80), (0.95, 0.90))]
        [281, 82, 179]
    """
    if truth <= floor:
        return None
    n = np.arange(1, 200_001 if truth - floor < 0.02 else 20_001)
    critical = binom.isf(alpha, n, floor) + 1.0
    reached = binom.sf(critical - 1.0, n, truth) >= power
    return int(n[np.argmax(reached)]) if reached.any() else None


def ratio_test(limits: tuple[float, float], site: SiteProfile) -> TwoSided:
    """Observed over expected of the rarer class on the log scale, for a score that knows nothing.

    A score that discriminates has a smaller variance, so this count is enough for any.
    """
    low, high = limits
    return TwoSided(-math.log(low), math.log(high), max(site.prevalence, 1.0 - site.prevalence))


def slope_test(limits: tuple[float, float], site: SiteProfile) -> TwoSided:
    """Slope of the outcome on an exactly calibrated log-odds, by its Fisher information.

    Example:
        At AUC .85 and 5 % prevalence within [.8, 1.25]: the published .67 at 100 events.

        >>> test = slope_test((0.8, 1.25), SiteProfile("", 6000, 0.05, 0.85))
        >>> f"{two_one_sided_power(test, 100, 0.05):.1f}"
        '0.7'
    """
    low, high = limits
    log_odds, weight = score_law(site.prevalence, site.auc)
    spread = weight * expit(log_odds) * expit(-log_odds)
    zero, one, two = (float((spread * log_odds**power).sum()) for power in (0, 1, 2))
    return TwoSided(1.0 - low, high - 1.0, zero / (zero * two - one**2) * _rarer(site))


class Gain(NamedTuple):
    """Log loss saved by the right map where the deployed one is off by a constant in log-odds.

    Attributes:
        mean: Nats per study.
        variance: Of one study's saving, times the share of the rarer class.
        loss: Log loss of the deployed map, nats per study.
    """

    mean: float
    variance: float
    loss: float


def gain_of_right_map(error: float, site: SiteProfile) -> Gain:
    """Mean and variance of the paired difference of log loss, by quadrature.

    Example:
        Nothing to repair, nothing gained.

        >>> gain_of_right_map(0.0, SiteProfile("", 600, 0.05, 0.85)).mean
        0.0
    """
    log_odds, weight = score_law(site.prevalence, site.auc)
    event, none = weight * expit(log_odds), weight * expit(-log_odds)
    saved = [_saved(log_odds, error, float(outcome)) for outcome in (1, 0)]
    mean = float(event @ saved[0] + none @ saved[1])
    second = float(event @ saved[0] ** 2 + none @ saved[1] ** 2)
    deployed = [log_loss(log_odds - error, np.full_like(log_odds, float(outcome))) for outcome in (1, 0)]
    loss = float(event @ deployed[0] + none @ deployed[1])
    return Gain(mean, (second - mean**2) * _rarer(site), loss)


def auc_variance(site: SiteProfile) -> float:
    """Variance of logit AUC with one study of the rarer class, for two normal curves of equal width.

    References:
        DeLong et al. (1988), Biometrics 44:837-845: variances of the placements.
    """
    node, weight = normal_quadrature()
    placement = np.array([NormalDist().cdf(separation(site.auc) + float(z)) for z in node])
    variance = float(weight @ placement**2) - site.auc**2
    rarer = _rarer(site)
    return variance * (1.0 + rarer / (1.0 - rarer)) / (site.auc * (1.0 - site.auc)) ** 2


def _saved(log_odds: FloatArray, error: float, outcome: float) -> FloatArray:
    observed = np.full_like(log_odds, outcome)
    return log_loss(log_odds - error, observed) - log_loss(log_odds, observed)


def _rarer(site: SiteProfile) -> float:
    return min(site.prevalence, 1.0 - site.prevalence)
