"""Days and times of the simulated hospitals: Central European time, counted from a fixed first day."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from monitor.records import IntArray

FIRST_DAY = date(2026, 1, 1)
NOON = 12 * 3600


def date_of(day: int) -> date:
    """The date `day` days after the first.

    Example:
        >>> date_of(0).isoformat(), date_of(31).isoformat()
        ('2026-01-01', '2026-02-01')
    """
    return FIRST_DAY + timedelta(days=day)


def utc_offset(day: date) -> str:
    """Offset at waking hours: summer time from the last Sunday of March to the last of October.

    Example:
        >>> utc_offset(date(2026, 3, 28)), utc_offset(date(2026, 3, 29)), utc_offset(date(2026, 10, 25))
        ('+01:00', '+02:00', '+01:00')
    """
    begins, ends = _last_sunday(day.year, 3), _last_sunday(day.year, 10)
    return "+02:00" if begins <= day < ends else "+01:00"


def stamps(day: IntArray, second: IntArray) -> list[str]:
    """ISO 8601 local times with their offset.

    Args:
        day: Days after the first, shape (n,).
        second: Second of the local day, shape (n,).

    Example:
        >>> stamps(np.array([0]), np.array([3661]))
        ['2026-01-01T01:01:01+01:00']
    """
    dates = {number: date_of(number) for number in np.unique(day).tolist()}
    texts = {number: (at.isoformat(), utc_offset(at)) for number, at in dates.items()}
    return [
        f"{texts[number][0]}T{at // 3600:02d}:{at // 60 % 60:02d}:{at % 60:02d}{texts[number][1]}"
        for number, at in zip(day.tolist(), second.tolist(), strict=True)
    ]


def _last_sunday(year: int, month: int) -> date:
    last = date(year, month, 31)
    return last - timedelta(days=(last.weekday() + 1) % 7)
