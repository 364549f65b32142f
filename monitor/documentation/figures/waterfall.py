"""How many studies, and how many events, are left after each filter."""

from __future__ import annotations

from textwrap import fill
from typing import Any

from monitor.documentation.evidence import Record
from monitor.documentation.figures.canvas import INK, QUIET, drawing
from monitor.documentation.visible import visible
from monitor.documentation.wording import capitalised

WIDTH = 34
PANELS = (("rows", "Studies", "#c9d9e6", ""), ("events", "Events (rarer class)", "#f2c9a8", "////"))


def waterfall(dossier: Record) -> str:
    """SVG of the account of studies: one bar per filter for studies, one for events, each with its number."""
    steps = dossier["data_account"]["waterfall"]

    def draw(figure: Any) -> None:
        panels = figure.subplots(1, len(PANELS), sharey=True)
        for axes, (key, title, colour, hatch) in zip(panels, PANELS, strict=True):
            _bars(axes, [step[key] for step in steps], colour, hatch)
            axes.set_xlabel(title)
        panels[0].set_yticks(range(len(steps)), [label(step) for step in steps])
        panels[0].invert_yaxis()

    size = (7.2, 0.9 + 0.55 * len(steps))
    return drawing("waterfall-figure", "Studies left after each filter", _description(steps), size, draw)


def label(step: Record) -> str:
    """The filter's name in short lines.

    Example:
        >>> label({"step": "mature predictions in the validation window"})
        'Mature predictions in the\\nvalidation window'
    """
    return fill(visible(capitalised(str(step["step"]))), WIDTH)


def length(count: int | str) -> int:
    """Length of a bar; a count that is withheld has none.

    Example:
        >>> length(12), length("<10")
        (12, 0)
    """
    return count if isinstance(count, int) else 0


def shown(count: int | str) -> str:
    """The number beside a bar.

    Example:
        >>> shown(1200), shown("<10")
        ('1,200', '<10')
    """
    return f"{count:,}" if isinstance(count, int) else count


def _bars(axes: Any, counts: list[int | str], colour: str, hatch: str) -> None:
    lengths = [length(count) for count in counts]
    bars = axes.barh(
        range(len(counts)), lengths, color=colour, hatch=hatch, edgecolor=QUIET, linewidth=0.6, height=0.6
    )
    axes.bar_label(bars, [shown(count) for count in counts], padding=3, color=INK)
    axes.set_xlim(0, 1.3 * max(1, *lengths))
    axes.xaxis.set_major_locator(_few())
    axes.tick_params(axis="y", length=0)


def _few() -> Any:
    """At most four round numbers on an axis of counts."""
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins=4, integer=True)


def _description(steps: list[Record]) -> str:
    parts = [
        f"{capitalised(str(step['step']))}: {shown(step['rows'])} studies, {shown(step['events'])} events."
        for step in steps
    ]
    return " ".join(parts)
