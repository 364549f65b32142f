"""What a threshold does to patients: who is flagged, rightly or not, before and after a change."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import numpy as np

from monitor.performance.proportions import proportion
from monitor.records import BoolArray, Estimate, FloatArray, IntArray, TextArray


def measured(
    flagged: BoolArray, outcome: FloatArray, patient: TextArray, weight: FloatArray | None = None
) -> dict[str, Estimate]:
    """Sensitivity, specificity, predictive values and flagged studies in 100, with intervals by patient.

    Args:
        flagged: Shape (n,).
        outcome: 0 or 1, shape (n,).
        patient: Shape (n,).
        weight: How much each study counts, shape (n,); None when all are alike.

    Example:
        >>> who = np.array(["a", "b", "c", "d"], dtype=object)
        >>> found = measured(np.array([True, True, False, False]), np.array([1.0, 0, 0, 0]), who)
        >>> [round(found[name].value, 2) for name in found]
        [1.0, 0.67, 0.5, 1.0, 50.0]
    """
    positive = outcome == 1
    shares = {
        "sensitivity": (flagged, positive),
        "specificity": (~flagged, ~positive),
        "ppv": (positive, flagged),
        "npv": (~positive, ~flagged),
    }
    found = {
        name: proportion(hit[among], patient[among], weight=None if weight is None else weight[among])
        for name, (hit, among) in shares.items()
    }
    return {**found, "alerts_per_100_studies": alerts_per_100(flagged, patient, weight)}


def reclassified(
    before: BoolArray, after: BoolArray, outcome: FloatArray, patient: TextArray
) -> dict[str, Any]:
    """Studies and patients that a change newly flags (up) and no longer flags (down), by outcome.

    Example:
        >>> who = np.array(["a", "a", "b"], dtype=object)
        >>> moved = reclassified(np.array([False, False, True]), np.array([True, True, True]),
        ...                      np.array([1.0, 1, 0]), who)
        >>> moved["up"]["with_outcome"], moved["down"]["without_outcome"]
        ({'studies': 2, 'patients': 1}, {'studies': 0, 'patients': 0})
    """
    moves = {"up": ~before & after, "down": before & ~after}
    kinds = {"with_outcome": outcome == 1, "without_outcome": outcome == 0}
    return {
        move: {
            name: {"studies": int((moved & kind).sum()), "patients": len(np.unique(patient[moved & kind]))}
            for name, kind in kinds.items()
        }
        for move, moved in moves.items()
    }


def as_records(estimates: dict[str, Estimate]) -> dict[str, Any]:
    """The ledger's form of named estimates."""
    return {name: asdict(estimate) for name, estimate in estimates.items()}


def alerts_per_100(
    flagged: BoolArray,
    patient: TextArray | IntArray,
    weight: FloatArray | None = None,
    level: float = 0.95,
) -> Estimate:
    """Flagged studies in 100, with an exact interval at the effective number of rows.

    Example:
        >>> alerts_per_100(np.array([True, False]), np.array(["a", "b"], dtype=object)).value
        50.0
    """
    share = proportion(flagged, patient, level, weight)
    value, low, high = (
        None if part is None else 100.0 * part for part in (share.value, share.low, share.high)
    )
    return replace(share, value=value, low=low, high=high)
