"""The threshold in use at a place, and what the plan says about its finding."""

from __future__ import annotations

from typing import Any

from monitor.plan import ChangePlan
from monitor.plan.device import Finding, OperatingPoint
from monitor.records import Place
from monitor.registry import RegistryState


def finding_of(plan: ChangePlan, place: Place) -> Finding:
    """What the plan says about the finding of a place."""
    return next(finding for finding in plan.findings if finding.id == place.finding)


def deployed_operating_point(state: RegistryState, place: Place) -> dict[str, Any] | None:
    """The operating point that came with the calibrator in use; None while the original's is in use."""
    deployed = state.deployments.get(place)
    if not deployed:
        return None
    candidate = state.changes[deployed[-1]["change"]].candidate or {}
    return candidate.get("operating_point")


def live_threshold(state: RegistryState, point: OperatingPoint, place: Place) -> float:
    """Raw threshold in use at a place: the plan's until a deployment brings another.

    The plan's threshold is a probability of the original calibrator, which leaves the raw score as it is.
    """
    deployed = deployed_operating_point(state, place)
    return deployed["raw_threshold"] if deployed else point.threshold
