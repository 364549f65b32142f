"""Old and new map over the raw score, with the scores they will meet."""

from __future__ import annotations

from typing import Any

import numpy as np

from monitor.calibrators import calibrated_log_odds, log_odds_error, read_calibrator
from monitor.documentation.evidence import Record
from monitor.documentation.figures.canvas import STYLES, drawing, present, probability_axes, stacked_bars
from monitor.documentation.visible import visible
from monitor.logistic import expit, logit
from monitor.records import FloatArray

POINTS = 201
Z = 1.959964


def calibration_map(dossier: Record) -> str:
    """SVG of the probability that each calibrator gives to each raw score.

    Two panels when there are validation studies: the maps, and below them the raw scores by outcome.
    """
    calibrators, histogram = dossier["change"]["calibrators"], dossier["score_histogram"]

    def draw(figure: Any) -> None:
        if histogram is None:
            _maps(figure.add_subplot(), calibrators, "Raw score")
            return
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
        _maps(upper, calibrators, "")
        _histogram(lower, histogram)

    size = (5.6, 4.0 if histogram is None else 5.4)
    return drawing("map-figure", "Calibration maps", _description(calibrators, histogram), size, draw)


def map_points(calibrator: Record) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Scores from 0 to 1 with the calibrated probability and its 95 % band.

    Returns:
        (score, probability, lower bound, upper bound), each of shape (201,).

    Example:
        >>> from monitor.records import IDENTITY
        >>> score, probability, low, high = map_points(IDENTITY.as_record())
        >>> float(score[100]), float(probability[100]), float(high[100] - low[100])
        (0.5, 0.5, 0.0)
    """
    score = np.linspace(0.0, 1.0, POINTS)
    x = logit(np.clip(score, 1e-6, 1 - 1e-6))
    fitted = read_calibrator(calibrator)
    line, error = calibrated_log_odds(fitted, x), log_odds_error(fitted, x)
    return score, expit(line), expit(line - Z * error), expit(line + Z * error)


def _maps(axes: Any, calibrators: Record, x_label: str) -> None:
    probability_axes(axes, x_label, "Probability given")
    shown = present(STYLES, dict(calibrators))
    for name in shown:
        style, calibrator = STYLES[name], calibrators[name]
        score, probability, low, high = map_points(calibrator)
        if name == "candidate":
            axes.fill_between(score, low, high, color=style.colour, alpha=0.18, linewidth=0)
        same = name == "last_deployed" and "original" not in shown
        label = visible(f"{'original = ' if same else ''}{style.label} ({calibrator['version']})")
        axes.plot(score, probability, color=style.colour, linestyle=style.line, linewidth=2.0, label=label)
        axes.plot(
            score[10::20],
            probability[10::20],
            color=style.colour,
            linestyle="none",
            marker=style.marker,
            markersize=4,
        )
    axes.legend(loc="best")


def _histogram(axes: Any, histogram: Record) -> None:
    edges = np.asarray(histogram["edges"], dtype=float)
    negatives, positives = (np.asarray(histogram[key], dtype=float) for key in ("negatives", "positives"))
    stacked_bars(axes, edges, negatives, positives)
    axes.set_xlabel("Raw score")
    axes.set_ylabel("Studies")
    axes.legend(loc="best")


def _description(calibrators: Record, histogram: Record | None) -> str:
    parts: list[str] = []
    for name in present(STYLES, dict(calibrators)):
        _, probability, _, _ = map_points(calibrators[name])
        values = ", ".join(
            f"{probability[index]:.3f} at score {index / 200:g}" for index in (20, 60, 100, 140, 180)
        )
        parts.append(f"The {STYLES[name].label} calibrator gives {values}.")
    if histogram is not None:
        total = sum(histogram["negatives"]) + sum(histogram["positives"])
        parts.append(
            f"The histogram counts {total:,} validation studies, {sum(histogram['positives']):,} with the "
            "outcome."
        )
    return " ".join(parts)
