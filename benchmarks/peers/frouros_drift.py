"""One of frouros' statistics of every number, site by site."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from frouros.detectors.data_drift import EMD, PSI, KSTest

VERSIONS = ("frouros", "numpy")
Columns = dict[tuple[str, str], "np.ndarray[Any, Any]"]


def columns(file: Path) -> Columns:
    """Values without missing ones, by site and feature."""
    frame = pd.read_parquet(file)
    numbers = [name for name in frame if pd.api.types.is_numeric_dtype(frame[name])]
    return {
        (site, name): rows[name].dropna().to_numpy(dtype=np.float64)
        for site, rows in frame.groupby("site")
        for name in numbers
    }


def prepare(folder: Path) -> dict[str, object]:
    reference, current = columns(folder / "reference.parquet"), columns(folder / "current.parquet")

    def compared(detector: Any) -> int:
        for key, values in current.items():
            made = detector()
            made.fit(X=reference[key])
            made.compare(X=values)
        return len(current)

    return {
        "psi": lambda: compared(PSI),
        "ks": lambda: compared(KSTest),
        "w1": lambda: compared(EMD),
    }
