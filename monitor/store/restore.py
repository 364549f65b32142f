"""Archived batches into an empty store again, and what a store holds in one number per table."""
# ruff: noqa: S608  (names come from the schema of this package; values are parameters)

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from monitor.errors import EvidenceError
from monitor.hashing import CHUNK_BYTES
from monitor.settings import read_settings
from monitor.store import exclusions, lake, streams, study_keys
from monitor.store.connection import (
    DATABASE,
    SNAPSHOT,
    STAGING,
    Session,
    attach,
    copy_out,
    literal,
    rows,
    run,
    scalar,
    session,
    translated,
)
from monitor.store.contract import ROLES
from monitor.store.copying import forget_spare
from monitor.store.lock import LOCK, writing
from monitor.store.streams import StreamRow

LOG = ".wal"
PASSING = ("outbox", "batch_links")
"""Tables that hold no evidence: lines on their way to the ledger file, and where to look first."""
HASHES_AT_A_TIME = 100_000
COUNTS = ("rows_read", "stored", "duplicates", "revisions", "rejected", "waiting", "blank_lines")


@dataclass(frozen=True)
class Content:
    """What a store holds, whatever the order of its rows and the layout of its file.

    Attributes:
        tables: SHA-256 of the rows of each table.
        streams: Every look, for a comparison that knows rounding.
        outbox: Sequence numbers of ledger lines that committed and may not be in the ledger's file.
    """

    tables: dict[str, str]
    streams: list[StreamRow]
    outbox: tuple[int, ...]


def restore_batch(connection: Session, workspace: Path, file: Path, record: Mapping[str, Any]) -> None:
    """Take in an archived batch as it was accepted: same number, lines, revisions and days of knowledge.

    Args:
        connection: Of the store to fill, inside a transaction.
        workspace: Whose staging folder holds the private copy that is hashed and read.
        file: The archived batch; not looked at when the record names none.
        record: Body of the ledger's batch entry.

    Raises:
        EvidenceError: The file is gone, has other bytes, or does not hold the rows on record.
    """
    role = record["role"]
    if role not in ROLES:
        raise EvidenceError(f"expected a batch of {' or '.join(ROLES)}, found another role")
    batch = scalar(connection, "SELECT coalesce(max(batch), 0) + 1 FROM batches")
    if record["archive_sha256"] is not None:
        with _copied(file, workspace / STAGING, record["archive_sha256"]) as copy, translated(file.name):
            accepted = f"SELECT * FROM read_parquet({literal(str(copy.resolve()))})"
            study_keys.look_for(connection, accepted)
            if role == "predictions" and exclusions.are_among(connection, accepted):
                exclusions.insert(connection, accepted, batch)
            else:
                study_keys.insert(connection, accepted, batch)
                run(
                    connection,
                    f"INSERT INTO {role} BY NAME SELECT *, {batch} AS batch FROM ({accepted})",
                )
    held = f"(SELECT batch FROM {role} UNION ALL SELECT batch FROM {exclusions.TABLE})"
    found = scalar(connection, f"SELECT count(*) FROM {held} WHERE batch = ?", [batch])
    accepted = record["stored"] + record["revisions"] + record["waiting"]
    if found != accepted:
        raise EvidenceError(
            f"the batch is on record with {accepted} accepted rows, its archive holds {found}"
        )
    with translated("the batch's record"):
        _insert_record(connection, batch, record)


def _insert_record(connection: Session, batch: int, record: Mapping[str, Any]) -> None:
    received_on = date.fromisoformat(record["received_on"])
    texts = (json.dumps(record[name], sort_keys=True) for name in ("reasons", "notes"))
    hashes = record["source_sha256"], record["archive_sha256"]
    counts = (record[name] for name in COUNTS)
    values = [batch, record["role"], *hashes, received_on, record["as_history"], *counts, *texts]
    run(connection, f"INSERT INTO batches VALUES ({', '.join('?' * len(values))})", values)


@contextmanager
def _copied(file: Path, folder: Path, expected: str) -> Generator[Path]:
    """A private copy, hashed while it is copied: what is read is what was checked."""
    folder.mkdir(mode=0o700, exist_ok=True)
    copy, digest = folder / "restored.parquet", hashlib.sha256()
    try:
        with file.open("rb") as source, copy.open("wb") as target:
            while block := source.read(CHUNK_BYTES):
                digest.update(block)
                target.write(block)
    except OSError as error:
        raise EvidenceError(f"archive/{file.name}: the archived batch cannot be read") from error
    if digest.hexdigest() != expected:
        raise EvidenceError(f"archive/{file.name}: the file does not have the hash that names it")
    try:
        yield copy
    finally:
        copy.unlink()


def content(connection: Session) -> Content:
    """What the attached store holds.

    Every row is hashed as text with its exact numbers; the sorted hashes are hashed once more.
    """
    names = rows(
        connection,
        "SELECT table_name FROM duckdb_tables() WHERE database_name = 'store' ORDER BY table_name",
    )
    tables = {name: _table_sha256(connection, name) for (name,) in names if name not in PASSING}
    outbox = tuple(sequence for sequence, _ in streams.outbox(connection))
    return Content(tables, streams.streams(connection), outbox)


def _table_sha256(connection: Session, table: str) -> str:
    digest = hashlib.sha256()
    cursor = connection.execute(f"SELECT sha256(CAST(t AS VARCHAR)) AS h FROM {table} t ORDER BY h")
    while found := cursor.fetchmany(HASHES_AT_A_TIME):
        digest.update("".join(value for (value,) in found).encode())
    return digest.hexdigest()


def content_of(database: Path, store_key: str | None = None) -> Content:
    """What a database file holds; the file is opened for writing, so hand in a copy.

    Raises:
        EvidenceError: The file is no sound store.
    """
    with session(database.parent, store_key) as connection:
        attach(connection, database)
        with translated(database.name):
            return content(connection)


def copy_database(workspace: Path, folder: Path, name: str) -> Path | None:
    """A copy of `monitor.duckdb` or `snapshot.duckdb` with its log; None when there is none."""
    source, catalog = workspace / name, read_settings(workspace).catalog
    folder.mkdir(parents=True, exist_ok=True)
    if catalog and name == DATABASE:
        if not lake.is_made(workspace, catalog):
            return None
        with session(workspace, catalog=catalog, copies=folder) as connection, translated(name):
            copy_out(connection, folder / name)
        return folder / name
    if not source.is_file():
        return None
    for suffix in ("", LOG):
        if (found := source.with_name(name + suffix)).is_file():
            shutil.copyfile(found, folder / (name + suffix))
    return folder / name


def install(shadow: Path, workspace: Path) -> None:
    """Give a workspace the databases of a shadow, the live one last and with no older log beside it.

    The caller keeps other processes away (`undisturbed`); both folders lie on one file system.
    """
    catalog = read_settings(workspace).catalog
    forget_spare(workspace / SNAPSHOT)
    (shadow / SNAPSHOT).replace(workspace / SNAPSHOT)
    (workspace / (DATABASE + LOG)).unlink(missing_ok=True)
    if catalog:
        to_lake(shadow / DATABASE, workspace, catalog)
        return
    (shadow / DATABASE).replace(workspace / DATABASE)
    (workspace / lake.MARK).unlink(missing_ok=True)


def to_lake(database: Path, workspace: Path, catalog: str) -> None:
    """Give a workspace the content of a database file as its store on several machines."""
    (workspace / lake.MARK).unlink(missing_ok=True)
    with session(workspace, catalog=catalog) as connection, translated("filling the lake"):
        attach(connection, database, name="made")
        lake.fill(connection, "made")
        lake.compact(connection, workspace)
    lake.mark_made(workspace, catalog)
    (workspace / DATABASE).unlink(missing_ok=True)  # an older store, from before there was a catalog


@contextmanager
def undisturbed(workspace: Path) -> Generator[None]:
    """No other process writes meanwhile; on a medium that cannot be written, none can.

    Raises:
        BusyError: Another process is writing.
    """
    lock = workspace / LOCK
    if not os.access(lock if lock.exists() else workspace, os.W_OK):
        yield
        return
    with writing(workspace):
        yield
