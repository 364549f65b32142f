"""Effects with their intervals on one axis: distance from the reference, in units of what is tolerated."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby
from typing import Final

from monitor.documentation.figures.nights import Scale
from monitor.documentation.figures.sheet import (
    box,
    diamond,
    disc,
    finished,
    line,
    shape,
    shortened,
    words,
)
from monitor.documentation.figures.tolerances import Effect
from monitor.documentation.numbers import rounded

WIDTH: Final = 840.0
LEFT: Final = 232.0
RIGHT: Final = 334.0
LABEL: Final = 28
DETAIL: Final = 42
"""Characters that fit at the left and at the right."""
PITCH: Final = 22.0
HEADER: Final = 24.0
FOOT: Final = 44.0
FARTHEST: Final = 6.0
"""Where the axis ends at most, in tolerances; what lies beyond is an arrow beside its number."""
MOST_ROWS: Final = 30
LEGEND: Final = (
    "Each effect is its distance from the reference in units of its own tolerance: the shaded band, from −1 "
    "to 1, is tolerated. Circle: the interval reaches into the band, or none was computed. Diamond: the "
    "interval lies outside it. Arrow: the axis ends before the number. Numbers at the right are in their own "
    "unit."
)


def effect_figure(rows: Sequence[Effect], name: str, title: str) -> str:
    """SVG of effects with their intervals, under the headers of their groups.

    Args:
        rows: In the order to be drawn, groups together.
        name: Identifier of the figure.
        title: What a screen reader announces.
    """
    scale = _scale(rows)
    parts: list[str] = []
    y = 4.0
    for group, members in groupby(rows, key=lambda row: row.group):
        if group:
            parts.append(words((0, y + 17), shortened(group, 34), bold=True))
            y += HEADER
        for row in members:
            parts += _row(row, scale, y)
            y += PITCH
    said = " ".join(
        f"{row.label}: {row.detail}, {row.value:.1f} tolerances from the reference." for row in rows
    )
    return finished(name, (title, said), (WIDTH, y + FOOT), [*_background(scale, y), *parts])


def _scale(rows: Sequence[Effect]) -> Scale:
    """As far to both sides as the farthest bound, two tolerances at least."""
    reached = [abs(end) for row in rows for end in (row.value, *(row.bounds or ()))]
    end = min(FARTHEST, float(math.ceil(max([2.0, *reached]))))
    return Scale(-end, end, LEFT, WIDTH - LEFT - RIGHT)


def _background(scale: Scale, bottom: float) -> list[str]:
    """The tolerated band, a grid of whole tolerances, and their numbers below."""
    band = box((scale.at(-1), 0), (scale.at(1) - scale.at(-1), bottom), "band")
    parts = [band]
    for mark in range(int(scale.first), int(scale.last) + 1):
        x = scale.at(mark)
        parts.append(line((x, 0), (x, bottom), "quiet" if mark == 0 else "grid"))
        parts.append(words((x, bottom + 16), rounded(mark, 0), anchor="middle", size=12, colour="quiet"))
    middle = scale.at(0)
    parts.append(
        words((middle, bottom + 34), "Distance from the reference, in tolerances", anchor="middle", size=12)
    )
    return parts


def _row(row: Effect, scale: Scale, top: float) -> list[str]:
    y = top + PITCH / 2
    low, high = row.bounds or (row.value, row.value)
    parts = [
        words((12, y + 5), shortened(row.label, LABEL)),
        line((scale.at(low), y), (scale.at(high), y), "ink", width=2),
        words((WIDTH - RIGHT + 12, y + 5), shortened(row.detail, DETAIL)),
    ]
    x = scale.at(row.value)
    if not scale.first <= row.value <= scale.last:
        step = 9 if row.value > 0 else -9
        return [*parts, shape([(x - step, y - 5), (x - step, y + 5), (x, y)], "high")]
    if row.bounds and (low > 1 or high < -1):
        return [*parts, diamond((x, y), "high")]
    return [*parts, disc((x, y), "paper")]
