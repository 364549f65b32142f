"""Usable outcomes per place and cohort: small sums that say when a change may be fitted or judged."""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

from monitor.records import Place, Rows
from monitor.store import CohortCount

RATE_DAYS = 365
DAYS_PER_MONTH = 30.4375
LONGEST_DAYS = 36_500
"""A hundred years: what takes longer is called never."""


@dataclass
class OutcomeCounts:
    """Counts of mature cohorts in the order of time, read for a place when they are first asked for.

    Attributes:
        stored: Counts of places that the store holds; None where all are added.
        of_place: Counts of the places that were asked for.
    """

    stored: Callable[[Collection[Place]], list[CohortCount]] | None = None
    of_place: dict[Place, list[CohortCount]] = field(default_factory=dict[Place, list[CohortCount]])

    def at(self, place: Place) -> list[CohortCount]:
        """Counts of a place."""
        self.ask([place])
        return self.of_place[place]

    def ask(self, places: Iterable[Place]) -> None:
        """Read the counts of places that are asked for next, all at once."""
        new = [place for place in places if place not in self.of_place]
        if not new:
            return
        self.of_place |= {place: [] for place in new}
        for count in self.stored(new) if self.stored else []:
            self.of_place[count.place].append(count)

    def add(self, count: CohortCount) -> None:
        """Take one more cohort of a place into account, which the caller stores before it asks for any."""
        if self.stored is None or count.place in self.of_place:
            insort(self.at(count.place), count, key=_time)

    def events(self, place: Place, first: str, *, after: bool = False) -> int:
        """Rarer-class studies with a known outcome from a cohort on, or only after it.

        Example:
            >>> counts = OutcomeCounts()
            >>> site = Place("A", "x")
            >>> counts.add(CohortCount(site, "2026-01", None, rows=9, known=9, positives=2))
            >>> counts.add(CohortCount(site, "2026-02", None, rows=9, known=8, positives=7))
            >>> counts.events(site, "2026-01"), counts.events(site, "2026-01", after=True)
            (8, 1)
        """
        known = positives = 0
        for count in self.at(place):
            if count.cohort > first or (not after and count.cohort == first):
                known += count.known
                positives += count.positives
        return min(positives, known - positives)

    def events_per_month(self, place: Place) -> float:
        """Rarer-class studies a month over the last year of mature cohorts (or all, if younger)."""
        dated = [count for count in self.at(place) if count.cohort_end is not None]
        if not dated:
            return 0.0
        last = _end(dated[-1])
        recent = [count for count in dated if _end(count) > last - timedelta(days=RATE_DAYS)]
        known, positives = sum(count.known for count in recent), sum(count.positives for count in recent)
        span = max(DAYS_PER_MONTH, float((last - _end(recent[0])).days + 1))
        return min(positives, known - positives) / span * DAYS_PER_MONTH

    def forecast(self, place: Place, missing: int, night: date) -> str | None:
        """Month in which the missing events will have matured at the place's volume; None for never.

        Example:
            >>> OutcomeCounts().forecast(Place("A", "x"), 10, date(2026, 1, 1)) is None
            True
        """
        day = self.reached_on(place, missing, night)
        return None if day is None else day.strftime("%Y-%m")

    def reached_on(self, place: Place, missing: int, night: date) -> date | None:
        """Day on which the missing events will have matured at the place's volume; None for never.

        Example:
            Ten events in the last thirty days: ten more take a month, thirty and a half days.

            >>> counts, site = OutcomeCounts(), Place("A", "x")
            >>> counts.add(CohortCount(site, "2026-01", date(2026, 1, 31), rows=90, known=90, positives=10))
            >>> counts.reached_on(site, 10, date(2026, 2, 1))
            datetime.date(2026, 3, 4)
        """
        rate = self.events_per_month(place)
        if rate <= 0.0:
            return None
        days = math.ceil(missing / rate * DAYS_PER_MONTH)
        return None if days > LONGEST_DAYS else night + timedelta(days=days)


def count_cohort(rows: Rows, cohort: str, cohort_end: date | None) -> CohortCount:
    """One cohort's counts of one place."""
    known = rows.known()
    return CohortCount(rows.place, cohort, cohort_end, len(rows), len(known), int(known.outcome.sum()))


def _time(count: CohortCount) -> tuple[date, str]:
    return count.cohort_end or date.max, count.cohort


def _end(count: CohortCount) -> date:
    if count.cohort_end is None:
        raise ValueError("an undated cohort has no end")
    return count.cohort_end
