"""What outcomes that nobody knows could do to a figure: complete enough or degraded, and the bounds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from monitor.performance.maturity import apparent_ratio
from monitor.performance.operating_point import alerts_per_100
from monitor.performance.proportions import proportion
from monitor.records import BoolArray, Estimate, FloatArray, TextArray


@dataclass(frozen=True)
class Completeness:
    """How many outcomes of mature studies are known.

    Attributes:
        n, known: Studies, and those with a usable outcome.
        share: known / n; None without a study.
        degraded: The share is below the plan's `minimum_ascertainment`, or there is nothing to go by.
    """

    n: int
    known: int
    share: float | None
    degraded: bool


@dataclass(frozen=True)
class OutcomeBounds:
    """A figure if the missing outcomes were the ones that lower it most, and the ones that raise it most.

    Attributes:
        low, high: Each with the interval that it would have. From the lower end of `low` to the upper end
            of `high` both chance and the missing outcomes are covered.
        missing: Outcomes that are not known, among the studies that the figure is about.
    """

    low: Estimate
    high: Estimate
    missing: int

    def straddle(self, limit: float) -> bool:
        """True where the missing outcomes decide on which side of a limit the figure lies.

        Example:
            >>> end = Estimate(0.8, 0.7, 0.9, 100, 20, "")
            >>> bounds = OutcomeBounds(end, Estimate(0.9, 0.8, 0.95, 100, 10, ""), missing=10)
            >>> bounds.straddle(0.85), bounds.straddle(0.8), bounds.straddle(0.95)
            (True, False, False)
        """
        if self.low.value is None or self.high.value is None:
            return True
        return self.low.value < limit < self.high.value


def completeness(outcome: FloatArray, minimum_ascertainment: float) -> Completeness:
    """Whether enough outcomes are known for a figure to be read as it stands.

    Args:
        outcome: Of mature studies, 1 or 0, NaN where not known, shape (n,).
        minimum_ascertainment: Of the plan.

    Example:
        >>> completeness(np.array([1.0, 0, 0, np.nan]), 0.9)
        Completeness(n=4, known=3, share=0.75, degraded=True)
    """
    n, known = len(outcome), int((~np.isnan(outcome)).sum())
    share = known / n if n else None
    return Completeness(n, known, share, share is None or share < minimum_ascertainment)


def prevalence_bounds(outcome: FloatArray, patient: TextArray) -> OutcomeBounds:
    """Share of events if every missing outcome were 0, and if every one were 1.

    Args:
        outcome: 1 or 0, NaN where not known, shape (n,).
        patient: Shape (n,).

    References:
        Manski (1989), Journal of Human Resources 24:343-360.

    Example:
        >>> who = np.array(["a", "b", "c", "d"], dtype=object)
        >>> found = prevalence_bounds(np.array([1.0, 0, 0, np.nan]), who)
        >>> found.low.value, found.high.value
        (0.25, 0.5)
    """
    return _between(outcome, 0.0, 1.0, lambda filled: proportion(filled == 1, patient))


def ratio_bounds(risk: FloatArray, outcome: FloatArray, patient: TextArray) -> OutcomeBounds:
    """Observed over expected events if every missing outcome were 0, and if every one were 1.

    Args:
        risk: Calibrated probability, shape (n,).
        outcome: 1 or 0, NaN where not known, shape (n,).
        patient: Shape (n,).

    Returns:
        The bounds; the lower one has no value where no event is known.

    Example:
        >>> who = np.array(["a", "b", "c", "d"], dtype=object)
        >>> found = ratio_bounds(np.full(4, 0.25), np.array([1.0, 0, 0, np.nan]), who)
        >>> found.low.value, found.high.value
        (1.0, 2.0)
    """
    return _between(outcome, 0.0, 1.0, lambda filled: apparent_ratio(risk, filled, patient))


def sensitivity_bounds(flagged: BoolArray, outcome: FloatArray, patient: TextArray) -> OutcomeBounds:
    """Sensitivity if the missing outcomes were all misses, and if they were all hits.

    Filling every gap with 0, or every gap with 1, gives two figures inside these bounds: the worst case has
    the finding in the studies that were not flagged and not in those that were.

    Args:
        flagged: Shape (n,).
        outcome: 1 or 0, NaN where not known, shape (n,).
        patient: Shape (n,).

    Example:
        Three of four known events are flagged; a flagged and another study are open: 3 / 5 and 4 / 5.

        >>> flagged = np.array([True, True, True, False, True, False])
        >>> outcome = np.array([1.0, 1, 1, 1, np.nan, np.nan])
        >>> found = sensitivity_bounds(flagged, outcome, np.array(list("abcdef"), dtype=object))
        >>> found.low.value, found.high.value
        (0.6, 0.8)
    """

    def share(filled: FloatArray) -> Estimate:
        return proportion(flagged[filled == 1], patient[filled == 1])

    return _between(outcome, np.where(flagged, 0.0, 1.0), np.where(flagged, 1.0, 0.0), share)


def false_positive_bounds(flagged: BoolArray, outcome: FloatArray, patient: TextArray) -> OutcomeBounds:
    """False positives in 100 studies if no missing outcome were one, and if every flagged one were.

    Example:
        >>> flagged, outcome = np.array([True, True, False, False]), np.array([0.0, np.nan, 0, np.nan])
        >>> found = false_positive_bounds(flagged, outcome, np.array(list("abcd"), dtype=object))
        >>> found.low.value, found.high.value
        (25.0, 50.0)
    """

    def rate(filled: FloatArray) -> Estimate:
        return alerts_per_100(flagged & (filled == 0), patient)

    return _between(outcome, 1.0, 0.0, rate)


def _between(
    outcome: FloatArray,
    lowest: FloatArray | float,
    highest: FloatArray | float,
    figure: Callable[[FloatArray], Estimate],
) -> OutcomeBounds:
    missing = np.isnan(outcome)
    low, high = (figure(np.where(missing, fill, outcome)) for fill in (lowest, highest))
    return OutcomeBounds(low, high, int(missing.sum()))
