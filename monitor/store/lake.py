"""The live store on several machines: DuckLake, tables in Parquet files and what they hold in PostgreSQL.

A commit is one transaction of the catalog, so a machine that dies leaves either all of it or nothing.
DuckLake has no primary keys; the store keeps its keys unique by anti-joins inside its transactions anyway.
The files lie in the workspace, which every machine sees under the same path.
"""
# ruff: noqa: S608  (names come from the schema of this package; values are literals made here)

from __future__ import annotations

import re
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from monitor.errors import BusyError, UsageError
from monitor.settings import FILE
from monitor.store.extensions import extension, load

FOLDER = "lake"
MARK = "monitor.lake"
"""Beside the tables' folder: the catalog that holds the whole store. It is written after the tables."""
NEEDED_BY = "stores with a catalog"
LOCK = 7_220_351_917
"""Number of the lock among those of the catalog's database."""
PAUSE_SECONDS = 0.2

Session = duckdb.DuckDBPyConnection


def is_made(workspace: Path, catalog: str) -> bool:
    """Whether the catalog of the settings is the one that holds this workspace's store."""
    mark = workspace / MARK
    return mark.is_file() and mark.read_text("utf-8") == catalog


def mark_made(workspace: Path, catalog: str) -> None:
    (workspace / MARK).write_text(catalog, "utf-8")


def attach(connection: Session, workspace: Path, catalog: str) -> None:
    """Attach the tables as "store", before the session loses its access to anything outside the workspace.

    Raises:
        UsageError: The extensions are not installed, or no database answers.
    """
    (workspace / FOLDER).mkdir(mode=0o700, exist_ok=True)
    for name in ("ducklake", "postgres_scanner"):
        load(connection, extension(name, NEEDED_BY))
    with _answering():
        data = str((workspace / FOLDER).resolve()).replace("'", "''")
        connection.execute(f"ATTACH 'ducklake:postgres:{catalog}' AS store (DATA_PATH '{data}')").fetchall()


def is_attached(connection: Session) -> bool:
    """Whether the session's store is a lake."""
    found = connection.execute("SELECT type FROM duckdb_databases() WHERE database_name = 'store'").fetchall()
    return found == [("ducklake",)]


def without_keys(script: str) -> str:
    """A script of the schema as DuckLake takes it.

    Example:
        >>> without_keys("CREATE TABLE t (a INTEGER PRIMARY KEY, b DATE NOT NULL UNIQUE)")
        'CREATE TABLE t (a INTEGER, b DATE NOT NULL)'
    """
    return re.sub(r"\s+(?:PRIMARY KEY|UNIQUE)\b", "", script)


@contextmanager
def held(workspace: Path, catalog: str, patience: float) -> Generator[None]:
    """Hold the catalog's lock: one writer on all machines. PostgreSQL frees it when its holder dies.

    Raises:
        BusyError: Another process holds it after `patience` seconds; the message says where and since when.
        UsageError: As `attach`.
    """
    with duckdb.connect(":memory:", config={"autoinstall_known_extensions": "false"}) as connection:
        load(connection, extension("postgres_scanner", NEEDED_BY))
        with _answering():
            connection.execute(f"ATTACH '{catalog}' AS catalog (TYPE postgres, READ_ONLY)").fetchall()
            connection.execute("BEGIN").fetchall()  # one transaction is one session there, which has the lock
            give_up = time.monotonic() + patience
            while not _asked(connection, f"SELECT pg_try_advisory_xact_lock({LOCK})"):
                if time.monotonic() >= give_up:
                    raise BusyError(f"{workspace}: being written by {_holder(connection)}; try again")
                time.sleep(PAUSE_SECONDS)
        yield


def fill(connection: Session, source: str) -> None:
    """Give the lake the tables of an attached database, whole or not at all; what it held before is gone."""
    connection.execute("BEGIN").fetchall()
    try:
        for table in _tables(connection, "store"):
            connection.execute(f"DROP TABLE store.{table}").fetchall()
        for table in _tables(connection, source):
            connection.execute(
                f"CREATE TABLE store.{table} ({_columns(connection, source, table)})"
            ).fetchall()
            connection.execute(f"INSERT INTO store.{table} SELECT * FROM {source}.{table}").fetchall()
    except BaseException:
        connection.execute("ROLLBACK").fetchall()
        raise
    connection.execute("COMMIT").fetchall()


def compact(connection: Session, workspace: Path) -> tuple[int, int]:
    """Write the tables anew without rows that were removed, and delete their old files; bytes of both."""
    before = _bytes(workspace)
    connection.execute("CALL ducklake_flush_inlined_data('store')").fetchall()
    connection.execute("CALL ducklake_rewrite_data_files('store', delete_threshold => 0.0)").fetchall()
    connection.execute("CALL ducklake_merge_adjacent_files('store')").fetchall()
    connection.execute("CALL ducklake_expire_snapshots('store', older_than => now())").fetchall()
    connection.execute("CALL ducklake_cleanup_old_files('store', cleanup_all => true)").fetchall()
    return before, _bytes(workspace)


@contextmanager
def _answering() -> Generator[None]:
    """Errors of the connection, whose text may hold an address but no password: the settings take none."""
    try:
        yield
    except duckdb.Error as problem:
        raise UsageError(f"{FILE}: catalog: PostgreSQL did not do as asked: {problem}") from problem


def _asked(connection: Session, question: str) -> object:
    quoted = question.replace("'", "''")
    found = connection.execute(f"SELECT * FROM postgres_query('catalog', '{quoted}')").fetchall()
    return found[0][0] if found else None


def _holder(connection: Session) -> str:
    told = _asked(
        connection,
        "SELECT coalesce(host(client_addr), 'the database server') || ' since ' || "
        "to_char(xact_start, 'YYYY-MM-DD HH24:MI TZ') FROM pg_locks JOIN pg_stat_activity USING (pid) "
        "WHERE locktype = 'advisory' AND granted",
    )
    return f"a process on {told}" if told else "a process that has just ended"


def _tables(connection: Session, database: str) -> list[str]:
    """Names of this package's schema, which need no quotes."""
    found = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = ? ORDER BY table_name", [database]
    ).fetchall()
    return [name for (name,) in found]


def _columns(connection: Session, database: str, table: str) -> str:
    """Names, types and defaults as a database has them, without the keys that DuckLake does not know."""
    found = connection.execute(
        "SELECT column_name, data_type, is_nullable, column_default FROM duckdb_columns() "
        "WHERE database_name = ? AND table_name = ? ORDER BY column_index",
        [database, table],
    ).fetchall()
    return ", ".join(
        '"'
        + name.replace('"', '""')
        + f'" {kind}'
        + ("" if nullable else " NOT NULL")
        + (" DEFAULT false" if kind == "BOOLEAN" and default is not None else "")
        for name, kind, nullable, default in found
    )


def _bytes(workspace: Path) -> int:
    return sum(file.stat().st_size for file in (workspace / FOLDER).rglob("*.parquet"))
