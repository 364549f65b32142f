"""Deployment without a person, where the plan says so and every number of it is inside its guardrails."""

from __future__ import annotations

from datetime import date
from typing import Any

from monitor.operation.attempt.changes import AUTHOR
from monitor.operation.workspace import Workspace
from monitor.registry import Change


def implement_accepted(workspace: Workspace, night: date) -> None:
    """Deploy every accepted change whose plan is automatic; the record names the service, never a person.

    The guardrails were held against the candidate at its look: one outside is rejected, so what is accepted
    lies inside. A change without that record stays a proposal for people.

    Args:
        workspace: Open for writing.
        night: Of the run.
    """
    for change in workspace.state.changes_in("proposed"):
        plan = workspace.plan_of(change).plan
        envelope = (change.verdict or {}).get("envelope")
        if plan.modification.implementation != "automatic" or envelope is None:
            continue
        _implement(workspace, change, night.isoformat(), envelope)


def _implement(workspace: Workspace, change: Change, night: str, envelope: Any) -> None:
    from monitor.operation.people.decisions import bound_record
    from monitor.operation.people.deployment import deploy

    body = {
        "change": change.id,
        "site": change.place.site,
        "finding": change.place.finding,
        "by": AUTHOR,
        "basis": "implementation: automatic, inside every guardrail of the plan",
        "envelope": envelope,
        "plan_sha256": change.plan_sha256,
        **bound_record(change),
    }
    workspace.record("implemented", night, body)
    deploy(workspace, workspace.state.changes[change.id], night)
