"""Observed against predicted, for the last deployed calibrator and the candidate, side by side."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from monitor.calibrators import calibrated_log_odds, read_calibrator
from monitor.documentation.evidence import Record
from monitor.documentation.figures.canvas import INK, STYLES, Style, drawing, probability_axes, stacked_bars
from monitor.logistic import expit, logit
from monitor.records import FloatArray

NAMES = ("last_deployed", "candidate")


def reliability_diagram(dossier: Record) -> str:
    """SVG of both reliability diagrams with intervals, each above the studies by predicted probability."""
    groups, histogram = dossier["reliability"], dossier["score_histogram"]
    calibrators = dossier["change"]["calibrators"]
    shown = [name for name in NAMES if groups.get(name)]
    end = axis_end([group for name in shown for group in groups[name]])

    def draw(figure: Any) -> None:
        heights = [4, 1] if histogram else [1]
        grid = figure.subplots(
            len(heights), len(shown), sharex=True, sharey="row", height_ratios=heights, squeeze=False
        )
        for column, name in enumerate(shown):
            _points(grid[0, column], groups[name], STYLES[name], end)
            if histogram:
                _studies(grid[1, column], histogram, calibrators[name], legend=column > 0)
            grid[-1, column].set_xlabel("Predicted probability")
        for row, label in zip(grid, ("Observed share", "Studies\nper 0.01"), strict=False):
            row[0].set_ylabel(label)

    size = (7.2, 4.9 if histogram else 3.9)
    return drawing("reliability-figure", "Reliability diagrams", _description(groups, shown), size, draw)


def axis_end(groups: list[Record]) -> float:
    """Where both axes end: the next tenth above every point and interval, at least 0.1, at most 1.

    Example:
        >>> axis_end([{"predicted": 0.12, "high": 0.31}]), axis_end([{"predicted": 0.9, "high": 0.99}])
        (0.4, 1.0)
    """
    largest = max([0.0, *(max(group["predicted"], group["high"]) for group in groups)])
    return min(1.0, max(1, math.ceil(largest * 10)) / 10)


def density(histogram: Record, calibrator: Record) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The histogram of raw scores moved to the probabilities a calibrator gives them.

    A strictly increasing map moves the edges of the bins and keeps their counts.

    Returns:
        (edges, shape (k + 1,); studies per 0.01 without, and with the outcome, each of shape (k,)).

    Example:
        >>> from monitor.records import IDENTITY
        >>> identity = IDENTITY.as_record()
        >>> histogram = {"edges": [0.1, 0.2, 0.4], "negatives": [10, 20], "positives": [0, 4]}
        >>> [part.round(6).tolist() for part in density(histogram, identity)]
        [[0.1, 0.2, 0.4], [1.0, 1.0], [0.0, 0.2]]
    """
    x = logit(np.clip(np.asarray(histogram["edges"], dtype=float), 1e-6, 1 - 1e-6))
    edges = expit(calibrated_log_odds(read_calibrator(calibrator), x))
    hundredths = np.diff(edges) * 100
    return (
        edges,
        np.asarray(histogram["negatives"]) / hundredths,
        np.asarray(histogram["positives"]) / hundredths,
    )


def _points(axes: Any, groups: list[Record], style: Style, end: float) -> None:
    probability_axes(axes, "", "", end)
    observed = [group["observed"] for group in groups]
    below = [max(0.0, group["observed"] - group["low"]) for group in groups]
    above = [max(0.0, group["high"] - group["observed"]) for group in groups]
    axes.errorbar(
        [group["predicted"] for group in groups],
        observed,
        yerr=[below, above],
        color=style.colour,
        ecolor=INK,
        elinewidth=0.9,
        capsize=2.5,
        linestyle=style.line,
        linewidth=1.0,
        marker=style.marker,
        markersize=5.5,
        clip_on=False,
        zorder=3,
    )
    axes.set_title(style.label.capitalize(), fontsize=10)


def _studies(axes: Any, histogram: Record, calibrator: Record, *, legend: bool) -> None:
    stacked_bars(axes, *density(histogram, calibrator))
    if legend:
        axes.legend(loc="upper right", fontsize=8)


def _description(groups: Record, shown: list[str]) -> str:
    parts: list[str] = []
    for name in shown:
        pairs = "; ".join(
            f"predicted {group['predicted']:.3f}, observed {group['observed']:.3f}" for group in groups[name]
        )
        parts.append(f"{STYLES[name].label.capitalize()} calibrator: {pairs}.")
    return " ".join(parts) + " The tables below the figure hold the same numbers."
