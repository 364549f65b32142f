"""The bound plan as plain data: its values, its text, its streams with their limits, its versions."""

from __future__ import annotations

import math
from typing import Any

from monitor.operation.streams import stream_limit
from monitor.operation.watching import StreamSpec, limit_of, specs
from monitor.plan import ChangePlan, LoadedPlan
from monitor.registry import Entry
from monitor.registry.ledger import BINDING

SIGNED = ("signer", "role", "meaning", "simulated")


def plan_document(loaded: LoadedPlan, entries: list[Entry]) -> dict[str, Any]:
    """Everything the plan page shows.

    Args:
        loaded: The plan in force.
        entries: Of the ledger, for its earlier versions.
    """
    return {
        "sha256": loaded.sha256,
        "text": loaded.text,
        "content": loaded.plan.model_dump(mode="json", exclude_none=True),
        "streams": streams_planned(loaded.plan),
        "versions": [_version(entry) for entry in entries if entry.kind in BINDING],
    }


def streams_planned(plan: ChangePlan) -> list[dict[str, Any]]:
    """Each stream with its share of the false-alarm probability, its tolerance and its alarm limit.

    The limit is what R, the evidence against "nothing beyond the tolerance", must reach.
    """
    calibration = plan.monitoring.streams.calibration
    limit = stream_limit(plan)
    first = _stream("calibration", "calibration of the probabilities", calibration.weight, limit)
    listed = [{**first, "group": "calibration", "tolerance": calibration.tolerance.model_dump(mode="json")}]
    for spec in specs(plan):
        found = _stream(spec.name, spec.label, spec.weight, limit_of(plan, spec))
        listed.append({**found, "group": spec.group, "tolerance": _tolerance(plan, spec)})
    return listed


def _stream(name: str, label: str, weight: float, limit: float) -> dict[str, Any]:
    return {
        "stream": name,
        "label": label,
        "weight": weight,
        "log_limit": limit,
        "limit": math.exp(limit),
    }


def _tolerance(plan: ChangePlan, spec: StreamSpec) -> dict[str, Any]:
    """The tolerance of the key of the plan that a stream comes from, of a feature only what its kind has."""
    key = spec.name.partition(":")[0]
    found = getattr(plan.monitoring.streams, {"covariate": "covariates"}.get(key, key))
    kinds = {item.name: item.kind for item in plan.features()}
    other = {"continuous": "logit", "categorical": "standardized_difference"}
    unused = other[kinds[spec.feature]] if ":" in spec.name and spec.feature in kinds else None
    return {name: value for name, value in found.tolerance.model_dump(mode="json").items() if name != unused}


def _version(entry: Entry) -> dict[str, Any]:
    """One plan that was brought into force, and how it differs from the one before."""
    plan, body = entry.body["plan"], entry.body
    return {
        "sequence": entry.sequence,
        "at": entry.at,
        "version": plan["version"],
        "sha256": plan["sha256"],
        "software": body.get("software"),
        "differences": body.get("differences", 0),
        "difference": body.get("difference", []),
        "restarts_streams": body.get("restarts_streams"),
        "signed": {key: body.get(key) for key in SIGNED} if entry.kind == "amended" else None,
    }
