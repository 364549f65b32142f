"""Automatic implementation: only inside numeric bounds that the plan states beforehand."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.plan.fault import Problem
from monitor.plan.model import ChangePlan
from monitor.plan.rules.rule import MODIFICATIONS, Rule

ITEM = (*MODIFICATIONS, 0)
GUARDRAILS = ("slope", "maximum_probability_change", "maximum_alert_change")


def complete_guardrails(plan: ChangePlan) -> Iterator[Problem]:
    """Where no person looks first, every bound has a number, and the way back and the check after exist."""
    if plan.modification.implementation != "automatic":
        return
    for name in _missing(plan):
        message = f"automatic implementation without {name}"
        yield Problem((*ITEM, "implementation"), message, f"{name}, or implementation: manual", "text")


def _missing(plan: ChangePlan) -> Iterator[str]:
    change = plan.modification
    for name in GUARDRAILS:
        if change.guardrails is None or getattr(change.guardrails, name) is None:
            yield f"guardrails.{name}"
    for name in ("maximum_per_year", "minimum_interval_days"):
        if getattr(change, name) is None:
            yield name
    for position, finding in enumerate(plan.findings):
        if finding.operating_point is None:
            yield f"findings.{position}.operating_point"
    for name in ("rollback", "follow_up"):
        if getattr(plan.update, name) is None:
            yield f"update_procedures.0.{name}"


RULES = (Rule((MODIFICATIONS,), complete_guardrails),)
