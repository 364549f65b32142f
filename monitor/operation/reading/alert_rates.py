"""How many studies of a site are flagged lately, and how many wrongly, against the plan's limits."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from monitor.operation.live_threshold import finding_of, live_threshold
from monitor.performance import alerts_per_100
from monitor.plan import ChangePlan
from monitor.records import Estimate, Place, Rows, Scored
from monitor.registry import RegistryState

COHORTS = 28
"""Mature cohorts that are looked back on: four weeks of a daily plan."""
READING_ALPHA = 0.05


def alert_rate(
    plan: ChangePlan, state: RegistryState, place: Place, rows: Rows | Scored | None
) -> dict[str, Any] | None:
    """Flagged studies in 100 over the last mature cohorts, with an exact interval, and the plan's limit.

    Args:
        plan: In force.
        state: For the threshold in use.
        place: The site and finding.
        rows: Its mature studies, whether their outcome is known or not.

    Returns:
        None when the plan sets no limit. `above_limit` is True when the whole interval lies above it.
    """
    point = finding_of(plan, place).operating_point
    if point is None or point.alert_limit_per_100_studies is None:
        return None
    lately = _lately(rows)
    found = None
    if lately is not None:
        flagged = lately.score >= live_threshold(state, point, place)
        found = alerts_per_100(flagged, lately.patient, level=_level(plan))
    return _held_against(point.alert_limit_per_100_studies, found, lately)


def false_positive_rate(
    plan: ChangePlan, state: RegistryState, place: Place, rows: Rows | Scored | None
) -> dict[str, Any] | None:
    """False positives in 100 studies with known outcomes, over the last mature cohorts, and the plan's limit.

    Args:
        plan: In force.
        state: For the threshold in use.
        place: The site and finding.
        rows: Its mature studies, whether their outcome is known or not.

    Returns:
        None when the plan sets no limit. `above_limit` is True when the whole interval lies above it;
        `unknown` counts studies of these cohorts without an outcome, about which the rate says nothing.
    """
    point = finding_of(plan, place).operating_point
    if point is None or point.false_positive_limit_per_100_studies is None:
        return None
    lately = _lately(rows)
    found, unknown = None, 0
    if lately is not None:
        known = lately.known()
        wrong = (known.score >= live_threshold(state, point, place)) & (known.outcome == 0)
        found = alerts_per_100(wrong, known.patient, level=_level(plan))
        unknown = len(lately) - len(known)
    limit = point.false_positive_limit_per_100_studies
    return {**_held_against(limit, found, lately), "unknown": unknown}


def _level(plan: ChangePlan) -> float:
    """Of one night's interval, so that those of all nights of the horizon hold together."""
    return 1 - READING_ALPHA / plan.monitoring.horizon_looks


def _lately(rows: Rows | Scored | None) -> Rows | Scored | None:
    """The studies of the last mature cohorts; None without any."""
    if rows is None or len(rows) == 0:
        return None
    cohorts = sorted(set(rows.cohort.tolist()))[-COHORTS:]
    return rows.where(np.asarray(rows.cohort >= cohorts[0], dtype=bool))


def _held_against(limit: float, found: Estimate | None, lately: Rows | Scored | None) -> dict[str, Any]:
    held = {"limit_per_100_studies": limit}
    if found is None or lately is None:
        return {"value": None, "low": None, "high": None, "n": 0, "above_limit": False, **held}
    span = {"from": str(lately.cohort.min()), "to": str(lately.cohort.max())}
    return {**asdict(found), **span, "above_limit": found.low is not None and found.low > limit, **held}
