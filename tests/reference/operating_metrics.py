"""What a threshold does and how looks share their alpha, on the inputs."""

from __future__ import annotations

import numpy as np

from monitor.performance.net_benefit import net_benefit
from monitor.performance.operating_point import measured
from monitor.performance.proportions import design_effect, proportion
from monitor.performance.thresholds import (
    order_statistic,
    predictive_value_threshold,
    sensitivity_threshold,
)
from monitor.validation.spending import look_bounds
from tests.reference.agreement import Metric, columns

THRESHOLD = 0.3


def metrics() -> list[Metric]:
    """Every comparison of this module."""
    return [*_proportions(), *_operating_point(), *_thresholds(), _bounds()]


def _proportions() -> list[Metric]:
    exact: dict[str, float] = {}
    for hits, n in ((5, 10), (0, 20), (17, 20), (61, 66), (250, 1000)):
        who = np.arange(n).astype(str).astype(object)
        for alpha in (0.05, 0.025, 0.01):
            found = proportion(np.arange(n) < hits, who, 1 - 2 * alpha)
            label = f"clopper_pearson.{hits}_of_{n}.{alpha:g}"
            exact[f"{label}.lower"] = found.low or 0.0
            exact[f"{label}.upper"] = found.high or 0.0
    data = columns("clustered")
    effective: dict[str, float] = {}
    for label, outcome in (("sensitivity", 1), ("specificity", 0)):
        rows = data["outcome"] == outcome
        hit, who = (data["new"][rows] >= THRESHOLD) == bool(outcome), data["patient"][rows]
        effective[f"effective.{label}.design_effect"] = design_effect(hit, who)
        for alpha in (0.05, 0.025):
            found = proportion(hit, who, 1 - 2 * alpha)
            effective[f"effective.{label}.{alpha:g}.lower"] = found.low or 0.0
            effective[f"effective.{label}.{alpha:g}.upper"] = found.high or 0.0
            effective[f"effective.{label}"] = found.value or 0.0
    return [
        Metric("exact binomial limits (binom.test)", "intervals", 1e-9, exact),
        Metric("exact limits at the effective size (qbeta)", "intervals", 1e-9, effective),
    ]


def _operating_point() -> list[Metric]:
    data = columns("patients")
    everyone = np.ones(len(data["outcome"]), dtype=bool)
    found = measured(data["distorted"] >= THRESHOLD, data["outcome"], data["patient"])
    rates = {
        f"distorted_at_.3.{name}": found[name].value or 0.0
        for name in ("sensitivity", "specificity", "ppv", "npv")
    }
    benefits = {
        f"{name}.{at:g}": net_benefit(flagged, data["outcome"], at)
        for at in (0.1, 0.2, 0.3, 0.5)
        for name, flagged in (
            ("calibrated", data["calibrated"] >= at),
            ("distorted", data["distorted"] >= at),
            ("all", everyone),
        )
    }
    return [
        Metric("sensitivity, specificity, predictive values", "pROC", 1e-12, rates),
        Metric("net benefit", "dcurves", 1e-12, benefits),
    ]


def _thresholds() -> list[Metric]:
    ranks = {
        f"order_statistic.{floor:g}.{n}": float(order_statistic(n, floor, 0.05) or 0)
        for floor in (0.9, 0.95)
        for n in (28, 29, 58, 59, 100, 300, 1000)
    }
    data = columns("patients")
    kept = sensitivity_threshold(data["distorted"][data["outcome"] == 1], 0.9, 0.05)
    shown = {
        f"ppv_threshold.distorted.{floor:g}": predictive_value_threshold(
            data["distorted"], data["outcome"], floor, 0.05
        )
        for floor in (0.4, 0.5)
    }
    return [
        Metric("order statistic for a sensitivity (pbinom)", "intervals", 0.0, ranks),
        Metric(
            "threshold for a sensitivity", "intervals", 0.0, {"sensitivity_threshold.distorted": kept or 0.0}
        ),
        Metric(
            "threshold for a predictive value, fixed sequence (binom.test)",
            "intervals",
            0.0,
            {name: value or 0.0 for name, value in shown.items()},
        ),
    ]


def _bounds() -> Metric:
    plans = {
        "quarters": [1, 2, 3, 4],
        "200_300_400_500": [200, 300, 400, 500],
        "350_500": [350, 500],
        "one": [200],
    }
    found = {
        f"{name}.{alpha:g}.look_{k}": look.z
        for name, events in plans.items()
        for alpha in (0.05, 0.025, 0.0125, 0.00625)
        for k, look in enumerate(look_bounds(events, alpha, "obrien_fleming"), start=1)
    }
    return Metric("bounds of the looks, O'Brien-Fleming-like spending", "bounds", 1e-7, found)
