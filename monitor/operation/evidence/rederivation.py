"""Everything that plan and archive determine, derived a second time along a finished ledger.

Batches are restored and nights run by the same code that ran them first; decisions of people are taken
from the ledger. What the code would record is compared with what was recorded, entry by entry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from monitor import store
from monitor.errors import EvidenceError, MonitorError
from monitor.hashing import canonical_json, sha256_text
from monitor.operation import archiving
from monitor.operation.attempt.windows import Knowledge
from monitor.operation.dossiers import compose
from monitor.operation.night import Nights
from monitor.operation.people.signatures import require_signature
from monitor.operation.plans import keep_plan
from monitor.operation.workspace import Workspace
from monitor.plan import LoadedPlan
from monitor.registry import Entry, RegistryState
from monitor.registry.comparison import Problem
from monitor.registry.recorded import RecordedLedger, name_of
from monitor.store import Content

Progress = Callable[[int, int, str], None]

ENDS = ("night", "log_ended")
"""Kinds that close a run of derived entries and say what it knew."""
DERIVED = (
    *ENDS,
    "reference_frozen",
    "stream_started",
    "alarm",
    "change_opened",
    "change_deferred",
    "candidate_frozen",
    "look",
    "verdict",
    "floor_check",
    "corrective_action",
    "follow_up",
    "implemented",
)
"""Kinds that nobody decides."""
SIGNED = ("approval", "declined", "alarm_closed", "deviation", "rolled_back", "amended")
"""Kinds that a person decides."""
MALFORMED = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)
"""What a body with a valid hash and invalid content leads to."""


@dataclass
class Rederived:
    """What came of it.

    Attributes:
        problems: Everything that does not hold, in the order of the ledger.
        entries: Entries derived and compared.
        nights: Nights run again.
        signatures: Signatures of people that were checked.
        rounded: Numbers that differ in their last digits only.
        dossiers: Text of each change's last dossier, made again.
        content: What the store holds in the end; None when the end was not reached.
    """

    problems: list[Problem] = field(default_factory=list[Problem])
    entries: int = 0
    nights: int = 0
    signatures: int = 0
    rounded: int = 0
    dossiers: dict[str, str] = field(default_factory=dict[str, str])
    content: Content | None = None


@dataclass(frozen=True)
class Evidence:
    """What is needed to derive everything again.

    Attributes:
        entries: Of a ledger whose chain holds.
        plans: Every plan that was bound, by its hash.
        archive: Folder of the archived batches.
        database_key: Encrypts the databases that are made; in the clear when None.
    """

    entries: Sequence[Entry]
    plans: Mapping[str, LoadedPlan]
    archive: Path
    database_key: str | None = None


def rederive(
    evidence: Evidence, shadow: Path, progress: Progress = lambda _done, _total, _what: None
) -> Rederived:
    """Derive the whole ledger again in an empty folder, which then holds the databases.

    Args:
        evidence: Ledger, plans and archive.
        shadow: An empty folder; gets `monitor.duckdb` and `snapshot.duckdb`.
        progress: Told of each night.

    Returns:
        What holds and what does not. A record of the wrong kind ends the derivation early.
    """
    first = evidence.plans[evidence.entries[0].body["plan"]["sha256"]]
    store.create(shadow, first.plan, evidence.database_key)
    for loaded in evidence.plans.values():
        keep_plan(shadow, loaded)
    with store.open_store(shadow, first.plan, None, evidence.database_key) as opened:
        ledger = RecordedLedger(evidence.entries)
        workspace = Workspace(shadow, first, opened, ledger, RegistryState())
        found = _Derivation(workspace, ledger, evidence).run(progress)
        if workspace.state.archived:
            opened.compact()
        opened.publish_snapshot()
    return found


class _Derivation:
    """One walk along the ledger."""

    def __init__(self, workspace: Workspace, ledger: RecordedLedger, evidence: Evidence) -> None:
        self.workspace = workspace
        self.ledger = ledger
        self.evidence = evidence
        self.found = Rederived()
        self.nights: Nights | None = None
        self.replayed = True

    def run(self, progress: Progress) -> Rederived:
        total = len(self.ledger.recorded)
        while (entry := self.ledger.next) is not None and self._stepped(entry):
            progress(entry.sequence, total, f"{entry.kind} {entry.at}")
        self.found.problems += self.ledger.problems
        self.found.entries, self.found.rounded = self.ledger.derived, self.ledger.rounded
        if self.ledger.next is None:
            self.found.content = self.workspace.store.content()
        else:
            left = total - len(self.ledger.entries)
            where = name_of(self.ledger.next)
            self.found.problems.append(
                Problem(
                    where, f"not derived again, nor the {left - 1} entries after it, for the reason above"
                )
            )
        return self.found

    def _stepped(self, entry: Entry) -> bool:
        """Take in one entry, or a run of derived ones; False when nothing after it can be derived."""
        try:
            if entry.kind in DERIVED or _simulated(entry):
                self._derive(entry)
            elif entry.kind == "archived":
                archiving.apply(self.workspace, date.fromisoformat(entry.body["before"]))
            else:
                self._take(entry)
        except MonitorError as error:
            self._tell(self.ledger.next or entry, str(error))
            return False
        except MALFORMED:
            self._tell(self.ledger.next or entry, "the body is not that of such an entry")
            return False
        return True

    def _tell(self, entry: Entry, what: str) -> None:
        named = name_of(entry)
        self.ledger.problems.append(Problem(named, what.removeprefix(f"{named}: ")))

    def _take(self, entry: Entry) -> None:
        """A batch, a decision of a person, or a dossier: checked, then taken from the ledger."""
        checks: dict[str, Callable[[Entry], None]] = {
            "batch": self._restore,
            "dossier": self._compose,
            "voided": self._check_voided,
            **dict.fromkeys(SIGNED, self._check_signature),
        }
        if check := checks.get(entry.kind):
            check(entry)
        self.workspace.state.apply(self.ledger.take())
        if entry.kind == "amended":
            self._amend(entry)

    def _restore(self, entry: Entry) -> None:
        body = entry.body
        self.replayed &= body["as_history"]
        archive = self.evidence.archive / f"{body['archive_sha256']}.parquet"
        self.workspace.store.restore_batch(archive, body)

    def _check_signature(self, entry: Entry) -> None:
        """A wrong signature is told and the walk goes on: every later result is judged by itself."""
        try:
            self.found.signatures += require_signature(self.workspace, entry)
        except EvidenceError as error:
            self._tell(entry, str(error))

    def _check_voided(self, entry: Entry) -> None:
        """A change ends as void only by the rollback that is recorded with it."""
        after = next((item for item in self.ledger.ahead if item.kind != "voided"), None)
        if after is None or after.kind != "rolled_back":
            self._tell(entry, "no rollback follows it")

    def _amend(self, entry: Entry) -> None:
        loaded = self.evidence.plans[entry.body["plan"]["sha256"]]
        self.workspace.loaded, self.workspace.store = loaded, self.workspace.store.under(loaded.plan)
        self.nights = None

    def _compose(self, entry: Entry) -> None:
        change = self.workspace.state.changes[entry.body["change"]]
        text = canonical_json(compose(self.workspace, change))
        self.found.dossiers[change.id] = text
        if sha256_text(text) != entry.body["sha256"]:
            self._tell(entry, "dossier.json made again has another hash than the one on record")

    def _derive(self, first: Entry) -> None:
        """Run the night, or end the log, to which this entry belongs."""
        end = self._end()
        if end is None:
            raise EvidenceError("the night it belongs to is not on record")
        approve = any(_simulated(entry) for entry in self.ledger.ahead if entry.sequence < end.sequence)
        if (approve or end.kind == "log_ended") and not self.replayed:
            self._tell(first, "simulated in a workspace that is no replay")
        if end.kind == "night":
            self._run(end, approve)
        else:
            knowledge = _knowledge(end.body["matured_by"], end.body["known_by"])
            self._nights().conclude_open(knowledge, end.body["because"])

    def _run(self, end: Entry, approve: bool) -> None:
        nights = self._nights()
        knowledge = _knowledge(end.body["night"], end.body["known_by"])
        due = nights.due(knowledge.matured_by)
        if due != [knowledge.matured_by]:
            self._tell(end, f"expected the night {due[0] if due else 'not to be due'}")
        nights.run(knowledge.matured_by, knowledge.known_by, approve_accepted=approve)
        self.found.nights += 1

    def _nights(self) -> Nights:
        """Aggregates stay in memory from night to night; an undated log has one look per run."""
        if self.nights is None or self.workspace.loaded.plan.undated:
            self.nights = Nights(self.workspace)
        return self.nights

    def _end(self) -> Entry | None:
        return next((entry for entry in self.ledger.ahead if entry.kind in ENDS), None)


def _simulated(entry: Entry) -> bool:
    return entry.kind == "approval" and bool(entry.body["simulated"])


def _knowledge(matured_by: str, known_by: str) -> Knowledge:
    return Knowledge(date.fromisoformat(matured_by), date.fromisoformat(known_by))
