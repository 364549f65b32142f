"""Observed over expected events in time, as the last look saw them."""

from __future__ import annotations

from typing import Any

from monitor.documentation.cells import is_safe
from monitor.documentation.evidence import Change, Record
from monitor.plan.model import ChangePlan

CALIBRATORS = ("last_deployed", "candidate")
NUMBERS = ("value", "low", "high")
COUNTS = ("n", "events", "observed", "expected")
DIGITS = 2


def calibration_over_time(plan: ChangePlan, change: Change) -> dict[str, Any]:
    """Stretches of cohorts by calibrator, or why there are none.

    Returns:
        `last_deployed` and `candidate`, lists that may be empty; `reason` where nothing was computed.
    """
    looked = change.verdict or (change.looks[-1] if change.looks else {})
    found = looked.get("calibration_over_time")
    return {
        **{name: [dict(part) for part in (found or {}).get(name) or []] for name in CALIBRATORS},
        "reason": None if found else _reason(plan, looked),
        "counts_withheld": False,
    }


def without_small_stretches(part: Record, least: int) -> dict[str, Any]:
    """The same without counts, its numbers rounded; a stretch with a small count has no number at all.

    Exact ratios beside each other could be solved for the counts behind them.

    Args:
        part: As `calibration_over_time` made it.
        least: The plan's `small_cell_minimum`.
    """
    stretches = {name: [_shared(found, least) for found in part[name]] for name in CALIBRATORS}
    return {**part, **stretches, "counts_withheld": any(map(bool, stretches.values()))}


def _shared(found: Record, least: int) -> dict[str, Any]:
    safe = all(is_safe(count, least) for count in (found["n"], found["events"], found["n"] - found["events"]))
    numbers = {key: round(found[key], DIGITS) if safe else None for key in NUMBERS}
    return {**found, **dict.fromkeys(COUNTS), **numbers}


def _reason(plan: ChangePlan, looked: Record) -> str:
    if not looked.get("look"):
        return "no look was reached"
    if plan.undated:
        return "the log has no dates"
    return "the look did not record it, as where outcomes are weighted"
