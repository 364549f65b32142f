"""Makes a dossier again from plan and ledger, letter by letter as it is on record, or refuses."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitor import documentation
from monitor.errors import EvidenceError, UsageError
from monitor.hashing import sha256_file, sha256_record
from monitor.operation.disk import on_disk
from monitor.operation.dossiers import compose_at, write_index
from monitor.operation.workspace import Workspace, open_workspace
from monitor.registry import Entry, fold
from monitor.registry.comparison import compare

MOST_DIFFERENCES = 12
"""Values that a message names before it only counts."""


@dataclass(frozen=True)
class Reissued:
    """A dossier that was made again.

    Attributes:
        change: Its name.
        sequence: The ledger entry that holds its hash.
        sha256: Of dossier.json, on record and made again.
        page: dossier.html.
        found: What was in its place: "as on record", "nothing" or "another file".
        differences: Where that other file differed, one text for each value.
    """

    change: str
    sequence: int
    sha256: str
    page: Path
    found: str
    differences: tuple[str, ...]


def reissue(path: Path, name: str, *, key_file: Path | None = None) -> Reissued:
    """Write the dossier of a change again, as it stands on the ledger; the ledger does not grow.

    The state of the ledger just before the dossier was recorded is folded again, so what happened since
    has no part in it. Files that were lost or altered are put back.

    Args:
        path: The workspace.
        name: Of the change, as CHG-0001.
        key_file: Pseudonym key; the user's config folder when None.

    Raises:
        UsageError: No such change, or no dossier of it is on record yet.
        EvidenceError: What was made has another hash than the one on record; says what differs, and
            nothing was written.
    """
    with open_workspace(path, key_file) as workspace:
        entry = _on_record(workspace, name)
        state = fold(workspace.ledger.entries[: entry.sequence])
        change = state.changes[name]
        made = compose_at(state, workspace.plan_of(change), change)
        folder = path / "dossiers" / name
        with on_disk(path):
            there = _there(folder / "dossier.json")
            if sha256_record(made) != entry.body["sha256"]:
                raise EvidenceError(_refusal(entry, made, there))
            found, differences = _what_was_there(entry, made, there)
            files = documentation.write_dossier(folder, made)
            write_index(path / "dossiers")
    return Reissued(name, entry.sequence, entry.body["sha256"], files["html"], found, differences)


def _on_record(workspace: Workspace, name: str) -> Entry:
    """The last entry with the hash of this change's dossier."""
    changes = workspace.state.changes
    if name not in changes:
        raise UsageError(f"{name}: no such change; there are {', '.join(changes) or 'none'}")
    entries = reversed(workspace.ledger.entries)
    found = next((item for item in entries if item.kind == "dossier" and item.body["change"] == name), None)
    if found is None:
        raise UsageError(f"{name}: no dossier is on record yet; a night issues it once there is a verdict")
    return found


@dataclass(frozen=True)
class _File:
    """A dossier.json on disk: its hash, and its content where it can be read as one."""

    sha256: str
    content: Any


def _there(file: Path) -> _File | None:
    if not file.exists():
        return None
    try:
        content = json.loads(file.read_bytes())
    except ValueError:
        content = None
    return _File(sha256_file(file), content)


def _refusal(entry: Entry, made: dict[str, Any], there: _File | None) -> str:
    """What does not hold, and by the file that does have the hash on record, where."""
    expected = entry.body["sha256"]
    told = [
        f"ledger entry {entry.sequence} (dossier): {entry.body['change']} made again has sha256 "
        f"{sha256_record(made)[:12]}..., on record is {expected[:12]}...; nothing was written"
    ]
    if there is None or there.sha256 != expected:
        told.append(
            "dossier.json with the hash on record is not there to compare with; `pccp verify` goes on"
        )
    else:
        told += _first(compare(there.content, made).differences)
    return "\n".join(told)


def _what_was_there(entry: Entry, made: dict[str, Any], there: _File | None) -> tuple[str, tuple[str, ...]]:
    if there is None:
        return "nothing", ()
    if there.sha256 == entry.body["sha256"]:
        return "as on record", ()
    if there.content is None:
        return "another file", ("it is no JSON",)
    places = tuple(text.partition(": recorded ")[0] for text in compare(there.content, made).differences)
    return "another file", _first(places) or ("only its spacing or rounding differs",)


def _first(differences: tuple[str, ...]) -> tuple[str, ...]:
    if len(differences) <= MOST_DIFFERENCES:
        return differences
    return (*differences[:MOST_DIFFERENCES], f"and {len(differences) - MOST_DIFFERENCES} more")
