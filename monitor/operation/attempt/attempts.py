"""Whether a place may have one more attempt now: yearly maximum, cool-down, root cause of a failure."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from monitor.operation.attempt.reuse import last_look
from monitor.operation.workspace import Workspace
from monitor.records import Place
from monitor.registry import Change

YEAR_DAYS = 365
ROOT_CAUSE = "root_cause_unrelated_to_plan"
"""Category of the signed record that lets a place try again."""


def deferral(workspace: Workspace, place: Place, night: date) -> dict[str, Any] | None:
    """Why no change may be opened at a place on a night; None when one may.

    Returns:
        `rule` (key of the plan), `reason` in words, and `until`: the first night that is free, None when
        a person must act first.
    """
    earlier = [change for change in workspace.state.changes.values() if change.place == place]
    for found in (
        _maximum_per_year(workspace, earlier, night),
        _minimum_interval(workspace, earlier, night),
        _retest(workspace, earlier),
    ):
        if found is not None:
            return found
    return None


def defer(workspace: Workspace, alarm: dict[str, Any], found: dict[str, Any], night: date) -> None:
    """Put on record why an alarm has no change yet, once for each reason."""
    told = workspace.state.deferred.get(alarm["alarm"], {})
    if (told.get("rule"), told.get("until")) == (found["rule"], found["until"]):
        return
    body = {"alarm": alarm["alarm"], "site": alarm["site"], "finding": alarm["finding"], **found}
    workspace.record("change_deferred", night.isoformat(), body)


def _maximum_per_year(workspace: Workspace, earlier: list[Change], night: date) -> dict[str, Any] | None:
    most = workspace.loaded.plan.modification.maximum_per_year
    year = timedelta(days=YEAR_DAYS)
    deployed = sorted(date.fromisoformat(change.deployed["night"]) for change in earlier if change.deployed)
    recent = [day for day in deployed if day > night - year]
    if most is None or len(recent) < most:
        return None
    reason = f"{len(recent)} changes were deployed here within {YEAR_DAYS} days, the plan allows {most}"
    return {"rule": "maximum_per_year", "reason": reason, "until": (recent[-most] + year).isoformat()}


def _minimum_interval(workspace: Workspace, earlier: list[Change], night: date) -> dict[str, Any] | None:
    days = workspace.loaded.plan.modification.minimum_interval_days
    ended = [day for change in earlier for day in _milestones(change)]
    if days is None or not ended or night >= max(ended) + timedelta(days=days):
        return None
    reason = f"the plan asks for {days} days after a deployment or a look, the last was on {max(ended)}"
    until = (max(ended) + timedelta(days=days)).isoformat()
    return {"rule": "minimum_interval_days", "reason": reason, "until": until}


def _milestones(change: Change) -> list[date]:
    used = last_look(change)
    found = [used["validation"]["matured_by"]] if used else []
    found += [change.deployed["night"]] if change.deployed else []
    return [date.fromisoformat(day) for day in found]


def _retest(workspace: Workspace, earlier: list[Change]) -> dict[str, Any] | None:
    """A failed attempt must have a cause outside the plan, signed by the plan's role."""
    rule = workspace.loaded.plan.evaluation.retest
    if rule is None or not earlier or earlier[-1].state not in ("rejected", "insufficient"):
        return None
    failed = earlier[-1].id
    signed = any(
        record["category"] == ROOT_CAUSE and record["change"] == failed and record["role"] == rule.role
        for record in workspace.state.deviations
    )
    if signed:
        return None
    reason = (
        f"{failed} failed; a further attempt needs a root cause unrelated to the plan, by the {rule.role}"
    )
    return {"rule": "retest", "reason": reason, "until": None}
