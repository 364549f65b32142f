"""The plain night function: read what has matured, raise alarms, move changes on. No scheduler here."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from monitor import store
from monitor.errors import IngestError, MonitorError, UsageError
from monitor.hashing import finite_or_none, sha256_file, sha256_record
from monitor.operation.archiving import too_old
from monitor.operation.attempt.automatic import implement_accepted
from monitor.operation.attempt.changes import open_change, open_deferred
from monitor.operation.attempt.follow_up import follow_up
from monitor.operation.attempt.outcome_counts import OutcomeCounts, count_cohort
from monitor.operation.attempt.windows import Knowledge, in_fitting_share
from monitor.operation.calendar import due_nights
from monitor.operation.dossiers import issue_dossiers
from monitor.operation.floor import FloorChecks
from monitor.operation.retention import purge_delivered
from monitor.operation.spreading import Spread, here
from monitor.operation.streams import Stream, load_streams, raise_alarm, read_cohort, stream_limit
from monitor.operation.watching import Watch, check_a_past_night
from monitor.operation.workspace import Workspace, open_workspace
from monitor.records import BatchReport, Place, Role, Rows
from monitor.store import MeanLook, StreamRow

DIGEST_DECIMALS = 4
LONGEST_STEM_BYTES = 240
"""A name may have 255 bytes; the rest is for the number of a namesake."""

Progress = Callable[[int, int, str], None]
"""Called with (steps done, steps in all, what is being done)."""


def _silent(_done: int, _total: int, _what: str) -> None:
    return None


@dataclass(frozen=True)
class NightReport:
    """What one night found."""

    night: date
    cohorts: tuple[str, ...]
    alarms: tuple[str, ...]
    opened: tuple[str, ...]
    judged: tuple[str, ...]
    deployed: tuple[str, ...]


@dataclass
class RunReport:
    """What one invocation did: batches, nights, the dossiers written, delivered files deleted.

    `refused` holds what is wrong with each inbox file that could not be read; the file stays there.
    """

    batches: list[BatchReport] = field(default_factory=list[BatchReport])
    refused: list[str] = field(default_factory=list[str])
    nights: list[NightReport] = field(default_factory=list[NightReport])
    dossiers: dict[str, Path] = field(default_factory=dict[str, Path])
    purged: int = 0

    def require_all_read(self) -> None:
        """Refuse to call a run done while a file lies unread in the inbox; its nights stand.

        Raises:
            IngestError: Says what is wrong with each of these files.
        """
        if self.refused:
            told = [*self.refused, "these files stay in the inbox; the nights were run"]
            raise IngestError("\n".join(told))


class Nights:
    """Runs nights of one open workspace in order, with its aggregates in memory."""

    def __init__(
        self, workspace: Workspace, *, calibration_only: bool = False, spread: Spread = here
    ) -> None:
        """Load the aggregates.

        Args:
            workspace: Open for writing.
            calibration_only: Leave out the streams that compare with a reference; a rehearsal, which asks
                what becomes of changes, needs none of them.
            spread: Takes the sites to where they are worked on.
        """
        self.workspace = workspace
        self.spread = spread
        self.streams: dict[Place, Stream] = load_streams(workspace)
        self.counts = OutcomeCounts(workspace.store.cohort_counts)
        self.floor = FloorChecks(workspace)
        self.watch = Watch(workspace, self.counts, active=not calibration_only, spread=spread)

    def due(self, as_of: date) -> list[date]:
        """Nights not yet run, in order, up to and including `as_of`."""
        plan = self.workspace.loaded.plan
        done = self.workspace.state.last_night
        if plan.undated:
            return [as_of] if done is None or as_of > date.fromisoformat(done) else []
        if done is not None:
            return list(due_nights(plan.monitoring.cadence, date.fromisoformat(done), as_of))
        first = self.workspace.store.first_day()
        if first is None:
            return []
        return list(due_nights(plan.monitoring.cadence, first - timedelta(days=1), as_of))

    def run(self, night: date, known_by: date, *, approve_accepted: bool = False) -> NightReport:
        """One night, committed as one: cohorts that matured, looks, alarms, changes, deployments.

        Args:
            night: Cohorts mature by this date are read.
            known_by: Rows of files that arrived by this date are known.
            approve_accepted: Record a simulated approval of every accepted change (replay only).
        """
        knowledge = Knowledge(night, known_by)
        before = _positions(self.workspace)
        with self.workspace.commit():
            check_a_past_night(self.watch, night.isoformat())
            open_deferred(self.workspace, night)
            self.watch.read_predictions(knowledge)
            cohorts = self._new_cohorts(night)
            rows_of_streams: list[StreamRow] = []
            for cohort in cohorts:
                rows_of_streams += self._read(cohort, knowledge)
                self._advance(cohort.key, knowledge)
            if self.workspace.loaded.plan.undated:
                from monitor.operation.attempt.collecting import finish_undated

                finish_undated(self.workspace, self.counts, knowledge, self.spread)
            self.floor.check(knowledge)
            follow_up(self.workspace, self.counts, knowledge)
            implement_accepted(self.workspace, night)
            if approve_accepted:
                self._approve_accepted(night)
            self.workspace.store.put_stream(rows_of_streams)
            looked = self.watch.store()
            self._record_night(knowledge, [cohort.key for cohort in cohorts], rows_of_streams, looked)
        return _report(self.workspace, before, night, [cohort.key for cohort in cohorts])

    def conclude_open(self, knowledge: Knowledge, because: str) -> None:
        """The log ends: every change that is still collecting is insufficient, with what is missing."""
        from monitor.operation.attempt.collecting import conclude

        with self.workspace.commit():
            for change in self.workspace.state.collecting():
                conclude(self.workspace, change, self.counts, knowledge, because)
            body = {
                "matured_by": knowledge.matured_by.isoformat(),
                "known_by": knowledge.known_by.isoformat(),
                "because": because,
            }
            self.workspace.record("log_ended", knowledge.matured_by.isoformat(), body)

    def _new_cohorts(self, night: date) -> list[store.Cohort]:
        """Mature cohorts that no night has read, in order; none so late that older rows have left."""
        first = self.workspace.loaded.plan.monitoring.first_cohort
        read = self.workspace.state.read_cohorts
        found = self.workspace.store.cohorts(night, self._considered())
        new = [item for item in found if item.key not in read and (first is None or item.key >= first)]
        return [item for item in new if not too_old(self.workspace, item.end)]

    def _considered(self) -> store.Considered | None:
        """What the night before has considered; None where there was none, or by another plan."""
        state = self.workspace.state
        if state.last_night is None or state.last_night_plan != state.plan_sha256:
            return None
        return store.Considered(date.fromisoformat(state.last_night), state.marks[-1].batch)

    def _read(self, cohort: store.Cohort, knowledge: Knowledge) -> list[StreamRow]:
        """One cohort at every place: counts, a look at the stream, and an alarm where it is due."""
        plan = self.workspace.loaded.plan
        label_streams = plan.monitoring.label_streams
        by_place = self.workspace.store.mature_rows(
            matured_by=knowledge.matured_by,
            known_by=knowledge.known_by,
            first=cohort.key,
            last=cohort.key,
            repeat_days=label_streams.window_days if label_streams else None,
        )
        counts = [count_cohort(by_place[place], cohort.key, cohort.end) for place in sorted(by_place)]
        for count in counts:
            self.counts.add(count)
            self.floor.add(count)
        self.workspace.store.put_cohort_counts(counts)
        looks = [self._look(by_place[place], cohort.key, knowledge) for place in sorted(by_place)]
        self.watch.read_outcomes(by_place, knowledge)
        return [row for row in looks if row is not None]

    def _look(self, rows: Rows, cohort: str, knowledge: Knowledge) -> StreamRow | None:
        share = self.workspace.loaded.plan.data.split.fitting_share
        if share is not None:
            rows = rows.where(in_fitting_share(rows, share))
            if rows.place in self.streams:
                return None
        nights = (knowledge.matured_by, knowledge.known_by)
        row = read_cohort(self.workspace, self.streams, rows, cohort, nights)
        if row is not None and row.log_r_mixture >= stream_limit(self.workspace.loaded.plan):
            alarm = raise_alarm(self.workspace, self.streams[rows.place], rows.place, knowledge.matured_by)
            open_change(self.workspace, alarm, knowledge.matured_by)
        return row

    def _advance(self, cohort: str, knowledge: Knowledge) -> None:
        collecting = self.workspace.state.collecting()
        if self.workspace.loaded.plan.undated or not collecting:
            return
        from monitor.operation.attempt.collecting import advance_all

        advance_all(self.workspace, cohort, self.counts, knowledge, self.spread)

    def _approve_accepted(self, night: date) -> None:
        """Simulated approvals, marked as such on every record; replay and demo only."""
        from monitor.operation.people.decisions import record_simulated_approvals

        for change in list(self.workspace.state.changes.values()):
            if change.state == "proposed":
                record_simulated_approvals(self.workspace, change, night)

    def _record_night(
        self, knowledge: Knowledge, cohorts: list[str], looked: list[StreamRow], watched: list[MeanLook]
    ) -> None:
        night, mark = knowledge.matured_by, self.watch.mark(knowledge)
        digest: list[Any] = [
            [*row.place, row.epoch, row.cohort, row.rows, row.positives, _digested(row.log_r_mixture)]
            for row in looked
        ]
        digest += [
            [*row.place, row.stream, row.epoch, row.rows, row.patients, _digested(row.log_r)]
            for row in watched
        ]
        body = {
            "night": night.isoformat(),
            "known_by": knowledge.known_by.isoformat(),
            "cohorts": cohorts,
            "looks": len(looked),
            "state_sha256": sha256_record(digest),
        }
        if mark is not None:
            body |= {"due": mark.due.isoformat(), "looks_at_means": len(watched)}
        self.workspace.record("night", night.isoformat(), body)
        self.workspace.store.set_watermark(night)


def nightly(
    path: Path,
    as_of: date,
    *,
    key_file: Path | None = None,
    progress: Progress = _silent,
    spread: Spread = here,
) -> RunReport:
    """Ingest the inbox, run every night that is due, propose what the plan calls for.

    Args:
        path: The workspace.
        as_of: Today, as far as this run is concerned. Nights missed are caught up in order.
        key_file: Pseudonym key; the user's config folder when None.
        progress: Told of each step.
        spread: Takes the sites to where they are worked on; the results are the same wherever that is.

    Returns:
        What was done. Running the same night again changes nothing. A file that cannot be read as a
        whole stays in the inbox and is listed; one hospital's broken export does not blind the others.
    """
    report = RunReport()
    with open_workspace(path, key_file) as workspace:
        require_forward(workspace, as_of)
        # First of all, and after each night: so a crash, or nights caught up, leave the same ledger.
        report.dossiers = issue_dossiers(workspace, progress)
        for file in store.ready_files(path / "inbox"):
            try:
                report.batches.append(_ingest_inbox_file(workspace, file, as_of))
            except IngestError as error:
                report.refused.append(str(error))
            else:
                move_done(file, path / "inbox" / "done", report.batches[-1].source_sha256)
        nights = Nights(workspace, spread=spread)
        due = nights.due(as_of)
        for number, night in enumerate(due):
            progress(number, len(due), f"night {night.isoformat()}")
            report.nights.append(nights.run(night, as_of))
            report.dossiers |= issue_dossiers(workspace)
        report.purged = purge_delivered(workspace, as_of)
        if report.batches or report.nights or report.dossiers or workspace.store.snapshot_is_stale():
            workspace.store.publish_snapshot()
    return report


def ingest(
    path: Path, files: Iterable[Path], received_on: date, *, key_file: Path | None = None
) -> list[BatchReport]:
    """Store named files; each is one batch, and the same file twice changes nothing."""
    with open_workspace(path, key_file) as workspace:
        reports = [ingest_file(workspace, file, received_on) for file in files]
        workspace.store.publish_snapshot()
    return reports


def ingest_file(
    workspace: Workspace, file: Path, received_on: date, *, role: Role | None = None, as_history: bool = False
) -> BatchReport:
    """One file: rows and ledger entry commit as one."""

    def record(report: BatchReport) -> tuple[int, str]:
        body = {**report.as_record(), "as_history": as_history}
        entry = workspace.record("batch", received_on.isoformat(), body)
        return entry.sequence, entry.line

    try:
        report = workspace.store.ingest(
            file, received_on=received_on, record=record, role=role, as_history=as_history
        )
    except BaseException:
        workspace.ledger.discard()
        raise
    workspace.flush()
    return report


def require_forward(workspace: Workspace, as_of: date) -> None:
    """Time only goes forward: a run dated before the last finished night is refused by doing nothing.

    Raises:
        UsageError: `as_of` lies before the last night on record.
    """
    last = workspace.state.last_night
    if last is not None and as_of < date.fromisoformat(last):
        raise UsageError(f"--as-of {as_of.isoformat()} lies before the last finished night, {last}")


def _ingest_inbox_file(workspace: Workspace, file: Path, received_on: date) -> BatchReport:
    """As `ingest_file`, without the file's name in any message.

    Senders choose the names, a name may be a patient's, and a scheduler keeps messages with all their
    causes; `sha256sum inbox/*` finds the file.
    """
    try:
        return ingest_file(workspace, file, received_on)
    except MonitorError as error:
        told = str(error).replace(str(file), _called(file)).replace(file.name, "...")
        raise type(error)(told) from None


def _called(file: Path) -> str:
    try:
        return f"inbox file with sha256 {sha256_file(file)[:16]}..."
    except OSError:
        return "an inbox file that cannot be read"


def move_done(file: Path, folder: Path, sha256: str) -> None:
    """A file leaves the inbox only after its commit; a namesake is never overwritten.

    One that was written again meanwhile is another file, which waits for the next run.
    """
    try:
        if sha256_file(file) != sha256:
            return
    except OSError:  # its sender took it away
        return
    folder.mkdir(mode=0o700, exist_ok=True)
    target, number = folder / file.name, 1
    stem = os.fsdecode(os.fsencode(file.name)[:LONGEST_STEM_BYTES])
    while target.exists():
        target, number = folder / f"{stem}.{number}", number + 1
    file.rename(target)


def _digested(log_r: float | None) -> float | None:
    """Rounded, so that processors whose logarithms differ in the last digit agree on the hash."""
    return None if log_r is None else finite_or_none(round(log_r, DIGEST_DECIMALS))


def _positions(workspace: Workspace) -> int:
    return len(workspace.ledger.entries)


def _report(workspace: Workspace, before: int, night: date, cohorts: list[str]) -> NightReport:
    found: dict[str, list[str]] = {"alarm": [], "change_opened": [], "verdict": [], "deployed": []}
    names = {"alarm": "alarm"}
    for entry in workspace.ledger.entries[before:]:
        if entry.kind in found:
            body: dict[str, Any] = entry.body
            found[entry.kind].append(body[names.get(entry.kind, "change")])
    return NightReport(night, tuple(cohorts), *(tuple(names) for names in found.values()))
