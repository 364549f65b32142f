"""NannyML on the benchmark's nights, in an environment of its own: nannyml_nights.py FOLDER.

`UnivariateDriftCalculator` with one night as a chunk and everything else by default; each site is a column.
`calibration_*.npz` hold outcomes and exactly calibrated probabilities for `needs_calibration`.
"""

from __future__ import annotations

import json
import sys
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from nannyml import UnivariateDriftCalculator
from nannyml.calibration import IsotonicCalibrator, needs_calibration

warnings.filterwarnings("ignore")


def drifted(reference: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Which nights raise an alert: shape (sites, nights)."""
    names = [f"site {number}" for number in range(len(values))]
    then, now = (
        pd.DataFrame(dict(zip(names, nights.reshape(len(names), -1), strict=True)))
        for nights in (reference, values)
    )
    calculator = UnivariateDriftCalculator(column_names=names, chunk_size=values.shape[2]).fit(then)
    result = calculator.calculate(now).filter(period="analysis").to_df()
    return np.array([result[name, "jensen_shannon", "alert"].to_numpy(dtype=bool) for name in names])


def main() -> None:
    folder = Path(sys.argv[1])
    names = {}
    for file in sorted(folder.glob("nights_*.npz")):
        names[file.name] = {"default": "default, Jensen-Shannon, 3 SD"}
        drawn = np.load(file)
        np.savez(folder / f"nannyml_{file.name}", default=drifted(drawn["reference"], drawn["values"]))
    for file in sorted(folder.glob("calibration_*.npz")):
        drawn = np.load(file)
        said = [
            needs_calibration(outcome, probability, IsotonicCalibrator())
            for outcome, probability in zip(drawn["outcome"], drawn["probability"], strict=True)
        ]
        np.savez(folder / f"nannyml_{file.name}", needs_calibration=np.array(said, dtype=bool))
    about = {"version": version("nannyml"), "tests": names}
    (folder / "nannyml.json").write_text(json.dumps(about))


if __name__ == "__main__":
    main()
