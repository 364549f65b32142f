"""calzone-tool: expected calibration error and Cox recalibration."""

from __future__ import annotations

import warnings

import numpy as np
from calzone.metrics import calculate_ece_mce, cox_regression_analysis
from calzone.utils import reliability_diagram
from writing import read_input, write_values

warnings.simplefilter("ignore")
values: dict[str, float] = {}
data = read_input("patients")
for column in ("calibrated", "distorted"):
    risk = np.column_stack([1 - data[column], data[column]])
    outcome = data["outcome"].astype(int)
    observed, predicted, _, counts = reliability_diagram(
        outcome, risk, num_bins=10, class_to_plot=1, is_equal_freq=True
    )
    values[f"{column}.ece"] = calculate_ece_mce(observed, predicted, counts)[0]
    slope, intercept, _, _ = cox_regression_analysis(outcome.copy(), risk, tol=1e-12)
    values[f"{column}.slope"], values[f"{column}.joint_intercept"] = slope, intercept
write_values("calzone", ["calzone-tool", "statsmodels", "numpy"], ["patients"], values)
