"""The mixture Shiryaev-Roberts e-detector: one recursion for every stream.

R_t = e_t * (R_{t-1} + 1) for each bet, and the mean over bets alarms at `looks * findings / (alpha *
weight)`. For any law inside the band, R_t + (looks - t) is a nonnegative supermartingale, so the
probability of an alarm within the horizon is at most alpha * weight / findings.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise

import numpy as np

from monitor.records import FloatArray

PLAUSIBLE_FACTOR = 20.0


@dataclass(frozen=True)
class Detector:
    """State after some looks.

    Attributes:
        log_r: Natural log of R per bet, shape (k,); minus infinity before the first look.
        looks: Looks that held at least one new mature row.
    """

    log_r: FloatArray
    looks: int

    @cached_property
    def log_mixture(self) -> float:
        """Natural log of the mean of R over the bets."""
        return float(log_mean_exp(self.log_r))


def log_mean_exp(log_r: FloatArray) -> FloatArray:
    """Natural log of the mean of R over the last axis, the bets.

    Example:
        >>> round(float(log_mean_exp(np.log([1.0, 3.0]))), 6) == round(math.log(2), 6)
        True
    """
    return np.logaddexp.reduce(log_r, axis=-1) - math.log(log_r.shape[-1])


def start(bets: int) -> Detector:
    """R = 0 for every bet."""
    return Detector(np.full(bets, -np.inf), 0)


def look(detector: Detector, log_e: FloatArray) -> Detector:
    """State after one more look.

    Args:
        detector: State before.
        log_e: Natural log of the look's e-value per bet, shape (k,).

    Returns:
        The new state.

    Raises:
        ValueError: Shapes differ or a value is not finite.

    Example:
        With every e-value equal to one, R counts the looks.

        >>> state = start(1)
        >>> for _ in range(3):
        ...     state = look(state, np.zeros(1))
        >>> round(float(np.exp(state.log_mixture)), 9)
        3.0
    """
    if log_e.shape != detector.log_r.shape or not np.isfinite(log_e).all():
        raise ValueError("log_e must be finite, one value per bet")
    return Detector(log_e + np.logaddexp(detector.log_r, 0.0), detector.looks + 1)


def look_at_each(detectors: Sequence[Detector], log_e: Sequence[FloatArray]) -> list[Detector]:
    """`look` of several detectors at once; the bits are those of one after the other.

    Example:
        >>> found = look_at_each([start(1), start(2)], [np.zeros(1), np.log([1.0, 3.0])])
        >>> found[0].looks, [round(float(np.exp(state.log_mixture)), 9) for state in found]
        (1, [1.0, 2.0])
    """
    bets = [len(state.log_r) for state in detectors]
    if bets != [len(values) for values in log_e]:
        raise ValueError("log_e must have one value per bet")
    if not bets:
        return []
    together = Detector(np.concatenate([state.log_r for state in detectors]), 0)
    log_r, cuts = look(together, np.concatenate(log_e)).log_r, pairwise(accumulate(bets, initial=0))
    return [
        Detector(log_r[low:high], state.looks + 1) for state, (low, high) in zip(detectors, cuts, strict=True)
    ]


def log_mixtures(detectors: Sequence[Detector]) -> list[float]:
    """`log_mixture` of each at once, with the same bits.

    Example:
        >>> [round(found, 6) for found in log_mixtures([Detector(np.log([1.0, 3.0]), 1)])]
        [0.693147]
    """
    if not detectors:
        return []
    bets = [len(state.log_r) for state in detectors]
    starts = np.cumsum([0, *bets[:-1]])
    sums = np.logaddexp.reduceat(np.concatenate([state.log_r for state in detectors]), starts).tolist()
    return [total - math.log(count) for total, count in zip(sums, bets, strict=True)]


def log_limit(horizon_looks: int, places: int, alpha: float, weight: float) -> float:
    """Natural log of the alarm limit.

    Args:
        horizon_looks: Looks over which the false-alarm probability is promised.
        places: Number of places watched at a site: the plan's findings times its strata.
        alpha: False-alarm probability per site over the horizon, all streams together.
        weight: This stream's share of alpha.

    Example:
        A year of nights, one finding, alpha .05 and the whole weight: 7300.

        >>> round(math.exp(log_limit(365, 1, 0.05, 1.0)))
        7300
    """
    return math.log(horizon_looks * places / (alpha * weight))


@dataclass(frozen=True)
class ChangePoint:
    """When a change began, seen from an alarm.

    Attributes:
        bet: Index of the bet with the largest R.
        likeliest: Index of the look t that maximises the sum of that bet's log e-values from t to the
            alarm.
        earliest: Index of the first look whose sum is within a factor `PLAUSIBLE_FACTOR` of that
            maximum. The likeliest look follows the last unlucky cohort, so a fit that starts there
            is drawn to the extreme; one that starts here is not.
    """

    bet: int
    likeliest: int
    earliest: int


def change_point(log_e_history: FloatArray, log_r: FloatArray) -> ChangePoint:
    """Estimate where the change began.

    Args:
        log_e_history: Log e-values of all looks up to the alarm, shape (looks, k).
        log_r: State at the alarm, shape (k,).

    Example:
        Evidence fell by 4 and rose by 2 and 6: the change began at the second look, and since 4 is
        more than ln 20 the first is not plausible.

        >>> change_point(np.array([[-4.0], [2.0], [6.0]]), np.zeros(1))
        ChangePoint(bet=0, likeliest=1, earliest=1)
        >>> change_point(np.array([[-1.0], [2.0], [6.0]]), np.zeros(1)).earliest
        0
    """
    bet = int(np.argmax(log_r))
    from_here = np.cumsum(log_e_history[::-1, bet])[::-1]
    plausible = from_here >= from_here.max() - math.log(PLAUSIBLE_FACTOR)
    return ChangePoint(bet, int(np.argmax(from_here)), int(np.argmax(plausible)))
