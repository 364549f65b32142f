"""The running evidence of the drift streams, the watermark, and the ledger's outbox."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
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
class StreamPosition:
    """Where one stream of one place stands in one epoch.

    Attributes:
        place, stream, epoch: As in `StreamRow`.
        looks: How many there were.
        rows, positives: Of all of them.
        log_r: After the newest.
    """

    place: Place
    stream: str
    epoch: int
    looks: int
    rows: int
    positives: int
    log_r: tuple[float, ...]


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


def streams(connection: Session, *, latest: bool = False, place: Place | None = None) -> list[StreamRow]:
    """Every look, or only the last one of each place and stream, ordered by place, stream, look."""
    of_place = "" if place is None else " WHERE site = ? AND finding = ?"
    last = (
        " QUALIFY row_number() OVER (PARTITION BY site, finding, stream "
        "ORDER BY epoch DESC, night DESC, cohort DESC) = 1"
        if latest
        else ""
    )
    found = rows(
        connection,
        f"SELECT {', '.join(_LOOK)} FROM stream_state{of_place}{last} "  # noqa: S608
        "ORDER BY site, finding, stream, epoch, night, cohort",
        place,
    )
    return [_stream_row(dict(zip(_LOOK, values, strict=True))) for values in found]


def stream_positions(connection: Session) -> list[StreamPosition]:
    """Where every stream stands, by place and epoch; only the newest looks are read whole."""
    found = rows(
        connection,
        "WITH sums AS (SELECT site, finding, stream, epoch, count(*) AS looks, sum(rows)::BIGINT AS rows, "
        "sum(positives)::BIGINT AS positives, max({night: night, cohort: cohort}) AS newest "
        "FROM stream_state GROUP BY ALL) "
        "SELECT f.site, f.finding, f.stream, f.epoch, f.looks, f.rows, f.positives, s.log_r FROM sums f "
        "JOIN stream_state s ON s.site = f.site AND s.finding = f.finding AND s.stream = f.stream "
        "AND s.epoch = f.epoch AND s.night = f.newest.night AND s.cohort = f.newest.cohort ORDER BY ALL",
    )
    return [
        StreamPosition(Place(site, finding), stream, epoch, looks, rows_read, positives, tuple(log_r))
        for site, finding, stream, epoch, looks, rows_read, positives, log_r in found
    ]


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


def cohort_counts(connection: Session, places: Collection[Place] | None) -> list[CohortCount]:
    """Every cohort of every place, or of some, in the order of time."""
    among, parameters = ("true", None) if places is None else bulk.of_places(places)
    found = rows(
        connection,
        "SELECT site, finding, cohort, cohort_end, rows, known, positives FROM cohort_counts "  # noqa: S608
        f"WHERE {among} ORDER BY cohort_end, cohort, site, finding",
        parameters,
    )
    return [CohortCount(Place(site, finding), *counts) for site, finding, *counts in found]


def outcomes_since(connection: Session, after: Mapping[Place, str]) -> dict[Place, tuple[int, int]]:
    """Known outcomes and positives of every place, of cohorts after one where it is named, else of all."""
    columns = [[place.site for place in after], [place.finding for place in after], list(after.values())]
    found = rows(
        connection,
        "SELECT c.site, c.finding, sum(known)::BIGINT, sum(positives)::BIGINT FROM cohort_counts c "
        "LEFT JOIN (SELECT unnest(?::VARCHAR[]) AS site, unnest(?::VARCHAR[]) AS finding, "
        "unnest(?::VARCHAR[]) AS cohort) a "
        "ON a.site = c.site AND a.finding = c.finding WHERE a.cohort IS NULL OR c.cohort > a.cohort "
        "GROUP BY c.site, c.finding",
        columns,
    )
    return {Place(site, finding): (known, positives) for site, finding, known, positives in found}


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
