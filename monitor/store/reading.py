"""What was known on a night: cohorts, mature rows with their outcomes, first scores, counts."""
# ruff: noqa: S608  (statements are built from constants of this package; values are parameters)

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.plan.model import ChangePlan
from monitor.records import FloatArray, Place, Rows, TextArray
from monitor.store.connection import Session, columns, rows, scalar

INFLUENCES = ("", "blinded", "aware", "prefilled", "unknown")


@dataclass(frozen=True)
class Cohort:
    """One maturity cohort: its key and its last day (None when the log is undated)."""

    key: str
    end: date | None


@dataclass(frozen=True)
class Selection:
    """Which mature rows are wanted, as in `Store.mature_rows`."""

    matured_by: date
    known_by: date
    place: Place | None = None
    first: str | None = None
    last: str | None = None
    repeat_days: int | None = None


def cohorts(connection: Session, plan: ChangePlan, matured_by: date) -> list[Cohort]:
    """Every cohort that is mature on a day, in order."""
    found = rows(
        connection,
        "SELECT cohort, max(cohort_end) FROM predictions "
        "WHERE cohort_end IS NULL OR cohort_end + $maturity <= $matured_by "
        "GROUP BY cohort ORDER BY max(cohort_end), cohort",
        {"maturity": plan.data.maturity_days, "matured_by": matured_by},
    )
    return [Cohort(key, end) for key, end in found]


# One number per revision, so that the latest is a maximum: revision, outcome (2: indeterminate), whether
# it may be used, influence (1 to 4, as in INFLUENCES).
_READING = (
    "o.revision::BIGINT * 1000 + coalesce(o.outcome, 2)::BIGINT * 100 + "
    "CASE WHEN coalesce(o.label_source = $label_source AND o.label_version = $label_version "
    "AND list_contains($influences::VARCHAR[], o.ai_influence), false) THEN 10 ELSE 0 END + "
    "CASE o.ai_influence WHEN 'blinded' THEN 1 WHEN 'aware' THEN 2 WHEN 'prefilled' THEN 3 ELSE 4 END"
)

# Of each reader the latest revision that was observed and known in time; then all readers must agree.
# A study whose readers disagree, whose label is not the reference standard, or whose reader saw more of
# the AI than the plan allows has no usable outcome. The influence is that of the most exposed reader.
_MATURE = """
WITH studies AS (
    SELECT rowid AS number, site, finding, cohort, study, patient, day, predicted_at, score, cohort_end
    FROM predictions
    WHERE known_on <= $known_by AND (cohort_end IS NULL OR cohort_end + $maturity <= $matured_by) {wanted}
),
latest AS (
    SELECT s.number, max({reading}) % 1000 AS reading
    FROM studies s JOIN outcomes o ON o.study = s.study AND o.finding = s.finding {same_site}
    WHERE o.known_on <= $known_by {in_time} {unambiguous}
    GROUP BY s.number, o.reader_id
),
agreed AS (
    SELECT number, min(reading // 100) AS outcome, max(reading % 10) AS influence
    FROM latest
    GROUP BY number
    HAVING min(reading // 100) = max(reading // 100) AND max(reading // 100) < 2
       AND min((reading // 10) % 10) = 1
)
SELECT s.site, s.finding, s.cohort, s.study, s.patient, s.day, s.score,
    a.outcome::DOUBLE AS outcome, coalesce(a.influence, 0)::TINYINT AS influence, {repeat} AS repeat
FROM studies s LEFT JOIN agreed a ON a.number = s.number
ORDER BY s.site, s.finding, s.cohort, s.study
"""

_IN_TIME = "AND (s.cohort_end IS NULL OR coalesce(o.observed_on, o.known_on) <= s.cohort_end + $maturity)"
_REPEAT = """EXISTS (
    FROM predictions e WHERE e.site = s.site AND e.finding = s.finding AND e.patient = s.patient
    AND e.known_on <= $known_by AND e.day >= s.day - $repeat_days::INTEGER
    AND (e.day < s.day OR (e.day = s.day AND (coalesce(e.predicted_at, e.day::TIMESTAMP), e.study)
                                           < (coalesce(s.predicted_at, s.day::TIMESTAMP), s.study)))
)"""
_UNAMBIGUOUS = (
    "AND NOT EXISTS (FROM predictions other WHERE other.study = s.study AND other.finding = s.finding "
    "AND other.site <> s.site)"
)


def mature_rows(connection: Session, plan: ChangePlan, wanted: Selection) -> dict[Place, Rows]:
    """Rows of every mature cohort by place, ordered by site, finding, cohort, study."""
    statement, parameters = _mature_statement(plan, wanted)
    return _by_place(columns(connection, statement, parameters))


def _mature_statement(plan: ChangePlan, wanted: Selection) -> tuple[str, dict[str, Any]]:
    parameters: dict[str, Any] = {
        "known_by": wanted.known_by,
        "matured_by": wanted.matured_by,
        "maturity": plan.data.maturity_days,
        "label_source": plan.data.reference_standard.source,
        "label_version": plan.data.reference_standard.version,
        "influences": list(plan.data.ai_influence.monitoring),
    }
    conditions = ""
    if wanted.place is not None:
        conditions += " AND site = $site AND finding = $finding"
        parameters |= wanted.place._asdict()
    for name, comparison in (("first", ">="), ("last", "<=")):
        if (cohort := getattr(wanted, name)) is not None:
            conditions += f" AND cohort {comparison} ${name}"
            parameters[name] = cohort
    if wanted.repeat_days is not None:
        parameters["repeat_days"] = wanted.repeat_days
    mapped = plan.logs.outcomes.columns
    statement = _MATURE.format(
        wanted=conditions,
        reading=_READING,
        same_site="AND o.site = s.site" if mapped.site else "",
        in_time=_IN_TIME if mapped.observed_at else "",
        unambiguous="" if mapped.site else _UNAMBIGUOUS,
        repeat="false" if wanted.repeat_days is None else _REPEAT,
    )
    return statement, parameters


def _by_place(found: dict[str, NDArray[Any]]) -> dict[Place, Rows]:
    site, finding = _texts(found["site"]), _texts(found["finding"])
    if not len(site):
        return {}
    starts = np.flatnonzero((site[1:] != site[:-1]) | (finding[1:] != finding[:-1])) + 1
    edges = [0, *starts.tolist(), len(site)]
    typed = {**found, "ai_influence": np.array(INFLUENCES, dtype=object)[np.asarray(found["influence"])]}
    typed["outcome"] = np.ma.filled(found["outcome"].astype(np.float64), np.nan)
    typed["day"] = np.ma.filled(found["day"].astype("datetime64[D]"), np.datetime64("NaT"))
    parts = [{name: values[low:high] for name, values in typed.items()} for low, high in pairwise(edges)]
    return {place: _rows(place, part) for part in parts for place in [_place(part)]}


def _place(part: dict[str, NDArray[Any]]) -> Place:
    return Place(str(part["site"][0]), str(part["finding"][0]))


def _rows(place: Place, part: dict[str, NDArray[Any]]) -> Rows:
    """Copies, because the records freeze their arrays and must not share memory."""
    return Rows(
        place,
        _texts(part["cohort"]),
        _texts(part["study"]),
        _texts(part["patient"]),
        np.array(part["day"], dtype="datetime64[D]"),
        np.array(part["score"], dtype=np.float64),
        np.array(part["outcome"], dtype=np.float64),
        _texts(part["ai_influence"]),
        np.array(part["repeat"], dtype=np.bool_),
    )


def _texts(values: NDArray[Any]) -> TextArray:
    return np.array(values, dtype=object)


def first_scores(connection: Session, place: Place, count: int, known_by: date) -> FloatArray:
    """The first scores of a place by day, then study."""
    found = columns(
        connection,
        "SELECT score FROM predictions WHERE site = $site AND finding = $finding AND known_on <= $known_by "
        "ORDER BY day NULLS FIRST, study LIMIT $count",
        {**place._asdict(), "known_by": known_by, "count": count},
    )
    return np.array(found["score"], dtype=np.float64)


def site_counts(connection: Session, known_by: date) -> dict[Place, int]:
    """Predictions per place that were known on a day."""
    found = rows(
        connection,
        "SELECT site, finding, count(*) FROM predictions WHERE known_on <= $known_by "
        "GROUP BY site, finding ORDER BY site, finding",
        {"known_by": known_by},
    )
    return {Place(site, finding): count for site, finding, count in found}


def counts(connection: Session) -> dict[str, int]:
    """Rows in the store and what was refused or repeated; `waiting` has no prediction to this day."""
    rejected, duplicates = rows(
        connection, "SELECT coalesce(sum(rejected), 0), coalesce(sum(duplicates), 0) FROM batches"
    )[0]
    same_site = "(o.site IS NULL OR o.site = p.site)"
    return {
        "predictions": scalar(connection, "SELECT count(*) FROM predictions"),
        "outcomes": scalar(connection, "SELECT count(*) FROM outcomes WHERE revision = 1"),
        "rejected": int(rejected),
        "duplicates": int(duplicates),
        "waiting": scalar(
            connection,
            "SELECT count(*) FROM outcomes o WHERE revision = 1 AND NOT EXISTS (FROM predictions p "
            f"WHERE p.study = o.study AND p.finding = o.finding AND {same_site})",
        ),
    }
