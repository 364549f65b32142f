"""Observed over expected events in one stretch of time after another, for reading; nothing decides by it."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

import numpy as np

from monitor.logistic import expit
from monitor.performance.calibration import observed_expected
from monitor.records import BoolArray, FloatArray, TextArray

LEAST_OBSERVED = 20
"""Events in one stretch: fewer leave an interval wider than from two thirds to one and a half."""
MOST_PERIODS = 12
LEVEL = 0.95


def observed_expected_over_time(
    log_odds: FloatArray,
    outcome: FloatArray,
    patient: TextArray,
    cohort: TextArray,
    starts: Collection[str] = (),
) -> list[dict[str, Any]]:
    """The ratio of observed to expected events by stretches of whole cohorts.

    One is ideal; above one the risks were too low. A stretch holds twenty observed events at least, or a
    twelfth of all where that is more.

    Args:
        log_odds: Calibrated log-odds of each study, shape (n,).
        outcome: 0 or 1, shape (n,).
        patient: Shape (n,); studies of a patient count together in the interval.
        cohort: Sortable text, shape (n,).
        starts: Cohorts at which a new stretch begins, where the one before has its twenty.

    Returns:
        One record per stretch, in time: first and last cohort (`from`, `to`), `n`, `events` of the rarer
        class, `observed` and `expected` studies with the outcome, `value` with its 95 % interval `low` and
        `high`. Empty where fewer than twenty events were observed in all.

    Example:
        Three cohorts of forty studies at even odds, with 10, 10 and 30 events: the first two make one.

        >>> outcome = np.concatenate([np.arange(40) < count for count in (10, 10, 30)]).astype(float)
        >>> cohort = np.repeat(np.array(["2026-01", "2026-02", "2026-03"], dtype=object), 40)
        >>> found = observed_expected_over_time(np.zeros(120), outcome, np.arange(120).astype(object), cohort)
        >>> [(part["from"], part["to"], part["value"]) for part in found]
        [('2026-01', '2026-02', 0.5), ('2026-03', '2026-03', 1.5)]
    """
    names, position = np.unique(cohort.astype(str), return_inverse=True)
    observed: FloatArray = np.zeros(len(names))
    np.add.at(observed, position, outcome)
    last = _last_cohorts(observed, set(np.searchsorted(names, sorted(starts)).tolist()))
    _, who = np.unique(patient.astype(str), return_inverse=True)
    found: list[dict[str, Any]] = []
    begin = 0
    for end in last:
        members = (position >= begin) & (position <= end)
        found.append(
            {"from": str(names[begin]), "to": str(names[end]), **_ratio(log_odds, outcome, who, members)}
        )
        begin = end + 1
    return found


def _last_cohorts(observed: FloatArray, begins: set[int]) -> list[int]:
    """Where each stretch ends; what is left over at the end and too little joins the last."""
    enough = max(LEAST_OBSERVED, math.ceil(float(observed.sum()) / MOST_PERIODS))
    ends: list[int] = []
    held = 0.0
    for position, count in enumerate(observed.tolist()):
        held += count
        closes = position + 1 in begins or position + 1 == len(observed)
        if held >= (LEAST_OBSERVED if closes else enough):
            ends.append(position)
            held = 0.0
    return [*ends[:-1], len(observed) - 1] if ends else []


def _ratio(log_odds: FloatArray, outcome: FloatArray, patient: Any, members: BoolArray) -> dict[str, Any]:
    found = observed_expected(log_odds[members], outcome[members], patient[members], LEVEL)
    return {
        "n": found.n,
        "events": found.events,
        "observed": int(outcome[members].sum()),
        "expected": float(expit(log_odds[members]).sum()),
        **{key: getattr(found, key) for key in ("value", "low", "high")},
    }
