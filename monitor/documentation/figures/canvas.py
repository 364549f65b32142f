"""One way to draw: a private figure, fixed colours, and SVG text that is inert and reproducible."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from html import escape
from io import StringIO
from typing import Any, Final, NamedTuple

from monitor.documentation.visible import visible

INK: Final = "#1a1a1a"
QUIET: Final = "#6b6b6b"

SETTINGS: Final[dict[Any, Any]] = {
    "svg.hashsalt": "pccp-monitor",
    "svg.fonttype": "none",
    "text.parse_math": False,
    "text.usetex": False,
    "axes.unicode_minus": True,
    "font.family": ["sans-serif"],
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial", "Helvetica"],
    "font.size": 9.0,
    "hatch.linewidth": 0.6,
    "axes.edgecolor": QUIET,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "legend.frameon": False,
}


class Style(NamedTuple):
    """How one calibrator is drawn: colour, line and marker all differ, so grey print can be read."""

    label: str
    colour: str
    line: str
    marker: str


STYLES: Final = {
    "original": Style("original", "#5a5a5a", ":", "^"),
    "last_deployed": Style("last deployed", "#0072b2", "--", "s"),
    "candidate": Style("candidate", "#d55e00", "-", "o"),
}


def drawing(
    name: str, title: str, description: str, size: tuple[float, float], draw: Callable[[Any], None]
) -> str:
    """SVG text of one figure with its alternative text.

    Args:
        name: Identifier of the figure, part of every id inside it.
        title: What a screen reader announces.
        description: What the figure shows, in words and numbers.
        size: Width and height in inches.
        draw: Draws on the figure it is given.

    Returns:
        An SVG element without prolog, script, style sheet, metadata or date.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with rc_context(SETTINGS):
        figure = Figure(figsize=size, layout="constrained", facecolor="white")
        FigureCanvasSVG(figure)
        draw(figure)
        output = StringIO()
        figure.savefig(output, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    return accessible(output.getvalue(), name, title, description)


def accessible(svg: str, name: str, title: str, description: str) -> str:
    """The drawing as one labelled image whose ids cannot meet those of another figure.

    Example:
        >>> text = accessible('<?xml?><svg width="1pt"><g id="a"/></svg>', "map", "Old & new", "Two lines.")
        >>> text[:60]
        '<svg role="img" aria-labelledby="map-title map-desc" width="'
        >>> '<title id="map-title">Old &amp; new</title>' in text, 'id="map-a"' in text
        (True, True)
    """
    body = svg[svg.index("<svg") :]
    body = re.sub(r"\s*<(metadata|style)\b.*?</\1>", "", body, flags=re.DOTALL)
    body = re.sub(r'\bid="', f'id="{name}-', body)
    body = body.replace("url(#", f"url(#{name}-").replace('href="#', f'href="#{name}-')
    opening, rest = body.split(">", 1)
    label = f'<svg role="img" aria-labelledby="{name}-title {name}-desc"'
    words = "".join(
        f'<{tag} id="{name}-{tag}">{escape(visible(text))}</{tag}>'
        for tag, text in (("title", title), ("desc", description))
    )
    return f"{label}{opening.removeprefix('<svg')}>{words}{rest.strip()}\n"


def probability_axes(axes: Any, x_label: str, y_label: str, end: float = 1.0) -> None:
    """Both axes from 0 to `end` with a light grid and the identity line."""
    axes.plot([0, 1], [0, 1], color=QUIET, linewidth=0.8)
    axes.set_xlim(0, end)
    axes.set_ylim(0, end)
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    axes.grid(color="#e3e3e3", linewidth=0.6)
    axes.set_axisbelow(True)


def stacked_bars(axes: Any, edges: Any, negatives: Any, positives: Any) -> None:
    """Studies without the outcome, plain, and with it on top, hatched."""
    shape = {"width": edges[1:] - edges[:-1], "align": "edge", "edgecolor": QUIET, "linewidth": 0.5}
    axes.bar(edges[:-1], negatives, color="#c9d9e6", label="without outcome", **shape)
    axes.bar(
        edges[:-1], positives, bottom=negatives, color="#f2c9a8", hatch="////", label="with outcome", **shape
    )


def present(names: Iterable[str], calibrators: dict[str, Any]) -> list[str]:
    """The names that have a calibrator; the original is left out where it is the one deployed."""
    same = calibrators["original"]["parameters"] == calibrators["last_deployed"]["parameters"]
    return [name for name in names if calibrators[name] is not None and not (name == "original" and same)]
