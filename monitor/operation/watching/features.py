"""The values that streams read from predictions: one array per feature, and which of them are there."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.drift import (
    FeatureKind,
    FrozenFeature,
    count_patients,
    freeze_continuous,
    freeze_levels,
    freeze_rate,
)
from monitor.logistic import cluster_numbers
from monitor.operation.watching.specs import AGREEMENT, ALERTS, MISSING, SCORE
from monitor.plan import ChangePlan
from monitor.plan.device import Finding
from monitor.records import BoolArray, Categories, FloatArray, IntArray, TextArray, Unread


class Feature(NamedTuple):
    """One feature of some rows.

    Attributes:
        kind: How it is frozen.
        values: Numbers, or the places of texts among the levels, shape (n,).
        known: Where there is one, shape (n,).
        levels: Of a categorical feature.
    """

    kind: FeatureKind
    values: NDArray[Any]
    known: BoolArray
    levels: tuple[str, ...] = ()

    def there(self) -> NDArray[Any]:
        """The values of the rows that have one."""
        return self.values if self.known.all() else self.values[self.known]

    def texts(self) -> TextArray:
        """The levels as texts."""
        return np.array(self.levels, dtype=object)


def features_of(
    plan: ChangePlan, finding: Finding, rows: Unread, threshold: float | None
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
    for name, values in rows.features.items():
        found[name] = _declared(values)
        found[MISSING + name] = Feature("rate", ~found[name].known, everywhere)
    if finding.operating_point is not None:
        found[ALERTS] = Feature("rate", rows.score >= finding.operating_point.threshold, everywhere)
    meaning, said = plan.logs.predictions.reader_decisions, rows.reader_decision
    if meaning is not None and said is not None and threshold is not None:
        from monitor.performance.readers import decisions_from_text  # few plans read what readers decided

        words = np.array([*said.levels, None], dtype=object)
        decided = decisions_from_text(words, meaning.positive, meaning.negative).value[said.number]
        found[AGREEMENT] = Feature("rate", decided == (rows.score >= threshold), ~np.isnan(decided))
    return found


def _declared(values: FloatArray | Categories) -> Feature:
    if isinstance(values, Categories):
        return Feature("categorical", values.number, values.number >= 0, values.levels)
    return Feature("continuous", values, ~np.isnan(values))


def frozen(feature: Feature, patient: IntArray) -> FrozenFeature | None:
    """The reference of a feature; None where it has no value at all."""
    if not feature.known.any():
        return None
    values, patients = feature.there(), count_patients(patient[feature.known])
    if feature.kind == "continuous":
        return freeze_continuous(values, patients)
    if feature.kind == "categorical":
        return freeze_levels(feature.texts()[values], patients)
    return freeze_rate(values, patients)


def numbered(patient: NDArray[Any]) -> IntArray:
    """Patients as numbers, shape (n,)."""
    return cluster_numbers(patient)
