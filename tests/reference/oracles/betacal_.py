"""betacal: the three-parameter beta map; its solver stops at scikit-learn's default tolerance."""

from __future__ import annotations

from betacal import BetaCalibration
from writing import read_input, write_values

values: dict[str, float] = {}
for name, column in (("patients", "distorted"), ("quantification_reference", "score")):
    data = read_input(name)
    fit = BetaCalibration(parameters="abm").fit(data[column].reshape(-1, 1), data["outcome"])
    for risk in (0.05, 0.15, 0.3, 0.5, 0.7):
        values[f"{name}.at.{risk:g}"] = fit.predict([[risk]])[0]
write_values(
    "betacal", ["betacal", "scikit-learn", "numpy"], ["patients", "quantification_reference"], values
)
