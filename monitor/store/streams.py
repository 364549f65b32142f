"""The running evidence of the drift streams, the watermark, and the ledger's outbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from monitor.records import Place
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


_FIELDS = "site, finding, stream, epoch, cohort, night, rows, positives, log_e, log_r, log_r_mixture"
_TYPES = (
    "VARCHAR",
    "VARCHAR",
    "VARCHAR",
    "INTEGER",
    "VARCHAR",
    "DATE",
    "BIGINT",
    "BIGINT",
    "DOUBLE[]",
    "DOUBLE[]",
    "DOUBLE",
)


def put_stream(connection: Session, states: Sequence[StreamRow]) -> None:
    """Store looks; a look at the same place, stream, epoch and cohort is replaced."""
    if not states:
        return
    values = [
        [state.place.site for state in states],
        [state.place.finding for state in states],
        [state.stream for state in states],
        [state.epoch for state in states],
        [state.cohort for state in states],
        [state.night for state in states],
        [state.rows for state in states],
        [state.positives for state in states],
        [list(state.log_e) for state in states],
        [list(state.log_r) for state in states],
        [state.log_r_mixture for state in states],
    ]
    names = _FIELDS.split(", ")
    listed = ", ".join(f"unnest(?::{kind}[]) AS {name}" for name, kind in zip(names, _TYPES, strict=True))
    run(connection, f"CREATE OR REPLACE TEMP TABLE new_looks AS SELECT {listed}", values)
    run(
        connection,
        "DELETE FROM stream_state s USING new_looks n WHERE s.site = n.site AND s.finding = n.finding "
        "AND s.stream = n.stream AND s.epoch = n.epoch AND s.cohort = n.cohort",
    )
    run(connection, f"INSERT INTO stream_state ({_FIELDS}) SELECT {_FIELDS} FROM new_looks")  # noqa: S608
    run(connection, "DROP TABLE new_looks")


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
        f"SELECT {_FIELDS} FROM stream_state{last} ORDER BY site, finding, stream, epoch, night, cohort",  # noqa: S608
    )
    return [_stream_row(dict(zip(_FIELDS.split(", "), values, strict=True))) for values in found]


def _stream_row(values: dict[str, Any]) -> StreamRow:
    place = Place(values.pop("site"), values.pop("finding"))
    values |= {name: tuple(values[name]) for name in ("log_e", "log_r")}
    return StreamRow(place, **values)


def put_cohort_counts(connection: Session, counts: Sequence[CohortCount]) -> None:
    """Store what one cohort brought each place."""
    if not counts:
        return
    values = [
        [count.place.site for count in counts],
        [count.place.finding for count in counts],
        [count.cohort for count in counts],
        [count.cohort_end for count in counts],
        [count.rows for count in counts],
        [count.known for count in counts],
        [count.positives for count in counts],
    ]
    kinds = ("VARCHAR", "VARCHAR", "VARCHAR", "DATE", "BIGINT", "BIGINT", "BIGINT")
    listed = ", ".join(f"unnest(?::{kind}[])" for kind in kinds)
    run(connection, f"INSERT INTO cohort_counts SELECT {listed}", values)


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
