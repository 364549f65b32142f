"""scikit-learn: scoring rules, area under the curve, isotonic regression with ties, equal-mass bins."""

from __future__ import annotations

import numpy as np
from sklearn.calibration import calibration_curve
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score
from writing import read_input, write_values

values: dict[str, float] = {}
for name, columns in (("patients", ("calibrated", "distorted", "rival")), ("tied", ("score",))):
    data = read_input(name)
    for column in columns:
        values[f"{name}.{column}.log_loss"] = log_loss(data["outcome"], data[column])
        values[f"{name}.{column}.brier"] = brier_score_loss(data["outcome"], data[column])
        values[f"{name}.{column}.auc"] = roc_auc_score(data["outcome"], data[column])

data = read_input("patients")
for column in ("calibrated", "distorted"):
    observed, predicted = calibration_curve(data["outcome"], data[column], n_bins=10, strategy="quantile")
    for i, (p, o) in enumerate(zip(predicted, observed, strict=True)):
        values[f"{column}.bin_{i}.predicted"] = p
        values[f"{column}.bin_{i}.observed"] = o
    # Six hundred distinct risks make ten bins of sixty, so the mass of every bin is one tenth.
    values[f"{column}.ece"] = np.mean(np.abs(observed - predicted))

tied = read_input("tied")
observed, predicted = calibration_curve(tied["outcome"], tied["score"], n_bins=10, strategy="quantile")
for i, (p, o) in enumerate(zip(predicted, observed, strict=True)):
    values[f"tied.bin_{i}.predicted"] = p
    values[f"tied.bin_{i}.observed"] = o
fit = IsotonicRegression(out_of_bounds="clip").fit(tied["score"], tied["outcome"])
for score in np.unique(tied["score"]):
    values[f"isotonic.tied.{score:g}"] = fit.predict([score])[0]
write_values("sklearn", ["scikit-learn", "numpy"], ["patients", "tied"], values)
