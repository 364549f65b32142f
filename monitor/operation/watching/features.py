"""The values that streams read from predictions: one array per feature, and which of them are there."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.drift import FrozenFeature, freeze_continuous, freeze_levels, freeze_rate
from monitor.logistic import cluster_numbers
from monitor.operation.watching.specs import AGREEMENT, ALERTS, MISSING, SCORE
from monitor.performance.readers import decisions_from_text
from monitor.plan import ChangePlan
from monitor.plan.device import Finding
from monitor.records import Arrived, BoolArray, IntArray


class Feature(NamedTuple):
    """One feature of some rows: how it is frozen, its values, and where there is one."""

    kind: str
    values: NDArray[Any]
    known: BoolArray


def features_of(
    plan: ChangePlan, finding: Finding, rows: Arrived, threshold: float | None
) -> dict[str, Feature]:
    """Everything a reference of predictions holds.

    Args:
        plan: For what is declared.
        finding: Of the rows.
        rows: Of one place.
        threshold: Raw threshold in use there, which the readers saw; None without an operating point.

    Returns:
        By name: the score, each declared feature, whether it is missing, and the alerts and the readers'
        agreement with them where the plan knows them.
    """
    everywhere = np.ones(len(rows), dtype=bool)
    found = {SCORE: Feature("continuous", rows.score, everywhere)}
    for item in plan.logs.covariates:
        values = rows.features[item.name]
        found[item.name] = Feature(item.kind, values, _known(values, item.kind))
        found[MISSING + item.name] = Feature("rate", (~found[item.name].known).astype(float), everywhere)
    if finding.operating_point is not None:
        alerts = (rows.score >= finding.operating_point.threshold).astype(float)
        found[ALERTS] = Feature("rate", alerts, everywhere)
    meaning = plan.logs.predictions.reader_decisions
    if meaning is not None and threshold is not None:
        decided = decisions_from_text(rows.reader_decision, meaning.positive, meaning.negative).value
        agree = (decided == (rows.score >= threshold)).astype(float)
        found[AGREEMENT] = Feature("rate", agree, ~np.isnan(decided))
    return found


def _known(values: NDArray[Any], kind: str) -> BoolArray:
    if kind == "continuous":
        return ~np.isnan(values)
    return np.array([value is not None for value in values.tolist()], dtype=bool)


def frozen(feature: Feature, patient: IntArray) -> FrozenFeature | None:
    """The reference of a feature; None where it has no value at all."""
    if not feature.known.any():
        return None
    values, patients = feature.values[feature.known], len(np.unique(patient[feature.known]))
    if feature.kind == "continuous":
        return freeze_continuous(values.astype(np.float64), patients)
    return freeze_levels(values, patients) if feature.kind == "categorical" else freeze_rate(values, patients)


def numbered(patient: NDArray[Any]) -> IntArray:
    """Patients as numbers, shape (n,)."""
    return cluster_numbers(patient)
