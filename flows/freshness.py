"""Whether nights were missed or the logs stopped coming: what `pccp status --exit-code` answers with 4."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from monitor import store
from monitor.operation.calendar import due_nights
from monitor.operation.database_key import database_key
from monitor.operation.workspace import read_plan
from monitor.plan import ChangePlan

LOOKS_WITHOUT_DATA = 2
"""Whole looks without a single new study, at any site, that are still taken for a pause."""


def overdue(workspace: Path, last_night: str | None, today: date, key_file: Path | None = None) -> str | None:
    """One sentence about what is late; None when nothing is.

    Today's own look may still be to come, so it is not missed yet.

    Args:
        workspace: A workspace with a snapshot.
        last_night: The last finished night, ISO 8601.
        today: The day on which the question is asked.
        key_file: Pseudonym key of a workspace whose databases are encrypted.
    """
    if last_night is None:
        return "no night has run yet"
    loaded = read_plan(workspace)
    if loaded.plan.undated:
        return None
    cadence, finished = loaded.plan.monitoring.cadence, date.fromisoformat(last_night)
    missed = missed_nights(loaded.plan, finished, today)
    if missed:
        return f"{missed} night{'s' if missed > 1 else ''} missed since {last_night}"
    with store.open_snapshot(workspace, loaded.plan, database_key(workspace, key_file)) as snapshot:
        newest = snapshot.last_cohort_end()
    if newest is None:
        return "no predictions have been stored yet"
    empty = len(list(due_nights(cadence, newest + timedelta(days=1), finished)))
    if empty > LOOKS_WITHOUT_DATA:
        return f"stale data: the newest predictions are of {newest}, {empty} looks ago"
    return None


def missed_nights(plan: ChangePlan, finished: date, today: date) -> int:
    """Nights that were due after the last finished one and before today."""
    return len(list(due_nights(plan.monitoring.cadence, finished, today - timedelta(days=1))))
