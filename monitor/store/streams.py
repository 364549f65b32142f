"""The running evidence of the drift streams, the watermark, and the ledger's outbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from monitor.records import Place
from monitor.store import bulk
from monitor.store.connection import Session, rows, run


@dataclass(frozen=True)
class StreamRow:
    """The evidence of one stream at one place after one cohort.

    Attributes:
        place: Site and finding.
        stream: The stream's name, as "calibration".
        epoch: Counts the calibrators in force: the evidence restarts with each.
        cohort: The cohort looked at.
        night: The night of the look.
        rows: Studies of the cohort with a known outcome.
        positives: Outcomes equal to 1 among them.
        log_e: Log e-values of the look, one per bet.
        log_r: Log e-detector values after the look, one per bet.
        log_r_mixture: Their mixture, compared with the limit.
    """

    place: Place
    stream: str
    epoch: int
    cohort: str
    night: date
    rows: int
    positives: int
    log_e: tuple[float, ...]
    log_r: tuple[float, ...]
    log_r_mixture: float


@dataclass(frozen=True)
class CohortCount:
    """How many outcomes one mature cohort brought a place.

    Attributes:
        place: Site and finding.
        cohort: The cohort's key.
        cohort_end: Its last day; None when undated.
        rows: Mature predictions.
        known: Of them with a usable outcome at maturity.
        positives: Outcomes equal to 1 among the known.
    """

    place: Place
    cohort: str
    cohort_end: date | None
    rows: int
    known: int
    positives: int


_LOOK = {
    "site": "VARCHAR",
    "finding": "VARCHAR",
    "stream": "VARCHAR",
    "epoch": "INTEGER",
    "cohort": "VARCHAR",
    "night": "DATE",
    "rows": "BIGINT",
    "positives": "BIGINT",
    "log_e": "DOUBLE[]",
    "log_r": "DOUBLE[]",
    "log_r_mixture": "DOUBLE",
}
_COUNT = {
    "site": "VARCHAR",
    "finding": "VARCHAR",
    "cohort": "VARCHAR",
    "cohort_end": "DATE",
    "rows": "BIGINT",
    "known": "BIGINT",
    "positives": "BIGINT",
}


def put_stream(connection: Session, states: Sequence[StreamRow]) -> None:
    """Store looks; a look at the same place, stream, epoch and cohort is replaced."""
    records = [
        (
            *state.place,
            state.stream,
            state.epoch,
            state.cohort,
            state.night,
            state.rows,
            state.positives,
            list(state.log_e),
            list(state.log_r),
            state.log_r_mixture,
        )
        for state in states
    ]
    key = ("site", "finding", "stream", "epoch", "cohort")
    bulk.insert(connection, "stream_state", _LOOK, records, key=key)


def streams(connection: Session, *, latest: bool = False) -> list[StreamRow]:
    """Every look, or only the last one of each place and stream, ordered by place, stream, look."""
    last = (
        " QUALIFY row_number() OVER (PARTITION BY site, finding, stream "
        "ORDER BY epoch DESC, night DESC, cohort DESC) = 1"
        if latest
        else ""
    )
    found = rows(
        connection,
        f"SELECT {', '.join(_LOOK)} FROM stream_state{last} "  # noqa: S608
        "ORDER BY site, finding, stream, epoch, night, cohort",
    )
    return [_stream_row(dict(zip(_LOOK, values, strict=True))) for values in found]


def _stream_row(values: dict[str, Any]) -> StreamRow:
    place = Place(values.pop("site"), values.pop("finding"))
    values |= {name: tuple(values[name]) for name in ("log_e", "log_r")}
    return StreamRow(place, **values)


def put_cohort_counts(connection: Session, counts: Sequence[CohortCount]) -> None:
    """Store what one cohort brought each place."""
    records = [
        (*count.place, count.cohort, count.cohort_end, count.rows, count.known, count.positives)
        for count in counts
    ]
    bulk.insert(connection, "cohort_counts", _COUNT, records)


def cohort_counts(connection: Session) -> list[CohortCount]:
    """Every cohort of every place, in the order of time."""
    found = rows(
        connection,
        "SELECT site, finding, cohort, cohort_end, rows, known, positives FROM cohort_counts "
        "ORDER BY cohort_end, cohort, site, finding",
    )
    return [CohortCount(Place(site, finding), *counts) for site, finding, *counts in found]


def set_watermark(connection: Session, night: date) -> None:
    run(connection, "DELETE FROM watermark")
    run(connection, "INSERT INTO watermark VALUES (?)", [night])


def watermark(connection: Session) -> date | None:
    found = rows(connection, "SELECT night FROM watermark")
    return found[0][0] if found else None


def put_outbox(connection: Session, sequence: int, line: str) -> None:
    run(connection, "INSERT INTO outbox VALUES (?, ?, false)", [sequence, line])


def outbox(connection: Session) -> list[tuple[int, str]]:
    """Ledger lines that committed and are not yet known to be in the ledger file."""
    found = rows(connection, "SELECT sequence, line FROM outbox WHERE NOT flushed ORDER BY sequence")
    return [(sequence, line) for sequence, line in found]


def mark_flushed(connection: Session, up_to_sequence: int) -> None:
    """Forget the text of lines that are safely in the ledger file."""
    run(connection, "DELETE FROM outbox WHERE sequence <= ?", [up_to_sequence])
