"""Refused rows, kept so that the sender can mend the export, without a clear identifier.

A row whose columns are known keeps its mapped fields by column name, identifiers as pseudonyms. A
cell of a number or time column that holds anything else, and every cell of a column the plan does
not map, is kept as a keyed hash: a shifted row must not carry a name into this file. Where even the
columns are unknown (a broken line), only its length and a keyed hash are kept.
"""
# ruff: noqa: S608  (statements are built from quoted names and literals of this package)

from __future__ import annotations

from pathlib import Path

from monitor.store.archive import publish
from monitor.store.connection import STAGING, Session, literal, run, scalar
from monitor.store.contract import Layout
from monitor.store.pseudonym import Pseudonymiser
from monitor.store.source import Source

FOLDER = "rejected"
IDENTIFIERS = {"study_id": "study", "patient_id": "patient"}
LABELS = {
    "site",
    "finding",
    "cohort",
    "model_version",
    "reader_decision",
    "label_source",
    "label_version",
    "ai_influence",
    "reader_id",
}
PLAIN_NUMBER_OR_TIME = r"[0-9eE.+:TZ/ -]{0,40}"
LONGEST_CELL = 200


def write(
    connection: Session, workspace: Path, source: Source, layout: Layout, pseudonymiser: Pseudonymiser
) -> None:
    """Write WORKSPACE/rejected/<first 16 of the file's sha256>.jsonl, if any row was refused."""
    if scalar(connection, "SELECT count(*) FROM refused") == 0:
        return
    names = {"": None, **{field: layout.column(field) for field in (*IDENTIFIERS, *LABELS, *layout.fields)}}
    column = " ".join(
        f"WHEN {literal(field)} THEN {literal(name)}" for field, name in names.items() if name is not None
    )
    statement = (
        f'SELECT {literal(source.sha256)} AS source_sha256, s.line, CASE r.field {column} END AS "column", '
        f"r.reason, CASE WHEN s.broken IS NULL THEN {_fields(source, layout, pseudonymiser)} END AS fields, "
        f"CASE WHEN s.broken IS NOT NULL THEN {source.remains} END AS remains "
        f"FROM ({source.relation}) s JOIN refused r ON r.line = s.line"
    )
    used = {name: value for name, value in pseudonymiser.parameters().items() if f"${name}" in statement}
    run(connection, f"CREATE OR REPLACE TEMP TABLE refused_rows AS {statement}", used)
    written = workspace / STAGING / "rejected.jsonl"
    run(
        connection,
        f"COPY (SELECT * FROM refused_rows ORDER BY line) TO {literal(str(written.resolve()))} (FORMAT json)",
    )
    run(connection, "DROP TABLE refused_rows")
    publish(written, workspace / FOLDER / f"{source.sha256[:16]}.jsonl")


def _fields(source: Source, layout: Layout, pseudonymiser: Pseudonymiser) -> str:
    field_of = {column: field for field, column in layout.fields.items()}
    typed = set(layout.covariates.values())
    pairs: list[str] = []
    for index, column in enumerate(source.columns):
        cell = source.cell(index)
        pairs.append(literal(column))
        kept = _kept(cell, field_of.get(column), column in typed, pseudonymiser)
        nested = source.nested(index)
        pairs.append(kept if nested == "false" else f"CASE WHEN {nested} THEN 'nested' ELSE {kept} END")
    return f"json_object({', '.join(pairs)})"


def _kept(cell: str, field: str | None, covariate: bool, pseudonymiser: Pseudonymiser) -> str:
    trimmed = f"trim({cell}, ' \t\u00a0')"
    hashed = f"'keyed hash ' || {pseudonymiser.sql('column', cell)}"
    if field == "study_id":
        return pseudonymiser.sql("study", trimmed)
    if field == "patient_id":
        return pseudonymiser.sql("patient", trimmed)
    if field in LABELS:
        return f"left({cell}, {LONGEST_CELL})"
    if field is None and not covariate:
        return f"CASE WHEN {trimmed} = '' THEN '' ELSE {hashed} END"
    return (
        f"CASE WHEN regexp_full_match({cell}, {literal(PLAIN_NUMBER_OR_TIME)}) THEN {cell} ELSE {hashed} END"
    )
