"""The envelope: how far a candidate moves probabilities and alerts, against what the plan tolerates."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from monitor.logistic import expit
from monitor.plan.model import Guardrails
from monitor.records import BoolArray, FloatArray
from monitor.validation.evidence import Evidence


@dataclass(frozen=True)
class Envelope:
    """What a candidate does to the validation scores.

    Attributes:
        slope: Of the calibrated log-odds over the raw score's, from the lowest score to the highest.
        probability_change: Largest absolute difference from the original's probability.
        alert_change: Change of the number of alerts as a share of those before; None without a threshold.
        violations: What lies outside the plan's guardrails, one sentence each.
    """

    slope: float | None
    probability_change: float
    alert_change: float | None
    violations: tuple[str, ...]

    def as_record(self) -> dict[str, Any]:
        """The ledger's form."""
        return {**asdict(self), "violations": list(self.violations)}


def envelope(
    rails: Guardrails, evidence: Evidence, score_log_odds: FloatArray, flagged_before: BoolArray | None
) -> Envelope:
    """Hold a candidate against the plan's guardrails.

    Args:
        rails: Of the plan.
        evidence: Validation rows, at least one.
        score_log_odds: logit of the raw score, shape (n,).
        flagged_before: Alerts of the calibrator in use, shape (n,); None without an operating point.

    Returns:
        The envelope; where a guardrail cannot be checked it counts as violated.
    """
    low, high = int(np.argmin(score_log_odds)), int(np.argmax(score_log_odds))
    span = float(score_log_odds[high] - score_log_odds[low])
    slope = float(evidence.candidate[high] - evidence.candidate[low]) / span if span > 0 else None
    change = float(np.max(np.abs(expit(evidence.candidate) - expit(evidence.original))))
    alerts = _alert_change(flagged_before, evidence)
    return Envelope(slope, change, alerts, tuple(_violations(rails, slope, change, alerts)))


def _alert_change(before: BoolArray | None, evidence: Evidence) -> float | None:
    if before is None or evidence.flagged is None or not before.any():
        return None
    was, now = (float(evidence.weights @ flagged) for flagged in (before, evidence.flagged))
    return (now - was) / was


def _violations(rails: Guardrails, slope: float | None, change: float, alerts: float | None) -> list[str]:
    found: list[str] = []
    if rails.slope and (slope is None or not rails.slope[0] <= slope <= rails.slope[1]):
        said = "cannot be computed" if slope is None else f"is {slope:.3f}"
        found.append(f"the slope {said}, allowed is {rails.slope[0]:g} to {rails.slope[1]:g}")
    most = rails.maximum_probability_change
    if most is not None and change > most:
        found.append(f"a probability changes by {change:.3f}, allowed is {most:g}")
    most = rails.maximum_alert_change
    if most is not None and (alerts is None or abs(alerts) > most):
        said = "cannot be computed" if alerts is None else f"is {alerts:+.1%}"
        found.append(f"the change of alerts {said}, allowed is {most:.0%}")
    return [f"outside the plan's guardrails: {text}" for text in found]
