"""How many events would tell the remaining explanations apart, if what was estimated is true."""

from __future__ import annotations

import math
from collections.abc import Sequence

from monitor.drift.attribution.contrast import Contrast
from monitor.drift.attribution.hypotheses import Contrasts, Explanation

POWER = 0.8
LARGEST_GROWTH = 100.0
HALVINGS = 40


def events_needed(kept: Sequence[Explanation], contrasts: Contrasts, events: int, level: float) -> int | None:
    """Events in the window at which all but the best fitting explanation would be rejected.

    Args:
        kept: Explanations that are not rejected, at least two, "none" not among them.
        contrasts: Their tests.
        events: In the window now.
        level: Of each explanation's test.

    Returns:
        A count, approximate; None when the effects seen would not separate them even in a hundredfold
        window: each fits, or the reference is too small.

    Example:
        Concept fits exactly; label is 2 standard errors off in one of its four tests, where 2.498 + .842
        are needed: (3.340 / 2)^2 = 2.79 times the window's 100 events.

        >>> import numpy as np
        >>> def off(z):
        ...     return Contrast(np.array([z]), np.eye(1), np.zeros((1, 1)), z**2)
        >>> tests = {"label": (off(2.0), off(0.0), off(0.0), off(0.0)), "concept": (off(0.0), off(0.0))}
        >>> events_needed(["label", "concept"], tests, 100, 0.05)
        279
    """
    growth = sorted(_explanation_growth(contrasts[name], level) for name in kept)[-2]
    return math.ceil(events * growth) if math.isfinite(growth) else None


def _explanation_growth(tests: Sequence[Contrast | None], level: float) -> float:
    """Growth of the window at which the first of an explanation's tests would reject it."""
    return min((growth_needed(test, level / len(tests)) for test in tests if test), default=math.inf)


def growth_needed(test: Contrast, level: float) -> float:
    """How many times larger a window must be for the test to reject with 80 % at the effect seen.

    An effect of at most its standard error is taken for none: chance alone brings as much.

    Args:
        test: What was seen.
        level: Of this one test.

    Returns:
        At least 1; infinity when a hundredfold window is not enough, as when the reference is too small.
    """
    freedom = len(test.difference)
    target = noncentrality(freedom, level)
    if test.statistic <= freedom or test.wald(LARGEST_GROWTH) < target:
        return math.inf
    low, high = 0.0, math.log(LARGEST_GROWTH)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if test.wald(math.exp(middle)) < target else (low, middle)
    return math.exp(high)


def noncentrality(degrees_of_freedom: int, level: float) -> float:
    """Noncentrality at which a chi-square test of this level rejects with 80 %.

    Example:
        With one degree of freedom it is (1.960 + .842)^2 = 7.85.

        >>> f"{noncentrality(1, 0.05):.2f} {noncentrality(2, 0.05):.2f}"
        '7.85 9.63'
    """
    from scipy.special import chdtri, chndtrinc

    return float(chndtrinc(chdtri(degrees_of_freedom, level), degrees_of_freedom, 1.0 - POWER))
