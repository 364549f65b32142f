"""Issues the dossier of every change that was judged or ended, and puts its hash on the ledger."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from monitor.errors import UsageError
from monitor.hashing import sha256_file
from monitor.operation.workspace import Workspace
from monitor.plan import LoadedPlan
from monitor.registry import Change, RegistryState


def issue_dossiers(
    workspace: Workspace,
    progress: Callable[[int, int, str], None] = lambda _done, _total, _what: None,
) -> dict[str, Path]:
    """Write what is missing: every verdict and every decision after it, a crash before it notwithstanding.

    Args:
        workspace: Open for writing.
        progress: Told of each dossier.

    Returns:
        Page to open, by change.
    """
    wanted = [
        change
        for change in workspace.state.changes.values()
        if (change.verdict or change.voided) and change.entries[-1][2] != "dossier"
    ]
    issued: dict[str, Path] = {}
    for number, change in enumerate(wanted):
        progress(number, len(wanted), f"dossier {change.id}")
        issued[change.id] = issue(workspace, change)
    return issued


def write_index(folder: Path) -> None:
    """List every dossier in the folder on one page."""
    from monitor import documentation

    found = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*/dossier.json"))]
    page = documentation.index_page([documentation.summary(dossier) for dossier in found])
    (folder / "index.html").write_text(page, encoding="utf-8")


def compose(workspace: Workspace, change: Change) -> dict[str, Any]:
    """What the dossier of a change contains now: a function of plan and ledger alone."""
    return compose_at(workspace.state, workspace.plan_of(change), change)


def compose_at(state: RegistryState, loaded: LoadedPlan, change: Change) -> dict[str, Any]:
    """What the dossier of a change contained when the ledger ended in this state.

    Args:
        state: Of the ledger, up to some entry.
        loaded: The plan under which the change was opened.
        change: As in that state.
    """
    from monitor import documentation

    sequence, digest, _ = change.entries[-1]
    history = documentation.history_of(state)
    return documentation.dossier(loaded, change, {"seq": sequence, "hash": digest}, history)


def issue(workspace: Workspace, change: Change) -> Path:
    """Write one dossier, list it, and record its hash last: what a crash cuts off is issued again."""
    from monitor import documentation  # few nights have a dossier to write

    if change.verdict is None and change.voided is None:
        raise UsageError(f"{change.id}: has no verdict yet, so there is nothing to document")
    sequence = change.entries[-1][0]
    folder = workspace.path / "dossiers" / change.id
    files = documentation.write_dossier(folder, compose(workspace, change))
    write_index(workspace.path / "dossiers")
    latest = (
        change.rolled_back or change.followed_up or change.deployed or change.voided or change.verdict or {}
    )
    at = latest.get("night") or workspace.ledger.entries[sequence].at
    with workspace.commit():
        workspace.record("dossier", at, {"change": change.id, "sha256": sha256_file(files["json"])})
    return files["html"]
