"""Windows whose cause is known: what moved, and what the deployed calibrator makes of it.

One site with 200 studies a night, prevalence 5 %, area under the curve .85, log-odds exactly calibrated in
the reference.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from monitor.drift.attribution import Explanation, Labelled
from monitor.logistic import expit, logit
from monitor.records import FloatArray
from monitor.simulation import calibrated_night, intercept_keeping_prevalence, separation, shifted_outcomes

PREVALENCE, AREA = 0.05, 0.85
MOVED, SHIFTED, SLOPE, SHARED = 0.4, 0.5, 0.7, 0.5
KEEPING = intercept_keeping_prevalence(SLOPE, PREVALENCE, AREA)
MOST_STUDIES = 18_000
PEOPLE = np.arange(MOST_STUDIES).astype(str).astype(object)
Draw = Callable[[np.random.Generator, int], tuple[FloatArray, FloatArray]]


def calibrated(rng: np.random.Generator, n: int) -> tuple[FloatArray, FloatArray]:
    return calibrated_night(rng, n, PREVALENCE, AREA)


def label(prevalence: float) -> Draw:
    """Another prevalence with the scores of each class as they were."""
    moved = float(logit(np.array([PREVALENCE]))[0] - logit(np.array([prevalence]))[0])

    def draw(rng: np.random.Generator, n: int) -> tuple[FloatArray, FloatArray]:
        log_odds, outcome = calibrated_night(rng, n, prevalence, AREA)
        return log_odds + moved, outcome

    return draw


def covariate(rng: np.random.Generator, n: int) -> tuple[FloatArray, FloatArray]:
    log_odds = calibrated(rng, n)[0] + MOVED
    return log_odds, shifted_outcomes(rng, log_odds)


def concept(intercept: float, slope: float) -> Draw:
    """Other outcomes at the same scores."""

    def draw(rng: np.random.Generator, n: int) -> tuple[FloatArray, FloatArray]:
        log_odds = calibrated(rng, n)[0]
        return log_odds, shifted_outcomes(rng, log_odds, intercept, slope)

    return draw


def acquisition(rng: np.random.Generator, n: int) -> tuple[FloatArray, FloatArray]:
    log_odds, outcome = calibrated(rng, n)
    return log_odds + MOVED, outcome


def opposed(rng: np.random.Generator, n: int) -> tuple[FloatArray, FloatArray]:
    """More outcomes at the same patients, and scores that rise for all of them: .1 is left to see."""
    log_odds, outcome = concept(SHIFTED, 1.0)(rng, n)
    return log_odds + MOVED, outcome


def added(rng: np.random.Generator, n: int) -> tuple[FloatArray, FloatArray]:
    """Other patients, and more outcomes at their scores."""
    log_odds = calibrated(rng, n)[0] + MOVED
    return log_odds, shifted_outcomes(rng, log_odds, SHIFTED)


Truth = Explanation | None
TRUTHS: Mapping[str, tuple[Truth, Draw]] = {
    "none": ("none", calibrated),
    "label 5 -> 10 %": ("label", label(0.10)),
    "label 5 -> 7.5 %": ("label", label(0.075)),
    "covariate": ("covariate", covariate),
    "concept, intercept +.5": ("concept", concept(SHIFTED, 1.0)),
    "concept, slope .7": ("concept", concept(KEEPING, SLOPE)),
    "acquisition": ("acquisition", acquisition),
    "mixed, opposed": (None, opposed),
    "mixed": (None, added),
}


def studies(log_odds: FloatArray, outcome: FloatArray) -> Labelled:
    """A sample from raw log-odds, one study per patient."""
    return Labelled(expit(log_odds), outcome, PEOPLE[: len(log_odds)])


def repeated(rng: np.random.Generator, n: int) -> Labelled:
    """One to three studies per patient, of one outcome and with half of the score's spread in common."""
    who = np.repeat(np.arange(n), rng.integers(1, 4, n))[:n]
    d, outcome = separation(AREA), (rng.random(n) < PREVALENCE).astype(float)[who]
    spread = math.sqrt(SHARED) * rng.standard_normal(n)[who] + math.sqrt(1 - SHARED) * rng.standard_normal(n)
    log_odds = float(logit(np.array([PREVALENCE]))[0]) + (outcome - 0.5) * d**2 + d * spread
    return Labelled(expit(log_odds), outcome, PEOPLE[who])
