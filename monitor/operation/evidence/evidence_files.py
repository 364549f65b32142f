"""The files of a workspace against the hashes and signatures on its ledger: no statistics, hence fast."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from monitor import plan
from monitor.errors import EvidenceError, PlanError
from monitor.hashing import sha256_file
from monitor.operation.checkpoints import FOLDER
from monitor.operation.plans import FOLDER as KEPT
from monitor.plan import LoadedPlan
from monitor.registry import Entry, bound_plans
from monitor.registry.checkpoint import Checkpoint, disagreement, unseal
from monitor.registry.comparison import Problem
from monitor.registry.ledger import examine_chain
from monitor.registry.recorded import name_of

LEDGER = "ledger.jsonl"
PLAN = "plan.yaml"
MALFORMED = (LookupError, TypeError, AttributeError)


@dataclass(frozen=True)
class EvidenceFiles:
    """What the files of a workspace say.

    Attributes:
        entries: Of the ledger, as far as they hold.
        plans: Every plan that was bound and whose file holds, by its hash.
        problems: What does not hold.
        derivable: True when chain, plan and archive hold, so that the rest can be derived from them.
        batches: Archived batches that hold.
        dossiers: Issued dossier.json files that hold.
        checkpoints: Checkpoints in the workspace that hold.
        covered: Entries that the furthest of them covers.
        kept_elsewhere: Entries that the checkpoint from elsewhere covers; None when none was given.
    """

    entries: list[Entry]
    plans: dict[str, LoadedPlan]
    problems: list[Problem]
    derivable: bool
    batches: int = 0
    dossiers: int = 0
    checkpoints: int = 0
    covered: int = 0
    kept_elsewhere: int | None = None


def examine_files(path: Path, checkpoint: Path | None = None) -> EvidenceFiles:
    """Check chain, plan, archive, checkpoints and dossiers, in this order.

    Without a sound chain nothing says what the other files should be, so they are not looked at.

    Args:
        path: The workspace.
        checkpoint: One that was kept elsewhere.
    """
    entries, chain = _chain(path)
    if chain:
        return EvidenceFiles(entries, {}, chain, derivable=False)
    try:
        return _examine(path, entries, checkpoint)
    except MALFORMED:
        problem = Problem(LEDGER, "an entry's body is not that of an entry of its kind")
        return EvidenceFiles(entries, {}, [problem], derivable=False)


def _examine(path: Path, entries: list[Entry], checkpoint: Path | None) -> EvidenceFiles:
    plans, problems = examine_plans(path, entries)
    batches = [entry for entry in entries if entry.kind == "batch" and entry.body["archive_sha256"]]
    problems += [problem for entry in batches for problem in _batch(path, entry)]
    derivable = not problems
    issued = {entry.body["change"]: entry for entry in entries if entry.kind == "dossier"}
    problems += [problem for entry in issued.values() for problem in _dossier(path, entry)]
    kept = _kept(path, entries, problems)
    other = _unsealed(checkpoint, str(checkpoint), entries, problems) if checkpoint else None
    covered = max((found.entries for found in kept), default=0)
    counts = len(batches), len(issued), len(kept), covered
    return EvidenceFiles(entries, plans, problems, derivable, *counts, other.entries if other else None)


def _chain(path: Path) -> tuple[list[Entry], list[Problem]]:
    try:
        entries, faults = examine_chain((path / LEDGER).read_bytes())
    except OSError:
        return [], [Problem(LEDGER, "expected a ledger, found no file that can be read")]
    if not faults and (not entries or entries[0].kind != "bound"):
        faults = [f"{LEDGER}: expected the bound plan in entry 0"]
    return entries, [Problem(*fault.split(": ", 1)) for fault in faults]


def examine_plans(path: Path, entries: list[Entry]) -> tuple[dict[str, LoadedPlan], list[Problem]]:
    """Every plan that was bound, every byte of its file checked against the ledger.

    Args:
        path: The workspace.
        entries: Of its ledger, a binding first.

    Returns:
        (plans that hold, by hash; what is wrong with the others and with plan.yaml).
    """
    plans: dict[str, LoadedPlan] = {}
    problems: list[Problem] = []
    bound = bound_plans(entries)
    for sha256, entry in bound.items():
        loaded, faults = _plan(path / KEPT / f"{sha256}.yaml", entry)
        problems += faults
        if loaded:
            plans[sha256] = loaded
    last = list(bound.values())[-1]
    problems += _differing(path / PLAN, PLAN, last, last.body["plan"]["file_sha256"])
    return plans, problems


def _plan(file: Path, entry: Entry) -> tuple[LoadedPlan | None, list[Problem]]:
    name, expected = f"{KEPT}/{file.name}", entry.body["plan"]
    if problems := _differing(file, name, entry, expected["file_sha256"]):
        return None, problems
    try:
        loaded = plan.load(file)
    except PlanError:
        return None, [Problem(name, "this version of the program finds faults in it (`pccp plan check`)")]
    if loaded.sha256 != expected["sha256"]:
        return None, [Problem(name, f"does not have the content that {name_of(entry)} binds")]
    return loaded, []


def _batch(path: Path, entry: Entry) -> list[Problem]:
    name = f"archive/{entry.body['archive_sha256']}.parquet"
    return _differing(path / name, name, entry, entry.body["archive_sha256"])


def _dossier(path: Path, entry: Entry) -> list[Problem]:
    name = f"dossiers/{entry.body['change']}/dossier.json"
    return _differing(path / name, name, entry, entry.body["sha256"])


def _differing(file: Path, name: str, entry: Entry, expected: str) -> list[Problem]:
    try:
        found = sha256_file(file)
    except OSError:
        return [Problem(name, f"named by {name_of(entry)}, but no such file can be read")]
    if found == expected:
        return []
    return [Problem(name, f"{name_of(entry)} says sha256 {expected[:12]}..., the file has {found[:12]}...")]


def _kept(path: Path, entries: list[Entry], problems: list[Problem]) -> list[Checkpoint]:
    """The workspace's own checkpoints, each named after the last entry it covers."""
    found: list[Checkpoint] = []
    for file in _checkpoint_files(path):
        name = f"{FOLDER}/{file.name}"
        checkpoint = _unsealed(file, name, entries, problems)
        if checkpoint and file.stem != str(checkpoint.entries - 1):
            problems.append(Problem(name, f"is the checkpoint of entry {checkpoint.entries - 1}"))
        elif checkpoint:
            found.append(checkpoint)
    return found


def _checkpoint_files(path: Path) -> Iterator[Path]:
    yield from sorted((path / FOLDER).glob("*.json"), key=lambda file: (len(file.name), file.name))


def _unsealed(file: Path, name: str, entries: list[Entry], problems: list[Problem]) -> Checkpoint | None:
    """A checkpoint with which the ledger agrees; else None, and a problem more."""
    try:
        checkpoint = unseal(file.read_bytes(), entries[0].body["checkpoint_key"])
    except OSError:
        problems.append(Problem(name, "cannot be read"))
        return None
    except EvidenceError as error:
        problems.append(Problem(name, str(error)))
        return None
    if fault := disagreement(checkpoint, entries):
        problems.append(Problem(name, fault))
        return None
    return checkpoint
