"""Evidently on the benchmark's nights, in an environment of its own: evidently_nights.py FOLDER.

For every nights_*.npz of the folder each night is judged by the test that Evidently itself chooses, and by
its population stability index at its own limit. The first nights also go through the whole report with
`DataDriftPreset()` and no arguments; its statistic must be that of the test, whose call alone is what a
year of nights can afford.
"""

from __future__ import annotations

import json
import sys
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.legacy.calculations.stattests import get_stattest
from evidently.legacy.core import ColumnType
from evidently.presets import DataDriftPreset

warnings.filterwarnings("ignore")
REPORTED_NIGHTS = 2
COLUMN, NUMBER = "value", ColumnType.Numerical
TESTS = {"default": None, "chosen": "psi"}


def judged(reference: pd.Series, current: pd.Series, test: str | None) -> tuple[str, float, bool]:
    """Name of the test and its limit, its statistic, and whether it says drift."""
    chosen = get_stattest(reference, current, NUMBER, test)
    result = chosen(reference, current, NUMBER, None)
    name = f"{chosen.display_name}, {result.actual_threshold:g}"
    return name, float(result.drift_score), bool(result.drifted)


def reported(reference: pd.Series, current: pd.Series) -> float:
    """The column's statistic in the report that the preset makes."""
    definition = DataDefinition(numerical_columns=[COLUMN])
    then, now = (
        Dataset.from_pandas(pd.DataFrame({COLUMN: values}), data_definition=definition)
        for values in (reference, current)
    )
    metrics = Report([DataDriftPreset()]).run(now, then).dict()["metrics"]
    return float(
        next(metric["value"] for metric in metrics if metric["metric_name"].startswith("ValueDrift"))
    )


def drifted(references: np.ndarray, values: np.ndarray, test: str | None) -> tuple[str, np.ndarray]:
    """Name of the test, and which nights drifted: shape (sites, nights)."""
    found, name = np.zeros(values.shape[:2], dtype=bool), ""
    for site, (rows, nights) in enumerate(zip(references, values, strict=True)):
        reference = pd.Series(rows.ravel())
        for night, now in enumerate(nights):
            name, statistic, found[site, night] = judged(reference, pd.Series(now), test)
            if test is None and site == 0 and night < REPORTED_NIGHTS:
                same = np.isclose(statistic, reported(reference, pd.Series(now)))
                if not same:
                    raise SystemExit("the report and the test disagree")
    return name, found


def main() -> None:
    folder, names = Path(sys.argv[1]), {}
    for file in sorted(folder.glob("nights_*.npz")):
        drawn, found = np.load(file), {}
        names[file.name] = {}
        for rule, test in TESTS.items():
            name, found[rule] = drifted(drawn["reference"], drawn["values"], test)
            names[file.name][rule] = f"{rule}, {name}"
        np.savez(folder / f"evidently_{file.name}", **found)
    about = {"version": version("evidently"), "tests": names}
    (folder / "evidently.json").write_text(json.dumps(about))


if __name__ == "__main__":
    main()
