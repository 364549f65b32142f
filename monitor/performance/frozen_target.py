"""The raw threshold that keeps what the plan freezes, moved no further than the studies call for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from monitor.performance.thresholds import (
    LEAST_FLAGGED,
    alert_rate_threshold,
    least_positives,
    order_statistic,
    predictive_value_threshold,
    sensitivity_threshold,
)
from monitor.records import FloatArray, IntArray, TextArray

Frozen = Literal["sensitivity", "ppv", "alert_rate", "raw_threshold"]


@dataclass(frozen=True)
class Target:
    """What a change must not move, and the threshold in use.

    Attributes:
        frozen: Which quantity.
        kept: Least sensitivity or predictive value, or the share of studies to be flagged; None when
            the raw threshold itself is frozen.
        error: Probability with which a sensitivity or predictive value may be missed.
        previous: Raw threshold in use.
    """

    frozen: Frozen
    kept: float | None
    error: float
    previous: float


@dataclass(frozen=True)
class Threshold:
    """The raw threshold that keeps the target, and why.

    Attributes:
        status: "moved", "kept" (nothing contradicts it) or "insufficient" (kept, and nothing shows it).
        n: Studies used, one per patient.
        events: Of the rarer class among them.
    """

    raw: float
    status: Literal["moved", "kept", "insufficient"]
    method: str
    reason: str
    n: int
    events: int


def keep_target(target: Target, score: FloatArray, outcome: FloatArray, patient: TextArray) -> Threshold:
    """The threshold that keeps a plan's target, moved no further than these studies call for.

    A threshold that is already shown to keep a sensitivity or predictive value stays where it is. Too few
    studies leave it there too, and say so.

    Args:
        target: From the plan and the threshold in use.
        score: Raw scores of the fitting window, shape (n,), in the order of time.
        outcome: 0 or 1, shape (n,).
        patient: Shape (n,); the first study of each is used, for a sensitivity the first positive one.

    Returns:
        The threshold and what it rests on.

    Example:
        With nothing but the threshold frozen, nothing moves.

        >>> target = Target("raw_threshold", None, 0.05, 0.23)
        >>> who = np.array(["a", "b"], dtype=object)
        >>> keep_target(target, np.array([0.1, 0.9]), np.array([0.0, 1.0]), who).raw
        0.23
    """
    if target.frozen == "raw_threshold" or target.kept is None:
        reason = "the plan freezes the raw threshold"
        return Threshold(target.previous, "kept", "none", reason, *_counts(outcome))
    use = _KEEP[target.frozen]
    rows = np.flatnonzero(outcome == 1) if target.frozen == "sensitivity" else np.arange(len(outcome))
    first = rows[_first_of_patient(patient[rows])]
    return use(target, target.kept, score[first], outcome[first])


def _sensitivity(target: Target, floor: float, score: FloatArray, outcome: FloatArray) -> Threshold:
    n = int(outcome.sum())
    k = order_statistic(n, floor, target.error)
    shown = sensitivity_threshold(score, floor, target.error)
    method = "order statistic of the positive scores, exact"
    if shown is None:
        needed = least_positives(floor, target.error)
        reason = f"{n} patients with the outcome, {needed} are needed to show a sensitivity of {floor:g}"
        return Threshold(target.previous, "insufficient", method, reason, n, n)
    where = f"a sensitivity of {floor:g} is shown up to the {ordinal(k or 0)} smallest of {n} positive scores"
    if target.previous <= shown:
        return Threshold(
            target.previous, "kept", method, f"{where}; the threshold in use lies below it", n, n
        )
    return Threshold(shown, "moved", method, f"{where}; the threshold in use lies above it", n, n)


def _predictive_value(target: Target, floor: float, score: FloatArray, outcome: FloatArray) -> Threshold:
    shown = predictive_value_threshold(score, outcome, floor, target.error)
    method = "fixed sequence of exact binomial tests, strict to loose"
    counts = _counts(outcome)
    if shown is None:
        reason = f"no threshold with {LEAST_FLAGGED} flagged patients or more shows more than {floor:g}"
        return Threshold(target.previous, "insufficient", method, reason, *counts)
    where = f"a predictive value above {floor:g} is shown down to a raw score of {shown:.4f}"
    if target.previous < shown:
        reason = f"{where}; the threshold in use lies below it"
        return Threshold(shown, "moved", method, reason, *counts)
    if (score >= target.previous).sum() < LEAST_FLAGGED:
        reason = f"fewer than {LEAST_FLAGGED} patients are flagged at the threshold in use"
        return Threshold(target.previous, "insufficient", method, reason, *counts)
    reason = f"{where}; the threshold in use lies above it"
    return Threshold(target.previous, "kept", method, reason, *counts)


def _alert_rate(target: Target, rate: float, score: FloatArray, outcome: FloatArray) -> Threshold:
    found, method = alert_rate_threshold(score, rate), "quantile of the raw scores"
    if found is None:
        reason = f"the highest score alone flags more than {100 * rate:g} in 100 studies"
        return Threshold(target.previous, "insufficient", method, reason, *_counts(outcome))
    reason = f"the loosest threshold that flags at most {100 * rate:g} in 100 patients"
    return Threshold(found, "moved", method, reason, *_counts(outcome))


_KEEP = {"sensitivity": _sensitivity, "ppv": _predictive_value, "alert_rate": _alert_rate}


def ordinal(number: int) -> str:
    """The number with its ending.

    Example:
        >>> ordinal(1), ordinal(2), ordinal(13), ordinal(23)
        ('1st', '2nd', '13th', '23rd')
    """
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


def _first_of_patient(patient: TextArray) -> IntArray:
    """Positions of each patient's first row, in the order of the rows."""
    _, first = np.unique(patient, return_index=True)
    return np.sort(first)


def _counts(outcome: FloatArray) -> tuple[int, int]:
    positives = int(outcome.sum())
    return len(outcome), min(positives, len(outcome) - positives)
