"""Nights of one number at a site: its reference, and a year in which nothing or one thing changes.

The number is standard normal. Around that a truth may move it from night to night, with the day of the week,
or by patient; the reference consists of nights of the same kind, so all of that is in it too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from monitor.records import FloatArray

NIGHTS, CHANGE_NIGHT = 365, 100
WEEK = np.array([1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0])
"""Weekends lie higher. The first night is a Sunday: 7 of 25 nights of a reference are then of a weekend."""


@dataclass(frozen=True)
class Truth:
    """How a site varies while nothing changes.

    Attributes:
        night_effect: Standard deviation of a night's own shift, in standard deviations of the number.
        weekday_effect: How much higher weekends lie, in standard deviations.
        paired: Two studies per patient, on the same night, with an intraclass correlation of one half.
        reference_rows: Studies of the reference.
    """

    name: str
    night_effect: float = 0.0
    weekday_effect: float = 0.0
    paired: bool = False
    reference_rows: int = 5000


TRUTHS = (
    Truth("iid"),
    Truth("night effect .1 SD", night_effect=0.1),
    Truth("weekend .2 SD", weekday_effect=0.2),
    Truth("2 studies a patient", paired=True),
    Truth("m = 1000", reference_rows=1000),
)


@dataclass(frozen=True)
class Site:
    """One site.

    Attributes:
        reference: Nights of the reference, shape (nights, studies).
        values: Nights that are looked at, shape (nights, studies). Neighbours are of one patient if paired.
        paired: As in `Truth`.
    """

    reference: FloatArray
    values: FloatArray
    paired: bool

    def __post_init__(self) -> None:
        self.reference.flags.writeable = self.values.flags.writeable = False

    @property
    def reference_patients(self) -> int:
        return self.reference.size // (2 if self.paired else 1)


def site(
    rng: np.random.Generator, truth: Truth, studies: int, shift: float = 0.0, nights: int = NIGHTS
) -> Site:
    """Draw a site whose number moves by `shift` standard deviations after night `CHANGE_NIGHT`.

    Example:
        >>> drawn = site(np.random.default_rng(1), TRUTHS[0], 200)
        >>> drawn.reference.shape, drawn.values.shape
        ((25, 200), (365, 200))
    """
    before = truth.reference_rows // studies
    values = _standard(rng, before + nights, studies, truth.paired)
    values += truth.night_effect * rng.standard_normal((len(values), 1))
    values += truth.weekday_effect * WEEK[np.arange(len(values)) % 7, None]
    values[before + CHANGE_NIGHT :] += shift
    return Site(values[:before].copy(), values[before:].copy(), truth.paired)


def _standard(rng: np.random.Generator, nights: int, studies: int, paired: bool) -> FloatArray:
    if not paired:
        return rng.standard_normal((nights, studies))
    patient = np.repeat(rng.standard_normal((nights, studies // 2)), 2, axis=1)
    return (patient + rng.standard_normal((nights, studies))) / np.sqrt(2.0)
