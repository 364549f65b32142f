"""What was known on a night: cohorts, mature rows with their outcomes, first scores, counts."""
# ruff: noqa: S608  (statements are built from constants of this package; values are parameters)

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.errors import UsageError
from monitor.plan.model import ChangePlan
from monitor.records import FloatArray, Place, Reads, Rows, TextArray
from monitor.store import bulk, exclusions, study_keys, working_rows
from monitor.store.arrivals import feature_values
from monitor.store.connection import Session, columns, filled, quoted, rows, scalar
from monitor.store.strata import hospital_column
from monitor.store.working_rows import DIGEST

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
    places: tuple[Place, ...] | None = None
    first: str | None = None
    last: str | None = None
    repeat_days: int | None = None
    held: bool = False
    reference: bool = False


class Considered(NamedTuple):
    """Up to where cohorts were considered before, by the same plan.

    Attributes:
        matured_by: Those that were mature on this day.
        batch: With rows of this batch or an earlier one.
    """

    matured_by: date
    batch: int


_MATURE_BY = "cohort_end <= ${0}::DATE - $maturity::INTEGER"


def cohorts(
    connection: Session, plan: ChangePlan, matured_by: date, after: Considered | None
) -> list[Cohort]:
    """Cohorts that are mature on a day, in order; those considered before only where new rows came."""
    mature = _MATURE_BY.format("matured_by")
    parameters: dict[str, Any] = {"maturity": plan.data.maturity_days, "matured_by": matured_by}
    parts = [f"cohort_end IS NULL OR {mature}"]
    if after is not None:
        parts = [
            f"batch > $batch AND (cohort_end IS NULL OR {mature})",
            f"batch <= $batch AND {mature} AND NOT {_MATURE_BY.format('before')}",
        ]
        parameters |= {"batch": after.batch, "before": after.matured_by}
    found = rows(
        connection,
        "SELECT cohort, max(cohort_end) FROM ("
        + " UNION ALL ".join(f"SELECT cohort, cohort_end FROM predictions WHERE {part}" for part in parts)
        + ") GROUP BY cohort ORDER BY max(cohort_end), cohort",
        parameters,
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

# Of a table with rows as a prediction has them, those that are wanted.
_WANTED = """
    FROM {table} AS held {left}
    WHERE known_on <= $known_by
        AND (cohort_end IS NULL OR cohort_end <= $matured_by::DATE - $maturity::INTEGER) {wanted}
"""
# Of each reader the latest revision that was observed and known in time.
_LATEST = f"""
WITH studies AS {{kept}} (
    SELECT rowid AS number, site, {{hospital}} AS hospital, finding, cohort, cohort_end, study, patient, day,
        predicted_at, score {_WANTED}
),
latest AS (
    SELECT s.number, o.reader_id AS reader, max({{reading}}) % 1000 AS reading
    FROM studies s JOIN outcomes o ON o.study = s.study AND o.finding = s.finding {{same_site}}
        {{unambiguous}}
    WHERE o.known_on <= $known_by {{among}} {{in_time}}
    GROUP BY s.number, o.reader_id
)
"""

# Then the plan's consensus of all readers. A study without one, with any label that is not the reference
# standard, or with any reader who saw more of the AI than the plan allows has no usable outcome. The
# influence is that of the most exposed reader.
_AGREED = (
    _LATEST
    + """
, agreed AS (
    SELECT number, (2 * {positive} > {definite})::TINYINT AS outcome, max(reading % 10) AS influence
    FROM latest
    GROUP BY number
    HAVING min((reading // 10) % 10) = 1 AND {definite} >= $readers AND {consensus} {indeterminate}
)
"""
)

_MATURE = """
SELECT s.site, s.finding, s.cohort, s.study, s.patient, s.day, s.score,
    coalesce(a.outcome, 'NaN'::DOUBLE) AS outcome,
    coalesce(a.influence, 0)::TINYINT AS influence, {repeat} AS repeat
FROM studies s LEFT JOIN agreed a ON a.number = s.number
ORDER BY s.site, s.finding, s.cohort, s.study
"""

# Of each study and reader the answer, null where indeterminate; of the reference standard alone.
_READS = (
    _LATEST
    + """
SELECT s.study, s.patient, coalesce(l.reader, '') AS reader,
    CASE WHEN l.reading // 100 < 2 THEN l.reading // 100 END::DOUBLE AS positive
FROM latest l JOIN studies s ON s.number = l.number
WHERE (l.reading // 10) % 10 = 1
ORDER BY s.study, reader
"""
)
_DEFINITE = "count(*) FILTER (reading < 200)"
_POSITIVE = "count(*) FILTER (reading >= 100 AND reading < 200)"
_CONSENSUS = {
    "unanimous": f"{_POSITIVE} IN (0, {_DEFINITE})",
    "majority": f"2 * {_POSITIVE} <> {_DEFINITE}",
}

_IN_TIME = "AND (s.cohort_end IS NULL OR coalesce(o.observed_on, o.known_on) <= s.cohort_end + $maturity)"
_REPEAT = """EXISTS (
    FROM predictions e WHERE e.site = s.site AND e.finding = s.finding AND e.patient = s.patient
    AND e.known_on <= $known_by AND e.day >= s.day - $repeat_days::INTEGER {span}
    AND (e.day < s.day OR (e.day = s.day AND (coalesce(e.predicted_at, e.day::TIMESTAMP), e.study)
                                           < (coalesce(s.predicted_at, s.day::TIMESTAMP), s.study)))
)"""
# A range as constants lets the engine pass over the row groups that hold no such day.
_SPAN = "SELECT min(day) - $repeat_days::INTEGER, max(day) FROM studies"
# Anti-joins in so many words: of "not exists" the engine makes one of far more steps.
_UNAMBIGUOUS = (
    "ANTI JOIN predictions other ON other.study = s.study AND other.finding = s.finding "
    "AND other.{hospital} <> s.hospital "
    f"ANTI JOIN archived_predictions gone ON gone.study = {DIGEST.format(row='s')} "
    "AND gone.finding = s.finding AND gone.{hospital} <> s.hospital "
)
_UNAMBIGUOUS_AMONG_EXCLUDED = (
    f"ANTI JOIN {exclusions.TABLE} apart ON apart.study = s.study "
    "AND apart.finding = s.finding AND apart.{hospital} <> s.hospital"
)
_HELD = (
    "ANTI JOIN archived_cohorts a "
    "ON a.site = held.site AND a.finding = held.finding AND a.cohort >= held.cohort"
)


def mature_rows(connection: Session, plan: ChangePlan, wanted: Selection) -> dict[Place, Rows]:
    """Rows of every mature cohort by place, ordered by site, finding, cohort, study."""
    if not (wanted.held or wanted.reference):
        _require_held(connection, wanted)
    agreed, parameters = agreed_outcomes(connection, plan, wanted, "predictions")
    repeat = "false"
    if wanted.repeat_days is not None:
        parameters["repeat_days"] = wanted.repeat_days
        span = rows(connection, agreed + _SPAN, parameters)[0]
        if None not in span:
            parameters |= zip(("earliest", "latest"), span, strict=True)
        repeat = _REPEAT.format(span="" if None in span else "AND e.day BETWEEN $earliest AND $latest")
    mature = _MATURE.format(repeat=repeat)
    return _by_place(columns(connection, agreed + mature, parameters))


def agreed_outcomes(
    connection: Session, plan: ChangePlan, wanted: Selection, table: str
) -> tuple[str, dict[str, Any]]:
    """SQL that a SELECT follows, and its parameters.

    It defines `studies`, the rows of the table that are wanted, each with its `number` there, and `agreed`,
    the outcome of each of them that has a usable one.
    """
    parts, parameters = _selected(connection, plan, wanted, table)
    standard = plan.data.reference_standard
    statement = _AGREED.format(
        **parts,
        positive=_POSITIVE,
        definite=_DEFINITE,
        consensus=_CONSENSUS[standard.consensus],
        indeterminate="" if standard.indeterminate else f"AND {_DEFINITE} = count(*)",
    )
    return statement, {**parameters, "readers": standard.readers}


def reads(connection: Session, plan: ChangePlan, wanted: Selection, studies: Iterable[str]) -> Reads:
    """What each reader said last of some studies of a place, ordered by study and reader."""
    _require_held(connection, wanted)
    parts, parameters = _selected(connection, plan, wanted, "predictions")
    found = columns(connection, _READS.format(**parts), parameters)
    among = set(studies)
    keep = np.array([study in among for study in found["study"].tolist()], dtype=bool)
    study, patient, reader = (_texts(found[name][keep]) for name in ("study", "patient", "reader"))
    return Reads(study, patient, reader, filled(found["positive"], np.nan)[keep])


def _require_held(connection: Session, wanted: Selection) -> None:
    """Refuse to read as complete what is so no longer."""
    for place, cohort in working_rows.archived_to(connection).items():
        asked = wanted.places is None or place in wanted.places
        if asked and (wanted.first is None or wanted.first < cohort):
            raise UsageError(
                f"{place.site} {place.finding}: rows up to cohort {cohort} have left the database "
                "(`pccp archive`); only later cohorts can be read"
            )


def _selected(
    connection: Session, plan: ChangePlan, wanted: Selection, table: str
) -> tuple[dict[str, str], dict[str, Any]]:
    """The parts of the statement that say which studies and outcomes are meant, and its parameters."""
    parameters: dict[str, Any] = {
        "known_by": wanted.known_by,
        "matured_by": wanted.matured_by,
        "maturity": plan.data.maturity_days,
        "label_source": plan.data.reference_standard.source,
        "label_version": plan.data.reference_standard.version,
        "influences": list(plan.data.ai_influence.monitoring),
    }
    conditions = ""
    if wanted.places is not None:
        there, which = bulk.of_places(wanted.places)
        conditions += f" AND {there}"
        parameters |= which
    for name, comparison in (("first", ">="), ("last", "<=")):
        if (cohort := getattr(wanted, name)) is not None:
            conditions += f" AND cohort {comparison} ${name}"
            parameters[name] = cohort
    mapped, hospital = plan.logs.outcomes.columns, hospital_column(plan)
    # A prediction keeps the outcome that it had, whatever is excluded elsewhere.
    unambiguous = _UNAMBIGUOUS + (_UNAMBIGUOUS_AMONG_EXCLUDED if table == exclusions.TABLE else "")
    parts = {
        "table": table,
        "hospital": hospital,
        "left": _HELD if wanted.held else "",
        "wanted": conditions,
        # To keep a copy of all rows costs more than to read each of their columns again.
        "kept": "NOT MATERIALIZED" if wanted.first is None and wanted.places is None else "",
        "reading": _READING,
        "same_site": "AND o.site = s.hospital" if mapped.site else "",
        "in_time": _IN_TIME if mapped.observed_at else "",
        "unambiguous": "" if mapped.site else unambiguous.format(hospital=hospital),
    }
    found = _WANTED.format(**parts)
    parts["among"] = "" if wanted.first is None else f"AND {_batches(connection, table, found, parameters)}"
    return parts, parameters


def _batches(connection: Session, table: str, found: str, parameters: Mapping[str, Any]) -> str:
    """SQL condition over `batch` that every outcome of these studies meets, and few others."""
    used = {name: value for name, value in parameters.items() if f"${name}" in found}
    if table == exclusions.TABLE:  # whose studies are not among the keys, so outcomes have no link to them
        return study_keys.batches_of(connection, f"SELECT study {found}", used)
    return study_keys.batches_linked(connection, found, used)


def _by_place(found: dict[str, NDArray[Any]]) -> dict[Place, Rows]:
    site, finding = _texts(found["site"]), _texts(found["finding"])
    if not len(site):
        return {}
    starts = np.flatnonzero((site[1:] != site[:-1]) | (finding[1:] != finding[:-1])) + 1
    edges = [0, *starts.tolist(), len(site)]
    typed = {name: np.asarray(values) for name, values in found.items()}  # cut up, masks would cost the most
    typed["ai_influence"] = np.array(INFLUENCES, dtype=object)[typed["influence"]]
    typed["day"] = filled(found["day"].astype("datetime64[D]"), np.datetime64("NaT"))
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
    scored = "site, finding, day, study, known_on, score"
    found = columns(
        connection,
        f"SELECT score FROM (SELECT {scored} FROM predictions UNION ALL SELECT {scored} FROM first_scores) "
        "WHERE site = $site AND finding = $finding AND known_on <= $known_by "
        "ORDER BY day NULLS FIRST, study LIMIT $count",
        {**place._asdict(), "known_by": known_by, "count": count},
    )
    return np.array(found["score"], dtype=np.float64)


def site_counts(connection: Session, known_by: date) -> dict[Place, int]:
    """Predictions per place that were known on a day; archived ones were known before."""
    found = rows(
        connection,
        "SELECT site, finding, sum(n)::BIGINT FROM ("
        "SELECT site, finding, count(*) AS n FROM predictions WHERE known_on <= $known_by GROUP BY ALL "
        "UNION ALL SELECT site, finding, predictions FROM archived_cohorts) "
        "GROUP BY site, finding ORDER BY site, finding",
        {"known_by": known_by},
    )
    return {Place(site, finding): count for site, finding, count in found}


def counts(connection: Session, hospital: str) -> dict[str, int]:
    """Rows in the store and what was refused or repeated.

    `waiting` are outcomes whose study was neither predicted nor excluded to this day.

    `hospital` is the column of predictions that an outcome's site is compared with.
    """
    rejected, duplicates = rows(
        connection, "SELECT coalesce(sum(rejected), 0), coalesce(sum(duplicates), 0) FROM batches"
    )[0]
    tables = ("archived_predictions", "archived_outcomes")
    left = [scalar(connection, f"SELECT count(*) FROM {table}") for table in tables]
    # Apart, because a join on "no site, or the same" compares every pair of rows of a study.
    kinds = {"o.site IS NOT NULL": f"o.site = p.{hospital}", "o.site IS NULL": "true"}
    return {
        "predictions": scalar(connection, "SELECT count(*) FROM predictions") + left[0],
        "outcomes": scalar(connection, "SELECT count(*) FROM outcomes WHERE revision = 1") + left[1],
        "rejected": int(rejected),
        "duplicates": int(duplicates),
        "waiting": sum(_waiting(connection, same, of, left[0] > 0) for of, same in kinds.items()),
    }


def _waiting(connection: Session, same_site: str, of: str, any_archived: bool) -> int:
    """Outcomes of some kind whose study is not there; none is looked for where there is no such outcome."""
    if not scalar(connection, f"SELECT count(*) FROM outcomes o WHERE {of}"):
        return 0
    held = f"p.study = o.study AND p.finding = o.finding AND {same_site}"
    archived = f"p.study = {DIGEST.format(row='o')} AND p.finding = o.finding AND {same_site}"
    places = {"predictions": held}
    if any_archived:
        places["archived_predictions"] = archived
    if exclusions.present(connection):
        places[exclusions.TABLE] = held
    absent = " ".join(f"ANTI JOIN {table} p ON {same}" for table, same in places.items())
    return scalar(connection, f"SELECT count(*) FROM outcomes o {absent} WHERE o.revision = 1 AND {of}")


def covariates(
    connection: Session, plan: ChangePlan, wanted: Sequence[Rows], only: str | None = None
) -> list[dict[str, NDArray[Any]]]:
    """The plan's covariates of some rows, or one of them, for each place's rows in their order."""
    kinds = {item.name: item.kind for item in plan.logs.covariates if only in (None, item.name)}
    cells = "".join(f", {quoted(f'covariate_{name}')} AS {quoted(name)}" for name in kinds)
    parameters: dict[str, Any] = {
        "first": min(rows.cohort.min() for rows in wanted),
        "last": max(rows.cohort.max() for rows in wanted),
        "studies": np.concatenate([rows.study for rows in wanted]).tolist(),
    }
    there, which = bulk.of_places([rows.place for rows in wanted])
    found = columns(
        connection,
        f"SELECT site, finding, study{cells} FROM predictions WHERE cohort BETWEEN $first AND $last "
        f"AND {there} AND study IN (SELECT unnest($studies::VARCHAR[]))",
        parameters | which,
    )
    keys = zip(*(found[name].tolist() for name in ("site", "finding", "study")), strict=True)
    position = {key: number for number, key in enumerate(keys)}
    orders = [_order(position, rows) for rows in wanted]
    return [
        {name: feature_values(found[name][order], kind) for name, kind in kinds.items()} for order in orders
    ]


def _order(position: dict[tuple[str, str, str], int], wanted: Rows) -> NDArray[np.int64]:
    site, finding = wanted.place
    return np.array([position[site, finding, study] for study in wanted.study.tolist()], dtype=np.int64)
