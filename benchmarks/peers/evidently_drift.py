"""Evidently's drift of every column, site by site: one statistic for numbers and one for levels."""

from __future__ import annotations

import warnings
from pathlib import Path

import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset

warnings.filterwarnings("ignore")
VERSIONS = ("evidently", "pandas", "numpy")


def by_site(file: Path) -> dict[str, pd.DataFrame]:
    frame = pd.read_parquet(file)
    return {site: rows.drop(columns="site") for site, rows in frame.groupby("site")}


def prepare(folder: Path) -> dict[str, object]:
    reference, current = by_site(folder / "reference.parquet"), by_site(folder / "current.parquet")
    some = next(iter(reference.values()))
    numbers = [name for name in some if pd.api.types.is_numeric_dtype(some[name])]
    definition = DataDefinition(
        numerical_columns=numbers, categorical_columns=[name for name in some if name not in numbers]
    )

    def drifted(number: str, level: str) -> float:
        found = 0.0
        for site, now in current.items():
            report = Report([DataDriftPreset(num_method=number, cat_method=level)])
            then, there = (
                Dataset.from_pandas(rows, data_definition=definition) for rows in (reference[site], now)
            )
            found += report.run(there, then).dict()["metrics"][0]["value"]["count"]
        return found

    return {"psi": lambda: drifted("psi", "psi"), "ks": lambda: drifted("ks", "chisquare")}
