"""One stream over time: evidence as a share of its limit, alarms by shape, time without rows hatched."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from monitor.documentation.evidence import Record
from monitor.documentation.figures.nights import Column, Scale, Shares, largest, place_of
from monitor.documentation.figures.sheet import area, box, line, number, shape
from monitor.documentation.numbers import FIXED_SPACE

WATCH: Final = 0.5
TOP: Final = 1.25
"""Share of the limit at the upper edge of a lane; more evidence than that is drawn as this much."""
CLASSES: Final = ("low", "middle", "high")
LEGEND: Final = (
    "Height and colour: evidence as a share of the limit (log R over its limit). Light: below half; middle: "
    "half or more; dark: at the limit, which is the dashed line, or above. Triangle: alarm, filled while "
    "open, hollow once closed; thick bar: a person closed it. Hatched: no rows, or nothing computed. Where "
    "several nights share a column, their largest is drawn."
)


def class_of(share: float) -> str:
    """Colour of a share of the limit.

    Example:
        >>> class_of(0.49), class_of(0.5), class_of(1.0)
        ('low', 'middle', 'high')
    """
    return CLASSES[(share >= WATCH) + (share >= 1.0)]


def lane(drawn: Sequence[Column], found: Shares, scale: Scale, top: float, height: float) -> list[str]:
    """Elements of one lane.

    Args:
        drawn: The columns of the time axis.
        found: Shares of the limit by night.
        scale: From time to the figure.
        top: Upper edge.
        height: Of the lane; its limit lies at 1 / 1.25 of it.
    """
    values = [(column, share) for column in drawn if (share := largest(column, found)) is not None]
    base = top + height
    parts = [box((scale.left, top), (scale.width, height), "hatch")]
    covered = _spans([(column, height) for column, _ in values], scale)
    parts.append(area("".join(_bar(span, base) for span in covered), "paper"))
    for name in CLASSES:
        heights = [(column, _height(share, height)) for column, share in values if class_of(share) == name]
        parts.append(area("".join(_bar(span, base) for span in _spans(heights, scale)), name))
    limit = base - height / TOP
    end = scale.left + scale.width
    parts.append(line((scale.left, base), (end, base), "quiet", width=0.8))
    parts.append(line((scale.left, limit), (end, limit), "ink", width=0.8, dash="4 3"))
    return parts


def alarm_marks(
    alarms: Iterable[Record], drawn: Sequence[Column], scale: Scale, top: float, size: float = 12.0
) -> list[str]:
    """Triangles at the nights of the alarms, and a bar where a person closed one."""
    parts: list[str] = []
    for alarm in alarms:
        closed_at = place_of(str((alarm.get("closed") or {}).get("at")), drawn)
        if closed_at is not None:
            x = scale.at(closed_at)
            parts.append(line((x, top), (x, top + 1.6 * size), "ink", width=2.0))
        at = place_of(str(alarm.get("night")), drawn)
        if at is not None:
            x = scale.at(at)
            corners = [(x - size / 2, top + size), (x + size / 2, top + size), (x, top)]
            closed = alarm.get("state") == "closed"
            parts.append(shape(corners, *(("paper", "ink") if closed else ("ink", "paper"))))
    return parts


def in_words(found: Shares) -> str:
    """A lane for those who do not see it.

    Example:
        >>> in_words({"2026-01-01": 0.25, "2026-01-02": 1.5, "2026-01-03": None})
        '150\xa0% of the limit last, most 150\xa0% on 2026-01-02, 1 night without rows'
    """
    known = {night: share for night, share in sorted(found.items()) if share is not None}
    gaps = len(found) - len(known)
    without = f", {gaps} night{'s' if gaps > 1 else ''} without rows" if gaps else ""
    if not known:
        return "nothing computed"
    most = max(known, key=lambda night: known[night])
    last = known[max(known)]
    return f"{last:.0%} of the limit last, most {known[most]:.0%} on {most}{without}".replace(
        "%", f"{FIXED_SPACE}%"
    )


Span = tuple[float, float, float]


def _height(share: float, height: float) -> float:
    return round(height * min(share, TOP) / TOP, 1)


def _spans(heights: Sequence[tuple[Column, float]], scale: Scale) -> list[Span]:
    """Left, right and height of the bars, neighbours of one height joined."""
    spans: list[Span] = []
    for column, height in heights:
        left, right = scale.at(column.start), scale.at(column.end)
        if spans and spans[-1][1] == left and spans[-1][2] == height:
            left = spans.pop()[0]
        spans.append((left, right, height))
    return spans


def _bar(span: Span, base: float) -> str:
    left, right, height = span
    if not height:
        return ""
    x, y = number(left), number(base)
    return f"M{x} {y}V{number(base - height)}H{number(right)}V{y}Z"
