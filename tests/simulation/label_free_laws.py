"""Windows and references whose truth is known: binormal scores, area .85, calibrated at 5 %."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np

from monitor.calibrators import straight_line
from monitor.drift.prevalence_samples import LabelledScores, UnlabelledScores
from monitor.logistic import LogisticFit, expit, fit_logistic, logit
from monitor.records import Calibrator, FloatArray
from monitor.simulation import calibrated_night, intercept_keeping_prevalence, separation, shifted_outcomes

USUAL, AREA = 0.05, 0.85
Law = Callable[[np.random.Generator, int], tuple[FloatArray, FloatArray]]
"""(generator, studies) -> (scores, outcomes)."""


def label_shift(rng: np.random.Generator, n: int, prevalence: float) -> tuple[FloatArray, FloatArray]:
    """Another mix of the classes, each with the scores it had."""
    log_odds, outcome = calibrated_night(rng, n, prevalence, AREA)
    moved = math.log(USUAL / (1 - USUAL)) - math.log(prevalence / (1 - prevalence))
    return expit(log_odds + moved), outcome


def returning(rng: np.random.Generator, n: int, prevalence: float) -> LabelledScores:
    """About n studies of patients who have one to three, with one outcome and half of the score in common."""
    who = np.repeat(np.arange(n // 2), rng.integers(1, 4, n // 2))
    outcome = (rng.random(n // 2) < prevalence).astype(float)[who]
    shared, own = rng.standard_normal(n // 2)[who], rng.standard_normal(len(who))
    d, centre = separation(AREA), math.log(USUAL / (1 - USUAL))
    log_odds = centre + (outcome - 0.5) * d**2 + d * (shared + own) / math.sqrt(2)
    return LabelledScores(expit(log_odds), outcome, who.astype(str).astype(object))


def _raised(rng: np.random.Generator, n: int) -> tuple[FloatArray, FloatArray]:
    """Covariate shift: scores .4 higher, and outcomes as the scores say."""
    log_odds = calibrated_night(rng, n, USUAL, AREA)[0] + 0.4
    return expit(log_odds), shifted_outcomes(rng, log_odds)


def _rescored(rng: np.random.Generator, n: int) -> tuple[FloatArray, FloatArray]:
    """Acquisition: scores .4 higher, outcomes as before."""
    log_odds, outcome = calibrated_night(rng, n, USUAL, AREA)
    return expit(log_odds + 0.4), outcome


def _concept(
    rng: np.random.Generator, n: int, intercept: float, slope: float
) -> tuple[FloatArray, FloatArray]:
    log_odds, _ = calibrated_night(rng, n, USUAL, AREA)
    return expit(log_odds), shifted_outcomes(rng, log_odds, intercept, slope)


NONE, LABEL = "no change", "label shift 5 -> 10 %"
COVARIATE, ACQUISITION = "covariate shift, scores +.4", "acquisition, scores +.4"
INTERCEPT, SLOPE = "concept, intercept +.5", "concept, slope .7, mean kept"
WINDOWS: dict[str, Law] = {
    NONE: partial(_concept, intercept=0.0, slope=1.0),
    LABEL: partial(label_shift, prevalence=0.10),
    COVARIATE: _raised,
    ACQUISITION: _rescored,
    INTERCEPT: partial(_concept, intercept=0.5, slope=1.0),
    SLOPE: partial(_concept, intercept=intercept_keeping_prevalence(0.7, USUAL, AREA), slope=0.7),
}


@cache
def people(n: int) -> Any:
    """One study each."""
    return np.arange(n).astype(str).astype(object)


def reference_of(rng: np.random.Generator, events: int) -> LabelledScores:
    log_odds, outcome = calibrated_night(rng, round(events / USUAL), USUAL, AREA)
    return LabelledScores(expit(log_odds), outcome, people(len(outcome)))


def window_of(score: FloatArray) -> UnlabelledScores:
    return UnlabelledScores(score, people(len(score)))


def line_of(reference: LabelledScores) -> FloatArray:
    return _fit(reference).coefficients


def _fit(reference: LabelledScores) -> LogisticFit:
    x = logit(reference.score)
    return fit_logistic(np.column_stack([np.ones_like(x), x]), reference.outcome)


def fitted_on(rng: np.random.Generator, events: int) -> Calibrator:
    fit = _fit(reference_of(rng, events))
    (a, b), (c, d) = fit.covariance.tolist()
    intercept, slope = (float(number) for number in fit.coefficients)
    return straight_line("v1", "platt", intercept, slope, ((a, b), (c, d)))
