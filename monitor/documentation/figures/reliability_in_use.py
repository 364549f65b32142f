"""Observed against predicted for the calibrator that a place uses, above its studies by probability."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from monitor.documentation.evidence import Record
from monitor.documentation.figures.reliability import axis_end
from monitor.documentation.figures.sheet import box, disc, finished, line, polyline, words
from monitor.documentation.numbers import rounded

WIDTH: Final = 700.0
LEFT: Final = 190.0
TOP: Final = 28.0
SIDE: Final = 280.0
BARS: Final = 62.0
GAP: Final = 18.0
LEGEND: Final = (
    "Observed share of the outcome against predicted probability, in groups of equally many studies, with "
    "95 % intervals for display. On the diagonal the probabilities are right; above it more events came than "
    "they said. Below: studies by predicted probability, hatched those with the outcome."
)

Across = Callable[[float], float]


def reliability_in_use(name: str, title: str, found: Record) -> str:
    """SVG of the reliability diagram; the same numbers as in its record.

    Args:
        name: Identifier of the figure.
        title: What a screen reader announces.
        found: `groups`, at least one, and `histogram`, the studies by predicted probability.
    """
    groups = found["groups"]
    end = axis_end(groups)

    def across(value: float) -> float:
        return LEFT + SIDE * min(max(value, 0.0), end) / end

    parts = [*_axes(end, across), *_points(groups, end, across), *_bars(found, across)]
    size = (WIDTH, TOP + SIDE + GAP + BARS + 46)
    return finished(name, (title, _said(groups)), size, parts)


def marks(end: float) -> list[float]:
    """Values marked on both axes: between three and six, the ends included where they fall on one.

    Example:
        >>> marks(0.9), marks(0.1)
        ([0.0, 0.2, 0.4, 0.6, 0.8], [0.0, 0.02, 0.04, 0.06, 0.08, 0.1])
    """
    step = next(size for size in (0.02, 0.05, 0.1, 0.2) if end <= 5.5 * size)
    return [round(step * count, 2) for count in range(int(end / step + 1e-9) + 1)]


def _y(value: float, end: float) -> float:
    return TOP + SIDE * (1 - min(max(value, 0.0), end) / end)


def _axes(end: float, across: Across) -> Iterator[str]:
    bottom = TOP + SIDE + GAP + BARS
    for value in marks(end):
        x, y = across(value), _y(value, end)
        yield line((LEFT, y), (LEFT + SIDE, y), "grid")
        yield line((x, TOP), (x, TOP + SIDE), "grid")
        yield words((LEFT - 8, y + 4), f"{value:.3g}", anchor="end", size=12, colour="quiet")
        yield line((x, bottom), (x, bottom + 5), "quiet")
        yield words((x, bottom + 19), f"{value:.3g}", anchor="middle", size=12, colour="quiet")
    yield line((LEFT, TOP + SIDE), (LEFT + SIDE, TOP), "ink", width=1.4)
    yield words((LEFT - 48, 14), "Observed share", size=12)
    yield words((LEFT + SIDE / 2, bottom + 40), "Predicted probability", anchor="middle", size=12)


def _points(groups: Sequence[Record], end: float, across: Across) -> Iterator[str]:
    at = [(across(group["predicted"]), _y(group["observed"], end)) for group in groups]
    yield polyline(at, "middle", width=1.4, dash="5 3")
    for (x, y), group in zip(at, groups, strict=True):
        yield line((x, _y(group["low"], end)), (x, _y(group["high"], end)), "ink", width=1.4)
        yield disc((x, y), "low")


def _bars(found: Record, across: Across) -> Iterator[str]:
    """Studies without the outcome, and with it on top, hatched."""
    counts = found["histogram"]
    edges, negatives, positives = counts["edges"], counts["negatives"], counts["positives"]
    tallest = max([1, *(sum(pair) for pair in zip(negatives, positives, strict=True))])
    bottom = TOP + SIDE + GAP + BARS
    for left, right, without, with_it in zip(edges, edges[1:], negatives, positives, strict=False):
        x, width = across(left), across(right) - across(left)
        low, high = BARS * without / tallest, BARS * with_it / tallest
        if width <= 0:
            continue
        yield box((x, bottom - low), (width, low), "low")
        yield box((x, bottom - low - high), (width, high), "hatch")
    yield line((LEFT, bottom), (LEFT + SIDE, bottom), "quiet")
    yield words((LEFT - 8, bottom - BARS + 10), f"{tallest:,}", anchor="end", size=12, colour="quiet")
    yield words((LEFT + SIDE + 8, bottom - BARS / 2), "Studies", size=12)


def _said(groups: Sequence[Record]) -> str:
    """The finding first, then every group."""
    off = sum(not group["low"] <= group["predicted"] <= group["high"] for group in groups)
    pairs = "; ".join(
        f"predicted {rounded(group['predicted'], 3)}, observed {rounded(group['observed'], 3)} "
        f"({rounded(group['low'], 3)} to {rounded(group['high'], 3)})"
        for group in groups
    )
    return f"The interval leaves the diagonal out in {off} of {len(groups)} groups. {pairs}."
