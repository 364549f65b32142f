"""The reuse guard: a study that has judged one candidate never judges another.

Which studies did is no table of its own: it is read again from the windows that the ledger has on record.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from monitor.errors import EvidenceError, UsageError
from monitor.operation.attempt.windows import (
    Knowledge,
    account_for,
    fitted_patients,
    rows_sha256,
    validation_window,
)
from monitor.operation.workspace import Workspace
from monitor.records import Rows
from monitor.registry import Change


class UntoldWindowError(EvidenceError):
    """What an earlier look used cannot be told any more, so no row is known to be unused."""


def spent_studies(workspace: Workspace, change: Change) -> frozenset[str]:
    """Studies of the place that were used in a look at an earlier candidate.

    Args:
        workspace: Its store must hold the windows that may overlap.
        change: With a frozen candidate; only changes opened before it count.

    Raises:
        UntoldWindowError: An earlier window read again does not have the hash on record.
    """
    found: set[str] = set()
    for earlier in workspace.state.changes.values():
        if earlier.id == change.id:
            break
        used = last_look(earlier)
        if used is None or earlier.place != change.place or _lies_before(workspace, used, change):
            continue
        found |= set(_read_again(workspace, earlier, used).study.tolist())
    return frozenset(found)


def last_look(change: Change) -> dict[str, Any] | None:
    """The last look at a change's candidate: its verdict, or a look that decided nothing."""
    if change.verdict is not None and change.verdict.get("look"):
        return change.verdict
    return change.looks[-1] if change.looks else None


def violation(rows: Rows, fitted: set[str], spent: frozenset[str]) -> str | None:
    """Why these rows may not judge: a patient of the fit, or a study that has judged before.

    Args:
        rows: About to judge.
        fitted: Patients of the candidate's fitting window.
        spent: Studies used in looks at earlier candidates.
    """
    if not fitted.isdisjoint(rows.patient.tolist()):
        return "a patient is in both the fitting and the validation window"
    if not spent.isdisjoint(rows.study.tolist()):
        return "a study in the validation window has judged an earlier candidate"
    return None


def _lies_before(workspace: Workspace, used: dict[str, Any], change: Change) -> bool:
    """True when a dated window ends before this change's begins, so that nothing can be in both."""
    if workspace.loaded.plan.undated or change.candidate is None:
        return False
    return used["validation"]["to"] <= change.candidate["fit"]["to"]


def _read_again(workspace: Workspace, change: Change, used: dict[str, Any]) -> Rows:
    recorded = used["validation"]
    then = workspace.under_plan_of(change)
    knowledge = Knowledge(
        date.fromisoformat(recorded["matured_by"]), date.fromisoformat(recorded["known_by"])
    )
    try:
        window = validation_window(then, change, knowledge)
    except UsageError:  # its rows have left the database
        window = None
    if window is not None:
        spent = spent_studies(then, change)
        _, rows = account_for(then, window, fitted_patients(then, change), spent)
        if rows_sha256(rows) == recorded["rows_sha256"]:
            return rows
    raise UntoldWindowError(f"the studies that judged {change.id} can no longer be told")
