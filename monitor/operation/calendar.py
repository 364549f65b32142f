"""Which nights are due. A night is a date on which the plan's cadence looks at the logs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Literal

Cadence = Literal["daily", "weekly", "monthly", "once"]
ONE_DAY = timedelta(days=1)


def due_nights(cadence: Cadence, after: date, until: date) -> Iterator[date]:
    """Looks after one date up to and including another.

    Daily: every date. Weekly: Mondays, when the week before is complete. Monthly: the first of the
    month. Once: the last date alone.

    Example:
        >>> [str(night) for night in due_nights("monthly", date(2026, 1, 1), date(2026, 3, 1))]
        ['2026-02-01', '2026-03-01']
    """
    if cadence == "once":
        yield until
        return
    night = after + ONE_DAY
    while night <= until:
        if is_look(cadence, night):
            yield night
        night += ONE_DAY


def next_look(cadence: Cadence, day: date) -> date:
    """The first look on or after a day.

    Example:
        >>> str(next_look("monthly", date(2026, 1, 31)))
        '2026-02-01'
    """
    while not is_look(cadence, day):
        day += ONE_DAY
    return day


def cohort_key(cadence: Cadence, day: date) -> str:
    """Key of the cohort a day belongs to, as the store names it.

    Example:
        >>> cohort_key("monthly", date(2026, 3, 9)), cohort_key("weekly", date(2026, 3, 9))
        ('2026-03', '2026-W11')
    """
    if cadence == "weekly":
        year, week, _ = day.isocalendar()
        return f"{year}-W{week:02d}"
    return day.strftime("%Y-%m") if cadence == "monthly" else day.isoformat()


def is_look(cadence: Cadence, day: date) -> bool:
    """True when the cadence looks on that date."""
    if cadence == "weekly":
        return day.weekday() == 0
    return day.day == 1 if cadence == "monthly" else True
