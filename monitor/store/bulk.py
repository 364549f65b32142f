"""Many records into a table in one statement, and rows of some places out of one."""
# ruff: noqa: S608  (names of tables and columns come from this package; values are parameters)

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from monitor.records import Place
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


def of_places(places: Collection[Place]) -> tuple[str, dict[str, Any]]:
    """SQL condition over `site` and `finding`, and its parameters.

    Example:
        >>> of_places([Place("A", "x")])
        ('site = $site AND finding = $finding', {'site': 'A', 'finding': 'x'})
    """
    if len(places) == 1:  # constants let the engine pass over row groups
        return "site = $site AND finding = $finding", next(iter(places))._asdict()
    return (
        "(site, finding) IN (SELECT unnest($sites::VARCHAR[]), unnest($findings::VARCHAR[]))",
        {"sites": [place.site for place in places], "findings": [place.finding for place in places]},
    )
