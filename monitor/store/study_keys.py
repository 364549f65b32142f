"""Which stored batches tell of some studies: the only ones in which rows about them have to be looked for.

A night's file is about new studies, or about studies of some days. The keys are eight bytes a row where
the rows have a hundred, and the batches they name are read without the others. A key is the first half of a
pseudonym, or of a digest of a research number; an accidental match costs a look and decides nothing.
"""
# ruff: noqa: S608  (names come from this package, numbers from its own tables)

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitor.store.connection import Session, rows, run

_KEY = (
    "coalesce(CASE WHEN length({row}.study) = 32 "
    "THEN TRY_CAST('0x' || left({row}.study, 16) AS UBIGINT) END, md5_number_lower({row}.study))"
)
MOST_BATCHES = 500
"""A longer list costs more than it saves."""


def batches_of_staged(connection: Session) -> str:
    """SQL condition over `batch`: true for every stored row about a study of a valid staged row."""
    return batches_of(connection, "SELECT study FROM judged WHERE fault IS NULL")


def batches_of(connection: Session, studies: str, parameters: Mapping[str, Any] | None = None) -> str:
    """SQL condition over `batch`: true for every stored row about one of some studies.

    Args:
        connection: Of the store.
        studies: SQL of their pseudonyms as `study`.
        parameters: Of that SQL.
    """
    found = rows(
        connection,
        f"SELECT DISTINCT k.batch FROM study_keys k SEMI JOIN (SELECT {_KEY.format(row='s')} AS study "
        f"FROM ({studies}) s) s ON s.study = k.study ORDER BY k.batch",
        None if parameters is None else dict(parameters),
    )
    if len(found) > MOST_BATCHES:
        return "true"
    return f"batch IN ({', '.join(str(batch) for (batch,) in found)})" if found else "false"


def insert(connection: Session, accepted: str, batch: int) -> None:
    """Note the studies of accepted rows, inside the caller's transaction.

    Args:
        connection: Of the store.
        accepted: SQL of the rows that were put into `predictions` or `outcomes`.
        batch: The number of their batch.
    """
    run(
        connection,
        f"INSERT INTO study_keys SELECT {_KEY.format(row='a')}, {batch} FROM ({accepted}) a",
    )


def make_anew(connection: Session) -> None:
    """The keys of what is stored, after rows were taken out, inside the caller's transaction."""
    run(connection, "DELETE FROM study_keys")
    for table in ("predictions", "outcomes"):
        run(connection, f"INSERT INTO study_keys SELECT {_KEY.format(row='r')}, batch FROM {table} r")
