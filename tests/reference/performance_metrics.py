"""Scores, bins, areas and intervals of `monitor.performance`, on the inputs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from monitor.intervals import normal_quantile, wilson_interval
from monitor.logistic import logit
from monitor.performance import (
    area_under_curve,
    calibration_summary,
    expected_calibration_error,
    reliability_bins,
)
from monitor.records import Estimate
from tests.reference.agreement import Metric, columns

Z = normal_quantile(0.975)


def metrics() -> list[Metric]:
    """Every comparison of this module."""
    return [*_scores(), *_bins(), *_areas(), *_proportions()]


def _value(estimate: Estimate) -> float:
    assert estimate.value is not None
    return estimate.value


def _scores() -> list[Metric]:
    found: dict[str, dict[str, float | None]] = {}
    for column in ("calibrated", "distorted", "rival"):
        data = columns("patients")
        found[f"patients.{column}"] = calibration_summary(logit(data[column]), data["outcome"])
    tied = columns("tied")
    found["tied.score"] = calibration_summary(logit(tied["score"]), tied["outcome"])

    def of(name: str) -> dict[str, float]:
        return {f"{label}.{name}": float(summary[name] or 0.0) for label, summary in found.items()}

    briers = of("brier")
    return [
        Metric("log loss", "sklearn", 1e-12, of("log_loss")),
        Metric("Brier score", "sklearn", 1e-12, briers),
        Metric(
            "Brier score",
            "rms",
            1e-12,
            {f"{label}.Brier": briers[f"patients.{label}.brier"] for label in ("calibrated", "distorted")},
        ),
    ]


def _bins() -> list[Metric]:
    data = columns("patients")
    errors: dict[str, float] = {}
    trimmed: dict[str, float] = {}
    curve: dict[str, float] = {}
    for column in ("calibrated", "distorted"):
        errors[f"{column}.ece"] = expected_calibration_error(data[column], data["outcome"])
        bins = reliability_bins(logit(data[column]), data["outcome"])
        trimmed[f"{column}.ece"] = _without_smallest(bins, data[column], data["outcome"])
        for i, found in enumerate(bins):
            curve[f"{column}.bin_{i}.predicted"] = found["predicted"]
            curve[f"{column}.bin_{i}.observed"] = found["observed"]
    tied = columns("tied")
    ties: dict[str, float] = {}
    for i, found in enumerate(reliability_bins(logit(tied["score"]), tied["outcome"])):
        ties[f"tied.bin_{i}.predicted"] = found["predicted"]
        ties[f"tied.bin_{i}.observed"] = found["observed"]
    return [
        Metric("calibration error, ten bins of equal mass", "sklearn", 1e-12, errors),
        Metric("calibration error without the smallest risk", "calzone", 1e-12, trimmed),
        Metric("reliability curve, ten bins of equal mass", "sklearn", 1e-12, curve),
        Metric("reliability curve of a score with ties", "sklearn", 1e-12, ties),
    ]


def _without_smallest(bins: list[dict[str, Any]], predicted: Any, outcome: Any) -> float:
    """The calibration error as calzone counts it: its first bin is open to the left."""
    gaps = [found["n"] * (found["observed"] - found["predicted"]) for found in bins]
    smallest = int(np.argmin(predicted))
    gaps[0] -= float(outcome[smallest] - predicted[smallest])
    return sum(abs(gap) for gap in gaps) / (len(predicted) - 1)


def _areas() -> list[Metric]:
    found: dict[str, Estimate] = {}
    for column in ("calibrated", "distorted", "rival"):
        data = columns("patients")
        found[column] = area_under_curve(data[column], data["outcome"], data["patient"])
    tied, many = columns("tied"), columns("clustered")
    everyone = np.array([f"row{i}" for i in range(len(tied["score"]))], dtype=object)
    found["tied"] = area_under_curve(tied["score"], tied["outcome"], everyone)
    for column in ("old", "new"):
        found[f"clustered.{column}"] = area_under_curve(many[column], many["outcome"], many["patient"])
    single = {label: item for label, item in found.items() if label in ("calibrated", "rival", "tied")}
    repeated = {label: item for label, item in found.items() if label.startswith("clustered")}
    return [
        Metric(
            "area under the curve",
            "pROC",
            1e-12,
            {f"{label}.auc": _value(item) for label, item in {**single, **repeated}.items()},
        ),
        Metric(
            "area under the curve",
            "sklearn",
            1e-12,
            {
                f"{'tied.score' if label == 'tied' else f'patients.{label}'}.auc": _value(item)
                for label, item in {**single, "distorted": found["distorted"]}.items()
            },
        ),
        Metric(
            "area under the curve (somers2)",
            "rms",
            1e-12,
            {f"{label}.somers2_c": _value(found[label]) for label in ("calibrated", "distorted")},
        ),
        Metric(
            "area, DeLong's error",
            "pROC",
            1e-10,
            {f"{label}.delong_se": _logit_error(item) for label, item in single.items()},
        ),
        Metric(
            "area, Obuchowski's clustered error",
            "pROC",
            1e-10,
            {f"{label}.obuchowski_se": _logit_error(item) for label, item in repeated.items()},
        ),
        Metric(
            "area, interval on the logit scale",
            "pROC",
            1e-10,
            {
                f"{label}.logit_{side}": float(getattr(item, side))
                for label, item in {**single, **repeated}.items()
                for side in ("low", "high")
            },
        ),
    ]


def _logit_error(estimate: Estimate) -> float:
    """Standard error of the area behind its interval on the logit scale."""
    assert estimate.low is not None
    assert estimate.high is not None
    area = _value(estimate)
    ends = [math.log(end / (1 - end)) for end in (estimate.low, estimate.high)]
    return (ends[1] - ends[0]) / (2 * Z) * area * (1 - area)


def _proportions() -> list[Metric]:
    wilson: dict[str, float] = {}
    for events, n in ((5, 10), (0, 20), (17, 20), (61, 66), (250, 1000)):
        low, high = wilson_interval(events, n)
        wilson |= {f"wilson.{events}_of_{n}.low": low, f"wilson.{events}_of_{n}.high": high}
    quantiles = {f"normal_quantile.{p:g}": normal_quantile(p) for p in (0.9, 0.95, 0.975, 0.995, 0.9999)}
    return [
        Metric("Wilson interval (prop.test)", "intervals", 1e-12, wilson),
        Metric("normal quantile (qnorm)", "intervals", 1e-12, quantiles),
    ]
