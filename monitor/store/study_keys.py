"""Which stored batches tell of some studies: the only ones in which rows about them have to be looked for.

A night's file is about new studies, or about studies of some days. The keys are eight bytes a row where
the rows have a hundred, and the batches they name are read without the others. A key is the first half of a
pseudonym, or of a digest of a research number; an accidental match costs a look and decides nothing. What a
file finds among the keys is kept as links between batches: who reads a cohort does not ask the keys again.
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
    return _any_of(_find(connection, "SELECT study FROM judged WHERE fault IS NULL"))


def batches_of(connection: Session, studies: str, parameters: Mapping[str, Any] | None = None) -> str:
    """SQL condition over `batch`: true for every stored row about one of some studies.

    Args:
        connection: Of the store.
        studies: SQL of their pseudonyms as `study`.
        parameters: Of that SQL.
    """
    found = rows(connection, _among_keys(studies), None if parameters is None else dict(parameters))
    return _any_of([batch for (batch,) in found])


def batches_linked(connection: Session, predictions: str, parameters: Mapping[str, Any]) -> str:
    """SQL condition over `batch`: true for every outcome of some predictions, and for few others.

    Args:
        connection: Of the store.
        predictions: SQL, from FROM on, of rows of `predictions`.
        parameters: Of that SQL.
    """
    found = rows(
        connection,
        f"WITH own AS MATERIALIZED (SELECT DISTINCT batch {predictions}) "
        "SELECT batch FROM batch_links l SEMI JOIN own ON own.batch = l.earlier "
        "UNION SELECT earlier FROM batch_links l SEMI JOIN own ON own.batch = l.batch ORDER BY ALL",
        dict(parameters),
    )
    return _any_of([batch for (batch,) in found])


def _among_keys(studies: str) -> str:
    return (
        f"SELECT DISTINCT k.batch FROM study_keys k SEMI JOIN (SELECT {_KEY.format(row='s')} AS study "
        f"FROM ({studies}) s) s ON s.study = k.study ORDER BY k.batch"
    )


def _find(connection: Session, studies: str) -> list[int]:
    """Look for studies of a file among the keys; `insert` makes links of what is found."""
    run(connection, f"CREATE OR REPLACE TEMP TABLE earlier_batches AS {_among_keys(studies)}")
    return [batch for (batch,) in rows(connection, "SELECT batch FROM temp.earlier_batches ORDER BY batch")]


def _any_of(batches: list[int]) -> str:
    if len(batches) > MOST_BATCHES:
        return "true"
    return f"batch IN ({', '.join(map(str, batches))})" if batches else "false"


def insert(connection: Session, accepted: str, batch: int) -> None:
    """Note the studies of accepted rows, inside the caller's transaction.

    Args:
        connection: Of the store; the file's rows have been judged, or looked for.
        accepted: SQL of the rows that were put into `predictions` or `outcomes`.
        batch: The number of their batch.
    """
    run(connection, f"INSERT INTO batch_links SELECT {batch}, batch FROM temp.earlier_batches")
    run(connection, "DROP TABLE temp.earlier_batches")  # another batch must be looked for itself
    run(
        connection,
        f"INSERT INTO study_keys SELECT {_KEY.format(row='a')}, {batch} FROM ({accepted}) a",
    )


def look_for(connection: Session, accepted: str) -> None:
    """Before `insert`, where no file was judged: `accepted` is SQL of the rows."""
    _find(connection, f"SELECT study FROM ({accepted})")


def make_anew(connection: Session) -> None:
    """The keys of what is stored, after rows were taken out, inside the caller's transaction."""
    run(connection, "DELETE FROM study_keys")
    for table in ("predictions", "outcomes"):
        run(connection, f"INSERT INTO study_keys SELECT {_KEY.format(row='r')}, batch FROM {table} r")
