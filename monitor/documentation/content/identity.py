"""Which document this is, and under which plan."""

from __future__ import annotations

from typing import Any

from monitor import __version__
from monitor.documentation.evidence import Change, PlanFile
from monitor.documentation.wording import ACTOR_WORDS, AUTHORIZATION_WORDS, listed
from monitor.plan.model import ChangePlan

FORMAT_VERSION = 1


def document(change: Change) -> dict[str, Any]:
    """Kind of document, form of the record, the program and the change it is about."""
    return {
        "kind": "change dossier",
        "format": FORMAT_VERSION,
        "software": f"pccp-monitor {__version__}",
        "change": change.id,
        "site": change.opened["site"],
        "finding": change.opened["finding"],
        "modification": change.opened["modification"],
    }


def plan_identity(loaded_plan: PlanFile) -> dict[str, Any]:
    """The plan, its status, the device it belongs to and the style of its criteria."""
    plan = loaded_plan.plan
    modification = plan.modification
    return {
        "id": plan.plan.id,
        "title": plan.plan.title,
        "version": plan.plan.version,
        "sha256": loaded_plan.sha256,
        "actor": plan.plan.actor,
        "actor_words": ACTOR_WORDS[plan.plan.actor],
        "authorization": plan.plan.authorization.model_dump(mode="json"),
        "authorization_words": AUTHORIZATION_WORDS[plan.plan.authorization.status],
        "device": {
            "name": plan.device.name,
            "model_version": plan.device.model_version,
            "original_calibrator": plan.device.original_calibrator,
            "intended_use": plan.device.intended_use,
            "safe_and_effective_without_change": plan.device.safe_and_effective_without_change.evidence,
        },
        "invariants": list(plan.device.invariants),
        "frozen": list(plan.retraining.frozen),
        "modification": modification.model_dump(mode="json"),
        "criteria_style": criteria_style(plan),
    }


def criteria_style(plan: ChangePlan) -> dict[str, Any]:
    """Strict when every criterion must be demonstrated, else benefit-first; chosen before authorisation."""
    demonstrated = [item.id for item in plan.evaluation.criteria if item.require == "demonstrated"]
    others = [item.id for item in plan.evaluation.criteria if item.require == "not_contradicted"]
    words = f"{listed(demonstrated)} must be demonstrated"
    if others:
        words += f"; {listed(others)} must not be contradicted"
    return {
        "name": "benefit-first" if others else "strict",
        "demonstrated": demonstrated,
        "not_contradicted": others,
        "words": words + ".",
    }
