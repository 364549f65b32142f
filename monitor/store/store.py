"""The open store: what the nights and the readers may do with it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.errors import EvidenceError
from monitor.plan.model import ChangePlan
from monitor.records import (
    Arrived,
    BatchReport,
    FloatArray,
    Mark,
    Place,
    Reads,
    Role,
    Rows,
    Scored,
    TextArray,
    Unread,
)
from monitor.store import (
    arrivals,
    examples,
    ingest,
    lake,
    lookup,
    mean_streams,
    past_looks,
    reader_rows,
    reading,
    restore,
    scored_rows,
    streams,
    working_rows,
)
from monitor.store.archive import publish as put_in_place
from monitor.store.connection import (
    DATABASE,
    SNAPSHOT,
    STAGING,
    Session,
    attach,
    copy_out,
    run,
    scalar,
    translated,
)
from monitor.store.copying import forget_spare, publish_copy
from monitor.store.examples import DryRun
from monitor.store.excluded import Exclusions, excluded
from monitor.store.ingest import Arrival, Room
from monitor.store.live import LiveFile
from monitor.store.lookup import FoundOutcome, FoundPrediction
from monitor.store.mean_streams import DetectorRow, MeanLook, ReferenceRow
from monitor.store.pseudonym import Pseudonymiser
from monitor.store.reading import Cohort, Considered, Selection
from monitor.store.restore import Content
from monitor.store.strata import hospital_column
from monitor.store.streams import CohortCount, StreamPosition, StreamRow
from monitor.store.working_rows import CohortRows, Removed

Record = Callable[[BatchReport], tuple[int, str]]


class Store:
    """One session on a workspace's database; made by `open_store` and `open_snapshot` only."""

    def __init__(
        self,
        connection: Session,
        workspace: Path,
        plan: ChangePlan,
        key: bytes | None,
        *,
        live: LiveFile | None = None,
        in_lake: bool = False,
    ) -> None:
        self._connection = connection
        self._live = live
        self._workspace = workspace
        self._plan = plan
        self._in_lake = in_lake
        self._pseudonymiser = None if key is None else Pseudonymiser(key)
        self._depth = 0

    def under(self, plan: ChangePlan) -> Store:
        """The same session by another version of its plan: what is mature, known and usable follows it.

        Args:
            plan: One that was bound before, or that takes this one's place.

        Raises:
            EvidenceError: The stored rows were made with other strata or covariates.
        """
        if _made_with(plan) != _made_with(self._plan):
            raise EvidenceError("a version of the plan has other strata or covariates than the stored rows")
        other = copy(self)
        other._plan = plan
        return other

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
            ingest.keep_rejected(room, judged)
            accepted = ingest.accepted_rows(room, judged, arrival)
            report = replace(judged.report, archive_sha256=ingest.keep_archive(room, accepted))
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

    def cohorts(self, matured_by: date, after: Considered | None = None) -> list[Cohort]:
        """Mature cohorts in order of time; undated ones are mature at once.

        Args:
            matured_by: A cohort is mature when its last day plus the plan's maturity is not later.
            after: Only those that were not considered then, and those with rows since; all of them when None.
        """
        with translated("reading cohorts"):
            return reading.cohorts(self._connection, self._plan, matured_by, after)

    def mature_rows(
        self,
        *,
        matured_by: date,
        known_by: date,
        place: Place | None = None,
        places: Collection[Place] | None = None,
        first: str | None = None,
        last: str | None = None,
        repeat_days: int | None = None,
        held: bool = False,
        reference: bool = False,
    ) -> dict[Place, Rows]:
        """Studies of mature cohorts with the outcome as it was known at maturity.

        Args:
            matured_by: A cohort is mature when its last day plus the plan's maturity is not later.
            known_by: Only what had arrived by this day exists.
            place, places: One place, or some, instead of all.
            first, last: Cohort keys, both included.
            repeat_days: Mark a study as a repeat when its patient had another at the place in that
                many days before; None marks none.
            held: Only cohorts after the last that was archived at the place; without it, asking for
                archived ones is refused.
            reference: The cohorts wanted are those of the place's frozen reference, whose rows never leave.

        Returns:
            Rows by place, ordered by site, finding, cohort, study. An outcome is NaN unless the readers'
            latest revisions (observed by maturity, known by `known_by`) give one by the plan's
            consensus, and each comes from the plan's reference standard with an AI influence that is
            allowed for monitoring.

        Raises:
            UsageError: Rows that are wanted have left the database.
        """
        some = _one(place) if places is None else tuple(places)
        wanted = Selection(matured_by, known_by, some, first, last, repeat_days, held, reference)
        with translated("reading mature rows"):
            return reading.mature_rows(self._connection, self._plan, wanted)

    def scored_rows(self, *, matured_by: date, known_by: date) -> dict[Place, Scored]:
        """What `mature_rows` gives with `held`, in the same order, without a name of a study or a patient."""
        wanted = Selection(matured_by, known_by, held=True)
        with translated("reading mature rows"):
            return scored_rows.scored_rows(self._connection, self._plan, wanted)

    def exclusions(
        self,
        *,
        known_by: date,
        matured_by: date | None = None,
        place: Place | None = None,
        first: str | None = None,
        last: str | None = None,
    ) -> dict[Place, Exclusions]:
        """Studies that the prediction log excluded, which no other reader of the store hands out.

        Args:
            known_by: Only what had arrived by this day exists.
            matured_by: Only of cohorts that are mature on this day, as for the mature rows they are compared
                with; of all cohorts when None.
            place: One place instead of all.
            first, last: Cohort keys, both included.

        Returns:
            Records by place, of cohorts whose predictions have not left the database; none where the log
            excludes nothing.
        """
        wanted = Selection(matured_by or date.max, known_by, _one(place), first, last)
        with translated("reading exclusions"):
            return excluded(self._connection, self._plan, wanted, mature=matured_by is not None)

    def covariates(self, wanted: Rows) -> dict[str, NDArray[Any]]:
        """The plan's covariates of some rows, at least one, by name and in the order of the rows.

        Numbers are floats with NaN, levels are texts with None where the log had no usable value.
        """
        with translated("reading covariates"):
            return reading.covariates(self._connection, self._plan, [wanted])[0]

    def covariate_of_places(self, wanted: Sequence[Rows], name: str) -> NDArray[Any]:
        """One covariate of the rows of several places, at least one, one place after the other."""
        with translated("reading covariates"):
            found = reading.covariates(self._connection, self._plan, wanted, name)
        return np.concatenate([item[name] for item in found])

    def reader_decisions(self, wanted: Rows) -> TextArray:
        """What the readers decided about some rows, in the words of the log and the order of the rows.

        Returns:
            Texts, None where the log has none, shape (n,); the plan's `reader_decisions` says what they mean.

        Raises:
            EvidenceError: The store does not hold some of the rows.
        """
        with translated("reading readers' decisions"):
            return reader_rows.reader_decisions(self._connection, wanted)

    def reads(self, wanted: Rows, *, matured_by: date, known_by: date) -> Reads:
        """What each reader of some rows, at least one, said last, as it was known at maturity.

        Args:
            wanted: Rows of one place, as `mature_rows` gave them.
            matured_by, known_by: As for those rows.

        Returns:
            Reads of the plan's reference standard with an exposure that is monitored, whether or not they
            agree, by study and reader.
        """
        first, last = str(wanted.cohort.min()), str(wanted.cohort.max())
        selection = Selection(matured_by, known_by, _one(wanted.place), first, last)
        with translated("reading readers' answers"):
            return reading.reads(self._connection, self._plan, selection, wanted.study.tolist())

    def first_scores(self, place: Place, count: int, known_by: date) -> FloatArray:
        """The first `count` scores of a place by (day, study)."""
        with translated("reading scores"):
            return reading.first_scores(self._connection, place, count, known_by)

    def site_counts(self, known_by: date) -> dict[Place, int]:
        """Number of predictions per place."""
        with translated("counting"):
            return reading.site_counts(self._connection, known_by)

    def find_predictions(self, by: lookup.Identifier, pseudonym: str) -> list[FoundPrediction]:
        """Every prediction of a study or a patient in the archived batches."""
        with translated("looking into the archive"):
            hospital = hospital_column(self._plan)
            return lookup.predictions(self._connection, self._workspace, (by, pseudonym), hospital)

    def find_outcomes(self, studies: Sequence[str]) -> list[FoundOutcome]:
        """Every revision of every outcome of some studies in the archived batches."""
        with translated("looking into the archive"):
            return lookup.outcomes(self._connection, self._workspace, studies)

    def counts(self) -> dict[str, int]:
        """predictions, outcomes, rejected, duplicates, waiting."""
        with translated("counting"):
            return reading.counts(self._connection, hospital_column(self._plan))

    def put_stream(self, states: Sequence[StreamRow]) -> None:
        """Store looks; the same look again replaces the earlier one."""
        with translated("writing streams"):
            streams.put_stream(self._connection, states)

    def streams(self, *, latest: bool = False, place: Place | None = None) -> list[StreamRow]:
        """Every look of all places, or of one; with `latest` only the last of each place and stream."""
        with translated("reading streams"):
            return streams.streams(self._connection, latest=latest, place=place)

    def stream_positions(self) -> list[StreamPosition]:
        """Where every stream stands, by place and epoch."""
        with translated("reading streams"):
            return streams.stream_positions(self._connection)

    def arrived(self, after: Mark | None, upto: Mark, place: Place | None = None) -> dict[Place, Arrived]:
        """Predictions that a look up to one mark reads and a look up to an earlier one did not, by place.

        Args:
            after: What has been read before; None when nothing was.
            upto: What is to be read.
            place: One place instead of all.
        """
        with translated("reading new predictions"):
            return arrivals.arrived(self._connection, self._plan, after, upto, place)

    def unread(self, after: Mark | None, upto: Mark, place: Place | None = None) -> dict[Place, Unread]:
        """The same predictions as a look reads them, texts and patients as numbers, in no order."""
        with translated("reading new predictions"):
            return arrivals.unread(self._connection, self._plan, after, upto, place)

    def cohorts_read(self, upto: Mark, place: Place) -> tuple[str, str]:
        """The first and the last cohort of the predictions of a place that a look has read by a mark."""
        with translated("reading new predictions"):
            return arrivals.cohorts(self._connection, self._plan, upto, place)

    def late_predictions(self, days: int) -> dict[Place, int]:
        """Predictions held of each place that came later than so many days after their cohort ended."""
        with translated("counting late predictions"):
            return arrivals.late(self._connection, days)

    def last_batch(self) -> int:
        """Number of the newest batch; 0 before the first."""
        with translated("reading batches"):
            return scalar(self._connection, "SELECT coalesce(max(batch), 0) FROM batches")

    def batches_received_by(self, day: date) -> int:
        """How many batches had been delivered by the end of a day."""
        with translated("reading batches"):
            return scalar(self._connection, "SELECT count(*) FROM batches WHERE received_on <= ?", [day])

    def put_mean_looks(
        self,
        looks: Sequence[MeanLook],
        states: Sequence[DetectorRow],
        references: Sequence[ReferenceRow] = (),
    ) -> None:
        """Store what a night added to the streams, where their detectors stand, and references it froze."""
        with translated("writing streams"):
            mean_streams.put_looks(self._connection, looks)
            mean_streams.put_detectors(self._connection, states)
            mean_streams.put_references(self._connection, references)

    def mean_looks(self, *, night: date | None = None, place: Place | None = None) -> list[MeanLook]:
        """Looks in the order of place, stream and night."""
        with translated("reading streams"):
            return mean_streams.looks(self._connection, night=night, place=place)

    def recent_looks(self, most: int) -> list[MeanLook]:
        """The last looks of every epoch of every stream, in the order of place, stream and night."""
        with translated("reading streams"):
            return past_looks.recent_looks(self._connection, most)

    def stream_evidence(self) -> dict[tuple[Place, str, int], float]:
        """`log_r` of the last look that told one, by place, stream and epoch; not of calibration."""
        with translated("reading streams"):
            return past_looks.evidence(self._connection)

    def past_looks(self) -> dict[Place, dict[str, list[dict[str, Any]]]]:
        """Night, studies and evidence of every look, by place and stream, calibration among them."""
        with translated("reading streams"):
            return past_looks.past(self._connection)

    def detectors(self) -> list[DetectorRow]:
        """Where every detector stands."""
        with translated("reading streams"):
            return mean_streams.detectors(self._connection)

    def references(self) -> list[ReferenceRow]:
        """Every frozen reference."""
        with translated("reading references"):
            return mean_streams.references(self._connection)

    def arrived_so_far(self) -> dict[Place, tuple[int, int]]:
        """Looks with a new prediction, and predictions looked at, of every place."""
        with translated("reading streams"):
            return mean_streams.arrived_so_far(self._connection)

    def put_cohort_counts(self, counts: Sequence[CohortCount]) -> None:
        """Store what one mature cohort brought each place."""
        with translated("writing cohort counts"):
            streams.put_cohort_counts(self._connection, counts)

    def cohort_counts(self, places: Collection[Place] | None = None) -> list[CohortCount]:
        """Outcomes per mature cohort of every place, or of some, in the order of time."""
        with translated("reading cohort counts"):
            return streams.cohort_counts(self._connection, places)

    def outcomes_since(self, after: Mapping[Place, str]) -> dict[Place, tuple[int, int]]:
        """Known outcomes, and positives among them, of every place that has mature cohorts.

        Args:
            after: Of a place that is named, only those of later cohorts.
        """
        with translated("reading cohort counts"):
            return streams.outcomes_since(self._connection, after)

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
            return scalar(
                self._connection,
                "SELECT min(day) FROM (SELECT day FROM predictions UNION ALL "
                "SELECT day FROM archived_predictions)",
            )

    def last_cohort_end(self) -> date | None:
        """The last day of the newest cohort; None without dated predictions."""
        with translated("reading days"):
            return scalar(
                self._connection,
                "SELECT max(cohort_end) FROM (SELECT cohort_end FROM predictions UNION ALL "
                "SELECT cohort_end FROM archived_cohorts)",
            )

    def cohort_rows(self, before: date) -> list[CohortRows]:
        """Cohorts of each place that end before a day, with the predictions that are held of them."""
        with translated("reading cohorts"):
            return working_rows.cohort_rows(self._connection, before)

    def archived_to(self) -> dict[Place, str]:
        """The newest cohort of each place whose rows have left the database."""
        with translated("reading cohorts"):
            return working_rows.archived_to(self._connection)

    def weigh_rows(self, leaving: Sequence[CohortRows]) -> Removed:
        """What `remove_rows` would take."""
        with translated("counting"):
            return working_rows.weigh(self._connection, leaving, hospital_column(self._plan))

    def remove_rows(self, leaving: Sequence[CohortRows], reference_rows: int) -> Removed:
        """Take the rows of cohorts out of the database; keys, counts and a place's first scores stay."""
        with self.transaction():
            hospital = hospital_column(self._plan)
            return working_rows.remove(self._connection, leaving, reference_rows, hospital)

    def compact(self) -> tuple[int, int]:
        """Write the database anew without the room that removed rows left; its bytes before and after.

        The new file takes the old one's place in one step.
        """
        if self._depth:
            raise ValueError("compact belongs outside a transaction")
        if self._in_lake:
            with translated("compacting the store"):
                return lake.compact(self._connection, self._workspace)
        live, database = self._file(), self._workspace / DATABASE
        fresh = self._workspace / STAGING / "compact.duckdb"
        fresh.parent.mkdir(mode=0o700, exist_ok=True)
        fresh.unlink(missing_ok=True)
        with translated("compacting the store"):
            attach(self._connection, fresh, name="compact")
            run(self._connection, "COPY FROM DATABASE store TO compact")
            run(self._connection, "CHECKPOINT compact")
            run(self._connection, "DETACH compact")
        live.detach()
        before = database.stat().st_size
        try:
            put_in_place(fresh, database)
        finally:
            live.attach()
        return before, database.stat().st_size

    def snapshot_is_stale(self) -> bool:
        """True when readers would open an older state than the live one, as after a crash."""
        live, snapshot = self._workspace / DATABASE, self._workspace / SNAPSHOT
        if self._in_lake or not snapshot.exists():  # no file of a lake tells when it was last written
            return True
        parts = [part for part in (live, live.with_name(live.name + ".wal")) if part.exists()]
        return max(part.stat().st_mtime_ns for part in parts) > snapshot.stat().st_mtime_ns

    def publish_snapshot(self, *, keep_spare: bool = True) -> None:
        """Put the committed state where readers open it, in one step.

        The database is detached while it is copied: closing any handle of a file drops a process's
        POSIX locks on it, so the copy must not run beside DuckDB's own.

        Args:
            keep_spare: False where rows were removed that shall not stay in what readers had before.
        """
        if self._depth:
            raise ValueError("publish_snapshot belongs outside a transaction")
        snapshot = self._workspace / SNAPSHOT
        if self._in_lake:
            fresh = snapshot.with_name(SNAPSHOT + ".part")
            with translated("publishing the snapshot"):
                copy_out(self._connection, fresh)
            put_in_place(fresh, snapshot)
            forget_spare(snapshot)  # of a time before the catalog
            return
        live = self._file()
        live.detach()
        try:
            changes = live.changes()
            publish_copy(self._workspace / DATABASE, snapshot, keep_spare=keep_spare, changes=changes)
            live.published()
        finally:
            live.attach()

    def _file(self) -> LiveFile:
        if self._live is None:
            raise EvidenceError(f"{self._workspace}: a snapshot is read-only")
        return self._live


def _one(place: Place | None) -> tuple[Place] | None:
    return None if place is None else (place,)


def _made_with(plan: ChangePlan) -> tuple[object, ...]:
    return plan.strata, sorted((item.name, item.kind) for item in plan.logs.covariates)
