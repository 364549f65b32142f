"""Which stored batches tell of some studies: the only ones in which rows about them have to be looked for.

A night's file is about new studies, or about studies of some days. The keys are eight bytes a row where
the rows have a hundred, and the batches they name are read without the others.
"""
# ruff: noqa: S608  (names come from this package, numbers from its own tables)

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitor.store.connection import Session, rows, run
from monitor.store.working_rows import DIGEST

MOST_BATCHES = 500
"""A longer list costs more than it saves."""


def batches_of_staged(connection: Session) -> str:
    """SQL condition over `batch`: true for every stored row about a study of a valid staged row."""
    return batches_of(connection, f"SELECT {DIGEST.format(row='v')} FROM judged v WHERE fault IS NULL")


def batches_of(connection: Session, studies: str, parameters: Mapping[str, Any] | None = None) -> str:
    """SQL condition over `batch`: true for every stored row about one of some studies.

    Args:
        connection: Of the store.
        studies: SQL of their digests, one column.
        parameters: Of that SQL.
    """
    found = rows(
        connection,
        f"SELECT DISTINCT k.batch FROM study_keys k SEMI JOIN ({studies}) s(study) ON s.study = k.study "
        "ORDER BY k.batch",
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
        f"INSERT INTO study_keys SELECT {DIGEST.format(row='a')}, {batch} FROM ({accepted}) a",
    )
