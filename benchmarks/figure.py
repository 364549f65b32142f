"""The figure of growth: seconds of one more night along each axis."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, StrMethodFormatter
from table import Grown, exponent

STYLES: Final = {"load": "s--", "night": "o-"}


def draw(file: Path, grown: Sequence[Grown]) -> None:
    """Processor seconds by size, both scales logarithmic, one panel an axis; black on white.

    Args:
        file: SVG or PNG to write.
        grown: Curves of one scene; those of one axis share a panel.
    """
    axes = list(dict.fromkeys(found.curve.axis for found in grown))
    figure = Figure(figsize=(3.3 * len(axes), 3.3), layout="constrained")
    panels = figure.subplots(1, len(axes), sharey=True, squeeze=False)[0]
    for panel, axis in zip(panels, axes, strict=True):
        for curve, _, cpu in (found for found in grown if found.curve.axis == axis):
            slope = exponent(cpu)
            label = curve.work if slope is None else f"{curve.work}, exponent {slope:.2f}"
            panel.loglog(list(cpu), list(cpu.values()), STYLES[curve.work], color="black", label=label)
        sizes = sorted({size for found in grown if found.curve.axis == axis for size in found.cpu})
        panel.set_xticks(sizes, [f"{size:,}" for size in sizes])
        panel.xaxis.set_minor_formatter(NullFormatter())
        panel.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        panel.set_xlabel(axis)
        panel.legend(frameon=False, fontsize=8)
    panels[0].set_ylabel("processor seconds of one more night")
    figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None)
