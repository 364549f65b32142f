"""Both samples drawn anew, patient by patient, and the prevalence estimated from each draw.

A draw refits the map on its reference and counts the reference's prevalence anew: an interval from the
window alone would take both as known. Scores are counted in bins of .05 log-odds, each spoken for by its
mean, so a draw costs bins, not studies.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from monitor.drift.prevalence_estimators import likelihood_maxima
from monitor.drift.prevalence_samples import LabelledScores, UnlabelledScores
from monitor.logistic import expit, logit
from monitor.records import BoolArray, FloatArray, IntArray, TextArray

BIN = 0.05
DRAWS_AT_ONCE = 250
REFITTING_STEPS = 25
SETTLED = 1e-7


@dataclass(frozen=True)
class Cells:
    """Studies of like score and outcome as one cell.

    Attributes:
        value: Mean log-odds of the score per cell, shape (k,).
        outcome: Of each cell, shape (k,); zero where unknown.
        code: Cell of each study, shape (n,).
        patient: Number of each study's patient from 0, shape (n,).
    """

    value: FloatArray
    outcome: FloatArray
    code: IntArray
    patient: IntArray


def cells(score: FloatArray, patient: TextArray, outcome: FloatArray | None = None) -> Cells:
    """The cells of a sample with at least one study.

    Example:
        >>> who = np.array(["a", "b", "a"], dtype=object)
        >>> found = cells(np.array([0.5, 0.5, 0.9]), who)
        >>> found.code.tolist(), found.patient.tolist(), found.value.round(3).tolist()
        ([0, 0, 1], [0, 1, 0], [0.0, 2.197])
    """
    x, label = logit(score), np.zeros(len(score)) if outcome is None else outcome
    _, code = np.unique(2.0 * np.floor(x / BIN) + label, return_inverse=True)
    _, number = np.unique(patient.astype(str), return_inverse=True)
    n = np.bincount(code)
    return Cells(np.bincount(code, x) / n, np.bincount(code, label) / n, code, number)


def draw(rng: np.random.Generator, sample: Cells, draws: int) -> FloatArray:
    """Studies per cell when the patients are drawn with replacement, shape (draws, k)."""
    patients, studies, k = int(sample.patient.max()) + 1, len(sample.code), len(sample.value)
    if patients == studies:
        return rng.multinomial(studies, np.bincount(sample.code) / studies, draws).astype(float)
    drawn = np.empty((draws, k))
    for row in drawn:
        times = np.bincount(rng.integers(patients, size=patients), minlength=patients)
        row[:] = np.bincount(sample.code, times[sample.patient], minlength=k)
    return drawn


@dataclass(frozen=True)
class Draws:
    """Estimates of each draw, shape (draws,), not cut to [0, 1]; NaN where the map has no fit."""

    maximum_likelihood: FloatArray
    black_box_shift: FloatArray


def prevalence_draws(
    reference: LabelledScores,
    target: UnlabelledScores,
    line: FloatArray,
    draws: int,
    rng: np.random.Generator,
) -> Draws:
    """Both estimates in as many draws as asked for.

    Args:
        reference: With both classes.
        target: At least one study.
        line: Intercept and slope fitted on the reference, shape (2,).
        draws: At least one.
        rng: Source of randomness.
    """
    labelled = cells(reference.score, reference.patient, reference.outcome)
    window = cells(target.score, target.patient)
    log_odds = [line[0] + line[1] * sample.value for sample in (labelled, window)]
    cut = float(logit(reference.outcome.mean()))
    flags = log_odds[0] >= cut, log_odds[1] >= cut
    parts: list[tuple[FloatArray, FloatArray]] = []
    for first in range(0, draws, DRAWS_AT_ONCE):
        size = min(DRAWS_AT_ONCE, draws - first)
        counts = draw(rng, labelled, size), draw(rng, window, size)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            parts.append((_likeliest(labelled, window, counts, line), _explained(labelled, counts, flags)))
    return Draws(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _likeliest(
    labelled: Cells, window: Cells, counts: tuple[FloatArray, FloatArray], line: FloatArray
) -> FloatArray:
    of_reference, of_window = counts
    lines = refitted(labelled, of_reference, line)
    prevalence = (of_reference @ labelled.outcome) / of_reference.sum(axis=1)
    risk = expit(lines[:, :1] + lines[:, 1:] * window.value)
    return likelihood_maxima(risk, of_window, prevalence)


def _explained(
    labelled: Cells, counts: tuple[FloatArray, FloatArray], flags: tuple[BoolArray, BoolArray]
) -> FloatArray:
    """The black-box estimate of each draw, the threshold staying where it was."""
    of_reference, of_window = counts
    positive = labelled.outcome
    sensitivity = (of_reference @ (flags[0] * positive)) / (of_reference @ positive)
    false_positive = (of_reference @ (flags[0] * (1.0 - positive))) / (of_reference @ (1.0 - positive))
    share = (of_window @ flags[1]) / of_window.sum(axis=1)
    return (share - false_positive) / (sensitivity - false_positive)


def refitted(sample: Cells, counts: FloatArray, start: FloatArray) -> FloatArray:
    """Intercept and slope in each draw, by Newton steps from the whole sample's.

    Args:
        sample: Cells with outcomes.
        counts: Studies per cell and draw, shape (draws, k).
        start: Intercept and slope, shape (2,).

    Returns:
        Shape (draws, 2); NaN in a draw that does not settle.
    """
    line, x = np.tile(start, (len(counts), 1)), sample.value
    step = np.zeros_like(line)
    for _ in range(REFITTING_STEPS):
        risk = expit(line[:, :1] + line[:, 1:] * x)
        residual, weight = counts * (sample.outcome - risk), counts * risk * (1.0 - risk)
        g, gx = residual.sum(axis=1), residual @ x
        h, hx, hxx = weight.sum(axis=1), weight @ x, weight @ x**2
        step = np.stack([hxx * g - hx * gx, h * gx - hx * g], axis=1) / (h * hxx - hx**2)[:, None]
        line = line + step
        if np.nanmax(np.abs(step), initial=0.0) < SETTLED:
            break
    settled = (np.abs(step) < SETTLED).all(axis=1, keepdims=True)
    return np.where(settled, line, np.nan)
