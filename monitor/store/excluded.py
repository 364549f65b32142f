"""Reading the studies that were excluded, each with the outcome that was known of it all the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.plan.model import ChangePlan
from monitor.records import BoolArray, FloatArray, Place, TextArray
from monitor.store import exclusions
from monitor.store.arrivals import feature_values
from monitor.store.connection import Session, columns, filled, quoted
from monitor.store.reading import Selection, agreed_outcomes
from monitor.store.strata import hospital_column

_COLUMNS = ("cohort", "study", "patient", "day", "score", "outcome", "reason", "counted")

_EXCLUDED = """
SELECT s.site, s.finding, s.cohort, s.study, s.patient, s.day, s.score,
    CASE WHEN s.cohort_end IS NULL OR s.cohort_end + $maturity <= $known_by
        THEN a.outcome END::DOUBLE AS outcome, e.reason, EXISTS (
        FROM predictions p WHERE p.study = s.study AND p.finding = s.finding AND p.{hospital} = s.hospital
        AND p.known_on <= $known_by
    ) AS counted{covariates}
FROM studies s JOIN exclusions e ON e.rowid = s.number LEFT JOIN agreed a ON a.number = s.number
ORDER BY s.site, s.finding, s.cohort, s.study
"""


@dataclass(frozen=True)
class Exclusions:
    """Studies of one place that were excluded, ordered by cohort, then study.

    Attributes:
        place: The site and finding.
        cohort, study, patient: As in `Rows`, shape (n,).
        day: Days on which they were, or would have been, scored, shape (n,); NaT in undated logs.
        score: Raw model outputs, shape (n,); NaN where the study was excluded before scoring.
        outcome: 1.0 or 0.0 as it was known at maturity, shape (n,); NaN without one, and until maturity.
        reason: As the log gave it, shape (n,).
        counted: True where the study had been stored as a prediction before and counts as one, shape (n,).
        covariates: The plan's, by name, each of shape (n,): NaN or None where the log had no usable value.
    """

    place: Place
    cohort: TextArray
    study: TextArray
    patient: TextArray
    day: NDArray[np.datetime64]
    score: FloatArray
    outcome: FloatArray
    reason: TextArray
    counted: BoolArray
    covariates: Mapping[str, NDArray[Any]]

    def __post_init__(self) -> None:
        for array in (*(getattr(self, name) for name in _COLUMNS), *self.covariates.values()):
            array.flags.writeable = False

    def __len__(self) -> int:
        return len(self.score)

    def where(self, keep: BoolArray) -> Exclusions:
        """The studies that `keep` marks, in the same order."""
        kept = {name: getattr(self, name)[keep] for name in _COLUMNS}
        return replace(self, **kept, covariates={name: v[keep] for name, v in self.covariates.items()})


def excluded(
    connection: Session, plan: ChangePlan, wanted: Selection, *, mature: bool
) -> dict[Place, Exclusions]:
    """Excluded studies by place, of cohorts whose predictions the database holds.

    Args:
        connection: Of a store or a snapshot.
        plan: For its covariates, and how the readers of a study make its outcome.
        wanted: As for mature rows; `repeat_days` and `held` do not count.
        mature: Only of mature cohorts; else of all.
    """
    if not exclusions.present(connection):
        return {}
    wanted = replace(wanted, matured_by=wanted.matured_by if mature else date.max, held=True)
    agreed, parameters = agreed_outcomes(connection, plan, wanted, exclusions.TABLE)
    names = [f"covariate_{item.name}" for item in plan.logs.covariates]
    statement = _EXCLUDED.format(
        hospital=hospital_column(plan), covariates="".join(f", e.{quoted(name)}" for name in names)
    )
    return _by_place(plan, columns(connection, agreed + statement, parameters))


def _by_place(plan: ChangePlan, found: dict[str, NDArray[Any]]) -> dict[Place, Exclusions]:
    site, finding = (np.asarray(found[name], dtype=object) for name in ("site", "finding"))
    if not len(site):
        return {}
    typed = _typed(found)
    covariates = {
        item.name: feature_values(found[f"covariate_{item.name}"], item.kind) for item in plan.logs.covariates
    }
    starts = np.flatnonzero((site[1:] != site[:-1]) | (finding[1:] != finding[:-1])) + 1
    return {
        place: Exclusions(
            place,
            covariates={name: values[low:high].copy() for name, values in covariates.items()},
            **{name: values[low:high].copy() for name, values in typed.items()},
        )
        for low, high in pairwise([0, *starts.tolist(), len(site)])
        for place in [Place(str(site[low]), str(finding[low]))]
    }


def _typed(found: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The columns of the record without masks."""
    texts = {name: np.array(found[name], dtype=object) for name in ("cohort", "study", "patient", "reason")}
    numbers = {name: filled(found[name].astype(np.float64), np.nan) for name in ("score", "outcome")}
    day = filled(found["day"].astype("datetime64[D]"), np.datetime64("NaT"))
    return {**texts, **numbers, "day": day, "counted": np.array(found["counted"], dtype=np.bool_)}
