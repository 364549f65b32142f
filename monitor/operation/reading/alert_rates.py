"""How many studies of a site are flagged lately, against the plan's limit."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from monitor.operation.attempt.operating_points import finding_of, live_threshold
from monitor.performance import alerts_per_100
from monitor.plan import ChangePlan
from monitor.records import Place, Rows
from monitor.registry import RegistryState

COHORTS = 28
"""Mature cohorts that are looked back on: four weeks of a daily plan."""


def alert_rate(
    plan: ChangePlan, state: RegistryState, place: Place, rows: Rows | None
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
    limit = {"limit_per_100_studies": point.alert_limit_per_100_studies}
    if rows is None or len(rows) == 0:
        return {"value": None, "low": None, "high": None, "n": 0, "above_limit": False, **limit}
    cohorts = sorted(set(rows.cohort.tolist()))[-COHORTS:]
    lately = rows.where(np.asarray(rows.cohort >= cohorts[0], dtype=bool))
    found = alerts_per_100(lately.score >= live_threshold(state, point, place), lately.patient)
    above = found.low is not None and found.low > point.alert_limit_per_100_studies
    return {**asdict(found), "from": cohorts[0], "to": cohorts[-1], "above_limit": above, **limit}
