"""All streams of a place over the same nights, one row each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Final, NamedTuple

from monitor.documentation.evidence import Record
from monitor.documentation.figures.lane import alarm_marks, in_words, lane
from monitor.documentation.figures.nights import Column, Scale, columns, shares, ticks
from monitor.documentation.figures.sheet import finished, line, shortened, words
from monitor.documentation.figures.states import (
    SIGNS,
    STATE_WORDS,
    grouped,
    label_of,
    name_of,
    state_of,
)

WIDTH: Final = 760.0
LEFT: Final = 190.0
RIGHT: Final = 118.0
PITCH: Final = 25.0
LANE: Final = 20.0
HEADER: Final = 24.0
AXIS: Final = 26.0
MOST_COLUMNS: Final = 240
ROWS: Final = 34
"""Rows of one figure: what fits on a printed page with its headers."""

Row = str | Record
"""The name of a group, or a stream."""


class Setting(NamedTuple):
    """What all rows of a figure share."""

    drawn: tuple[Column, ...]
    scale: Scale
    alarms: Mapping[str, list[Record]]


def strips(place: Record, alarms: Sequence[Record]) -> list[str]:
    """SVG texts of the strip figure, as many as its streams need; none without a night.

    Args:
        place: One site and finding of the report with its streams and their history.
        alarms: The alarms of this place, open and closed.
    """
    setting = _setting(place, alarms)
    if not setting.drawn:
        return []
    pages = list(_pages(list(_rows(place))))
    title = f"Streams of {name_of(place)} over time"
    return [
        _figure(rows, setting, f"strip-{position}", f"{title}, {position} of {len(pages)}")
        for position, rows in enumerate(pages, 1)
    ]


def _setting(place: Record, alarms: Sequence[Record]) -> Setting:
    nights = chain.from_iterable(shares(stream) for stream in place.get("streams") or [])
    drawn = columns(nights, MOST_COLUMNS)
    first, last = (drawn[0].start, drawn[-1].end) if drawn else (0.0, 1.0)
    by_stream: dict[str, list[Record]] = {}
    for alarm in alarms:
        by_stream.setdefault(str(alarm.get("stream")), []).append(alarm)
    return Setting(drawn, Scale(first, last, LEFT, WIDTH - LEFT - RIGHT), by_stream)


def _rows(place: Record) -> Iterator[Row]:
    for group, streams in grouped(place):
        yield group
        yield from streams


def _pages(rows: list[Row]) -> Iterator[list[Row]]:
    """Rows in portions; a group that goes on is named again, a name never stands alone at the end."""
    page: list[Row] = []
    group: Row = ""
    for row in rows:
        if len(page) >= ROWS or (isinstance(row, str) and len(page) >= ROWS - 1):
            yield page
            page = [] if isinstance(row, str) else [group]
        group = row if isinstance(row, str) else group
        page.append(row)
    yield page


def _figure(rows: list[Row], setting: Setting, name: str, title: str) -> str:
    parts: list[str] = []
    y = 4.0
    for row in rows:
        if isinstance(row, str):
            parts.append(words((0, y + 17), row, bold=True))
            y += HEADER
        else:
            parts += _row(row, setting, y)
            y += PITCH
    parts += _axis(setting, y)
    said = [_said(row, setting) for row in rows if not isinstance(row, str)]
    return finished(name, (title, " ".join(said)), (WIDTH, y + AXIS), parts)


def _row(stream: Record, setting: Setting, top: float) -> list[str]:
    state = state_of(stream)
    baseline = top + LANE - 5
    said = f"{SIGNS[state]} {STATE_WORDS[state]}"
    return [
        words((12, baseline), shortened(label_of(stream), 23)),
        *lane(setting.drawn, shares(stream), setting.scale, top, LANE),
        *alarm_marks(_alarms(stream, setting), setting.drawn, setting.scale, top),
        words((WIDTH - RIGHT + 10, baseline), said, bold=state == "alarm"),
    ]


def _alarms(stream: Record, setting: Setting) -> list[Record]:
    return setting.alarms.get(str(stream.get("stream")), [])


def _axis(setting: Setting, y: float) -> list[str]:
    parts: list[str] = []
    for at, name in ticks(setting.drawn, 6):
        x = setting.scale.at(at)
        parts.append(line((x, y), (x, y + 5), "quiet"))
        parts.append(words((x, y + 19), shortened(name, 10), size=12, colour="quiet", anchor="middle"))
    return parts


def _said(stream: Record, setting: Setting) -> str:
    nights = [str(alarm.get("night")) for alarm in _alarms(stream, setting)]
    alarms = f"; alarm on {', '.join(nights)}" if nights else ""
    return f"{label_of(stream)}: {STATE_WORDS[state_of(stream)]}, {in_words(shares(stream))}{alarms}."
