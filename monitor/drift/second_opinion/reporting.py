"""Evidently itself, inside the process of its own: its statistics per column and its page.

Nothing else in the product imports it. It sees numbers and names that `given` made harmless.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from monitor.records import FloatArray

NAMED: Final = MappingProxyType(
    {"continuous": ("psi", "ks", "wasserstein"), "categorical": ("psi", "chisquare", "jensenshannon")}
)
DISPLAYED: Final = MappingProxyType(
    {
        "PSI": "psi",
        "K-S p_value": "ks",
        "chi-square p_value": "chisquare",
        "Z-test p_value": "z",
        "Wasserstein distance (normed)": "wasserstein",
        "Jensen-Shannon distance": "jensenshannon",
    }
)
FAILURES: Final = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)


@dataclass(frozen=True)
class Received:
    """A column as the process received it; `levels` are the names of a categorical one's numbers."""

    name: str
    kind: str
    levels: tuple[str, ...]
    reference: FloatArray
    current: FloatArray


def answer(columns: Sequence[Received], *, page: bool) -> dict[str, Any]:
    """Evidently's statistics, flags and limits per column, the columns that made it fail, and its page.

    One column that it cannot take makes the whole report fail. Then such columns are searched for by halves,
    and the rest is reported.
    """
    from evidently import __version__

    refused: dict[str, str] = {}
    try:
        found = _opinions(columns, page=page)
    except FAILURES as error:
        refused = _refused(columns, type(error).__name__)
        rest = [column for column in columns if column.name not in refused]
        found = _opinions(rest, page=page) if rest else {"columns": {}, "page": ""}
    return {"evidently": __version__, "refused": refused, **found}


def _refused(columns: Sequence[Received], failure: str) -> dict[str, str]:
    """Columns that fail by themselves among those that failed, and the class of their error.

    The error's text is dropped: it could hold values.
    """
    if len(columns) == 1:
        return {columns[0].name: failure}
    half = len(columns) // 2
    found: dict[str, str] = {}
    for part in (columns[:half], columns[half:]):
        try:
            _opinions(part, page=False)
        except FAILURES as error:
            found |= _refused(part, type(error).__name__)
    return found


def _opinions(columns: Sequence[Received], *, page: bool) -> dict[str, Any]:
    from evidently.metrics import ValueDrift
    from evidently.presets import DataDriftPreset

    chosen = _run(columns, [DataDriftPreset()])
    methods = [(column.name, method) for column in columns for method in NAMED[column.kind]]
    named = _run(columns, [ValueDrift(column=name, method=method) for name, method in methods])
    defaults, others = dict(_read(chosen)), list(_read(named))
    statistics = {
        column.name: {
            "default": defaults[column.name],
            "statistics": [found for name, found in others if name == column.name],
        }
        for column in columns
    }
    return {"columns": statistics, "page": chosen.get_html_str(as_iframe=False) if page else None}


def _run(columns: Sequence[Received], metrics: list[Any]) -> Any:
    """Evidently's snapshot; it takes the current window first."""
    import pandas as pd
    from evidently import DataDefinition, Dataset, Report

    definition = DataDefinition(
        numerical_columns=[column.name for column in columns if column.kind == "continuous"],
        categorical_columns=[column.name for column in columns if column.kind == "categorical"],
    )
    frames = [
        pd.DataFrame({column.name: pd.Series(_shown(column, sample)) for column, sample in window})
        for window in (
            [(column, column.current) for column in columns],
            [(column, column.reference) for column in columns],
        )
    ]
    current, reference = (Dataset.from_pandas(frame, data_definition=definition) for frame in frames)
    return Report(metrics, include_tests=True).run(current, reference)


def _shown(column: Received, values: FloatArray) -> Any:
    """Numbers as they are, levels by their names, missing ones as None."""
    if column.kind == "continuous":
        return values
    names = [None if math.isnan(value) else column.levels[int(value)] for value in values.tolist()]
    return np.array(names, dtype=object)


def _read(snapshot: Any) -> Iterable[tuple[str, dict[str, Any]]]:
    """(column, statistic) of each drift metric; a failed test of a metric is Evidently's drift flag."""
    found = snapshot.dict()
    failed = {
        test["bound_test"]["metric_fingerprint"]: str(getattr(test["status"], "value", test["status"]))
        == "FAIL"
        for test in found["tests"]
    }
    for metric in found["metrics"]:
        config = metric["config"]
        if config["type"].endswith(":ValueDrift"):
            value = float(metric["value"])
            yield (
                config["column"],
                {
                    "method": DISPLAYED.get(config["method"], config["method"]),
                    "value": value if math.isfinite(value) else None,
                    "limit": float(config["threshold"]),
                    "flagged": failed[metric["id"]],
                },
            )
