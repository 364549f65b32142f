"""A figure written element by element: every text escaped, every colour one that a page may redefine.

Figures with thousands of nights stay small this way, and follow the page into the dark. A colour is written
twice: as an attribute, for the figure alone, and as a class, for the style sheet of a page. Lightness falls
from `low` over `middle` to `high`, so that grey print keeps their order.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from html import escape
from typing import Final

from monitor.documentation.figures.canvas import INK, accessible
from monitor.documentation.visible import visible

COLOURS: Final = {
    "ink": INK,
    "quiet": "#595959",
    "grid": "#d4d4d4",
    "paper": "#ffffff",
    "band": "#dcdcdc",
    "low": "#bcd7ee",
    "middle": "#3f8fc4",
    "high": "#8c2d04",
}
HATCH: Final = (
    '<defs><pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse">'
    f'<path class="line-quiet" stroke="{COLOURS["quiet"]}" stroke-width="0.6" d="M0 5L5 0"/></pattern></defs>'
)
"""Thin strokes for time without rows; fill with the colour "hatch"."""
TEXT_SIZE: Final = 13.0

Point = tuple[float, float]


def finished(name: str, words: tuple[str, str], size: tuple[float, float], parts: Iterable[str]) -> str:
    """The figure as one labelled image.

    Args:
        name: Identifier of the figure, part of every id inside it.
        words: What a screen reader announces, and what the figure shows.
        size: Width and height in the figure's own units.
        parts: Elements in the order they are painted.
    """
    width, height = map(number, size)
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" font-family="system-ui, Arial, sans-serif" font-size="{number(TEXT_SIZE)}">'
    )
    return accessible(f"{opening}{HATCH}{''.join(parts)}</svg>", name, *words)


def number(value: float) -> str:
    """A coordinate with one decimal at most.

    Example:
        >>> number(12.0), number(3.14159), number(-0.01)
        ('12', '3.1', '0')
    """
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def box(corner: Point, size: tuple[float, float], colour: str) -> str:
    """A filled rectangle from its upper left corner.

    Example:
        >>> box((0, 1), (10, 2.5), "hatch")
        '<rect fill="url(#hatch)" x="0" y="1" width="10" height="2.5"/>'
    """
    (x, y), (width, height) = map(number, corner), map(number, size)
    return f'<rect {_fill(colour)} x="{x}" y="{y}" width="{width}" height="{height}"/>'


def area(path: str, colour: str) -> str:
    """A filled path; nothing for an empty one."""
    return f'<path {_fill(colour)} d="{path}"/>' if path else ""


def line(start: Point, end: Point, colour: str, *, width: float = 1.0, dash: str = "") -> str:
    """A straight line.

    Example:
        >>> line((0, 0), (5, 0), "ink")
        '<path class="line-ink" stroke="#1a1a1a" stroke-width="1" d="M0 0L5 0"/>'
    """
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    path = f"M{number(start[0])} {number(start[1])}L{number(end[0])} {number(end[1])}"
    return f'<path {_line(colour)} stroke-width="{number(width)}"{dashes} d="{path}"/>'


def polyline(points: Iterable[Point], colour: str, *, width: float = 1.0, dash: str = "") -> str:
    """A line through points.

    Example:
        >>> polyline([(0, 0), (5, 1)], "ink")
        '<path class="line-ink" stroke="#1a1a1a" fill="none" stroke-width="1" d="M0 0L5 1"/>'
    """
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    path = "L".join(f"{number(x)} {number(y)}" for x, y in points)
    return f'<path {_line(colour)} fill="none" stroke-width="{number(width)}"{dashes} d="M{path}"/>'


def shape(points: Iterable[Point], fill: str, outline: str = "ink") -> str:
    """A closed polygon with an outline.

    Example:
        >>> shape([(0, 0), (4, 0), (2, 3)], "paper")[-36:]
        'stroke-width="1" d="M0 0L4 0L2 3Z"/>'
    """
    path = "L".join(f"{number(x)} {number(y)}" for x, y in points)
    classes = f'class="fill-{fill} line-{outline}" fill="{COLOURS[fill]}" stroke="{COLOURS[outline]}"'
    return f'<path {classes} stroke-width="1" d="M{path}Z"/>'


def disc(at: Point, fill: str) -> str:
    """A marker: a circle with an outline."""
    corners = (math.radians(30 * step) for step in range(12))
    return shape([(at[0] + 4.5 * math.cos(angle), at[1] + 4.5 * math.sin(angle)) for angle in corners], fill)


def diamond(at: Point, fill: str) -> str:
    """A marker: a square on its corner with an outline.

    Example:
        >>> diamond((10, 10), "high")[-29:]
        'd="M4 10L10 4L16 10L10 16Z"/>'
    """
    x, y = at
    return shape([(x - 6, y), (x, y - 6), (x + 6, y), (x, y + 6)], fill)


def words(
    at: Point,
    text: str,
    *,
    anchor: str = "start",
    size: float = TEXT_SIZE,
    colour: str = "ink",
    bold: bool = False,
) -> str:
    """A line of text, escaped and with its hidden characters made visible.

    Example:
        >>> words((1, 2), "a<b", size=11)
        '<text class="fill-ink" fill="#1a1a1a" x="1" y="2" font-size="11">a&lt;b</text>'
    """
    parts = [f'x="{number(at[0])}" y="{number(at[1])}"']
    parts += [f'text-anchor="{anchor}"'] if anchor != "start" else []
    parts += [f'font-size="{number(size)}"'] if size != TEXT_SIZE else []
    parts += ['font-weight="bold"'] if bold else []
    return f"<text {_fill(colour)} {' '.join(parts)}>{escape(visible(text))}</text>"


def shortened(text: str, most: int) -> str:
    """The beginning of a text that is too long for its column.

    Example:
        >>> shortened("slice thickness", 8), shortened("age", 8)
        ('slice t…', 'age')
    """
    plain = visible(text)
    return plain if len(plain) <= most else f"{plain[: most - 1].rstrip()}…"


def _fill(colour: str) -> str:
    if colour == "hatch":
        return 'fill="url(#hatch)"'
    return f'class="fill-{colour}" fill="{COLOURS[colour]}"'


def _line(colour: str) -> str:
    return f'class="line-{colour}" stroke="{COLOURS[colour]}"'
