"""Evidently's answer as records, each statistic beside our own by its definition."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from monitor.drift.second_opinion.definitions import (
    expected_stability_index,
    frozen_stability_index,
    recomputed,
    shares,
)
from monitor.drift.second_opinion.given import Column
from monitor.drift.second_opinion.records import ColumnOpinion, LeftOut, Sample, SecondOpinion, Statistic
from monitor.records import BoolArray, FloatArray

FAR_SPREADS: Final = 20.0


def opinion_of(
    columns: Sequence[Column], answer: dict[str, Any], left_out: Sequence[LeftOut]
) -> SecondOpinion:
    """The opinion; a column that made Evidently fail joins those left out."""
    refused = [
        LeftOut(column.feature, f"Evidently failed ({answer['refused'][column.name]})")
        for column in columns
        if column.name in answer["refused"]
    ]
    found = [
        _column(column, answer["columns"][column.name])
        for column in columns
        if column.name in answer["columns"]
    ]
    return SecondOpinion(answer["evidently"], tuple(found), (*left_out, *refused))


def _column(column: Column, said: dict[str, Any]) -> ColumnOpinion:
    reference, current = column.usable
    there, here = shares(reference, current, column.kind)
    continuous = column.kind == "continuous"
    return ColumnOpinion(
        feature=column.feature,
        kind=column.kind,
        reference=_sample(column, column.reference),
        current=_sample(column, column.current),
        default=_statistic(column, said["default"]),
        statistics=tuple(_statistic(column, one) for one in said["statistics"]),
        unseen_levels=0 if continuous else int(((there == 0) & (here > 0)).sum()),
        fullest_bin=float(
            ((there * len(reference) + here * len(current)) / (len(reference) + len(current))).max()
        ),
        expected_psi=expected_stability_index(int((there + here > 0).sum()), len(reference), len(current)),
        frozen_psi=_frozen(reference, current) if continuous else None,
    )


def _frozen(reference: FloatArray, current: FloatArray) -> float | None:
    with np.errstate(all="ignore"):
        found = frozen_stability_index(reference, current)
    return found if math.isfinite(found) else None


def _statistic(column: Column, said: dict[str, Any]) -> Statistic:
    ours = recomputed(said["method"], *column.usable, column.kind)
    return Statistic(said["method"], said["value"], ours, said["limit"], said["flagged"])


def _sample(column: Column, values: FloatArray) -> Sample:
    finite = values[np.isfinite(values)]
    extreme = int(_far(column.usable[0], finite).sum()) if column.kind == "continuous" else 0
    return Sample(len(finite), int(np.isnan(values).sum()), int(np.isinf(values).sum()), extreme)


def _far(reference: FloatArray, values: FloatArray) -> BoolArray:
    """True further from the reference's median than 20 widths from its 5th to its 95th percentile."""
    with np.errstate(all="ignore"):
        low, middle, high = np.quantile(reference, [0.05, 0.5, 0.95])
        return (
            np.abs(values - middle) > FAR_SPREADS * (high - low)
            if high > low
            else np.zeros(len(values), bool)
        )
