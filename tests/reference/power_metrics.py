"""What `pccp plan power` computes in closed form."""

from __future__ import annotations

import math
from functools import partial

from monitor.rehearsal.closed_forms import (
    TwoSided,
    auc_variance,
    binomial_floor_events,
    least_events,
    slope_test,
    two_one_sided_power,
)
from monitor.rehearsal.sites import SiteProfile
from tests.reference.agreement import Metric

ALPHA = 0.05


def metrics() -> list[Metric]:
    """Every comparison of this module."""
    return [*_ratio(), _floors(), *_variances()]


def _ratio() -> list[Metric]:
    power = {
        f"ratio.1.25.{events}": two_one_sided_power(_within(1.25), events, ALPHA)
        for events in (100, 200, 300)
    }
    needed = {
        f"ratio.{limit:g}.events": float(
            least_events(partial(two_one_sided_power, _within(limit), alpha=ALPHA)) or 0
        )
        for limit in (1.25, 1.2, 1.1)
    }
    return [
        Metric("power of observed/expected (pnorm)", "power", 1e-10, power),
        Metric("events for power .8 of observed/expected", "power", 0.0, needed),
    ]


def _within(limit: float) -> TwoSided:
    return TwoSided(math.log(limit), math.log(limit), 0.95)


def _floors() -> Metric:
    found = {
        f"floor.{truth:g}.{floor:g}": float(binomial_floor_events(truth, floor, ALPHA) or 0)
        for truth, floor in ((0.9, 0.85), (0.9, 0.8), (0.95, 0.9))
    }
    return Metric("positives for power .8 of a sensitivity (qbeta)", "power", 0.0, found)


def _variances() -> list[Metric]:
    slopes: dict[str, float] = {}
    areas: dict[str, float] = {}
    for auc in (0.75, 0.85):
        for prevalence in (0.05, 0.3):
            site = SiteProfile("", 6000, prevalence, auc)
            slopes[f"slope_variance.{auc:g}.{prevalence:g}"] = slope_test((0.8, 1.25), site).variance
            areas[f"area_variance.{auc:g}.{prevalence:g}"] = auc_variance(site)
    return [
        Metric("variance of the slope per event (integrate)", "power", 1e-6, slopes),
        Metric("variance of the logit area per event (integrate)", "power", 1e-8, areas),
    ]
