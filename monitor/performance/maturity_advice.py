"""How long outcomes of both classes take to arrive, and how long a look should wait for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np

from monitor.performance.maturity import Arrivals
from monitor.performance.proportions import proportion
from monitor.records import Estimate, IntArray, TextArray


@dataclass(frozen=True)
class ClassDelays:
    """Days from prediction to outcome of the known outcomes of one class, shape (n,), and the patients."""

    delay: IntArray
    patient: TextArray

    def __len__(self) -> int:
        return len(self.delay)

    def arrived(self, days: int) -> Estimate:
        """Share of these outcomes that had arrived so many days after their prediction."""
        return proportion(self.delay <= days, self.patient)

    def first_day(self, share: float, last: int) -> tuple[int, int, int | None]:
        """First day on which the share, the upper and the lower end of its interval reach `share`.

        Args:
            share: Of the outcomes.
            last: Day by which all of them had arrived.

        Returns:
            (value, low, high) of the day; high is None where the lower end stays below `share`.
        """

        def reaches(part: str) -> Callable[[int], bool]:
            return lambda day: (getattr(self.arrived(day), part) or 0.0) >= share

        value, low = _first(reaches("value"), last), _first(reaches("high"), last)
        return value, min(low, value), _first(reaches("low"), last) if reaches("low")(last) else None


@dataclass(frozen=True)
class MaturityAdvice:
    """The shortest wait after which enough outcomes of both classes had arrived.

    Attributes:
        days: To put into the plan's `maturity_days`; no value where the data cannot say.
        positives, negatives: Share of the arrived outcomes of each class that had come by then.
    """

    days: Estimate
    positives: Estimate
    negatives: Estimate


def class_delays(arrivals: Arrivals, as_of: date, follow_up_days: int) -> tuple[ClassDelays, ClassDelays]:
    """(positives, negatives) among studies that were all followed for as long.

    An outcome that has not come yet cannot be counted, and a recent study has had less time for a late one.
    So a study counts only when it was followed for `follow_up_days`, its outcome when it came within them.
    """
    followed = arrivals.day <= np.datetime64(as_of, "D") - np.timedelta64(follow_up_days, "D")
    delay = arrivals.delay()
    counted = followed & (delay <= follow_up_days)
    positive, negative = (counted & (arrivals.outcome == value) for value in (1, 0))
    return (
        ClassDelays(delay[positive], arrivals.patient[positive]),
        ClassDelays(delay[negative], arrivals.patient[negative]),
    )


def advised_maturity(
    arrivals: Arrivals, as_of: date, follow_up_days: int, share: float, least: int
) -> MaturityAdvice:
    """Days after which a share of the outcomes of both classes had arrived.

    The answer is believed up to half of the follow-up: where .95 had come by the half, delays that thin out
    at a constant rate leave .05 squared for the time after it, and slower ones are not seen in time.

    Args:
        arrivals: Studies, with or without outcomes.
        as_of: What became known later does not count.
        follow_up_days: How long each counted study was followed.
        share: Of each class, such as .95.
        least: Fewest outcomes of each class.

    Returns:
        The days, between those that the 95 % intervals of the shares allow, and the shares. `high` is None
        where the follow-up does not show it; without a value the method says what is missing.

    References:
        Woodruff (1952), JASA 47:635-646, for the interval.

    Example:
        Positives come on day 1, negatives on day 10.

        >>> day = np.repeat(np.datetime64("2026-01-01"), 200)
        >>> outcome = np.tile([1.0, 0.0], 100)
        >>> observed = day + np.where(outcome == 1, 1, 10).astype("timedelta64[D]")
        >>> who = np.arange(200).astype(str).astype(object)
        >>> made = Arrivals(day, observed, outcome, np.full(200, 0.5), who)
        >>> advised_maturity(made, date(2026, 12, 31), 180, share=0.95, least=50).days.value
        10.0
    """
    both = class_delays(arrivals, as_of, follow_up_days)
    positives, negatives = (len(part) for part in both)
    counts = positives + negatives, min(positives, negatives)
    if counts[1] < max(least, 1):
        missing = f"{positives} positive and {negatives} negative outcomes, {max(least, 1)} of each needed"
        return _silent(both, follow_up_days, counts, missing)
    days, lows, highs = zip(*(part.first_day(share, follow_up_days) for part in both), strict=True)
    value = max(days)
    if 2 * value > follow_up_days:
        missing = f"{value} days are more than half of the {follow_up_days} days of follow-up"
        return _silent(both, follow_up_days, counts, missing)
    high = None if None in highs else float(max(highs))
    found = Estimate(float(value), float(max(lows)), high, *counts, "later class, Woodruff")
    return MaturityAdvice(found, *(part.arrived(value) for part in both))


def _silent(
    both: tuple[ClassDelays, ClassDelays], days: int, counts: tuple[int, int], missing: str
) -> MaturityAdvice:
    found = Estimate(None, None, None, *counts, f"insufficient: {missing}")
    return MaturityAdvice(found, *(part.arrived(days) for part in both))


def _first(holds: Callable[[int], bool], last: int) -> int:
    """First day from 0 on which something holds that holds on the last and stays once it does."""
    low, high = 0, last
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low
