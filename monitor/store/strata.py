"""Strata: which place a prediction belongs to, and which hospital it comes from.

In a plan with strata the stored `site` is the place, as "Harbour / A", and `hospital` the site as the logs
name it. Outcomes know the hospital only. Without strata the two are one, and there is no second column.
"""

from __future__ import annotations

from monitor.plan.model import OTHER_STRATUM, ChangePlan, stratum_site
from monitor.store.connection import literal, quoted

HOSPITAL = "hospital"


def hospital_column(plan: ChangePlan) -> str:
    """The column of stored predictions that an outcome's site is compared with."""
    return HOSPITAL if plan.strata else "site"


def site(plan: ChangePlan) -> str:
    """SQL of the stored `site`, with `hospital` where the plan has strata, over cells as they were read."""
    covariate = plan.stratum_covariate
    if covariate is None:
        return "site"
    level = f"coalesce({quoted(f'read_{covariate.name}')}, {literal(OTHER_STRATUM)})"
    return f"site || {literal(stratum_site('', ''))} || {level} AS site, site AS {HOSPITAL}"
