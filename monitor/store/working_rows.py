"""Rows of old cohorts out of the working database: what leaves, what stays of them, what comes late.

The archived batches keep every row. Here stay keys, counts and a place's first scores.
"""
# ruff: noqa: S608  (statements are built from constants of this package; values are parameters)

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from monitor.records import Place, Role
from monitor.store import study_keys
from monitor.store.connection import Session, quoted, rows, run, scalar

HASHES_AT_A_TIME = 100_000
DIGEST = "md5_number_lower({row}.study)"
"""By what a study is known after its rows have left."""
MARK = (
    "(md5_number_lower(concat_ws('|', {row}.patient, {row}.score::DOUBLE, {row}.day::DATE)) "
    "% 4294967296)::UINTEGER"
)
"""What a repeated prediction must share with the one that left; the patient's pseudonym does not stay."""

_SAME_CELL = "l.site = p.site AND l.finding = p.finding AND l.cohort = p.cohort"
_LEAVING = f"EXISTS (FROM leaving l WHERE {_SAME_CELL})"
_SAME_STUDY = "p.study = o.study AND p.finding = o.finding AND (o.site IS NULL OR o.site = p.{hospital})"
_SAME_ARCHIVED = _SAME_STUDY.replace("o.study", DIGEST.format(row="o"))
# An outcome leaves with its prediction. One that names no site stays while any place still has its study.
_OUTCOME_LEAVES = (
    f"(EXISTS (FROM predictions p WHERE {_SAME_STUDY} AND {_LEAVING}) "
    f"OR EXISTS (FROM archived_predictions p WHERE {_SAME_ARCHIVED})) "
    f"AND NOT EXISTS (FROM predictions p WHERE {_SAME_STUDY} AND NOT {_LEAVING})"
)
_WORDS = "outcome, observed_on, label_source, label_version, ai_influence"


@dataclass(frozen=True)
class CohortRows:
    """The predictions of one cohort of one place that the working database holds.

    Attributes:
        place: Site and finding.
        cohort: The cohort's key.
        end: Its last day.
        predictions: How many.
    """

    place: Place
    cohort: str
    end: date
    predictions: int


@dataclass(frozen=True)
class Removed:
    """What leaves, or would leave: rows, and one hash of all of them whatever their order."""

    predictions: int
    outcomes: int
    sha256: str


def cohort_rows(connection: Session, before: date) -> list[CohortRows]:
    """Cohorts that end before a day, by place, in order of time."""
    found = rows(
        connection,
        "SELECT site, finding, cohort, max(cohort_end), count(*) FROM predictions "
        "WHERE cohort_end < ? GROUP BY site, finding, cohort "
        "ORDER BY site, finding, max(cohort_end), cohort",
        [before],
    )
    return [CohortRows(Place(site, finding), *values) for site, finding, *values in found]


def weigh(connection: Session, leaving: Sequence[CohortRows], hospital: str) -> Removed:
    """What the removal of these cohorts would take; nothing is changed."""
    _mark_leaving(connection, leaving)
    try:
        return _weighed(connection, hospital)
    finally:
        run(connection, "DROP TABLE temp.leaving")


def remove(connection: Session, leaving: Sequence[CohortRows], reference_rows: int, hospital: str) -> Removed:
    """Take the rows out and keep what must stay of them, inside the caller's transaction.

    Args:
        connection: Of the store.
        leaving: Cohorts whose predictions leave, with their outcomes.
        reference_rows: How many first scores of a place stay.
        hospital: Column of predictions that an outcome's site is compared with.
    """
    _mark_leaving(connection, leaving)
    removed = _weighed(connection, hospital)
    _keep_first_scores(connection, reference_rows)
    _move_outcomes(connection, _OUTCOME_LEAVES.format(hospital=hospital))
    run(
        connection,
        "INSERT INTO archived_cohorts SELECT site, finding, cohort, max(cohort_end), count(*) "
        f"FROM predictions p WHERE {_LEAVING} GROUP BY site, finding, cohort",
    )
    run(
        connection,
        f"INSERT INTO archived_predictions BY NAME SELECT {_kept_names(hospital)}, finding, "
        f"{DIGEST.format(row='p')} AS study, model_version, day, cohort_end, "
        f"{MARK.format(row='p')} AS content FROM predictions p WHERE {_LEAVING}",
    )
    run(connection, f"DELETE FROM predictions p WHERE {_LEAVING}")
    run(connection, "DROP TABLE temp.leaving")
    study_keys.make_anew(connection)
    return removed


def _mark_leaving(connection: Session, leaving: Sequence[CohortRows]) -> None:
    values = [
        [item.place.site for item in leaving],
        [item.place.finding for item in leaving],
        [item.cohort for item in leaving],
    ]
    run(
        connection,
        "CREATE OR REPLACE TEMP TABLE leaving AS SELECT unnest(?::VARCHAR[]) AS site, "
        "unnest(?::VARCHAR[]) AS finding, unnest(?::VARCHAR[]) AS cohort",
        values,
    )


def _kept_names(hospital: str) -> str:
    return "site" if hospital == "site" else f"site, {hospital}"


def _weighed(connection: Session, hospital: str) -> Removed:
    digest, counts = hashlib.sha256(), [0, 0]
    outcomes = f"outcomes o WHERE {_OUTCOME_LEAVES.format(hospital=hospital)}"
    leaving = (f"predictions p WHERE {_LEAVING}", "p"), (outcomes, "o")
    for number, (source, row) in enumerate(leaving):
        text = _text_of(connection, source.partition(" ")[0], row)
        for value in _hashes(connection, f"SELECT sha256({text}) AS h FROM {source}"):
            digest.update(value.encode())
            counts[number] += 1
    return Removed(counts[0], counts[1], digest.hexdigest())


def _text_of(connection: Session, table: str, row: str) -> str:
    """SQL for a row as text that no release of DuckDB prints otherwise: floats by their bits."""
    described = rows(connection, f"DESCRIBE {table}")
    named = [(f"{row}.{quoted(name)}", str(kind)) for name, kind, *_ in described]
    cells = [f"{name}::BIT::VARCHAR" if kind == "DOUBLE" else f"{name}::VARCHAR" for name, kind in named]
    return f"concat_ws(chr(31), {', '.join(f'coalesce({cell}, chr(30))' for cell in cells)})"


def _hashes(connection: Session, statement: str) -> Iterator[str]:
    cursor = connection.execute(f"{statement} ORDER BY h")
    while found := cursor.fetchmany(HASHES_AT_A_TIME):
        yield from (value for (value,) in found)


def _keep_first_scores(connection: Session, count: int) -> None:
    """Of the leaving rows, those among the first of their place."""
    run(
        connection,
        "INSERT INTO first_scores BY NAME SELECT site, finding, day, study, known_on, score FROM ("
        "SELECT site, finding, day, study, known_on, score, cohort FROM predictions UNION ALL "
        "SELECT site, finding, day, study, known_on, score, NULL FROM first_scores) p "
        "QUALIFY row_number() OVER (PARTITION BY site, finding ORDER BY day NULLS FIRST, study) <= ? "
        f"AND {_LEAVING}",
        [count],
    )


def _move_outcomes(connection: Session, leaves: str) -> None:
    """Of each key the latest revision stays, in place of an earlier one; `leaves` says of which keys."""
    run(
        connection,
        f"CREATE OR REPLACE TEMP TABLE said AS SELECT site, finding, {DIGEST.format(row='o')} AS study, "
        f"reader_id, revision, {_WORDS} FROM outcomes o WHERE {leaves} "
        "QUALIFY row_number() OVER (PARTITION BY o.site, o.finding, o.study, o.reader_id "
        "ORDER BY o.revision DESC) = 1",
    )
    run(
        connection,
        "DELETE FROM archived_outcomes a USING said s WHERE a.study = s.study AND a.finding = s.finding "
        "AND a.site IS NOT DISTINCT FROM s.site AND a.reader_id IS NOT DISTINCT FROM s.reader_id",
    )
    run(connection, "INSERT INTO archived_outcomes FROM said")
    run(connection, f"DELETE FROM outcomes o WHERE {leaves}")
    run(connection, "DROP TABLE temp.said")


def of_staged_studies(table: str) -> str:
    """SQL of what stays of the studies in the staged file, each with its own name again."""
    return (
        f"SELECT a.* REPLACE (v.study AS study) FROM {table} a JOIN "
        "(SELECT DISTINCT study FROM judged WHERE fault IS NULL) v "
        f"ON a.study = {DIGEST.format(row='v')}"
    )


def archived_to(connection: Session) -> dict[Place, str]:
    """The newest cohort of each place whose rows left."""
    found = rows(
        connection,
        "SELECT site, finding, max(cohort) FROM archived_cohorts GROUP BY site, finding ORDER BY ALL",
    )
    return {Place(site, finding): cohort for site, finding, cohort in found}


def late_notes(connection: Session, role: Role, hospital: str) -> dict[str, int]:
    """Accepted rows of the staged file that came after their cohort's rows had left, counted by kind.

    They are archived and stored like any other. No night reads them any more.
    """
    if not scalar(connection, "SELECT count(*) FROM archived_cohorts"):
        return {}
    if role == "predictions":
        condition = (
            "EXISTS (FROM archived_cohorts c WHERE c.site = o.site AND c.finding = o.finding "
            "AND c.cohort = o.cohort)"
        )
        name = "of_archived_cohorts"
    else:
        condition = f"EXISTS (FROM archived_predictions p WHERE {_SAME_ARCHIVED.format(hospital=hospital)})"
        name = "of_archived_studies"
    counted = f"SELECT count(*) FROM judged o JOIN accepted a ON a.line = o.line WHERE {condition}"
    return {name: scalar(connection, counted)}
