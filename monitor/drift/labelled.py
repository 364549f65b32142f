"""Studies with the outcomes that are known: what attribution compares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.records import BoolArray, FloatArray, IntArray, Rows, TextArray


@dataclass(frozen=True)
class Labelled:
    """Studies of one place and period, with the outcomes that are known.

    Attributes:
        score: Raw model outputs, shape (n,), in [0, 1].
        outcome: 1.0, 0.0, or NaN where it is not known, shape (n,).
        patient: Pseudonyms, shape (n,).
        stratum: Vendor of each study, shape (n,), "" or None where it is not known; None without vendors.
    """

    score: FloatArray
    outcome: FloatArray
    patient: TextArray
    stratum: TextArray | None = None

    def __post_init__(self) -> None:
        columns = self._columns()
        if any(column.shape != (len(self.score),) for column in columns):
            raise ValueError("score, outcome, patient and stratum must have one shape, (n,)")
        if not ((self.score >= 0) & (self.score <= 1)).all():
            raise ValueError("every score must lie in [0, 1]")
        if not (np.isnan(self.outcome) | np.isin(self.outcome, (0.0, 1.0))).all():
            raise ValueError("every outcome must be 0, 1 or NaN")
        for column in columns:
            column.flags.writeable = False

    def __len__(self) -> int:
        return len(self.score)

    def _columns(self) -> tuple[NDArray[Any], ...]:
        own = self.score, self.outcome, self.patient
        return own if self.stratum is None else (*own, self.stratum)

    def where(self, keep: BoolArray) -> Labelled:
        """The studies that `keep` marks, in the same order."""
        return Labelled(*(column[keep] for column in self._columns()))

    @property
    def known(self) -> BoolArray:
        """True where the outcome is known, shape (n,)."""
        return ~np.isnan(self.outcome)

    @property
    def events(self) -> int:
        """Studies of the rarer class among those with a known outcome."""
        known = self.outcome[self.known]
        positives = int(known.sum())
        return min(positives, len(known) - positives)

    @property
    def patient_number(self) -> IntArray:
        """The patients counted from 0, shape (n,)."""
        return np.unique(self.patient, return_inverse=True)[1].astype(np.int64)

    @property
    def repeats(self) -> bool:
        """True when a patient has several studies."""
        return len(set(self.patient.tolist())) < len(self)


def labelled(rows: Rows, stratum: TextArray | None = None) -> Labelled:
    """Mature rows of the store, with the vendor of each where there are vendors."""
    return Labelled(rows.score, rows.outcome, rows.patient, stratum)
