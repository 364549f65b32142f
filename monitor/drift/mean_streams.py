"""A stream that compares with a frozen reference: how it reads a look, and what it bets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from monitor.drift.frozen import FrozenFeature
from monitor.drift.visits import Tally, tally, visits
from monitor.drift.wagers import Band, Stakes, Wager, log_e_of_readings
from monitor.records import FloatArray, IntArray


class Added(NamedTuple):
    """What a look adds to a stream.

    Attributes:
        sums, squares: Of the patients' mean readings and of the squares of these, shape (functionals,).
        log_e: Natural log of the look's e-value per bet, shape (k,); None where nothing was bet.
    """

    sums: FloatArray
    squares: FloatArray
    log_e: FloatArray | None


@dataclass(frozen=True)
class MeanStream:
    """How the studies of a place are read and bet on, fixed when its reference was frozen.

    Attributes:
        feature: Codes a study's value.
        functionals: Name of each reading: location and spread, a level, or rate.
        values: Reading of each code, shape (codes, functionals), in [0, 1]; fastest where a functional's
            readings lie together.
        reference: Mean of each reading over the reference, shape (functionals,).
        bands: Tolerated means, one per functional.
        stakes: The bets; none where no band leaves room, and then the stream cannot alarm.
        one: Where every reading is 0 or 1: the functional a code reads as one, -1 for none; else empty.
    """

    feature: FrozenFeature
    functionals: tuple[str, ...]
    values: FloatArray
    reference: FloatArray
    bands: tuple[Band, ...]
    stakes: Stakes
    one: IntArray

    @property
    def wagers(self) -> tuple[Wager, ...]:
        """The bets one by one."""
        return self.stakes.wagers()

    def in_words(self, wager: Wager) -> str:
        """A bet with what it is about, such as "location up 0.5"."""
        return f"{self.functionals[wager.functional]} {wager.name}"

    def read(self, held: Tally, *, bet: bool = True) -> Added:
        """What a look adds; without a `bet` no evidence is made of it.

        Neither the order of rows nor that of patients changes a bit of it: studies are counted by code, and
        patients with several stand in the order of their mean readings.
        """
        met, values = np.flatnonzero(held.counts), self.values.T
        shared = held.means(values)
        times = np.concatenate([held.counts.take(met), np.ones(shared.shape[1])])
        readings = np.concatenate([values.take(met, axis=1), shared], axis=1)
        weighted = readings * times
        sums, squares = np.add.reduce(weighted, axis=1), np.add.reduce(weighted * readings, axis=1)
        if not bet:
            return Added(sums, squares, None)
        log_e = log_e_of_readings(readings, self.stakes)
        log_e *= times
        return Added(sums, squares, np.add.reduce(log_e, axis=1))

    def log_e(self, codes: IntArray, patient: IntArray) -> FloatArray:
        """Natural log of a look's e-value per bet, shape (k,); rows of one patient count once."""
        rows = visits(patient)
        found = self.read(tally(codes, len(self.values), codes[rows.shared], rows)).log_e
        return np.empty(0) if found is None else found
