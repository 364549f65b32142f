"""Every change attempt as the review pages show it: what was required, found, signed, and what comes next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from monitor.documentation.content.criteria import criteria
from monitor.documentation.content.operating_point import operating_point
from monitor.documentation.content.over_time import calibration_over_time
from monitor.documentation.content.subgroups import subgroups
from monitor.operation.attempt.outcome_counts import OutcomeCounts
from monitor.operation.plans import kept_plan
from monitor.operation.reading.next_decision import OPEN, of_change
from monitor.operation.reading.status import describe_change
from monitor.plan import LoadedPlan
from monitor.registry import Change, RegistryState

SIGNED = ("signer", "role", "meaning", "at", "key_id", "simulated")
UNDONE = ("signer", "role", "reason", "at", "night")


def changes_of(
    path: Path, loaded: LoadedPlan, state: RegistryState, counts: OutcomeCounts, night: date
) -> list[dict[str, Any]]:
    """All changes in the order in which they were opened, each under its own plan.

    Args:
        path: The workspace, for its dossiers and the plans that were bound before.
        loaded: The plan in force.
        state: Of the ledger.
        counts: Usable outcomes of mature cohorts.
        night: The last finished night.
    """
    plans = {loaded.sha256: loaded}

    def plan_of(change: Change) -> LoadedPlan:
        sha256 = change.plan_sha256 or loaded.sha256
        if sha256 not in plans:
            plans[sha256] = kept_plan(path, sha256)
        return plans[sha256]

    return [_change(path, change, state, plan_of, (counts, night)) for change in state.changes.values()]


def _change(
    path: Path,
    change: Change,
    state: RegistryState,
    plan_of: Callable[[Change], LoadedPlan],
    known: tuple[OutcomeCounts, date],
) -> dict[str, Any]:
    loaded = plan_of(change)
    waits = change.state in OPEN
    return {
        **describe_change(change),
        "alarm_id": change.opened["alarm"],
        "attempt": change.opened["attempt"],
        "attempts": len(loaded.plan.evaluation.attempt_alpha),
        "criteria": criteria(loaded.plan, _with_last_look(change)),
        "calibrators": _calibrators(change),
        "look_seen": _seen(loaded, _with_last_look(change)),
        "next_decision": of_change(loaded.plan, change, *known) if waits else None,
        "plan": {"version": loaded.plan.plan.version, "sha256": loaded.sha256},
        "keys": {item.role: len(item.keys) for item in loaded.plan.approvals},
        "can_roll_back": _can_roll_back(loaded, change, state),
        "dossier": (path / "dossiers" / change.id / "dossier.html").is_file(),
        **_decided(change),
    }


def _with_last_look(change: Change) -> Change:
    """A change that collects on after a look shows what that look found."""
    return replace(change, verdict=change.looks[-1]) if change.looks and not change.verdict else change


def _seen(loaded: LoadedPlan, change: Change) -> dict[str, Any] | None:
    """What the figures of a look are drawn from, as in the dossier; None before a look."""
    if not (change.verdict or {}).get("look"):
        return None
    return {
        "calibration_over_time": calibration_over_time(loaded.plan, change),
        "operating_point": {"found": operating_point(loaded.plan, change)["found"]},
        "subgroups": {"found": subgroups(loaded.plan, change)["found"]},
    }


def _calibrators(change: Change) -> dict[str, Any]:
    """Before and after, without their covariances."""
    found = {
        "before": change.opened["last_deployed"],
        "after": change.candidate["candidate"] if change.candidate else None,
    }
    keys = ("version", "kind", "parameters")
    return {name: body and {key: body[key] for key in keys} for name, body in found.items()}


def _decided(change: Change) -> dict[str, Any]:
    """Who decided what, as it stands in the ledger."""
    undone, voided = change.rolled_back, change.voided
    return {
        "signed": [{key: body.get(key) for key in SIGNED} for body in change.approvals],
        "declined": change.declined and {key: change.declined.get(key) for key in SIGNED},
        "implemented": change.implemented and {key: change.implemented.get(key) for key in ("by", "basis")},
        "deployed_on": change.deployed["night"] if change.deployed else None,
        "rolled_back": undone and {key: undone.get(key) for key in UNDONE},
        "voided": voided and {key: voided.get(key) for key in ("reason", "night")},
    }


def _can_roll_back(loaded: LoadedPlan, change: Change, state: RegistryState) -> bool:
    """Only the change whose calibrator is live now can be undone, and only where the plan has a rollback."""
    live = state.deployments.get(change.place, [])
    return bool(loaded.plan.update.rollback and live and live[-1]["change"] == change.id)
