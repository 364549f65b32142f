"""Observed over expected events in time: one marker with its interval for each stretch of cohorts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from monitor.documentation.evidence import Record
from monitor.documentation.figures.nights import Column, Scale, columns, place_of, ticks
from monitor.documentation.figures.sheet import diamond, disc, finished, line, shortened, words
from monitor.documentation.numbers import rounded

WIDTH: Final = 700.0
LEFT: Final = 64.0
RIGHT: Final = 16.0
TOP: Final = 34.0
HEIGHT: Final = 230.0
MARKS: Final = (0.125, 0.25, 0.5, 0.8, 1.0, 1.25, 2.0, 4.0, 8.0)
LEGEND: Final = (
    "Observed over expected events (ratio, log scale) by stretches of cohorts with at least 20 observed "
    "events; vertical bars are 95 % intervals, horizontal ones the cohorts of a stretch. On the line at 1 as "
    "many events came as the probabilities said; above it more."
)


@dataclass(frozen=True)
class Series:
    """The ratio under one calibrator.

    Attributes:
        label: In the legend and in the words.
        stretches: `from`, `to`, `value`, `low`, `high`; a value that is None is withheld.
        filled: Filled diamonds and whole lines; else hollow circles and dashes.
    """

    label: str
    stretches: Sequence[Record]
    filled: bool


@dataclass(frozen=True)
class Event:
    """A night or cohort to be marked on the time axis."""

    night: str
    label: str


def ratio_over_time(name: str, title: str, series: Sequence[Series], events: Sequence[Event]) -> str:
    """SVG of the ratio over time; the same numbers as in its record.

    Args:
        name: Identifier of the figure.
        title: What a screen reader announces.
        series: One or two, of which at least one has a stretch with a value.
        events: Marked by dashed lines, those within the time shown.
    """
    shown = [stretch for one in series for stretch in one.stretches if stretch["value"] is not None]
    drawn = columns(chain.from_iterable((part["from"], part["to"]) for part in shown), 2 * len(shown))
    across = Scale(drawn[0].start, drawn[-1].end, LEFT, WIDTH - LEFT - RIGHT)
    ends = reach(shown)
    parts = [*_background(ends, across, drawn), *_events(events, across, drawn)]
    for position, one in enumerate(series):
        parts += _series(one, across, drawn, ends)
        parts += _key(one, position)
    said = " ".join(chain.from_iterable(_said(one) for one in series))
    marked = " ".join(f"{event.label}: {event.night}." for event in events)
    return finished(name, (title, f"{said} {marked}".strip()), (WIDTH, TOP + HEIGHT + 52), parts)


def reach(stretches: Sequence[Record]) -> tuple[float, float]:
    """Where the axis of the ratio ends: at marks around every interval, from an eighth to eight.

    Example:
        >>> reach([{"low": 0.9, "high": 1.1}]), reach([{"low": 0.3, "high": 40.0}])
        ((0.8, 1.25), (0.25, 8.0))
    """
    low = min([0.8, *(part["low"] for part in stretches)])
    high = max([1.25, *(part["high"] for part in stretches)])
    below = [mark for mark in MARKS if mark <= low] or [MARKS[0]]
    above = [mark for mark in MARKS if mark >= high] or [MARKS[-1]]
    return below[-1], above[0]


def _y(value: float, ends: tuple[float, float]) -> float:
    """Height of a ratio on a logarithmic axis; the edge for one beyond it."""
    low, high = math.log(ends[0]), math.log(ends[1])
    inside = min(max(math.log(value), low), high) if value > 0 else low
    return TOP + HEIGHT * (high - inside) / (high - low)


def _background(ends: tuple[float, float], across: Scale, drawn: Sequence[Column]) -> list[str]:
    parts: list[str] = []
    for mark in (mark for mark in MARKS if ends[0] <= mark <= ends[1]):
        y = _y(mark, ends)
        colour = "ink" if mark == 1.0 else "grid"
        parts.append(line((LEFT, y), (WIDTH - RIGHT, y), colour, width=1.4 if mark == 1.0 else 1.0))
        parts.append(words((LEFT - 8, y + 4), f"{mark:g}", anchor="end", size=12, colour="quiet"))
    bottom = TOP + HEIGHT
    parts.append(line((LEFT, bottom), (WIDTH - RIGHT, bottom), "quiet"))
    for at, label in ticks(drawn, 5):
        x = across.at(at)
        parts.append(line((x, bottom), (x, bottom + 5), "quiet"))
        parts.append(words((x, bottom + 19), shortened(label, 10), anchor="middle", size=12, colour="quiet"))
    middle = LEFT + across.width / 2
    parts.append(words((middle, bottom + 42), "Cohort (date of the studies)", anchor="middle", size=12))
    return [*parts, words((0, 14), "O/E ratio", size=12)]


def _events(events: Sequence[Event], across: Scale, drawn: Sequence[Column]) -> Iterator[str]:
    """Dashed lines with their labels, which take turns so that neighbours do not meet."""
    for position, event in enumerate(events):
        at = place_of(event.night, drawn)
        if at is None:
            continue
        x, room = across.at(at), WIDTH - RIGHT
        yield line((x, TOP), (x, TOP + HEIGHT), "quiet", dash="2 3")
        left = x < LEFT + 0.7 * (room - LEFT)
        place = (x + 4 if left else x - 4, TOP + HEIGHT - 8 - 15 * (position % 3))
        yield words(place, event.label, size=11, colour="quiet", anchor="start" if left else "end")


def _series(one: Series, across: Scale, drawn: Sequence[Column], ends: tuple[float, float]) -> Iterator[str]:
    dash = "" if one.filled else "5 3"
    for part in one.stretches:
        first, last = place_of(part["from"], drawn), place_of(part["to"], drawn)
        if part["value"] is None or first is None or last is None:
            continue
        x, y = across.at((first + last) / 2), _y(part["value"], ends)
        yield line((across.at(first), y), (across.at(last), y), "ink", width=1.4, dash=dash)
        yield line((x, _y(part["low"], ends)), (x, _y(part["high"], ends)), "ink", width=1.4)
        yield diamond((x, y), "high") if one.filled else disc((x, y), "low")


def _key(one: Series, position: int) -> list[str]:
    x = LEFT + 24 + 230 * position
    mark = diamond((x, 10), "high") if one.filled else disc((x, 10), "low")
    return [mark, words((x + 12, 14), shortened(one.label, 30), size=12)]


def _said(one: Series) -> Iterator[str]:
    """The finding first, then every stretch."""
    shown = [part for part in one.stretches if part["value"] is not None]
    if not shown:
        yield f"{one.label}: no stretch can be shown."
        return
    off = [part for part in shown if part["low"] > 1.0 or part["high"] < 1.0]
    yield f"{one.label}: the interval leaves 1 out in {len(off)} of {len(shown)} stretches."
    for part in shown:
        value, low, high = (rounded(part[key], 2) for key in ("value", "low", "high"))
        yield f"{part['from']} to {part['to']}: {value} ({low} to {high})."
