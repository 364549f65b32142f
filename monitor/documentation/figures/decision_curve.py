"""Net benefit of both calibrators over the thresholds around the plan's."""

from __future__ import annotations

from typing import Any

from monitor.documentation.evidence import Record
from monitor.documentation.figures.canvas import INK, QUIET, STYLES, drawing

CURVES = {"before": "last_deployed", "after": "candidate"}


def decision_curve(dossier: Record) -> str:
    """SVG of net benefit by threshold: last deployed, candidate, everybody, nobody."""
    found = dossier["operating_point"]["found"]["net_benefit"]
    curve, threshold = found["curve"], found["threshold"]

    def draw(figure: Any) -> None:
        axes = figure.add_subplot()
        at = [point["threshold"] for point in curve]
        axes.plot(
            at, [point["all"] for point in curve], color=QUIET, linestyle="-.", label="everybody flagged"
        )
        axes.axhline(0.0, color=QUIET, linewidth=0.8, label="nobody flagged")
        for key, name in CURVES.items():
            style = STYLES[name]
            values = [point[key] for point in curve]
            axes.plot(at, values, color=style.colour, linestyle=style.line, linewidth=2.0, label=style.label)
        axes.axvline(threshold, color=INK, linewidth=0.8, linestyle=":")
        axes.set_xlim(0, at[-1])
        axes.set_ylim(*limits(curve))
        axes.set_xlabel("Probability from which on acting is worth it")
        axes.set_ylabel("Net benefit per study")
        axes.grid(color="#e3e3e3", linewidth=0.6)
        axes.set_axisbelow(True)
        axes.legend(loc="best")

    return drawing("decision-curve-figure", "Decision curves", _description(found), (5.6, 3.6), draw)


def limits(curve: list[Record]) -> tuple[float, float]:
    """Where the axis of net benefit ends: just around both calibrators, however deep everybody falls.

    Example:
        >>> limits([{"before": 0.0, "after": 0.2}, {"before": 0.1, "after": -0.02}])
        (-0.04, 0.22)
    """
    values = [point[key] for point in curve for key in CURVES]
    least, most = min(0.0, *values), max(0.0, *values)
    return round(least - 0.1 * (most or 0.1), 9), round(1.1 * most or 0.01, 9)


def _description(found: Record) -> str:
    parts = [
        f"At {point['threshold']:.3f}: last deployed {point['before']:.4f}, candidate {point['after']:.4f}, "
        f"everybody {point['all']:.4f}."
        for point in found["curve"][4::5]
    ]
    return f"The plan's threshold is {found['threshold']:g}. " + " ".join(parts)
