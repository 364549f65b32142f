"""NannyML's univariate drift, site by site: the last fifth as one chunk, the reference in four."""

from __future__ import annotations

import warnings
from pathlib import Path

import pandas as pd
from nannyml import UnivariateDriftCalculator
from nannyml.chunk import SizeBasedChunker

warnings.filterwarnings("ignore")
VERSIONS = ("nannyml", "pandas", "numpy")


def by_site(file: Path) -> dict[str, pd.DataFrame]:
    frame = pd.read_parquet(file)
    return {site: rows.drop(columns="site").reset_index(drop=True) for site, rows in frame.groupby("site")}


def prepare(folder: Path) -> dict[str, object]:
    reference, current = by_site(folder / "reference.parquet"), by_site(folder / "current.parquet")

    def univariate() -> int:
        alerts = 0
        for site, now in current.items():
            calculator = UnivariateDriftCalculator(
                column_names=list(now.columns),
                continuous_methods=["kolmogorov_smirnov", "jensen_shannon", "wasserstein"],
                categorical_methods=["chi2", "jensen_shannon"],
                chunker=SizeBasedChunker(len(now), incomplete="append"),
            )
            result = calculator.fit(reference[site]).calculate(now)
            found = result.filter(period="analysis").to_df()
            alerts += int(found.loc[:, (slice(None), slice(None), "alert")].to_numpy(dtype=bool).sum())
        return alerts

    return {"univariate": univariate}
