"""One file into the store: copy, stage, judge, classify, archive, and one transaction."""
# ruff: noqa: S608  (statements are built from quoted names and literals of this package)

from __future__ import annotations

import json
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any

from monitor.errors import EvidenceError, IngestError
from monitor.plan.model import ChangePlan
from monitor.records import BatchReport, Role
from monitor.store import (
    archive,
    covariates,
    exclusions,
    outcomes,
    predictions,
    rejected,
    source,
    study_keys,
    working_rows,
)
from monitor.store.connection import (
    INGEST_MEMORY_LIMIT,
    MEMORY_LIMIT,
    STAGING,
    Session,
    limit_memory,
    literal,
    quoted,
    rows,
    run,
    scalar,
    translated,
)
from monitor.store.contract import ROLES, Layout, check_site, layout, role_of
from monitor.store.fields import BLANK
from monitor.store.lines import Copy
from monitor.store.pseudonym import Pseudonymiser
from monitor.store.rules import Rule, cells
from monitor.store.source import Source

TEMPORARY = (
    "delivered_lines",
    "delivered_objects",
    "judged_rows",
    "refused",
    "compared",
    "accepted",
    "predicted",
    "latest",
    "repeated",
    "batch_rows",
)
REPORTED = tuple(field.name for field in fields(BatchReport) if field.name != "already_ingested")


@dataclass(frozen=True)
class Room:
    """What every step of an ingest needs."""

    connection: Session
    workspace: Path
    plan: ChangePlan
    pseudonymiser: Pseudonymiser


@dataclass(frozen=True)
class Arrival:
    """When a file came, and whether its rows count as known on their own days instead."""

    received_on: date
    as_history: bool


@dataclass(frozen=True)
class Judged:
    """A file whose rows are staged, judged and classified in temporary tables."""

    source: Source
    layout: Layout
    rules: tuple[Rule, ...]
    batch: int
    report: BatchReport


@contextmanager
def delivered(room: Room, file: Path) -> Generator[Copy]:
    """The private copy of a file; it and every temporary table are gone afterwards.

    Meanwhile nothing is checkpointed: after a change to a large temporary table the engine would compress
    all of it anew, which takes longer than the change.
    """
    staging = room.workspace / STAGING
    staging.mkdir(mode=0o700, exist_ok=True)
    limit_memory(room.connection, INGEST_MEMORY_LIMIT)
    run(room.connection, "SET checkpoint_threshold = '1TB'")
    try:
        yield source.copy(file, staging, room.pseudonymiser.key)
    finally:
        clear_copies(room.workspace)
        try:
            with translated(f"{room.workspace}: clearing the temporary tables"):
                run(room.connection, "DROP VIEW IF EXISTS temp.judged")
                for table in TEMPORARY:
                    run(room.connection, f"DROP TABLE IF EXISTS temp.{table}")
        finally:
            run(room.connection, "RESET checkpoint_threshold")
            limit_memory(room.connection, MEMORY_LIMIT)


def clear_copies(workspace: Path) -> None:
    """Remove the copies of a finished ingest; what DuckDB spilled beside them is its own until it closes."""
    for entry in (workspace / STAGING).glob("*"):
        if not entry.is_dir():
            entry.unlink(missing_ok=True)


def clear_staging(workspace: Path) -> None:
    """Remove what an earlier session left, while no session is open: it holds clear identifiers."""
    clear_copies(workspace)
    for entry in (workspace / STAGING).glob("*"):
        shutil.rmtree(entry, ignore_errors=True)


def already(room: Room, source_sha256: str) -> BatchReport | None:
    """The report of an earlier ingest of the same bytes."""
    found = rows(
        room.connection,
        f"SELECT {', '.join(REPORTED)} FROM batches WHERE source_sha256 = ?",
        [source_sha256],
    )
    if not found:
        return None
    values = dict(zip(REPORTED, found[0], strict=True))
    values |= {name: json.loads(values[name]) for name in ("reasons", "notes")}
    return BatchReport(**values, already_ingested=True)


def judge(room: Room, file: Path, copy: Copy, arrival: Arrival, role: Role | None) -> Judged:
    """Stage a copied file and decide about every row; nothing is written to the store."""
    with translated(f"{file}: cannot be read", IngestError):
        return _judge(room, file, copy, arrival, role)


def _judge(room: Room, file: Path, copy: Copy, arrival: Arrival, role: Role | None) -> Judged:
    keyed_hash = room.pseudonymiser.sql("line", "text")
    staged = source.read(room.connection, file, copy, keyed_hash)
    layouts: dict[Role, Layout] = {name: layout(room.plan, name) for name in ROLES}
    found = role_of(staged, layouts, role)
    check_site(room.plan, file, layouts[found])
    batch = scalar(room.connection, "SELECT coalesce(max(batch), 0) + 1 FROM batches")
    rules = _judge_rows(room, staged, layouts[found], arrival)
    _classify(room, layouts[found], rules)
    report = _report(room, staged, layouts[found], arrival)
    return Judged(staged, layouts[found], rules, batch, report)


def _judge_rows(room: Room, staged: Source, found: Layout, arrival: Arrival) -> tuple[Rule, ...]:
    text = cells(staged, found)
    parameters: dict[str, Any] = {
        "received_on": arrival.received_on,
        "as_history": arrival.as_history,
        "latest_day": None if arrival.as_history else arrival.received_on,
        **room.pseudonymiser.parameters(),
    }
    if found.role == "predictions":
        rules = predictions.rules(room.plan, found)
        statement = predictions.judge(room.plan, found, text, room.pseudonymiser)
        if room.plan.undated:
            parameters["undated_cohort"] = _undated_cohort(room)
    else:
        rules = outcomes.rules(room.plan, found)
        statement = outcomes.judge(room.plan, found, text, room.pseudonymiser)
    used = {name: value for name, value in parameters.items() if f"${name}" in statement}
    run(room.connection, f"CREATE OR REPLACE TEMP TABLE judged_rows AS {statement}", used)
    _number_lines(room.connection, staged)
    return rules


def _number_lines(connection: Session, staged: Source) -> None:
    """`judged`: the judged rows with their `line`, blank ones left out.

    The rows were stored in the order of their lines, so a row's position tells its line.

    Raises:
        EvidenceError: DuckDB found other lines than were copied.
    """
    found = scalar(connection, "SELECT count(*) FROM judged_rows")
    if found != staged.rows_read + staged.blank_lines:
        raise EvidenceError(f"{staged.file}: found {found} rows of {staged.rows_read + staged.blank_lines}")
    read = f"WHERE broken IS DISTINCT FROM {literal(BLANK)}" if staged.blank_lines else ""
    run(
        connection,
        f"CREATE OR REPLACE TEMP VIEW judged AS SELECT rowid + {staged.first_line} AS line, * "
        f"FROM temp.judged_rows {read}",
    )


def _undated_cohort(room: Room) -> str:
    earlier = scalar(room.connection, "SELECT count(*) FROM batches WHERE role = 'predictions'")
    return f"cohort-{earlier + 1}"


def _classify(room: Room, found: Layout, rules: tuple[Rule, ...]) -> None:
    """Fill `refused` and `accepted`; what is in neither is a duplicate."""
    run(
        room.connection,
        "CREATE OR REPLACE TEMP TABLE refused AS SELECT line, "
        "CASE WHEN fault = 1 THEN broken ELSE ($reasons::VARCHAR[])[fault] END AS reason, "
        "($fields::VARCHAR[])[fault] AS field "
        "FROM judged WHERE fault IS NOT NULL",
        {"reasons": [rule.reason for rule in rules], "fields": [rule.field for rule in rules]},
    )
    if found.role == "predictions":
        predictions.classify(room.connection, found)
    else:
        outcomes.classify(room.connection, found)


def _report(room: Room, staged: Source, found: Layout, arrival: Arrival) -> BatchReport:
    states = dict(rows(room.connection, "SELECT state, count(*) FROM accepted GROUP BY state"))
    reasons = rows(room.connection, "SELECT reason, count(*) FROM refused GROUP BY reason ORDER BY reason")
    refused = sum(count for _, count in reasons)
    judged = scalar(room.connection, "SELECT count(*) FROM judged")
    duplicates = scalar(
        room.connection,
        "SELECT count(*) FROM judged WHERE line NOT IN (SELECT line FROM refused) "
        "AND line NOT IN (SELECT line FROM accepted)",
    )
    report = BatchReport(
        role=found.role,
        source_sha256=staged.sha256,
        archive_sha256=None,
        received_on=arrival.received_on,
        rows_read=staged.rows_read,
        stored=states.get("stored", 0),
        duplicates=duplicates,
        revisions=states.get("revision", 0),
        rejected=refused,
        waiting=states.get("waiting", 0),
        blank_lines=staged.blank_lines,
        reasons=dict(reasons),
        notes=_notes(room, staged, found),
    )
    if not report.reconciles() or judged != staged.rows_read:
        raise EvidenceError(f"{staged.file}: rows do not reconcile: {report.as_record()}")
    return report


def _notes(room: Room, staged: Source, found: Layout) -> dict[str, int]:
    notes = {"ignored_columns": len(set(staged.columns) - set(found.required))}
    if found.role == "predictions" and (stored := covariates.columns(room.plan)):
        flags = ", ".join(f"count(*) FILTER ({quoted('note_' + c.name)})" for c in stored)
        counts = rows(room.connection, f"SELECT {flags} FROM judged WHERE fault IS NULL")[0]
        notes |= dict(zip((c.note for c in stored), counts, strict=True))
    if found.role == "predictions":
        notes |= exclusions.notes(room.connection, found)
    notes |= working_rows.late_notes(room.connection, found.role, found.hospital)
    return {name: count for name, count in notes.items() if count}


def accepted_rows(room: Room, judged: Judged, arrival: Arrival) -> str:
    """SQL of the accepted rows, in line order, exactly as they will be stored and archived."""
    if judged.layout.role == "predictions":
        names = ", ".join(quoted(name) for name in predictions.accepted_columns(room.plan))
        predictions.mark_known(room.connection, judged.source.first_line)
        return f"SELECT {names}, line FROM judged WHERE fault IS NULL"
    by_day = "observed_at" in judged.layout.fields
    own_day = "j.observed_on" if by_day else f"a.cohort_end + {room.plan.data.maturity_days}"
    known_on = f"CASE WHEN $as_history THEN coalesce({own_day}, $received_on) ELSE $received_on END::DATE"
    special = {"known_on": f"{known_on} AS known_on", "revision": "a.revision"}
    names = ", ".join(special.get(name, f"j.{name}") for name in outcomes.STORED)
    run(
        room.connection,
        f"CREATE OR REPLACE TEMP TABLE batch_rows AS SELECT {names}, j.line FROM judged j "
        "JOIN accepted a ON a.line = j.line ORDER BY j.line",
        {"as_history": arrival.as_history, "received_on": arrival.received_on},
    )
    return "SELECT * FROM batch_rows"


def keep_rejected(room: Room, judged: Judged) -> None:
    """Write the rejected rows, before `accepted_rows`; harmless if the commit never comes."""
    rejected.write(room.connection, room.workspace, judged.source, judged.layout, room.pseudonymiser)


def keep_archive(room: Room, accepted: str) -> str | None:
    """Write the archive and return its SHA-256; harmless if the commit never comes."""
    return archive.write(room.connection, room.workspace, accepted)


def store_batch(room: Room, judged: Judged, report: BatchReport, arrival: Arrival) -> None:
    """Insert the line about the batch, inside the caller's transaction."""
    run(
        room.connection,
        "INSERT INTO batches VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            judged.batch,
            report.role,
            report.source_sha256,
            report.archive_sha256,
            report.received_on,
            arrival.as_history,
            report.rows_read,
            report.stored,
            report.duplicates,
            report.revisions,
            report.rejected,
            report.waiting,
            report.blank_lines,
            json.dumps(dict(report.reasons), sort_keys=True),
            json.dumps(dict(report.notes), sort_keys=True),
        ],
    )


def store_rows(room: Room, judged: Judged, accepted: str) -> None:
    """Insert the batch's rows, inside the caller's transaction."""
    if judged.layout.role == "predictions" and exclusions.FIELD in judged.layout.fields:
        exclusions.insert(room.connection, accepted, judged.batch)
        return
    study_keys.insert(room.connection, accepted, judged.batch)
    run(
        room.connection,
        f"INSERT INTO {judged.layout.role} BY NAME SELECT *, {judged.batch} AS batch FROM ({accepted})",
    )
