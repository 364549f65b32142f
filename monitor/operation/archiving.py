"""Rows of old cohorts leave the working database; the archived batches, the evidence, stay as they are.

What a night or an open decision may still read does not leave: see `_needed`. Whatever reads older rows in
future must be named there, and the store refuses to hand out a window of which a part has left.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

from monitor.errors import UsageError
from monitor.operation.calendar import cohort_key
from monitor.operation.workspace import Workspace, open_workspace
from monitor.records import Place
from monitor.registry import Change
from monitor.store import CohortRows

COHORT_DAYS = {"daily": 1, "weekly": 7, "monthly": 31, "once": 1}
OPEN = ("collecting", "proposed", "approved")


@dataclass(frozen=True)
class Kept:
    """Why rows of a place that lie before the date stay: `cohorts` of them from `first` on."""

    place: Place
    first: str
    cohorts: int
    why: str


@dataclass(frozen=True)
class Archived:
    """What one run took out of the working database, or would take.

    Attributes:
        places: Per place: site, finding, cohorts, predictions, from, to, to_end.
        predictions, outcomes: Rows that left; an outcome with each of its revisions.
        kept: What lies before the date and stays, with the reason.
        bytes_before, bytes_after: Size of `monitor.duckdb`; None when it was not written anew.
    """

    places: tuple[dict[str, Any], ...]
    predictions: int
    outcomes: int
    kept: tuple[Kept, ...]
    bytes_before: int | None = None
    bytes_after: int | None = None


def archive(path: Path, before: date, *, dry_run: bool = False, key_file: Path | None = None) -> Archived:
    """Take rows of cohorts that end before a day out of `monitor.duckdb` and the published snapshot.

    Args:
        path: The workspace.
        before: Cohorts that lie wholly before it may leave.
        dry_run: Only say what would leave.
        key_file: Pseudonym key of the workspace.

    Returns:
        What left and what stays. The same date a second time changes nothing.

    Raises:
        UsageError: The log is undated, no night has run, or an open change needs rows before the date.
    """
    with open_workspace(path, key_file) as workspace:
        leaving, kept = select(workspace, before)
        if dry_run:
            weighed = workspace.store.weigh_rows(leaving)
            return Archived(_places(leaving), weighed.predictions, weighed.outcomes, kept)
        places, predictions, outcomes = apply(workspace, before) if leaving else ((), 0, 0)
        if not leaving and not workspace.store.snapshot_is_stale():
            return Archived((), 0, 0, kept)
        sizes = workspace.store.compact()
        workspace.store.publish_snapshot(keep_spare=False)
    return Archived(places, predictions, outcomes, kept, *sizes)


def apply(workspace: Workspace, before: date) -> tuple[tuple[dict[str, Any], ...], int, int]:
    """Remove and record as one; run again by `pccp verify` and when a lost database is rebuilt."""
    leaving, _ = select(workspace, before)
    with workspace.commit():
        rows = workspace.loaded.plan.monitoring.score_reference_rows
        removed = workspace.store.remove_rows(leaving, rows)
        body = {
            "before": before.isoformat(),
            "last_night": workspace.state.last_night,
            "places": list(_places(leaving)),
            "predictions": removed.predictions,
            "outcomes": removed.outcomes,
            "rows_sha256": removed.sha256,
        }
        workspace.record("archived", str(workspace.state.last_night), body)
    return _places(leaving), removed.predictions, removed.outcomes


def select(workspace: Workspace, before: date) -> tuple[list[CohortRows], tuple[Kept, ...]]:
    """Cohorts that may leave, and those before the date that stay.

    Raises:
        UsageError: As `archive`.
    """
    if workspace.loaded.plan.undated:
        raise UsageError("an undated log has no cohort that lies before a date")
    if workspace.state.last_night is None:
        raise UsageError("no night has run yet, so no cohort has been read")
    found = workspace.store.cohort_rows(before)
    for item in found:
        for change in _open_changes(workspace):
            if item.cohort >= change.opened["fit_from"]:
                raise UsageError(_refusal(change, item, before))
    reasons = [(item, _needed(workspace, item)) for item in found]
    leaving = [item for item, why in reasons if why is None]
    staying = groupby(((item, why) for item, why in reasons if why), lambda pair: (pair[0].place, pair[1]))
    kept = ((place, why, [item for item, _ in pairs]) for (place, why), pairs in staying)
    return leaving, tuple(Kept(place, items[0].cohort, len(items), why or "") for place, why, items in kept)


def _open_changes(workspace: Workspace) -> Iterator[Change]:
    """Changes whose fit or validation rows may be read again; a pooled fit reads those of every site."""
    asked = workspace.loaded.plan.update.follow_up is not None
    live = {found[-1]["change"] for found in workspace.state.deployments.values() if found}
    for change in workspace.state.changes.values():
        if change.state in OPEN or (asked and change.id in live and change.followed_up is None):
            yield change


def _refusal(change: Change, item: CohortRows, before: date) -> str:
    first = change.opened["fit_from"]
    ends = "its follow-up is still to come" if change.state == "deployed" else f"it is {change.state}"
    return (
        f"--before {before.isoformat()}: {change.id} ({change.place.site} {change.place.finding}) needs rows "
        f"from cohort {first} on, because {ends}; found cohort {item.cohort}; choose a date not after the "
        f"first day of {first}, or wait until the change has ended"
    )


def _needed(workspace: Workspace, item: CohortRows) -> str | None:
    """Why the rows of a cohort must stay; None when nothing reads them any more."""
    plan, state = workspace.loaded.plan, workspace.state
    late = item.cohort <= state.archived_to(item.place)
    if why := _reference(workspace, item):
        return why
    if item.cohort not in state.read_cohorts and not late:
        return "no night has read them"
    if item.end >= _read_again(workspace):
        return "their outcomes or repeat visits are still looked at"
    if plan.monitoring.floor_of_live_version and not late:
        checked = state.floor_checks.get(item.place, {}).get("to") or ""
        if item.cohort >= max(checked, state.archived_to(item.place)):
            return "the next check of the floor reads them"
    return None


def _reference(workspace: Workspace, item: CohortRows) -> str | None:
    """Why the reference of a place needs a cohort: it is made of it, or is still to be made."""
    plan, frozen = workspace.loaded.plan, workspace.state.references
    if plan.monitoring.reference is None:
        return None
    kinds = ["predictions"] if plan.monitoring.arrival_days is not None else []
    kinds += ["outcomes"] if plan.monitoring.streams.prevalence else []
    for kind in kinds:
        if (item.place, kind) not in frozen:
            return "the reference of the place is still to be made"
        if item.cohort <= frozen[item.place, kind]["last"]:
            return "the reference is made of them"
    return None


def _read_again(workspace: Workspace) -> date:
    """The first day whose studies a coming night may still read: maturity, a cohort, repeat visits."""
    plan = workspace.loaded.plan
    repeats = plan.monitoring.label_streams
    days = plan.data.maturity_days + COHORT_DAYS[plan.monitoring.cadence]
    days += repeats.window_days if repeats else 0
    return date.fromisoformat(str(workspace.state.last_night)) - timedelta(days=days)


def too_old(workspace: Workspace, end: date | None) -> bool:
    """True for a cohort that first came when its neighbours had left: its repeat visits cannot be told."""
    repeats = workspace.loaded.plan.monitoring.label_streams
    margin = timedelta(days=repeats.window_days if repeats else 0)
    lefts = [date.fromisoformat(found["to_end"]) for found in workspace.state.archived.values()]
    return bool(lefts) and end is not None and end <= max(lefts) + margin


def first_held(workspace: Workspace, place: Place) -> str:
    """The first cohort of a place that a new change may read; "" when no rows have left."""
    found = workspace.state.archived.get(place)
    if found is None:
        return ""
    after = date.fromisoformat(found["to_end"]) + timedelta(days=1)
    return cohort_key(workspace.loaded.plan.monitoring.cadence, after)


def _places(leaving: Sequence[CohortRows]) -> tuple[dict[str, Any], ...]:
    grouped = ((place, list(items)) for place, items in groupby(leaving, lambda item: item.place))
    return tuple(
        {
            "site": place.site,
            "finding": place.finding,
            "cohorts": len(items),
            "predictions": sum(item.predictions for item in items),
            "from": items[0].cohort,
            "to": items[-1].cohort,
            "to_end": items[-1].end.isoformat(),
        }
        for place, items in grouped
    )
