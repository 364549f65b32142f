"""Every plan that was ever bound, kept under the name of its hash: a change is read under its own plan."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from monitor import plan
from monitor.errors import EvidenceError, PlanError
from monitor.hashing import sha256_text
from monitor.plan import Difference, LoadedPlan, difference

FOLDER = "plans"
MOST_SHOWN = 12
"""Keys that a message names before it only counts."""


def identity(loaded: LoadedPlan) -> dict[str, str]:
    """How the ledger names a plan: `sha256` is of its values, `file_sha256` of its bytes."""
    named = loaded.plan.plan
    return {
        "id": named.id,
        "version": named.version,
        "title": named.title,
        "sha256": loaded.sha256,
        "file_sha256": sha256_text(loaded.text),
    }


def keep_plan(workspace: Path, loaded: LoadedPlan) -> None:
    """Keep the text of a plan as plans/<sha256>.yaml; one that is kept already stays as it is."""
    folder = workspace / FOLDER
    folder.mkdir(exist_ok=True)
    target = folder / f"{loaded.sha256}.yaml"
    if not target.exists():
        write_whole(target, loaded.text)


def kept_plan(workspace: Path, sha256: str) -> LoadedPlan:
    """A plan that was bound, by its hash.

    Raises:
        EvidenceError: It is not there, or it is not what its name says.
    """
    name = f"{FOLDER}/{sha256}.yaml"
    try:
        found = plan.load(workspace / name)
    except PlanError as error:
        raise EvidenceError(f"{name}: a plan that was bound cannot be read any more") from error
    if found.sha256 != sha256:
        raise EvidenceError(f"{name}: found a plan with sha256 {found.sha256[:12]}...")
    return found


def use_plan(workspace: Path, loaded: LoadedPlan) -> LoadedPlan:
    """Make a kept plan the workspace's plan.yaml."""
    write_whole(workspace / "plan.yaml", loaded.text)
    return replace(loaded, path=workspace / "plan.yaml")


def what_differs(workspace: Path, bound_sha256: str, found: LoadedPlan) -> str:
    """How a plan differs from the bound one, as a clause; empty when the bound one is not kept."""
    try:
        bound = kept_plan(workspace, bound_sha256)
    except EvidenceError:
        return ""
    return "; " + shown(difference(bound.plan, found.plan))


def shown(differences: list[Difference]) -> str:
    """Differences as a sentence of bounded length.

    Example:
        >>> shown([Difference("monitoring.cadence", '"daily"', '"weekly"')])
        'monitoring.cadence: "daily" became "weekly"'
    """
    named = "; ".join(map(str, differences[:MOST_SHOWN]))
    rest = len(differences) - MOST_SHOWN
    return f"{named}; and {rest} more" if rest > 0 else named


def write_whole(target: Path, text: str) -> None:
    """Write a file so that it is there in full or not at all."""
    draft = target.with_name(f".{target.name}.{os.getpid()}.part")
    with draft.open("w", encoding="utf-8", newline="") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    draft.replace(target)


def clear_drafts(workspace: Path) -> None:
    """Remove what a process killed while writing a plan left behind; the lock must be held."""
    for folder in (workspace, workspace / FOLDER):
        for draft in folder.glob(".*.part"):
            draft.unlink(missing_ok=True)
