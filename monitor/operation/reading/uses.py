"""Which changes used a row, read again from the windows that the ledger has on record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from monitor.errors import EvidenceError, UsageError
from monitor.operation.attempt.looks import validation_evidence
from monitor.operation.attempt.windows import Knowledge, fitting_window, pool_of, rows_sha256
from monitor.operation.workspace import Workspace
from monitor.records import Place, Rows
from monitor.registry import Change

Row = tuple[Place, str]
"""A place and a study, as the store names it."""


@dataclass
class Uses:
    """What became of some rows.

    Attributes:
        of: Per row: (change, "fit", "validation", or "pool" of another site's fit), in the order of the
            changes.
        untold: Windows at these places that cannot be read again, as after their rows were archived.
    """

    of: dict[Row, list[tuple[str, str]]] = field(default_factory=dict[Row, list[tuple[str, str]]])
    untold: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])


def uses_of(workspace: Workspace, wanted: Mapping[Place, set[str]]) -> Uses:
    """Look for studies in the windows of every change at their places, and in the pools of the others.

    A window counts only if its rows have the hash on record, so nothing is said that is not evidence.

    Args:
        workspace: Its store may be a snapshot; nothing is written.
        wanted: Studies by place.
    """
    found = Uses()
    for change in workspace.state.changes.values():
        for role, record in _windows(change).items() if change.place in wanted else ():
            rows = _read_again(workspace, change, role, record)
            if rows is None:
                found.untold.append((change.id, role))
                continue
            for study in sorted(wanted[change.place] & set(rows.study.tolist())):
                found.of.setdefault((change.place, study), []).append((change.id, role))
        _add_pool(workspace, change, wanted, found)
    return found


def _add_pool(workspace: Workspace, change: Change, wanted: Mapping[Place, set[str]], found: Uses) -> None:
    """Studies of other sites that a pooled candidate has learned from."""
    if not any(place.finding == change.place.finding and place != change.place for place in wanted):
        return
    try:
        windows = pool_of(workspace.under_plan_of(change), change)
    except (EvidenceError, UsageError):
        found.untold.append((change.id, "pool"))
        return
    for rows in windows:
        for study in sorted(wanted.get(rows.place, set()) & set(rows.study.tolist())):
            found.of.setdefault((rows.place, study), []).append((change.id, "pool"))


def _windows(change: Change) -> dict[str, dict[str, Any]]:
    """The windows a change has on record, by what they were for."""
    verdict = change.verdict or {}
    fit = (change.candidate or {}).get("fit") or verdict.get("fit")
    recorded = {"fit": fit, "validation": verdict.get("validation")}
    return {role: record for role, record in recorded.items() if record}


def _read_again(workspace: Workspace, change: Change, role: str, record: dict[str, Any]) -> Rows | None:
    """The rows of a window as they were known; None where they are not those on record."""
    then = workspace.under_plan_of(change)
    knowledge = Knowledge(*(date.fromisoformat(record[name]) for name in ("matured_by", "known_by")))
    try:
        if role == "fit":
            rows = fitting_window(then, change, record["to"], knowledge)
        else:
            evidence = validation_evidence(then, change, knowledge)
            rows = evidence[0] if evidence else None
    except (EvidenceError, UsageError):
        return None
    return rows if rows is not None and rows_sha256(rows) == record["rows_sha256"] else None
