"""A forest plot: one row for each subgroup with its value, its interval or bound, and its limit."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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
from monitor.documentation.numbers import rounded

WIDTH: Final = 760.0
LEFT: Final = 190.0
RIGHT: Final = 268.0
LABEL: Final = 24
DETAIL: Final = 36
"""Characters that fit at the left and at the right."""
PITCH: Final = 24.0
FOOT: Final = 48.0
MOST_ROWS: Final = 40
STEPS: Final = (1.0, 2.0, 2.5, 5.0)


@dataclass(frozen=True)
class Row:
    """One subgroup.

    Attributes:
        label: Its name.
        detail: Its numbers and its claim, at the right.
        said: The same for those who do not see it.
        value: None where there is none; the row then says why.
        low, high: Ends of the interval; None where it is open.
        limit: That the interval is held against; None without one.
        beyond: The row is to be looked at: a filled diamond instead of a circle.
    """

    label: str
    detail: str
    said: str
    value: float | None
    low: float | None
    high: float | None
    limit: float | None
    beyond: bool


@dataclass(frozen=True)
class Axis:
    """What the numbers are.

    Attributes:
        label: With their unit.
        reference: Where nothing differs.
        better: What lies to the right of the reference.
    """

    label: str
    reference: float
    better: str = ""


def forest(name: str, title: str, rows: Sequence[Row], axis: Axis) -> str:
    """SVG of the rows in their order; one without a value keeps its place and says why.

    Args:
        name: Identifier of the figure.
        title: What a screen reader announces.
        rows: At least one, no more than `MOST_ROWS` are drawn.
        axis: Of the numbers.
    """
    drawn = rows[:MOST_ROWS]
    scale = scale_of(drawn, axis)
    bottom = 8 + PITCH * len(drawn)
    parts = [*_background(scale, axis, bottom), *(part for part in _rows(drawn, scale))]
    said = " ".join(f"{row.label}: {row.said}." for row in drawn)
    left = f" {len(rows) - len(drawn)} more are in the table." if len(rows) > len(drawn) else ""
    return finished(name, (title, said + left), (WIDTH, bottom + FOOT), parts)


def scale_of(rows: Sequence[Row], axis: Axis) -> Scale:
    """From one step below every number and the reference to one step above."""
    numbers = [axis.reference]
    for row in rows:
        numbers += [number for number in (row.value, row.low, row.high, row.limit) if number is not None]
    size = step_of(max(numbers) - min(numbers))
    low, high = (math.floor(min(numbers) / size) * size, math.ceil(max(numbers) / size) * size)
    return Scale(low, high if high > low else low + size, LEFT, WIDTH - LEFT - RIGHT)


def step_of(span: float) -> float:
    """A round number of which about four make the span.

    Example:
        >>> step_of(0.37), step_of(10.0), step_of(0.0)
        (0.1, 2.5, 0.01)
    """
    if span <= 0:
        return 0.01
    magnitude = 10.0 ** math.floor(math.log10(span / 4))
    return min((factor * magnitude for factor in (*STEPS, 10.0)), key=lambda step: abs(span / step - 4))


def marks(scale: Scale, step: float) -> list[float]:
    """Multiples of a round step on the axis, so that each label is the number it stands at.

    Example:
        >>> marks(Scale(-0.05, 0.25, 0.0, 100.0), 0.1)
        [0.0, 0.1, 0.2]
    """
    first, last = math.ceil(scale.first / step - 1e-9), math.floor(scale.last / step + 1e-9)
    return [round(count * step, 9) for count in range(first, last + 1)]


def _background(scale: Scale, axis: Axis, bottom: float) -> Iterator[str]:
    step = step_of(scale.last - scale.first)
    decimals = max(0, -math.floor(math.log10(step)) + (step / 10 ** math.floor(math.log10(step)) == 2.5))
    for value in marks(scale, step):
        x = scale.at(value)
        yield line((x, 4), (x, bottom), "grid")
        yield words((x, bottom + 16), rounded(value, decimals), anchor="middle", size=12, colour="quiet")
    x = scale.at(axis.reference)
    yield line((x, 4), (x, bottom), "ink", width=1.2)
    text = f"{axis.label}{f'; right: {axis.better}' if axis.better else ''}"
    yield words((LEFT + scale.width / 2, bottom + 36), text, anchor="middle", size=12)


def _rows(rows: Sequence[Row], scale: Scale) -> Iterator[str]:
    for position, row in enumerate(rows):
        y = 8 + PITCH * (position + 0.5)
        yield words((0, y + 5), shortened(row.label, LABEL))
        yield words((WIDTH - RIGHT + 14, y + 5), shortened(row.detail, DETAIL), size=12)
        if row.value is not None:
            yield from _estimate(row, row.value, scale, y)


def _estimate(row: Row, value: float, scale: Scale, y: float) -> Iterator[str]:
    """Interval, an arrow where it is open, the limit as a thick bar, and the value on top."""
    low, high = row.low if row.low is not None else value, row.high
    end = scale.at(high) if high is not None else min(scale.at(value) + 22, scale.left + scale.width)
    yield line((scale.at(low), y), (end, y), "ink", width=1.6)
    if high is None:
        yield shape([(end - 5, y - 4), (end - 5, y + 4), (end + 2, y)], "ink")
    if row.limit is not None:
        yield box((scale.at(row.limit) - 1.5, y - 9), (3, 18), "quiet")
    yield diamond((scale.at(value), y), "high") if row.beyond else disc((scale.at(value), y), "low")
