"""What the streams of a simulated site have in common: the plan's weights, how nights vary, what changes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from calibration_stream import NIGHTS

from monitor.drift import log_limit
from monitor.drift.detector import log_mean_exp
from monitor.records import FloatArray, IntArray

WEIGHTS = {
    "calibration": 0.40,
    "prevalence": 0.10,
    "covariates": 0.30,
    "missingness": 0.05,
    "score mean": 0.05,
    "score shape": 0.05,
    "alert rate": 0.05,
}
ALPHA, REFERENCE_NIGHTS = 0.05, 90
Drawn = TypeVar("Drawn", FloatArray, IntArray)


@dataclass(frozen=True)
class Variation:
    """How nights differ while nothing changes, in standard deviations.

    Attributes:
        night: Standard deviation of a night's own effect on a covariate.
        largest: Night effects are cut there.
        weekend: How much higher a covariate lies on two days of seven.
        paired: Two studies per patient.
        inside: The truth stays inside the tolerance band.
    """

    name: str
    night: float = 0.0
    largest: float = math.inf
    weekend: float = 0.0
    paired: bool = False
    inside: bool = True

    def effects(self, rng: np.random.Generator, nights: int) -> FloatArray:
        """Of each night on one covariate, shape (nights,)."""
        own = np.clip(self.night * rng.standard_normal(nights), -self.largest, self.largest)
        return own + self.weekend * (np.arange(nights) % 7 < 2)


@dataclass(frozen=True)
class Stream:
    """A stream's year.

    Attributes:
        weight: Its share of alpha.
        log_e: Of each night and bet, shape (nights, bets).
    """

    name: str
    weight: float
    log_e: FloatArray


@dataclass(frozen=True)
class Change:
    """What changes after night `CHANGE_NIGHT`; by default nothing.

    Attributes:
        shift: Of the covariate, in standard deviations.
        new_level: Share of studies with a level the reference never had.
        prevalence: New prevalence, the laws of the score given the outcome kept.
        intercept, slope: Of the true log-odds given those of the score.
    """

    name: str = "none"
    shift: float = 0.0
    new_level: float = 0.0
    prevalence: float | None = None
    intercept: float = 0.0
    slope: float = 1.0


def first_alarms(streams: Sequence[Stream]) -> list[float]:
    """Night of each stream's first alarm, from 1; infinite where there is none.

    Example:
        >>> first_alarms([Stream("one bet", 1.0, np.full((9, 1), 5.0))])
        [2.0]
    """
    log_e = np.concatenate([stream.log_e for stream in streams], axis=1)
    path, log_r = np.empty(log_e.shape), np.full(log_e.shape[1], -np.inf)
    for night, step in enumerate(log_e):
        path[night] = log_r = step + np.logaddexp(log_r, 0.0)
    ends = np.cumsum([stream.log_e.shape[1] for stream in streams])[:-1]
    return [_first(bets, stream) for bets, stream in zip(np.split(path, ends, axis=1), streams, strict=True)]


def _first(log_r: FloatArray, stream: Stream) -> float:
    above = log_mean_exp(log_r) >= log_limit(NIGHTS, 1, ALPHA, stream.weight)
    return float(np.argmax(above)) + 1.0 if above.any() else math.inf


def pairs(rng: np.random.Generator, first: Drawn, other: Drawn, paired: bool) -> Drawn:
    """Studies of shape (nights, studies); if paired, neighbours are of one patient.

    A second study repeats the first with probability one half, else it is new: an intraclass correlation
    of .5 whose law for a single study does not change.
    """
    if not paired:
        return first
    again = rng.random(first[:, 1::2].shape) < 0.5
    first[:, 1::2] = np.where(again, first[:, ::2], other[:, 1::2])
    return first


def nightly(log_e: FloatArray, codes: IntArray, paired: bool) -> FloatArray:
    """Log e-value of each night and bet, shape (nights, bets); a patient's two rows count as their mean e.

    Args:
        log_e: Of each code and bet.
        codes: Of each night and study, neighbours of one patient if paired.
        paired: As in `Variation`.
    """
    if paired:
        first, second = codes[:, ::2], codes[:, 1::2]
        return np.stack([np.log((e[first] + e[second]) / 2).sum(axis=1) for e in np.exp(log_e).T], axis=1)
    nights, size = len(codes), len(log_e)
    flat = codes + size * np.arange(nights)[:, None]
    counts = np.bincount(flat.ravel(), minlength=nights * size).reshape(nights, size)
    return counts.astype(float) @ log_e
