"""What else in a shared dossier is computed from alerts: criteria at the threshold and the alert guardrail.

They count the studies of the operating point once more, so they are shown only where that is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from monitor.documentation.cells import is_safe
from monitor.documentation.evidence import Record

AT_THRESHOLD = frozenset({"sensitivity", "specificity", "ppv", "npv", "alert_rate"})
"""Metrics that are shares of studies on one side of the threshold."""
_BOUNDS = "["
"""Stands in every reason of a criterion that quotes its numbers, and in no other."""
HIDDEN = "numbers withheld under the plan's small-cell minimum"
_STUDIES = re.compile(r",? (\d+) studies")
_ALERTS = re.compile(r"(?i)(the change of alerts|the candidate abstains for) (is )?[-+−\d.,]+\s?%")


def with_alerts_withheld(shared: Record, exact: Record, least: int) -> dict[str, Any]:
    """The shared dossier without estimates, bounds and sentences that tell few hits, misses or alerts.

    Args:
        shared: The dossier without small cells; tells whether the operating point is in it.
        exact: The dossier with them.
        least: The plan's `small_cell_minimum`.
    """
    hidden = shared["operating_point"]["found"] is None
    names = [row["id"] for row in exact["criteria"] if _is_unsafe(row, least, hidden=hidden)]
    found: dict[str, Any] = {
        **shared,
        "criteria": [_bare(row) if row["id"] in names else row for row in shared["criteria"]],
    }
    for part in ("headline", "verdict"):
        reasons = [safe_reason(text, names, hidden=hidden) for text in shared[part]["reasons"]]
        found[part] = {**shared[part], "reasons": reasons}
    if hidden and (rails := shared["guardrails"]["found"]) is not None:
        violations = [safe_reason(text, (), hidden=True) for text in rails.get("violations", [])]
        found["guardrails"] = {
            **shared["guardrails"],
            "found": {**rails, "alert_change": None, "violations": violations},
        }
    return _without_need(found, exact) if _decided_need(exact, names) else found


def safe_reason(text: str, names: Sequence[str], *, hidden: bool) -> str:
    """A reason of the ledger without the numbers of these criteria, nor of alerts where those are hidden.

    Example:
        >>> safe_reason("G4 is not demonstrated: 0.965 [0.871, 1.000]", ["G4"], hidden=True)
        "G4: numbers withheld under the plan's small-cell minimum"
        >>> safe_reason("the change of alerts is +12.5%, allowed is 10%", [], hidden=True)
        'the change of alerts is (withheld), allowed is 10%'
    """
    name = next((name for name in names if text.startswith(f"{name} ")), None)
    if name is not None and _BOUNDS in text:
        return f"{name}: {HIDDEN}"
    return _ALERTS.sub(_without_share, text) if hidden else text


def _without_share(found: re.Match[str]) -> str:
    return f"{found.group(1)} {found.group(2) or ''}(withheld)"


def _is_unsafe(row: Record, least: int, *, hidden: bool) -> bool:
    """True for a share at the threshold whose hits or misses are few, or whose counts are not to be told."""
    estimate = row["estimate"]
    if row["metric"] not in AT_THRESHOLD or estimate is None:
        return False
    counted = _STUDIES.search(estimate["method"])
    if hidden or counted is None or estimate["value"] is None:
        return True
    among = int(counted.group(1))
    hits = round(estimate["value"] * among)
    return not all(is_safe(count, least) for count in (hits, among - hits))


def _bare(row: Record) -> dict[str, Any]:
    """A criterion with its status alone: what it would still need follows from its bound."""
    estimate = row["estimate"]
    method = _STUDIES.sub("", estimate["method"])
    nothing = dict.fromkeys(("value", "low", "high"))
    return {
        **row,
        "estimate": {**estimate, **nothing, "method": f"{method}; {HIDDEN}"},
        "standard_error": None,
        "needed_events": None,
        "missing_events": None,
    }


def _decided_need(exact: Record, names: Sequence[str]) -> bool:
    """True when the events still needed in all were, or could be, those of a withheld criterion."""
    return any(row["id"] in names and row["missing_events"] is not None for row in exact["criteria"])


def _without_need(shared: dict[str, Any], exact: Record) -> dict[str, Any]:
    """Without the number of events still needed, its forecast, and the sentences that quote them."""
    needed = {**shared["verdict"]["needed"], "events": None, "forecast": None}
    events, forecast = (exact["verdict"]["needed"].get(key) for key in ("events", "forecast"))
    told = [f"{events:,} more event" if events is not None else None, str(forecast) if forecast else None]
    steps = [
        f"What a decision still needs: {HIDDEN}." if any(part and part in text for part in told) else text
        for text in shared["headline"]["next"]
    ]
    headline = {**shared["headline"], "next": list(dict.fromkeys(steps))}
    return {**shared, "verdict": {**shared["verdict"], "needed": needed}, "headline": headline}
