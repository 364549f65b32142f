"""The open store: what the nights and the readers may do with it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from monitor.errors import EvidenceError
from monitor.plan.model import ChangePlan
from monitor.records import BatchReport, FloatArray, Place, Role, Rows
from monitor.store import examples, ingest, reading, restore, streams
from monitor.store.connection import DATABASE, SNAPSHOT, Session, attach, detach, run, scalar, translated
from monitor.store.examples import DryRun
from monitor.store.ingest import Arrival, Room
from monitor.store.pseudonym import Pseudonymiser
from monitor.store.reading import Cohort, Selection
from monitor.store.restore import Content
from monitor.store.streams import CohortCount, StreamRow

Record = Callable[[BatchReport], tuple[int, str]]


class Store:
    """One session on a workspace's database; made by `open_store` and `open_snapshot` only."""

    def __init__(self, connection: Session, workspace: Path, plan: ChangePlan, key: bytes | None) -> None:
        self._connection = connection
        self._workspace = workspace
        self._plan = plan
        self._pseudonymiser = None if key is None else Pseudonymiser(key)
        self._depth = 0

    @contextmanager
    def transaction(self) -> Generator[None]:
        """All or nothing; a transaction inside another is part of it."""
        with translated("the store's transaction"):
            if self._depth == 0:
                run(self._connection, "BEGIN")
            self._depth += 1
            try:
                yield
            except BaseException:
                if self._depth == 1:
                    self._roll_back()
                raise
            else:
                if self._depth == 1:
                    run(self._connection, "COMMIT")
            finally:
                self._depth -= 1

    def _roll_back(self) -> None:
        with translated("rolling back"):
            run(self._connection, "ROLLBACK")

    def ingest(
        self,
        file: Path,
        *,
        received_on: date,
        record: Record,
        role: Role | None = None,
        as_history: bool = False,
    ) -> BatchReport:
        """Take in one file: its rows, its batch and its ledger line commit together.

        Args:
            file: CSV, JSON Lines (either also .gz) or Parquet.
            received_on: The day the file arrived.
            record: Turns the report into the sequence and text of its ledger line.
            role: predictions or outcomes; by the header when None.
            as_history: Rows count as known on the day they would have arrived (replay).

        Raises:
            IngestError: The file as a whole cannot be read or does not fit the plan.
            EvidenceError: The rows do not reconcile, or the store is damaged.
        """
        room, arrival = self._room(), Arrival(received_on, as_history)
        with ingest.delivered(room, file) as copy, translated(f"{file}: cannot be ingested"):
            if (known := ingest.already(room, copy.source_sha256)) is not None:
                return known
            judged = ingest.judge(room, file, copy, arrival, role)
            accepted = ingest.accepted_rows(room, judged, arrival)
            report = replace(judged.report, archive_sha256=ingest.keep_files(room, judged, accepted))
            with self.transaction():
                ingest.store_batch(room, judged, report, arrival)
                ingest.store_rows(room, judged, accepted)
                self.put_outbox(*record(report))
        return report

    def dry_run(self, file: Path, *, received_on: date, role: Role | None = None) -> DryRun:
        """What `ingest` would report, with example reasons; nothing is written to the store."""
        room, arrival = self._room(), Arrival(received_on, as_history=False)
        with ingest.delivered(room, file) as copy, translated(f"{file}: cannot be read"):
            if (known := ingest.already(room, copy.source_sha256)) is not None:
                return DryRun(known, {})
            judged = ingest.judge(room, file, copy, arrival, role)
            return DryRun(judged.report, examples.of(self._connection, judged.source, judged.layout))

    def restore_batch(self, file: Path, record: Mapping[str, Any]) -> None:
        """Take in an archived batch as it was accepted; `record` is the body of its ledger entry.

        Raises:
            EvidenceError: The file is gone, has other bytes, or does not hold the rows on record.
        """
        with self.transaction():
            restore.restore_batch(self._connection, self._workspace, file, record)

    def content(self) -> Content:
        """SHA-256 of the rows of each table: equal for two stores that hold the same."""
        with translated("hashing the store"):
            return restore.content(self._connection)

    def _room(self) -> Room:
        if self._pseudonymiser is None:
            raise EvidenceError(f"{self._workspace}: a snapshot is read-only")
        return Room(self._connection, self._workspace, self._plan, self._pseudonymiser)

    def put_outbox(self, sequence: int, line: str) -> None:
        """Store a ledger line with the current transaction."""
        with translated("the ledger outbox"):
            streams.put_outbox(self._connection, sequence, line)

    def outbox(self) -> list[tuple[int, str]]:
        """Ledger lines that committed and are not yet marked as written to the ledger file."""
        with translated("the ledger outbox"):
            return streams.outbox(self._connection)

    def mark_flushed(self, up_to_sequence: int) -> None:
        with translated("the ledger outbox"):
            streams.mark_flushed(self._connection, up_to_sequence)

    def cohorts(self, matured_by: date) -> list[Cohort]:
        """Mature cohorts in order of time; undated ones are mature at once."""
        with translated("reading cohorts"):
            return reading.cohorts(self._connection, self._plan, matured_by)

    def mature_rows(
        self,
        *,
        matured_by: date,
        known_by: date,
        place: Place | None = None,
        first: str | None = None,
        last: str | None = None,
        repeat_days: int | None = None,
    ) -> dict[Place, Rows]:
        """Studies of mature cohorts with the outcome as it was known at maturity.

        Args:
            matured_by: A cohort is mature when its last day plus the plan's maturity is not later.
            known_by: Only what had arrived by this day exists.
            place: One place instead of all.
            first, last: Cohort keys, both included.
            repeat_days: Mark a study as a repeat when its patient had another at the place in that
                many days before; None marks none.

        Returns:
            Rows by place, ordered by site, finding, cohort, study. An outcome is NaN unless every
            reader's latest revision (observed by maturity, known by `known_by`) agrees, comes from
            the plan's reference standard, and its AI influence is allowed for monitoring.
        """
        wanted = Selection(matured_by, known_by, place, first, last, repeat_days)
        with translated("reading mature rows"):
            return reading.mature_rows(self._connection, self._plan, wanted)

    def first_scores(self, place: Place, count: int, known_by: date) -> FloatArray:
        """The first `count` scores of a place by (day, study)."""
        with translated("reading scores"):
            return reading.first_scores(self._connection, place, count, known_by)

    def site_counts(self, known_by: date) -> dict[Place, int]:
        """Number of predictions per place."""
        with translated("counting"):
            return reading.site_counts(self._connection, known_by)

    def counts(self) -> dict[str, int]:
        """predictions, outcomes, rejected, duplicates, waiting."""
        with translated("counting"):
            return reading.counts(self._connection)

    def put_stream(self, states: Sequence[StreamRow]) -> None:
        """Store looks; the same look again replaces the earlier one."""
        with translated("writing streams"):
            streams.put_stream(self._connection, states)

    def streams(self, *, latest: bool = False) -> list[StreamRow]:
        """Every look of every stream; with `latest` only the last of each place and stream."""
        with translated("reading streams"):
            return streams.streams(self._connection, latest=latest)

    def put_cohort_counts(self, counts: Sequence[CohortCount]) -> None:
        """Store what one mature cohort brought each place."""
        with translated("writing cohort counts"):
            streams.put_cohort_counts(self._connection, counts)

    def cohort_counts(self) -> list[CohortCount]:
        """Outcomes per place and mature cohort, in the order of time."""
        with translated("reading cohort counts"):
            return streams.cohort_counts(self._connection)

    def set_watermark(self, night: date) -> None:
        """The last finished night."""
        with self.transaction():
            streams.set_watermark(self._connection, night)

    def watermark(self) -> date | None:
        with translated("reading the watermark"):
            return streams.watermark(self._connection)

    def first_day(self) -> date | None:
        """The earliest day of prediction; None without dated predictions."""
        with translated("reading days"):
            return scalar(self._connection, "SELECT min(day) FROM predictions")

    def last_cohort_end(self) -> date | None:
        """The last day of the newest cohort; None without dated predictions."""
        with translated("reading days"):
            return scalar(self._connection, "SELECT max(cohort_end) FROM predictions")

    def snapshot_is_stale(self) -> bool:
        """True when readers would open an older state than the live one, as after a crash."""
        live, snapshot = self._workspace / DATABASE, self._workspace / SNAPSHOT
        if not snapshot.exists():
            return True
        parts = [part for part in (live, live.with_name(live.name + ".wal")) if part.exists()]
        return max(part.stat().st_mtime_ns for part in parts) > snapshot.stat().st_mtime_ns

    def publish_snapshot(self) -> None:
        """Put the committed state where readers open it, in one step.

        The database is detached while it is copied: closing any handle of a file drops a process's
        POSIX locks on it, so the copy must not run beside DuckDB's own.
        """
        if self._depth:
            raise ValueError("publish_snapshot belongs outside a transaction")
        live, fresh = self._workspace / DATABASE, self._workspace / (SNAPSHOT + ".part")
        detach(self._connection)
        try:
            shutil.copyfile(live, fresh)
            fresh.chmod(0o600)
            with fresh.open("rb") as handle:
                os.fsync(handle.fileno())
            fresh.replace(self._workspace / SNAPSHOT)
        finally:
            attach(self._connection, live)
