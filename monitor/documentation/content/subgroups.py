"""Subgroups and guardrails of a look, or that the plan has none."""

from __future__ import annotations

from typing import Any

from monitor.documentation.evidence import Change
from monitor.plan.model import ChangePlan
from monitor.validation.subgroups import SubgroupResult

COUNTS = ("n", "n_pos", "needed_n")


def subgroups(plan: ChangePlan, change: Change) -> dict[str, Any]:
    """The plan's rule and what each subgroup showed; `found` is None until a look was held."""
    rule = plan.evaluation.subgroups
    found = (change.verdict or {}).get("subgroups")
    return {
        "rule": None if rule is None else rule.model_dump(mode="json"),
        "found": None if found is None else [_row(body) for body in found],
        "counts_withheld": False,
    }


def without_small_subgroups(part: dict[str, Any], least: int) -> dict[str, Any]:
    """The same without any count when one is small: the others would give it away by subtraction."""
    rows = part["found"] or []
    small = any(0 < count < least for row in rows for count in (row["n_pos"], row["n"] - row["n_pos"]))
    if not small:
        return part
    bare = [{**row, **dict.fromkeys(COUNTS), "words": row["status"].replace("_", " ")} for row in rows]
    return {**part, "found": bare, "counts_withheld": True}


def guardrails(plan: ChangePlan, change: Change) -> dict[str, Any]:
    """The plan's guardrails and where the candidate lies; `found` is None until a look was held."""
    rails = plan.modification.guardrails
    return {
        "allowed": None if rails is None else rails.model_dump(mode="json"),
        "found": (change.verdict or {}).get("envelope"),
    }


def _row(body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "words": SubgroupResult(**body).words}
