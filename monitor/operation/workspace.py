"""A workspace: the authorised plan, the store and the ledger, opened together."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import monitor
from monitor import plan, store
from monitor.errors import EvidenceError, PlanError, UsageError
from monitor.operation.checkpoints import read_or_make_checkpoint_key, sign_head
from monitor.operation.database_key import CIPHER, ENTRY_KEY, database_key, derived_key, require_key
from monitor.operation.disk import on_disk
from monitor.operation.keys import (
    default_key_path,
    pseudonym_key_id,
    read_key,
    read_or_make_key,
    require_outside,
)
from monitor.operation.plans import clear_drafts, identity, keep_plan, kept_plan, use_plan, what_differs
from monitor.plan import LoadedPlan
from monitor.registry import Change, Entry, Ledger, RegistryState, fold
from monitor.registry.recorded import RecordedLedger
from monitor.store import Store


@dataclass
class Workspace:
    """An open workspace. Only one process holds one for writing.

    With a `RecordedLedger` it is a shadow: what would be recorded is compared with what was.
    """

    path: Path
    loaded: LoadedPlan
    store: Store
    ledger: Ledger | RecordedLedger
    state: RegistryState

    def record(self, kind: str, at: str, body: dict[str, Any]) -> Entry:
        """Put an entry on the ledger; takes effect when the surrounding `commit` ends."""
        entry = self.ledger.draft(kind, at, body)
        self.state.apply(entry)
        return entry

    def plan_of(self, change: Change) -> LoadedPlan:
        """The plan under which a change was opened, and under which it is documented for good.

        Raises:
            EvidenceError: A plan that was amended since is no longer kept.
        """
        if change.plan_sha256 in (None, self.loaded.sha256):
            return self.loaded
        return kept_plan(self.path, change.plan_sha256)

    def under_plan_of(self, change: Change) -> Workspace:
        """This workspace for reading what a change has used: by the plan of the change, not by one since.

        Raises:
            EvidenceError: As `plan_of`.
        """
        then = self.plan_of(change)
        return self if then is self.loaded else replace(self, loaded=then, store=self.store.under(then.plan))

    @contextmanager
    def commit(self) -> Generator[None]:
        """Store rows and ledger entries as one: the transaction holds the finished lines."""
        before = len(self.ledger.entries)
        try:
            with self.store.transaction():
                yield
                for entry in self.ledger.entries[before:]:
                    self.store.put_outbox(entry.sequence, entry.line)
        except BaseException:
            self.ledger.discard()
            raise
        self.flush()

    def flush(self) -> None:
        """Append what the store has committed to the ledger's file."""
        self.ledger.append()
        if self.ledger.last:
            self.store.mark_flushed(self.ledger.last.sequence)


def initialise(
    path: Path, plan_file: Path, key_file: Path | None = None, *, at: str, encrypt: bool = False
) -> LoadedPlan:
    """Bind a new workspace to a plan: entry 0 of its ledger holds the plan's SHA-256.

    Args:
        path: Folder to make; must not hold a workspace already.
        plan_file: The change-control plan.
        key_file: Pseudonym key; the user's config folder when None. Made if absent.
        at: Date for the ledger, ISO 8601.
        encrypt: Encrypt the databases with a key derived from the pseudonym key.

    Raises:
        PlanError: The plan has faults.
        UsageError: The folder holds a workspace, or nothing here can encrypt.
    """
    loaded = plan.load(plan_file)
    if not _unfinished(path) and ((path / "ledger.jsonl").exists() or (path / "plan.yaml").exists()):
        raise UsageError(f"{path}: holds a workspace already")
    key_file = key_file or default_key_path()
    require_outside(key_file, path)
    if encrypt:
        store.require_extension()
    with on_disk(path):
        _make(loaded, path, key_file, at, encrypt)
    return loaded


def _unfinished(path: Path) -> bool:
    """True where a binding was cut off: the ledger has no entry yet, and nothing was ever taken in."""
    ledger = path / "ledger.jsonl"
    empty = not ledger.exists() or ledger.stat().st_size == 0
    taken_in = (path / name for name in ("archive", "rejected", "dossiers"))
    return empty and not any(any(folder.glob("*")) for folder in taken_in)


def _make(loaded: LoadedPlan, path: Path, key_file: Path, at: str, encrypt: bool) -> None:
    key = read_or_make_key(key_file)
    checkpoint_key = read_or_make_checkpoint_key(key_file)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in ("monitor.duckdb", "monitor.duckdb.wal", "monitor.lake", "ledger.jsonl"):
        (path / left).unlink(missing_ok=True)  # of a binding that was cut off
    for folder in ("inbox", "archive", "rejected", "checkpoints", "dossiers"):
        (path / folder).mkdir(mode=0o700, exist_ok=True)
    store.create(path, loaded.plan, derived_key(key) if encrypt else None)
    shutil.copyfile(loaded.path, path / "plan.yaml")
    keep_plan(path, loaded)
    with _opened(path, loaded, key_file, key) as workspace, workspace.commit():
        workspace.record(
            "bound",
            at,
            {
                "plan": identity(loaded),
                "checkpoint_key": checkpoint_key,
                "pseudonym_key_id": pseudonym_key_id(key),
                "software": monitor.__version__,
                **({ENTRY_KEY: CIPHER} if encrypt else {}),
            },
        )


@contextmanager
def open_workspace(path: Path, key_file: Path | None = None) -> Generator[Workspace]:
    """Open a workspace for writing, finish what a crash interrupted, check that its plan is the bound one.

    A missing database is rebuilt from archive and ledger, a missing snapshot published again, and a
    ledger that grew meanwhile gets a signed checkpoint at the end.

    Raises:
        UsageError: No workspace here, or another pseudonym key than the bound one.
        PlanError: `plan.yaml` is not the plan that was bound.
        BusyError: Another process is writing.
        EvidenceError: The ledger does not hold together.
    """
    loaded = read_plan(path)
    key_file = key_file or default_key_path()
    require_outside(key_file, path)
    with on_disk(path), _open(path, loaded, key_file) as workspace:
        yield workspace


@contextmanager
def _open(path: Path, loaded: LoadedPlan, key_file: Path) -> Generator[Workspace]:
    key = read_key(key_file)
    if not store.exists(path) and (path / "ledger.jsonl").exists():
        from monitor.operation.evidence.rebuild import rebuild

        rebuild(path, database_key(path, key_file))
    with _opened(path, loaded, key_file, key) as workspace:
        if _amendment_interrupted(workspace):
            use_plan(path, kept_plan(path, workspace.state.bound["plan"]["sha256"]))
        else:
            _require_its_own(workspace, key)
            if workspace.state.last_night and not (path / store.SNAPSHOT).exists():
                workspace.store.publish_snapshot()
            yield workspace
            return
    with open_workspace(path, key_file) as workspace:
        yield workspace


def read_plan(path: Path) -> LoadedPlan:
    """The plan of a workspace.

    Raises:
        UsageError: The folder is no workspace.
        PlanError: The plan has faults.
    """
    if not (path / "plan.yaml").exists():
        raise UsageError(f"{path}: no workspace here; `pccp init {path} --plan PLAN.yaml` makes one")
    return plan.load(path / "plan.yaml")


def _require_its_own(workspace: Workspace, key: bytes) -> None:
    """Refuse a plan or a pseudonym key that is not the one this workspace is bound to."""
    require_bound(workspace.state, workspace.loaded)
    require_key(workspace.path, workspace.state.bound, key)


def _amendment_interrupted(workspace: Workspace) -> bool:
    """True when the last thing on record is an amendment whose plan.yaml was not put in place any more."""
    last = workspace.ledger.last
    return (
        last is not None and last.kind == "amended" and last.body["from"]["sha256"] == workspace.loaded.sha256
    )


def require_bound(state: RegistryState, loaded: LoadedPlan) -> None:
    """Refuse a plan that is not the one in force: of entry 0, or of the latest amendment.

    Raises:
        EvidenceError: The ledger has no entry 0.
        PlanError: The plan was edited after it was bound.
    """
    if not state.bound:
        raise EvidenceError("ledger.jsonl: expected the bound plan in entry 0, found an empty ledger")
    bound = state.bound["plan"]["sha256"]
    if bound != loaded.sha256:
        raise PlanError(
            f"{loaded.path}: not the plan this workspace is bound to: expected sha256 {bound[:12]}..., "
            f"found {loaded.sha256[:12]}...{what_differs(loaded.path.parent, bound, loaded)}; "
            f"put the authorised file back (plans/{bound}.yaml), or bring a newly authorised version with "
            "`pccp amend`"
        )


@contextmanager
def _opened(path: Path, loaded: LoadedPlan, key_file: Path, key: bytes) -> Generator[Workspace]:
    with store.open_store(path, loaded.plan, key, database_key(path, key_file)) as opened:
        clear_drafts(path)
        ledger = Ledger(path / "ledger.jsonl", opened.outbox())
        workspace = Workspace(path, loaded, opened, ledger, fold(ledger.entries))
        workspace.flush()
        yield workspace
        sign_head(path, ledger.entries, workspace.state, key_file)
