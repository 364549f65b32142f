"""All places at one look: a small panel each, and the places ranked by their largest effect."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Final

from monitor.documentation.evidence import Record
from monitor.documentation.figures.lane import alarm_marks, in_words, lane
from monitor.documentation.figures.nights import Column, Scale, columns, shares
from monitor.documentation.figures.sheet import finished, shortened, words
from monitor.documentation.figures.states import PLACE_ORDER, STATUS_WORDS, label_of, name_of, status_of
from monitor.documentation.figures.tolerances import Effect, effect_row

WIDTH: Final = 220.0
HEIGHT: Final = 56.0
AXIS: Final = 18.0
MOST_COLUMNS: Final = 110
MOST_PANELS: Final = 60
MOST_RANKED: Final = 40


def urgent_first(places: Iterable[Record]) -> list[Record]:
    """Places by status, alarm first, then by the largest evidence of the last night, then by name.

    Example:
        >>> places = [{"site": "A", "status": "ok"}, {"site": "B", "status": "alarm"}, {"site": "C"}]
        >>> [place["site"] for place in urgent_first(places)]
        ['B', 'C', 'A']
    """
    return sorted(places, key=lambda place: (_rank(place), -(share_now(place)[0] or 0.0), name_of(place)))


def share_now(place: Record) -> tuple[float | None, str]:
    """The largest share of a limit that a stream of the place has now, and that stream's name.

    Example:
        >>> share_now({"streams": [{"label": "age", "log_r": 3.0, "log_limit": 12.0}, {"label": "sex"}]})
        (0.25, 'age')
    """
    found = [
        (max(0.0, stream["log_r"] / stream["log_limit"]), label_of(stream))
        for stream in place.get("streams") or []
        if stream.get("log_limit") and stream.get("log_r") is not None
    ]
    return max(found, default=(None, ""), key=lambda pair: pair[0] or 0.0)


def time_axis(places: Iterable[Record]) -> tuple[Column, ...]:
    """The columns that all panels share, so that the same night lies at the same place in each."""
    streams = chain.from_iterable(place.get("streams") or [] for place in places)
    return columns(chain.from_iterable(map(shares, streams)), MOST_COLUMNS)


def panel(place: Record, alarms: Sequence[Record], drawn: Sequence[Column], name: str) -> str:
    """SVG of one place: the largest share of any stream's limit on each night, and its alarms.

    Args:
        place: One site and finding of the report.
        alarms: The alarms of this place.
        drawn: The columns of `time_axis`.
        name: Identifier of the figure.
    """
    found = largest_shares(place)
    first, last = (drawn[0].start, drawn[-1].end) if drawn else (0.0, 1.0)
    scale = Scale(first, last, 6.0, WIDTH - 12)
    parts = lane(drawn, found, scale, 2.0, HEIGHT)
    parts += alarm_marks(alarms, drawn, scale, 2.0)
    if drawn:
        y = HEIGHT + AXIS - 2
        parts.append(words((6, y), shortened(drawn[0].nights[0], 12), size=11.5, colour="quiet"))
        last_name = shortened(drawn[-1].nights[-1], 12)
        parts.append(words((WIDTH - 6, y), last_name, size=11.5, colour="quiet", anchor="end"))
    title = f"{name_of(place)}: {STATUS_WORDS[status_of(place)]}"
    return finished(name, (title, _said(found, alarms)), (WIDTH, HEIGHT + AXIS + 4), parts)


def largest_shares(place: Record) -> dict[str, float | None]:
    """For each night the largest share of a limit among the place's streams.

    Example:
        >>> first = {"log_limit": 10.0, "history": [{"night": "a", "n": 5, "log_r": 4.0}]}
        >>> second = {"log_limit": 20.0, "history": [{"night": "a", "n": 5, "log_r": 9.0}]}
        >>> largest_shares({"streams": [first, second]})
        {'a': 0.45}
    """
    found: dict[str, float | None] = {}
    for stream in place.get("streams") or []:
        for night, share in shares(stream).items():
            known = [value for value in (found.get(night), share) if value is not None]
            found[night] = max(known, default=None)
    return found


def ranking(places: Iterable[Record]) -> list[Effect]:
    """Places by their largest effect in tolerances, the farthest first; those without a band left out."""
    rows = [row for place in places if (row := ranked(place)) is not None]
    return sorted(rows, key=lambda row: (-abs(row.value), row.label))


def ranked(place: Record) -> Effect | None:
    """The largest effect of a place as a row, with the reference and the band of its stream.

    Example:
        >>> effect = {"value": 0.56, "reference": 0.5, "band": [0.47, 0.53]}
        >>> age = {"stream": "covariate:age", "label": "age", "effects": [effect]}
        >>> ranked({"streams": [age], "largest_effect": {"stream": "age", "value": 0.56}}).value
        2.0
    """
    largest = place.get("largest_effect") or {}
    stream = _named(place, largest.get("stream"))
    candidates = stream.get("effects") or []
    same = [found for found in candidates if found.get("value") == largest.get("value")]
    tolerated = (same or candidates or [{}])[0]
    found = {**{key: tolerated.get(key) for key in ("reference", "band")}, **largest}
    name = label_of(stream or largest)
    return effect_row("", name_of(place), found, f"{shortened(name, 15)}: ")


def _named(place: Record, name: str | None) -> Record:
    streams = place.get("streams") or []
    return next((stream for stream in streams if name in (stream.get("stream"), stream.get("label"))), {})


def _rank(place: Record) -> int:
    return PLACE_ORDER.index(status_of(place))


def _said(found: dict[str, float | None], alarms: Sequence[Record]) -> str:
    nights = [f"{alarm.get('night')} ({alarm.get('state')})" for alarm in alarms]
    return f"Largest stream: {in_words(found)}. Alarms: {', '.join(nights) or 'none'}."
