"""DuckDB with the settings this product relies on, and no raw DuckDB error outside the room."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
from numpy.typing import NDArray

from monitor.errors import EvidenceError, MonitorError
from monitor.store import encryption, lake

DATABASE = "monitor.duckdb"
SNAPSHOT = "snapshot.duckdb"
STAGING = ".staging"
STORAGE_VERSION = "v1.5.0"
ROWS_PER_GROUP = 24_576
"""A fifth of what the engine takes unless told. It inserts the rows of a staged group as a part of its own;
parts that fill no group, because some rows were refused, it puts together once more on one thread. With five
groups in a part the last one lacks few rows, so that a checkpoint does not put them together either."""
MEMORY_LIMIT = "4GB"
INGEST_MEMORY_LIMIT = "1500MB"
"""Rows of a file are staged; beyond this they are spilled, so that a large file needs no large machine."""

Session = duckdb.DuckDBPyConnection


def literal(text: str) -> str:
    """`text` as an SQL string.

    Example:
        >>> literal("it's")
        "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def quoted(name: str) -> str:
    """`name` as an SQL identifier.

    Example:
        >>> quoted('a "b"')
        '"a ""b""\"'
    """
    return '"' + name.replace('"', '""') + '"'


@contextmanager
def translated(what: str, error: type[MonitorError] = EvidenceError) -> Generator[None]:
    """DuckDB's errors as the product's own; their text may quote a cell, so only the kind is told."""
    try:
        yield
    except (duckdb.IOException, duckdb.OutOfMemoryException) as problem:
        raise error(f"{what}: {problem}") from problem
    except duckdb.Error as problem:
        # A scheduler logs the whole chain of causes, and this one may quote a cell.
        raise error(f"{what}: DuckDB refused ({type(problem).__name__})") from None


@contextmanager
def session(
    workspace: Path, store_key: str | None = None, *, catalog: str | None = None, copies: Path | None = None
) -> Generator[Session]:
    """A private DuckDB that reaches no file outside the workspace and no network but its catalog's.

    It loads no extension, but with a key or a catalog: the installed files that bring OpenSSL or DuckLake.

    Args:
        workspace: The one folder it may touch.
        store_key: Databases attached in this session are encrypted with it; in the clear when None.
        catalog: Of the live store on several machines, which is then attached as "store".
        copies: One more folder it may touch.

    Raises:
        UsageError: A key is given and the extension is not installed.
    """
    staging = workspace / STAGING
    settings: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "memory_limit": MEMORY_LIMIT,
        "temp_directory": str(staging.resolve() / "spill"),
    }
    with translated(str(workspace)), duckdb.connect(":memory:", config=settings) as connection:
        if store_key is not None:
            encryption.prepare(connection, store_key)
        if catalog is not None:
            lake.attach(connection, workspace, catalog)
            run(connection, "USE store")
        allowed = [literal(str(folder.resolve())) for folder in (workspace, copies) if folder is not None]
        run(connection, f"SET allowed_directories = [{', '.join(allowed)}]")
        run(connection, "SET enable_external_access = false")
        run(connection, "SET TimeZone = 'UTC'")
        yield connection


def limit_memory(connection: Session, limit: str) -> None:
    """Beyond the limit DuckDB spills to the staging folder."""
    with translated("limiting memory"):
        run(connection, f"SET memory_limit = {literal(limit)}")


def attach(connection: Session, path: Path, *, read_only: bool = False, name: str = "store") -> None:
    """Attach the database file; as "store" it is the one that unqualified names mean.

    Raises:
        EvidenceError: The file is damaged, or is encrypted where the session is not, or the reverse.
    """
    written = f"STORAGE_VERSION {literal(STORAGE_VERSION)}, ROW_GROUP_SIZE {ROWS_PER_GROUP}"
    option = "READ_ONLY" if read_only else written
    remedy = "if the file is damaged, delete it: the next run makes it again from archive and ledger"
    with translated(f"{path} ({remedy})"):
        keyed = scalar(connection, f"SELECT getvariable({literal(encryption.VARIABLE)}) IS NOT NULL")
        encryption.require(path, encrypted=keyed)
        if keyed:
            option += f", ENCRYPTION_KEY getvariable({literal(encryption.VARIABLE)})"
        run(connection, f"ATTACH {literal(str(path.resolve()))} AS {quoted(name)} ({option})")
        if name == "store":
            run(connection, "USE store")


def copy_out(connection: Session, path: Path) -> None:
    """The attached store as a new database file."""
    path.unlink(missing_ok=True)
    attach(connection, path, name="copied")
    run(connection, "COPY FROM DATABASE store TO copied")
    run(connection, "CHECKPOINT copied")
    run(connection, "DETACH copied")


def detach(connection: Session) -> None:
    with translated("closing the store"):
        run(connection, "CHECKPOINT store")
        run(connection, "USE memory")
        run(connection, "DETACH store")


def run(
    connection: Session, statement: str, parameters: Sequence[Any] | dict[str, Any] | None = None
) -> None:
    """Execute and drain: an open result would block the next statement."""
    connection.execute(statement, parameters).fetchall()


def rows(
    connection: Session, statement: str, parameters: Sequence[Any] | dict[str, Any] | None = None
) -> list[tuple[Any, ...]]:
    return connection.execute(statement, parameters).fetchall()


def columns(
    connection: Session, statement: str, parameters: Sequence[Any] | dict[str, Any] | None = None
) -> dict[str, NDArray[Any]]:
    """The result by column, as NumPy arrays: masked where there are nulls (see `filled`), else plain.

    The engine holds the whole result before it is copied; arrays that grow as it streams take a third longer.
    """
    fetched: dict[str, NDArray[Any]] = connection.sql(statement, params=parameters).fetchnumpy()
    return fetched


def filled(values: Any, missing: Any) -> NDArray[Any]:
    """A column with something in the place of its nulls.

    To name NumPy's masks would import them, a tenth of a command's start. The engine makes none of a column
    without a null, as where the statement has NaN for one.
    """
    there: NDArray[Any] = values.filled(missing) if hasattr(values, "filled") else values
    return there


def scalar(
    connection: Session, statement: str, parameters: Sequence[Any] | dict[str, Any] | None = None
) -> Any:
    return connection.execute(statement, parameters).fetchall()[0][0]
