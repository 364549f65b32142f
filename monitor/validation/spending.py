"""Bounds of several looks at one attempt, so that all of them together spend one alpha."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from monitor.intervals import normal_quantile
from monitor.records import FloatArray

WIDEST = 9.0  # standard deviations; what lies beyond has probability 1e-19
LEAST_ALPHA = 1e-15  # of one look; less than that no interval could show
NODES = np.polynomial.legendre.leggauss(16)


@dataclass(frozen=True)
class LookBound:
    """What one planned look may use.

    Attributes:
        alpha_spent: Alpha spent by this look and all before it, one-sided.
        z: Standard normal bound of the look; a rejection uses its mirror image.
        nominal_alpha: Upper tail beyond z, the alpha of every criterion at this look.
    """

    alpha_spent: float
    z: float
    nominal_alpha: float


def obrien_fleming(fraction: float, alpha: float) -> float:
    """Alpha spent by an information fraction: next to nothing early, all of it at 1.

    References:
        Lan and DeMets (1983), Biometrika 70:659-663; their function of the O'Brien-Fleming type.

    Example:
        >>> f"{obrien_fleming(0.5, 0.05):.4f} {obrien_fleming(1.0, 0.05):.4f}"
        '0.0056 0.0500'
    """
    return 2.0 * _normal_tail(normal_quantile(1.0 - alpha / 2.0) / math.sqrt(fraction))


SPENDING: Mapping[str, Callable[[float, float], float]] = {"obrien_fleming": obrien_fleming}


def look_bounds(events: Sequence[int], alpha: float, spending: str | None) -> tuple[LookBound, ...]:
    """The bound of each planned look, exact for sums with independent increments.

    Args:
        events: Studies of the rarer class at each look, increasing; their share of the last is the
            information fraction.
        alpha: One-sided, of the attempt, in (0, 0.5).
        spending: Name of the spending function; None for one look, which needs none.

    Returns:
        One bound per look. The probability that a candidate at the limit crosses any is alpha.

    Raises:
        ValueError: The looks are not positive and increasing, or several have no spending function.

    References:
        Armitage, McPherson and Rowe (1969), JRSS A 132:235-244, for the recursion.

    Example:
        >>> [f"{look.z:.4f}" for look in look_bounds([1, 2, 3, 4], 0.025, "obrien_fleming")]
        ['4.3326', '2.9631', '2.3590', '2.0141']
        >>> [f"{look.z:.4f}" for look in look_bounds([200], 0.025, None)]
        ['1.9600']
    """
    if not events or events[0] <= 0 or any(later <= earlier for earlier, later in pairwise(events)):
        raise ValueError("looks need positive, increasing numbers of events")
    if not 0.0 < alpha < 0.5:
        raise ValueError("alpha is one-sided and lies between 0 and 0.5")
    if len(events) == 1:
        return (LookBound(alpha, normal_quantile(1.0 - alpha), alpha),)
    if spending is None or spending not in SPENDING:
        raise ValueError(f"several looks need a spending function: {', '.join(SPENDING)}")
    fractions = [count / events[-1] for count in events]
    spent = [SPENDING[spending](fraction, alpha) for fraction in fractions]
    bounds = zip(spent, _bounds(fractions, spent), strict=True)
    return tuple(LookBound(total, z, _normal_tail(z)) for total, z in bounds)


@dataclass(frozen=True)
class HeldLook:
    """A look that took place.

    Attributes:
        number: Of the planned look, from 1.
        events: Studies of the rarer class that were there, at least as many as planned.
    """

    number: int
    events: int


def held_bound(
    planned: Sequence[int], held: Sequence[HeldLook], alpha: float, spending: str | None
) -> LookBound:
    """The bound of the newest look, given at how many events the looks so far really took place.

    Alpha is spent by the planned events, so no sender of data can spend more of it. The bound is
    integrated over the looks that were held: rows that overshoot a look are less correlated with those of
    the look before, and a look that was jumped over crossed nothing.

    Args:
        planned: Studies of the rarer class at each planned look, increasing.
        held: Looks so far in order, the newest last.
        alpha: One-sided, of the attempt, in (0, 0.5).
        spending: Name of the spending function; None for one look, which needs none.

    Returns:
        The bound; that of `look_bounds` where every look is held at its planned events.

    Raises:
        ValueError: As `look_bounds`, or the looks held are no increasing part of those planned.

    Example:
        The last of four looks alone is one look at the whole alpha.

        >>> f"{held_bound([1, 2, 3, 4], [HeldLook(4, 9)], 0.025, 'obrien_fleming').z:.4f}"
        '1.9600'
    """
    bounds = look_bounds(planned, alpha, spending)
    numbers, events = [look.number for look in held], [look.events for look in held]
    rising = all(later > earlier for found in (numbers, events) for earlier, later in pairwise(found))
    if not held or not rising or numbers[0] < 1 or numbers[-1] > len(planned):
        raise ValueError("looks are held in the order of the plan, each with more events than the one before")
    spent = [bounds[number - 1].alpha_spent for number in numbers]
    z = _bounds([count / events[-1] for count in events], spent)[-1]
    return LookBound(spent[-1], z, _normal_tail(z))


def _bounds(fractions: Sequence[float], spent: Sequence[float]) -> list[float]:
    """The bounds one after another: each is crossed for the first time with the alpha left to it."""
    steps = np.sqrt(np.diff([0.0, *fractions]))
    left = np.maximum(np.diff([0.0, *spent]), LEAST_ALPHA)
    finest = float(steps.min())
    z = [-normal_quantile(float(left[0]))]
    grid, weight = _panels(-WIDEST * steps[0], z[0] * steps[0], finest)
    mass = _normal(grid, steps[0]) * weight
    for step, alpha, fraction in zip(steps[1:], left[1:], fractions[1:], strict=True):
        scale = math.sqrt(fraction)
        limit = _limit(grid, mass, step, alpha, WIDEST * scale)
        z.append(limit / scale)
        fresh, weight = _panels(-WIDEST * scale, limit, finest)
        mass = (_normal(fresh[:, None] - grid, step) @ mass) * weight
        grid = fresh
    return z


def _limit(grid: FloatArray, mass: FloatArray, step: float, alpha: float, widest: float) -> float:
    """Where the sum, still inside after the looks before, lies above with probability alpha."""
    from scipy.optimize import brentq
    from scipy.special import ndtr

    def excess(bound: float) -> float:
        return float(mass @ ndtr((grid - bound) / step)) - alpha

    found: Any = brentq(excess, -widest, widest, xtol=1e-12)
    return float(found)


def _normal_tail(z: float) -> float:
    """Probability of a standard normal value above z."""
    from scipy.special import ndtr

    return float(ndtr(-z))


def _panels(low: float, high: float, width: float) -> tuple[FloatArray, FloatArray]:
    """Gauss-Legendre nodes and weights on panels no wider than the narrowest density."""
    edges = np.linspace(low, high, max(2, math.ceil((high - low) / width) + 1))
    half = (edges[1:] - edges[:-1]) / 2.0
    centre = (edges[1:] + edges[:-1]) / 2.0
    nodes, weights = NODES
    return (centre[:, None] + half[:, None] * nodes).ravel(), (half[:, None] * weights).ravel()


def _normal(x: Any, scale: float) -> FloatArray:
    return np.exp(-0.5 * (x / scale) ** 2) / (scale * math.sqrt(2.0 * math.pi))
