"""Our numbers beside those other software found on the same committed inputs."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

HERE = Path(__file__).parent
NAMES = {"patient", "site", "study"}
NOT_COMPARED = {
    ("glm", "poisson_log_se"): "another error of observed/expected, shown in docs/statistics.md",
    ("rms", "C (ROC)"): "area of rounded risks, shown in docs/statistics.md",
    ("statsmodels", "cohen."): "another kappa, shown in docs/statistics.md",
    ("relplot", "smooth_ece"): "smooth calibration error is not computed",
    ("intervals", "power."): "power of two groups is not computed",
    ("pmvalsampsize", ".auc."): "rows for an area are not computed",
    ("pmvalsampsize", "log_se"): "what the comparison of rows aims at",
}
"""Stored values without a counterpart: (oracle, part of the name) and why."""


class Metric(NamedTuple):
    """One quantity, computed on one or more inputs.

    Attributes:
        name: As in the table.
        oracle: File in `values/` without its ending.
        tolerance: Relative, what the oracle's digits and stopping rule carry.
        ours: Our value under the oracle's name for it.
    """

    name: str
    oracle: str
    tolerance: float
    ours: Mapping[str, float]


class Pair(NamedTuple):
    """One value of ours and the oracle's."""

    metric: str
    oracle: str
    key: str
    ours: float
    theirs: float
    tolerance: float

    @property
    def difference(self) -> float:
        return self.ours - self.theirs

    @property
    def relative_difference(self) -> float:
        return abs(self.difference / self.theirs) if self.theirs else abs(self.difference)

    @property
    def agrees(self) -> bool:
        return self.relative_difference <= self.tolerance


@cache
def oracle(name: str) -> dict[str, Any]:
    """Versions, hashes of the inputs and values of one oracle."""
    record: dict[str, Any] = json.loads((HERE / "values" / f"{name}.json").read_text(encoding="utf-8"))
    return record


def oracles() -> list[str]:
    """Every oracle with committed values."""
    return sorted(path.stem for path in (HERE / "values").glob("*.json"))


@cache
def columns(name: str) -> dict[str, Any]:
    """Columns of one input: text for names, float64 for the rest."""
    with (HERE / "inputs" / f"{name}.csv").open(encoding="ascii", newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        key: np.array([row[key] for row in rows], dtype=object if key in NAMES else np.float64)
        for key in rows[0]
    }


def pairs(metrics: list[Metric]) -> Iterator[Pair]:
    """Every value of ours with its oracle's.

    Raises:
        KeyError: The oracle has no value of that name.
    """
    for metric in metrics:
        values = oracle(metric.oracle)["values"]
        for key, ours in metric.ours.items():
            yield Pair(metric.name, metric.oracle, key, float(ours), values[key], metric.tolerance)


def without_counterpart(found: list[Pair]) -> list[tuple[str, str]]:
    """(oracle, name) of stored values that nothing of ours is compared with and no reason excuses."""
    compared = {(pair.oracle, pair.key) for pair in found}
    stored = [(name, key) for name in oracles() for key in oracle(name)["values"]]
    excused = NOT_COMPARED.keys()
    return [
        (name, key)
        for name, key in stored
        if (name, key) not in compared and not any(name == at and part in key for at, part in excused)
    ]
