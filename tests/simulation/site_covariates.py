"""The covariates of one simulated site: fourteen numbers and six categories, each with missing values.

A covariate is drawn as its rank on a grid of 1,000 steps, for ranks are all its stream reads; a shift by d
standard deviations moves a rank r to Phi(Phi^-1(r) + d), and a category is cut from the grid. Covariates are
independent of one another, which makes "any of them alarms" most probable.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
from calibration_stream import CHANGE_NIGHT, NIGHTS
from covariate_stream import log_e_per_code
from numpy.typing import NDArray
from site_streams import REFERENCE_NIGHTS, WEIGHTS, Change, Stream, Variation, nightly, pairs

from monitor.drift import (
    MeanStream,
    freeze_continuous,
    freeze_levels,
    freeze_rate,
    level_shares,
    location_and_spread,
    rate,
)
from monitor.records import FloatArray, IntArray

LEVELS = (
    (0.7, 0.3),
    (0.98, 0.02),
    (0.5, 0.3, 0.2),
    (0.85, 0.1, 0.05),
    (0.4, 0.3, 0.2, 0.1),
    (0.5, 0.2, 0.15, 0.1, 0.05),
)
CONTINUOUS = 14
COVARIATES, VENDOR = CONTINUOUS + len(LEVELS), CONTINUOUS + 2
MISSING = (0.0, 0.01, 0.02, 0.05, 0.10)
STEPS, FINEST, LARGEST = 1000, 0.01, 100
"""Steps of a rank; effects are rounded to `FINEST` and reach at most `LARGEST` times that."""
NEW_LEVEL = STEPS


def covariate(
    rng: np.random.Generator, studies: int, variation: Variation, number: int, change: Change
) -> Iterator[Stream]:
    """The stream of covariate `number`'s values and that of its missing ones."""
    rows = 2 if variation.paired else 1
    steps = _steps(rng, studies, variation, change)
    missing = rng.binomial(studies // rows, MISSING[number % len(MISSING)], len(steps))
    gone = np.arange(studies) >= studies - rows * missing[:, None]
    reference = steps[:REFERENCE_NIGHTS][~gone[:REFERENCE_NIGHTS]]
    stream, code_of_step = _frozen(number, reference, rows)
    log_e = np.vstack([log_e_per_code(stream)[code_of_step], np.zeros(len(stream.wagers))])
    codes = np.where(gone, len(code_of_step), steps)[REFERENCE_NIGHTS:]
    share = WEIGHTS["covariates"] / COVARIATES
    yield Stream("covariates", share, nightly(log_e, codes, variation.paired))
    yield _missingness(missing, studies // rows)


def _steps(rng: np.random.Generator, studies: int, variation: Variation, change: Change) -> IntArray:
    """Steps of the reference's nights and of the year, shape (nights, studies)."""
    shape = (REFERENCE_NIGHTS + NIGHTS, studies)
    steps = pairs(rng, rng.integers(0, STEPS, shape), rng.integers(0, STEPS, shape), variation.paired)
    effects = variation.effects(rng, shape[0])
    late = slice(REFERENCE_NIGHTS + CHANGE_NIGHT, None)
    effects[late] += change.shift
    if change.new_level:
        steps[late][rng.random(steps[late].shape) < change.new_level] = NEW_LEVEL
    return _moved(steps, effects) if effects.any() else steps


def _missingness(missing: IntArray, patients: int) -> Stream:
    """Patients without a value; both studies of one are without it."""
    then = int(missing[:REFERENCE_NIGHTS].sum())
    ones = np.repeat([0.0, 1.0], [patients * REFERENCE_NIGHTS - then, then])
    stream = rate(freeze_rate(ones, len(ones)), 0.2, 2.0)
    counts = np.column_stack([patients - missing, missing])[REFERENCE_NIGHTS:]
    return Stream("missingness", WEIGHTS["missingness"] / COVARIATES, counts @ log_e_per_code(stream))


def _frozen(number: int, steps: IntArray, rows_of_a_patient: int) -> tuple[MeanStream, IntArray]:
    """The stream as the product freezes it, and the code of each step and of a new level."""
    patients = len(steps) // rows_of_a_patient
    if number < CONTINUOUS:
        feature = freeze_continuous(steps.astype(float), patients)
        return location_and_spread(feature, 0.1, 2.0), feature.code(np.arange(STEPS + 1.0))
    level = _level_of_step(number - CONTINUOUS)
    feature = freeze_levels(level[steps], patients)
    return level_shares(feature, 0.2, 2.0), feature.code(level)


@cache
def _level_of_step(number: int) -> NDArray[np.object_]:
    upper = np.cumsum(LEVELS[number])[:-1]
    level = np.searchsorted(upper, (np.arange(STEPS) + 0.5) / STEPS)
    return np.array([*(f"level {index}" for index in level.tolist()), "new"], dtype=object)


@cache
def _shifted_steps() -> IntArray:
    """Where each step lies after a shift by -LARGEST .. LARGEST times FINEST; the new level stays itself."""
    from scipy.special import ndtr, ndtri

    shift = FINEST * np.arange(-LARGEST, LARGEST + 1)[:, None]
    rank = ndtr(ndtri((np.arange(STEPS) + 0.5) / STEPS) + shift)
    moved = np.minimum((rank * STEPS).astype(np.int64), STEPS - 1)
    return np.column_stack([moved, np.full(len(moved), NEW_LEVEL)])


def _moved(steps: IntArray, effects: FloatArray) -> IntArray:
    """Steps of nights that are moved by `effects` standard deviations."""
    row = np.clip(np.rint(effects / FINEST).astype(np.int64), -LARGEST, LARGEST) + LARGEST
    return _shifted_steps()[row[:, None], steps]
