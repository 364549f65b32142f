"""The plan's criteria, each with what the validation studies showed, or that nothing was evaluated."""

from __future__ import annotations

from typing import Any

from monitor.documentation.evidence import Change, Record
from monitor.documentation.wording import (
    COMPARATOR_WORDS,
    METRIC_MEANINGS,
    METRIC_NAMES,
    METRIC_UNITS,
    SHOWN,
    STATUS_WORDS,
)
from monitor.plan.model import ChangePlan, Criterion


def criteria(plan: ChangePlan, change: Change) -> list[dict[str, Any]]:
    """Every criterion of the plan in its order; one without a result says so and is never met."""
    results = {result["id"]: result for result in (change.verdict or {}).get("criteria") or []}
    alpha = (change.verdict or {}).get("alpha", change.opened["alpha"])
    return [_criterion(item, results.get(item.id), alpha) for item in plan.evaluation.criteria]


def unmet(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The criteria that were evaluated and are not met."""
    return [row for row in rows if row["status"] != "not_evaluated" and not row["met"]]


def sentence(row: Record) -> str:
    """One criterion's result in words, without numbers.

    Example:
        >>> sentence({"id": "G2", "name": "Observed over expected", "status": "contradicted"})
        'G2 (observed over expected) is contradicted: the interval lies wholly beyond the limit.'
    """
    reasons = {
        "demonstrated": "is demonstrated",
        "not_contradicted": "is not demonstrated: the interval reaches across the limit",
        "contradicted": "is contradicted: the interval lies wholly beyond the limit",
        "insufficient": "has no estimate, which is never a pass",
        "not_evaluated": "was not evaluated",
    }
    name = row["name"][0].lower() + row["name"][1:]
    return f"{row['id']} ({name}) {reasons[row['status']]}."


def _criterion(item: Criterion, result: Record | None, alpha: float) -> dict[str, Any]:
    against = getattr(item, "against", None)
    status = "not_evaluated" if result is None else str(result["status"])
    estimate = None if result is None else result["estimate"]
    return {
        "id": item.id,
        "metric": item.metric,
        "name": _name(item.metric, against),
        "unit": METRIC_UNITS[item.metric],
        "meaning": METRIC_MEANINGS[item.metric].format(against=COMPARATOR_WORDS.get(against or "", "")),
        "against": against,
        "require": item.require,
        "pre_specified": _pre_specified(item),
        "limit": None if result is None else result["limit"],
        "limits": None if result is None else result["limits"],
        "estimate": None if estimate is None else {**estimate, "level": 1 - 2 * alpha},
        "standard_error": None if result is None else result["standard_error"],
        "status": status,
        "status_words": STATUS_WORDS[status],
        "shows": SHOWN[status],
        "met": is_met(item.require, status),
        **_needed(result, status, item.require),
    }


def is_met(require: str, status: str) -> bool:
    """True when a status is at least what the plan requires.

    Example:
        >>> is_met("demonstrated", "not_contradicted"), is_met("not_contradicted", "not_contradicted")
        (False, True)
    """
    return status == "demonstrated" or (require == "not_contradicted" and status == "not_contradicted")


def _name(metric: str, against: str | None) -> str:
    return METRIC_NAMES[metric] + (f" against the {COMPARATOR_WORDS[against]}" if against else "")


def _pre_specified(item: Criterion) -> dict[str, Any]:
    keys = ("limits", "limit", "margin", "margin_relative")
    written = {key: value for key in keys if (value := getattr(item, key, None)) is not None}
    return {key: list(value) if isinstance(value, tuple) else value for key, value in written.items()}


def _needed(result: Record | None, status: str, require: str) -> dict[str, int | None]:
    """Events at which the bound would clear in all, and how many of them are still missing."""
    total = None if result is None or is_met(require, status) else result["needed_events"]
    missing = None if total is None or result is None else max(0, total - result["estimate"]["events"])
    return {"needed_events": total, "missing_events": missing}
