"""The prevalence of scores without outcomes, on the inputs."""

from __future__ import annotations

from monitor.drift.prevalence_estimators import maximum_likelihood_prevalence
from tests.reference.agreement import Metric, columns


def metrics() -> list[Metric]:
    """Every comparison of this module."""
    reference, target = columns("quantification_reference"), columns("quantification_target")
    starts = {"observed": float(reference["outcome"].mean()), "20_percent": 0.2}
    found = {
        f"prevalence.from_{name}": maximum_likelihood_prevalence(target["score"], start) or 0.0
        for name, start in starts.items()
    }
    return [Metric("prevalence without outcomes (EMQ)", "quapy", 1e-9, found)]
