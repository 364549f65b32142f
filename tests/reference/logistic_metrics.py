"""Logistic recalibration and observed over expected, on the inputs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from monitor.intervals import normal_quantile
from monitor.logistic import cluster_covariance, expit, fit_logistic, logit
from monitor.performance import recalibration_estimates
from monitor.records import Estimate
from tests.reference.agreement import Metric, columns, oracle

Z = normal_quantile(0.975)
CASES = {
    "calibrated": ("patients", "calibrated"),
    "distorted": ("patients", "distorted"),
    "clustered.old": ("clustered", "old"),
    "clustered.new": ("clustered", "new"),
}


def metrics() -> list[Metric]:
    """Every comparison of this module."""
    return [*_logistic(), *_recalibration(), *_widths()]


def _case(label: str) -> tuple[Any, Any, Any]:
    """Log-odds, outcome and patient of one input and column."""
    table, column = CASES[label]
    data = columns(table)
    return logit(data[column]), data["outcome"], data["patient"]


def _joint(label: str) -> dict[str, float]:
    """Intercept and slope with both covariances."""
    x, outcome, patient = _case(label)
    design = np.column_stack([np.ones_like(x), x])
    fit = fit_logistic(design, outcome)
    robust = cluster_covariance(design, outcome - expit(design @ fit.coefficients), fit.covariance, patient)
    return {
        "joint_intercept": float(fit.coefficients[0]),
        "slope": float(fit.coefficients[1]),
        "slope.se": math.sqrt(fit.covariance[1, 1]),
        "covariance": float(fit.covariance[0, 1]),
        "slope.cluster_se": math.sqrt(robust[1, 1]),
        "cluster_covariance": float(robust[0, 1]),
        "log_likelihood": fit.log_likelihood,
    }


def _logistic() -> list[Metric]:
    fits = {label: _joint(label) for label in CASES}
    many = {label: fits[f"clustered.{label}"] for label in ("old", "new")}

    def of(*names: str) -> dict[str, float]:
        return {f"{label}.{name}": fit[name] for label, fit in fits.items() for name in names}

    return [
        Metric("slope and joint intercept", "glm", 1e-6, of("slope", "joint_intercept")),
        Metric("log-likelihood", "glm", 1e-12, of("log_likelihood")),
        Metric("covariance, model-based", "glm", 1e-6, of("slope.se", "covariance")),
        Metric("covariance, cluster sandwich", "glm", 1e-6, of("slope.cluster_se", "cluster_covariance")),
        Metric(
            "slope, cluster-robust error (GEE, independence)",
            "glm",
            1e-6,
            {f"{label}.slope.geepack_se": fit["slope.cluster_se"] for label, fit in fits.items()},
        ),
        Metric(
            "slope with cluster-robust error",
            "statsmodels",
            1e-6,
            {
                f"{label}.{name}": fit[name]
                for label, fit in many.items()
                for name in ("slope", "joint_intercept", "slope.cluster_se")
            },
        ),
        Metric(
            "slope with cluster-robust error (lrm, robcov)",
            "rms",
            1e-6,
            {
                "clustered.new.slope": many["new"]["slope"],
                "clustered.new.slope.robcov_se": many["new"]["slope.cluster_se"],
            },
        ),
        Metric(
            "slope and joint intercept (val.prob)",
            "rms",
            1e-6,
            {
                f"{label}.{name}": fits[label][ours]
                for label in ("calibrated", "distorted")
                for name, ours in (("Slope", "slope"), ("Intercept", "joint_intercept"))
            },
        ),
        Metric(
            "slope and joint intercept (Cox)",
            "calzone",
            1e-6,
            {
                f"{label}.{name}": fits[label][name]
                for label in ("calibrated", "distorted")
                for name in ("slope", "joint_intercept")
            },
        ),
    ]


def _recalibration() -> list[Metric]:
    found = {label: recalibration_estimates(*_case(label)) for label in CASES}
    intercepts = {label: found[label]["intercept"] for label in CASES}
    ratios = {label: found[label]["observed_expected"] for label in CASES}
    shift = {f"{label}.calibration_intercept": _value(item) for label, item in intercepts.items()}
    error = {f"{label}.calibration_intercept.cluster_se": _error(item) for label, item in intercepts.items()}
    both = {
        f"{column}.{name}": value
        for column in ("old", "new")
        for name, value in (
            ("calibration_intercept", _value(intercepts[f"clustered.{column}"])),
            ("calibration_intercept.cluster_se", _error(intercepts[f"clustered.{column}"])),
        )
    }
    return [
        Metric("calibration intercept, slope 1", "glm", 1e-6, shift),
        Metric("calibration intercept, cluster sandwich", "glm", 1e-6, error),
        Metric("calibration intercept with cluster-robust error", "statsmodels", 1e-6, both),
        Metric(
            "observed/expected",
            "glm",
            1e-10,
            {f"{label}.observed_expected": _value(item) for label, item in ratios.items()},
        ),
        Metric(
            "observed/expected, error on the log scale",
            "glm",
            1e-10,
            {f"{label}.observed_expected.log_se": _log_error(item) for label, item in ratios.items()},
        ),
    ]


def _value(estimate: Estimate) -> float:
    assert estimate.value is not None
    return estimate.value


def _error(estimate: Estimate) -> float:
    """Standard error behind a symmetric interval."""
    assert estimate.low is not None
    assert estimate.high is not None
    return (estimate.high - estimate.low) / (2 * Z)


def _log_error(estimate: Estimate) -> float:
    assert estimate.low is not None
    assert estimate.high is not None
    return math.log(estimate.high / estimate.low) / (2 * Z)


def _widths() -> list[Metric]:
    """Rows at which the interval of O/E is .4 wide, from our error at a thousand constant predictions."""
    rows: dict[str, float] = {}
    for prevalence in (0.05, 0.3):
        outcome = (np.arange(1000) < round(1000 * prevalence)).astype(float)
        who = np.arange(1000).astype(str).astype(object)
        ratio = recalibration_estimates(logit(np.full(1000, prevalence)), outcome, who)["observed_expected"]
        label = f"prevalence_{prevalence:g}.observed_expected"
        target = oracle("pmvalsampsize")["values"][f"{label}.log_se"]
        rows[f"{label}.rows"] = math.ceil(1000 * (_log_error(ratio) / target) ** 2)
    return [Metric("rows for an interval of O/E .4 wide", "pmvalsampsize", 0.0, rows)]
