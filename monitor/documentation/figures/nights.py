"""Nights on a line: where each lies, how many share a column, and how near a stream came to its limit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from statistics import median

from monitor.documentation.evidence import Record

USUAL = 1.2
"""A night stands for the time up to the next one, but for no more than this many usual steps."""
DATED_LENGTHS = {len("2026-01"): "-01", len("2026-W11"): "-1", len("2026-01-01"): ""}

Shares = Mapping[str, float | None]


@dataclass(frozen=True)
class Column:
    """One or several nights in a row that are drawn as one."""

    start: float
    end: float
    nights: tuple[str, ...]


@dataclass(frozen=True)
class Scale:
    """From the numbers of a column to the units of a figure."""

    first: float
    last: float
    left: float
    width: float

    def at(self, value: float) -> float:
        """Horizontal place of a number; the ends of the figure for what lies outside."""
        inside = min(max(value, self.first), self.last)
        return self.left + self.width * (inside - self.first) / (self.last - self.first or 1.0)


def columns(nights: Iterable[str], most: int) -> tuple[Column, ...]:
    """The nights in order, several joined where there are more than `most`, but none across a gap.

    Nights that are days or months lie by the calendar, so that a missed one leaves a gap; cohorts that carry
    other names lie side by side.

    Example:
        >>> nights = ["2026-01-01", "2026-01-02", "2026-01-05"]
        >>> first, second, third = columns(nights, 10)
        >>> second.start - first.start, first.end - first.start, round(second.end - second.start, 1)
        (1, 1, 2.4)
        >>> [column.nights for column in columns(["b", "a", "c"], 2)]
        [('a', 'b'), ('c',)]
    """
    names = sorted(set(nights))
    starts = _starts(names)
    step = median([later - earlier for earlier, later in pairwise(starts)] or [1])
    ends = [min(later, start + USUAL * step) for start, later in pairwise(starts)]
    ends += [start + step for start in starts[-1:]]
    size = -(-len(names) // most)
    joined: list[Column] = []
    for start, end, name in zip(starts, ends, names, strict=True):
        if joined and joined[-1].end == start and len(joined[-1].nights) < size:
            before = joined.pop()
            joined.append(Column(before.start, end, (*before.nights, name)))
        else:
            joined.append(Column(start, end, (name,)))
    return tuple(joined)


def day(night: str) -> int | None:
    """Day number of a night that is a date, a time, a week or a month; None for any other name.

    Example:
        >>> day("2026-01-02") - day("2026-01"), day("2026-W02") - day("2026-W01"), day("cohort 7")
        (1, 7, None)
    """
    text = night[: len("2026-01-01")]
    try:
        return date.fromisoformat(text + DATED_LENGTHS[len(text)]).toordinal()
    except (KeyError, ValueError):
        return None


def place_of(night: str, drawn: Sequence[Column]) -> float | None:
    """Where a night lies among the columns; None outside them."""
    holding = [column for column in drawn if night in column.nights]
    if holding:
        return (holding[0].start + holding[0].end) / 2
    number = day(night)
    dated = bool(drawn) and day(drawn[0].nights[0]) is not None
    if number is None or not dated or not drawn[0].start <= number <= drawn[-1].end:
        return None
    return number + 0.5


def shares(stream: Record) -> dict[str, float | None]:
    """Evidence of each night as a share of the stream's limit, both as logarithms; None for a night without.

    Example:
        >>> history = [{"night": "a", "n": 9, "log_r": 2.0}, {"night": "b", "n": 0, "log_r": 2.0}]
        >>> shares({"log_limit": 8.0, "history": history})
        {'a': 0.25, 'b': None}
    """
    limit = stream.get("log_limit")
    found: dict[str, float | None] = {}
    for row in stream.get("history") or []:
        log_r = row.get("log_r") if row.get("n") != 0 else None
        found[str(row.get("night"))] = max(0.0, log_r / limit) if limit and log_r is not None else None
    return found


def largest(column: Column, found: Shares) -> float | None:
    """The largest share within a column, so that joining nights hides no alarm.

    Example:
        >>> largest(Column(0, 3, ("a", "b", "c")), {"a": 0.25, "b": None})
        0.25
    """
    known = [share for share in map(found.get, column.nights) if share is not None]
    return max(known, default=None)


def ticks(drawn: Sequence[Column], most: int) -> list[tuple[float, str]]:
    """Places and names of at most `most` marks below an axis of nights.

    Months where the nights span at least four of them, otherwise nights.

    Example:
        >>> ticks(columns(["2026-01-30", "2026-04-02", "2026-08-01"], 9), 4)[0][1]
        '2026-03'
    """
    if not drawn:
        return []
    first, last = day(drawn[0].nights[0]), day(drawn[-1].nights[-1])
    months = _months(date.fromordinal(first), date.fromordinal(last)) if first and last else []
    if len(months) >= 4:
        every = next(size for size in (1, 2, 3, 6, *range(12, 6000, 12)) if len(months) / size <= most)
        return [
            (m.toordinal(), m.isoformat()[:7]) for m in months if (m.month - 1 + 12 * m.year) % every == 0
        ]
    every = -(-len(drawn) // most)
    return [(column.start, column.nights[0]) for column in drawn[::every]]


def _starts(names: Sequence[str]) -> list[int]:
    days = [number for number in map(day, names) if number is not None]
    return days if len(days) == len(names) else list(range(len(names)))


def _months(first: date, last: date) -> list[date]:
    """First days of the months after `first`, up to `last`."""
    found: list[date] = []
    month = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
    while month <= last:
        found.append(month)
        month = (month + timedelta(days=32)).replace(day=1)
    return found
