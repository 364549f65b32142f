"""Many records into a table in one statement."""
# ruff: noqa: S608  (names of tables and columns come from this package; values are parameters)

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from monitor.store.connection import Session, run


def insert(
    connection: Session,
    table: str,
    columns: Mapping[str, str],
    records: Sequence[Sequence[Any]],
    *,
    key: Sequence[str] = (),
) -> None:
    """Insert records; those with an equal key that are in the table already are replaced.

    Args:
        connection: Inside the caller's transaction.
        table: Of this package's schema.
        columns: Column name -> type, in the order of a record's values.
        records: May be empty.
        key: Columns by which an earlier row is known; none replaces nothing.
    """
    if not records:
        return
    listed = ", ".join(f"unnest(?::{kind}[]) AS {name}" for name, kind in columns.items())
    values = [list(column) for column in zip(*records, strict=True)]
    run(connection, f"CREATE OR REPLACE TEMP TABLE incoming AS SELECT {listed}", values)
    if key:
        same = " AND ".join(f"t.{name} = i.{name}" for name in key)
        run(connection, f"DELETE FROM {table} t USING incoming i WHERE {same}")
    names = ", ".join(columns)
    run(connection, f"INSERT INTO {table} ({names}) SELECT {names} FROM incoming")
    run(connection, "DROP TABLE temp.incoming")
