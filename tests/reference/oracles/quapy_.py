"""quapy: the expectation-maximisation prevalence of Saerens, run until it moves less than 1e-13."""

from __future__ import annotations

import numpy as np
from quapy.method.aggregative import EMQ
from writing import read_input, write_values

EMQ.MAX_ITER = 100_000
reference, target = read_input("quantification_reference"), read_input("quantification_target")
posterior = np.column_stack([1 - target["score"], target["score"]])
values: dict[str, float] = {}
for label, prevalence in (("observed", float(reference["outcome"].mean())), ("20_percent", 0.2)):
    found, _ = EMQ.EM(np.array([1 - prevalence, prevalence]), posterior, epsilon=1e-13)
    values[f"prevalence.from_{label}"] = found[1]
write_values("quapy", ["quapy", "numpy"], ["quantification_reference", "quantification_target"], values)
