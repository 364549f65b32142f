"""Putting a version into use, and what watches it from then on."""

from __future__ import annotations

from typing import Any

from monitor.documentation.evidence import Case
from monitor.plan.model import ChangePlan

ROLLBACK = "pccp rollback WORKSPACE --site SITE --signer NAME --role ROLE --key KEYFILE --reason TEXT"


def deployment(case: Case) -> dict[str, Any] | None:
    """Where, when and by whom the version was put into use, and the way back; None when it was not."""
    deployed = case.change.deployed
    if deployed is None:
        return None
    service = case.change.implemented
    return {
        "site": deployed["site"],
        "finding": deployed["finding"],
        "version": deployed["calibrator"]["version"],
        "night": deployed["night"],
        "by": [service["by"]] if service else [record["signer"] for record in case.change.approvals],
        "simulated": any(record.get("simulated") for record in case.change.approvals),
        "recorded_check": (
            "The ledger takes no calibrator but the judged and approved one; each night reads the version in "
            "use from the ledger."
        ),
        "rollback_point": case.change.opened["last_deployed"]["version"],
        "rollback": None if case.plan.update.rollback is None else ROLLBACK,
        "rolled_back": case.change.rolled_back is not None,
        "person": (
            "record the check after installation where the probabilities are applied, and when the return to "
            "the earlier version was last rehearsed"
        ),
    }


def monitoring_of_version(case: Case) -> dict[str, Any]:
    """Streams, limits and tolerances of the plan, and which version they watch."""
    monitoring = case.plan.monitoring
    watched = case.version if case.in_use else None
    follow_up = case.plan.update.follow_up
    floor = monitoring.floor_of_live_version
    return {
        "version": watched,
        "since": (case.change.deployed or {}).get("night") if case.in_use else None,
        "cadence": monitoring.cadence,
        "horizon_looks": monitoring.horizon_looks,
        "false_alarm_probability": monitoring.false_alarm_probability,
        "streams": streams(case.plan),
        "floor_auc": None if floor is None else floor.auc,
        "follow_up_events": None if follow_up is None else follow_up.events,
        "person": (
            "set the dates of review, and link adverse events and misreadings to the version that was in use"
        ),
    }


def streams(plan: ChangePlan) -> list[dict[str, Any]]:
    """Each stream of the plan with its share of the false-alarm probability and its tolerance."""
    written = plan.monitoring.streams.model_dump(mode="json", exclude_none=True)
    return [
        {
            "stream": name,
            "weight": body["weight"],
            "at_most": plan.monitoring.false_alarm_probability * body["weight"],
            "tolerance": body["tolerance"],
        }
        for name, body in written.items()
    ]
