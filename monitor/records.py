"""The frozen records that rooms hand to each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
TextArray = NDArray[np.object_]

Role = Literal["predictions", "outcomes"]
CalibratorKind = Literal["identity", "intercept", "platt", "pooled", "prior_shift", "beta", "isotonic"]
VerdictName = Literal["accept", "reject", "insufficient"]
CriterionStatus = Literal["demonstrated", "not_contradicted", "contradicted", "insufficient"]


class Place(NamedTuple):
    """One site and one finding: what is monitored and recalibrated on its own."""

    site: str
    finding: str


@dataclass(frozen=True)
class Estimate:
    """A number with its interval, the counts behind it and how it was computed.

    `events` always counts the rarer class.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    events: int
    method: str


@dataclass(frozen=True)
class Rows:
    """Mature studies of one place, ordered by cohort, then study.

    Attributes:
        place: The site and finding.
        cohort: Cohort keys, shape (n,), sortable text ("1991-01", "2026-03-01"; a name when undated).
        study: Pseudonyms of the studies, shape (n,).
        patient: Pseudonyms of the patients, shape (n,).
        day: Days of prediction, shape (n,), datetime64[D]; NaT in undated logs.
        score: Raw model outputs, shape (n,), in [0, 1].
        outcome: 1.0, 0.0, or NaN where no usable outcome was known at maturity, shape (n,).
        ai_influence: How the outcome's reader was exposed to the AI, shape (n,); "" without an outcome.
        repeat: True where the patient had another study at the place in the days before, shape (n,).
    """

    place: Place
    cohort: TextArray
    study: TextArray
    patient: TextArray
    day: NDArray[np.datetime64]
    score: FloatArray
    outcome: FloatArray
    ai_influence: TextArray
    repeat: BoolArray

    def __post_init__(self) -> None:
        for array in self._columns():
            array.flags.writeable = False

    def __len__(self) -> int:
        return len(self.score)

    def where(self, keep: BoolArray) -> Rows:
        """The rows that `keep` marks, in the same order."""
        return Rows(self.place, *(array[keep] for array in self._columns()))

    def _columns(self) -> tuple[NDArray[Any], ...]:
        return (
            self.cohort,
            self.study,
            self.patient,
            self.day,
            self.score,
            self.outcome,
            self.ai_influence,
            self.repeat,
        )

    def known(self) -> Rows:
        """The rows whose outcome was known at maturity."""
        return self.where(~np.isnan(self.outcome))

    @property
    def events(self) -> int:
        """Rows of the rarer class among those with a known outcome."""
        known = self.outcome[~np.isnan(self.outcome)]
        positives = int(known.sum())
        return min(positives, len(known) - positives)


@dataclass(frozen=True)
class Scored:
    """Mature studies of one place as `Rows` are ordered, without a name of a study or a patient.

    Attributes:
        place: The site and finding.
        cohort: Cohort keys, shape (n,).
        patient: A number for each patient, in the order of their pseudonyms, shape (n,).
        score: Raw model outputs, shape (n,), in [0, 1].
        outcome: 1.0, 0.0, or NaN where no usable outcome was known at maturity, shape (n,).
    """

    place: Place
    cohort: TextArray
    patient: IntArray
    score: FloatArray
    outcome: FloatArray

    def __post_init__(self) -> None:
        for array in (self.cohort, self.patient, self.score, self.outcome):
            array.flags.writeable = False

    def __len__(self) -> int:
        return len(self.score)

    def where(self, keep: BoolArray) -> Scored:
        """The rows that `keep` marks, in the same order."""
        kept = self.cohort[keep], self.patient[keep], self.score[keep], self.outcome[keep]
        return Scored(self.place, *kept)

    def known(self) -> Scored:
        """The rows whose outcome was known at maturity."""
        return self.where(~np.isnan(self.outcome))


class Mark(NamedTuple):
    """What a look at the predictions has read.

    Attributes:
        due: Predictions of cohorts that ended by this day.
        known_by: Of them those known by this day.
        batch: And delivered with this batch or an earlier one.
    """

    due: date
    known_by: date
    batch: int


@dataclass(frozen=True)
class Arrived:
    """Predictions of one place as they arrived, ordered by cohort, then study; n of them.

    Attributes:
        place: The site and finding.
        cohort: Cohort keys, shape (n,).
        patient: Pseudonyms, shape (n,).
        score: Raw model outputs, shape (n,).
        reader_decision: As the log has it, None where it has none, shape (n,).
        features: Declared features by name, each of shape (n,): numbers with NaN, levels with None.
    """

    place: Place
    cohort: TextArray
    patient: TextArray
    score: FloatArray
    reader_decision: TextArray
    features: Mapping[str, NDArray[Any]]

    def __post_init__(self) -> None:
        listed = (self.cohort, self.patient, self.score, self.reader_decision, *self.features.values())
        for array in listed:
            array.flags.writeable = False

    def __len__(self) -> int:
        return len(self.score)


class Categories(NamedTuple):
    """A column of texts as numbers.

    Attributes:
        levels: The texts, each once and in order; others than those of the column may be among them.
        number: Place of each row's text among them, -1 where the row has none, shape (n,).
    """

    levels: tuple[str, ...]
    number: NDArray[np.integer[Any]]

    def texts(self) -> TextArray:
        """The column again, None where a row has none.

        Example:
            >>> Categories(("a", "b"), np.array([1, -1, 0])).texts().tolist()
            ['b', None, 'a']
        """
        return np.array([*self.levels, None], dtype=object)[self.number]


@dataclass(frozen=True)
class Unread:
    """Predictions of one place that a look reads first, in no order and without a text; n of them.

    Attributes:
        place: The site and finding.
        patient: A number for each patient, shape (n,); it means nothing but that equal ones are one patient.
        score: Raw model outputs, shape (n,).
        reader_decision: As the log has it; None where the plan does not say what it means.
        features: Declared features by name: numbers with NaN, shape (n,), or levels.
    """

    place: Place
    patient: IntArray
    score: FloatArray
    reader_decision: Categories | None
    features: Mapping[str, FloatArray | Categories]

    def __post_init__(self) -> None:
        for column in (self.patient, self.score, self.reader_decision, *self.features.values()):
            if column is not None:
                (column.number if isinstance(column, Categories) else column).flags.writeable = False

    def __len__(self) -> int:
        return len(self.score)


@dataclass(frozen=True)
class Reads:
    """What readers said of studies, one row per study and reader, each array of shape (m,).

    Attributes:
        study, patient, reader: Pseudonyms; the reader is "" where the log names none.
        positive: 1 or 0; NaN where the reader could not tell.
    """

    study: TextArray
    patient: TextArray
    reader: TextArray
    positive: FloatArray

    def __len__(self) -> int:
        return len(self.positive)

    def definite(self) -> Reads:
        """The reads that gave an answer."""
        keep = ~np.isnan(self.positive)
        return Reads(self.study[keep], self.patient[keep], self.reader[keep], self.positive[keep])


@dataclass(frozen=True)
class BatchReport:
    """What became of every line of one file.

    `rows_read == stored + duplicates + revisions + rejected + waiting` holds for every batch. Blank
    lines are counted apart and are no rows.
    """

    role: Role
    source_sha256: str
    archive_sha256: str | None
    received_on: date
    rows_read: int
    stored: int
    duplicates: int
    revisions: int
    rejected: int
    waiting: int
    blank_lines: int
    reasons: Mapping[str, int] = field(default_factory=dict[str, int])
    notes: Mapping[str, int] = field(default_factory=dict[str, int])
    already_ingested: bool = False

    def reconciles(self) -> bool:
        """True when every row read is accounted for exactly once."""
        return self.rows_read == (
            self.stored + self.duplicates + self.revisions + self.rejected + self.waiting
        )

    def as_record(self) -> dict[str, Any]:
        """The ledger's form: counts and hashes only, no name and no value from the file."""
        return {
            "role": self.role,
            "source_sha256": self.source_sha256,
            "archive_sha256": self.archive_sha256,
            "received_on": self.received_on.isoformat(),
            "rows_read": self.rows_read,
            "stored": self.stored,
            "duplicates": self.duplicates,
            "revisions": self.revisions,
            "rejected": self.rejected,
            "waiting": self.waiting,
            "blank_lines": self.blank_lines,
            "reasons": dict(self.reasons),
            "notes": dict(self.notes),
        }


@dataclass(frozen=True)
class Calibrator:
    """A map of the raw score to a calibrated probability; `monitor.calibrators` evaluates it.

    Attributes:
        version: "v0" for the authorised original, then "v1", "v2" ... per place.
        kind: Which map; it decides what the parameters mean.
        parameters: Numbers and lists of numbers by name; every kind has intercept and slope.
        covariance: Of intercept, slope and what the kind estimates besides (a and b of beta; the knots of
            isotonic as one, in units of their standard errors), row by row; zero when known exactly.
    """

    version: str
    kind: CalibratorKind
    parameters: Mapping[str, Any]
    covariance: tuple[tuple[float, ...], ...]

    def as_record(self) -> dict[str, Any]:
        return {
            "version": self.version,
            "kind": self.kind,
            "parameters": {
                name: list(value) if isinstance(value, tuple) else value
                for name, value in self.parameters.items()
            },
            "covariance": [list(row) for row in self.covariance],
        }


IDENTITY = Calibrator("v0", "identity", {"intercept": 0.0, "slope": 1.0}, ((0.0, 0.0), (0.0, 0.0)))
