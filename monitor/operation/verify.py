"""Checks what can be checked without re-running the statistics: chain, plan, archive, dossiers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from monitor.errors import EvidenceError
from monitor.hashing import sha256_file
from monitor.operation.workspace import read_plan, require_bound
from monitor.registry import Entry, fold, read_chain


@dataclass(frozen=True)
class Verified:
    """What was found to hold.

    Attributes:
        entries: Ledger entries whose hashes and links hold.
        batches: Archived batches whose bytes have the hash on record.
        dossiers: dossier.json files whose bytes have the hash on record.
        head: Hash of the last entry; compare it with a copy kept elsewhere.
    """

    entries: int
    batches: int
    dossiers: int
    head: str


def verify(path: Path) -> Verified:
    """Check the ledger's chain, the bound plan, archived batches and issued dossiers.

    Verdicts are not re-derived from the rows in this version, and a tail that was cut off cannot be
    seen without a copy of the head kept elsewhere.

    Raises:
        EvidenceError: Names the first entry or file that does not hold.
        PlanError: `plan.yaml` is not the bound plan.
    """
    entries = read_chain(path / "ledger.jsonl")
    state = fold(entries)
    require_bound(state, read_plan(path))
    batches = [entry for entry in entries if entry.kind == "batch" and entry.body["archive_sha256"]]
    for entry in batches:
        name = f"{entry.body['archive_sha256']}.parquet"
        _require_hash(path / "archive" / name, f"archive/{name}", entry, entry.body["archive_sha256"])
    issued = [change.dossier for change in state.changes.values() if change.dossier]
    for body in issued:
        file = path / "dossiers" / body["change"] / "dossier.json"
        last = next(entry for entry in reversed(entries) if entry.kind == "dossier" and entry.body == body)
        _require_hash(file, f"dossiers/{body['change']}/dossier.json", last, body["sha256"])
    return Verified(len(entries), len(batches), len(issued), entries[-1].hash)


def _require_hash(file: Path, name: str, entry: Entry, expected: str) -> None:
    if not file.exists():
        raise EvidenceError(f"{name}: named by ledger entry {entry.sequence}, but the file is gone")
    found = sha256_file(file)
    if found != expected:
        raise EvidenceError(
            f"{name}: ledger entry {entry.sequence} says sha256 {expected[:12]}..., "
            f"the file has {found[:12]}..."
        )
