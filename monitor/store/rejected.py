"""Refused rows, kept so that the sender can mend the export, without a clear identifier.

A row whose columns are known keeps its mapped fields by column name, identifiers as pseudonyms. A
shifted row must not carry a name, a number or a date of birth into this file, so a cell stands here
as it came only where it is what its column is for: a label that the plan has, that accepted rows have
or that many rows share, a small number, a day that is not before the log's first. Of other digits the
shape is kept ("99/99/9999"), of anything else a keyed hash, and of every cell of a column the plan
does not map; such a column is called by its position, since a header that ran into the first row
names columns after its cells. Of a broken line only its length and a keyed hash are kept.
"""
# ruff: noqa: S608  (statements are built from quoted names and literals of this package)

from __future__ import annotations

from pathlib import Path

from monitor.store.archive import publish
from monitor.store.connection import STAGING, Session, literal, run, scalar
from monitor.store.contract import Layout
from monitor.store.pseudonym import Domain, Pseudonymiser
from monitor.store.rules import NUMBER
from monitor.store.source import WHITE_SPACE, Source

FOLDER = "rejected"
IDENTIFIERS: dict[str, Domain] = {"study_id": "study", "patient_id": "patient", "reader_id": "reader"}
LABELS: dict[str, tuple[str, ...]] = {
    "predictions": ("site", "finding", "cohort", "model_version", "reader_decision", "exclusion"),
    "outcomes": ("site", "finding", "label_source", "label_version", "ai_influence"),
}
SHARED_BY_ROWS = 5
TIMES = ("predicted_at", "observed_at")
DIGITS = r"[0-9eE.+:TZ/ -]{0,40}"
SMALL = 200
LONGEST_CELL = 200


def write(
    connection: Session, workspace: Path, source: Source, layout: Layout, pseudonymiser: Pseudonymiser
) -> None:
    """Write WORKSPACE/rejected/<first 16 of the file's sha256>.jsonl, if any row was refused."""
    if scalar(connection, "SELECT count(*) FROM refused") == 0:
        return
    labels = LABELS[layout.role]
    names = {"": None, **{field: layout.column(field) for field in (*IDENTIFIERS, *labels, *layout.fields)}}
    column = " ".join(
        f"WHEN {literal(field)} THEN {literal(name)}" for field, name in names.items() if name is not None
    )
    statement = (
        f'SELECT {literal(source.sha256)} AS source_sha256, s.line, CASE r.field {column} END AS "column", '
        f"r.reason, CASE WHEN s.broken IS NULL THEN {_fields(source, layout, pseudonymiser)} END AS fields, "
        f"CASE WHEN s.broken IS NOT NULL THEN {source.remains} END AS remains "
        f"FROM ({source.refused()}) s JOIN refused r ON r.line = s.line"
    )
    _find_known(connection, layout)
    used = {name: value for name, value in pseudonymiser.parameters().items() if f"${name}" in statement}
    run(connection, f"CREATE OR REPLACE TEMP TABLE refused_rows AS {statement}", used)
    written = workspace / STAGING / "rejected.jsonl"
    run(
        connection,
        f"COPY (SELECT * FROM refused_rows ORDER BY line) TO {literal(str(written.resolve()))} (FORMAT json)",
    )
    run(connection, "DROP TABLE refused_rows")
    run(connection, "DROP TABLE known_labels")
    publish(written, workspace / FOLDER / f"{source.sha256[:16]}.jsonl")


def _find_known(connection: Session, layout: Layout) -> None:
    """`known_labels`: values of label columns that cannot be one patient's, and the log's first day."""
    labels = LABELS[layout.role]
    columns = {"site": layout.hospital} if layout.role == "predictions" else {}
    found = [
        f"SELECT {literal(field)} AS field, {column} AS value FROM judged GROUP BY {column} "
        f"HAVING count(*) FILTER (fault IS NULL) > 0 OR count(*) >= {SHARED_BY_ROWS}"
        for field in labels
        for column in [columns.get(field, field)]
    ]
    dated = " UNION ALL SELECT day FROM judged WHERE fault IS NULL" if "cohort" in labels else ""
    first = f"SELECT 'first day', min(day)::VARCHAR FROM (SELECT day FROM predictions{dated})"
    run(connection, f"CREATE OR REPLACE TEMP TABLE known_labels AS {' UNION ALL '.join([*found, first])}")
    # Only sites that the file alone does not make known are looked for among all that is stored.
    site = columns.get("site", "site")
    run(
        connection,
        f"INSERT INTO known_labels SELECT DISTINCT 'site', {layout.hospital} FROM predictions "
        f"WHERE {layout.hospital} IN (SELECT {site} FROM judged WHERE fault IS NOT NULL EXCEPT "
        "SELECT value FROM known_labels WHERE field = 'site')",
    )


def _fields(source: Source, layout: Layout, pseudonymiser: Pseudonymiser) -> str:
    field_of = {column: field for field, column in layout.fields.items()}
    field_of = {**dict.fromkeys(layout.covariates.values(), "covariate"), **field_of}
    pairs: list[str] = []
    for index, column in enumerate(source.columns):
        cell = source.cell(index)
        pairs.append(literal(column if column in field_of else f"unmapped column {index + 1}"))
        kept = _kept(cell, field_of.get(column), pseudonymiser)
        nested = source.nested(index)
        pairs.append(kept if nested == "false" else f"CASE WHEN {nested} THEN 'nested' ELSE {kept} END")
    return f"json_object({', '.join(pairs)})"


def _kept(cell: str, field: str | None, pseudonymiser: Pseudonymiser) -> str:
    trimmed = f"trim({cell}, {literal(WHITE_SPACE)})"
    hashed = f"'keyed hash ' || {pseudonymiser.sql('column', cell)}"
    if field in IDENTIFIERS:
        return pseudonymiser.sql(IDENTIFIERS[field], trimmed)
    if field is None:
        return f"CASE WHEN {trimmed} = '' THEN '' ELSE {hashed} END"
    if any(field in labels for labels in LABELS.values()):
        known = (
            f"{trimmed} = '' OR {trimmed} IN (SELECT value FROM known_labels WHERE field = {literal(field)})"
        )
        return f"CASE WHEN {known} THEN left({cell}, {LONGEST_CELL}) ELSE {hashed} END"
    known = _is_day_of_log(trimmed) if field in TIMES else _is_small(trimmed)
    shape = f"regexp_replace({cell}, '[0-9]', '9', 'g')"
    digits = f"regexp_full_match({cell}, {literal(DIGITS)})"
    return f"CASE WHEN {known} THEN {cell} WHEN {digits} THEN {shape} ELSE {hashed} END"


def _is_day_of_log(cell: str) -> str:
    first = "(SELECT value FROM known_labels WHERE field = 'first day')"
    digits = f"regexp_full_match({cell}, {literal(DIGITS)})"
    return f"coalesce({digits} AND TRY_CAST({cell}[:10] AS DATE) >= {first}::DATE, false)"


def _is_small(cell: str) -> str:
    number = f"regexp_full_match({cell}, {literal(NUMBER)})"
    return f"coalesce({number} AND length({cell}) <= 24 AND abs(TRY_CAST({cell} AS DOUBLE)) < {SMALL}, false)"
