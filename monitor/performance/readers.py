"""The reader beside the device: what readers decided, how that compares, and who was right."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from monitor.performance.reader_shares import Agreement, Alerts, agreement, alerts, told_share
from monitor.records import BoolArray, Estimate, FloatArray, Rows, TextArray


@dataclass(frozen=True)
class Decisions:
    """What readers decided, as the plan reads their words.

    Attributes:
        value: 1 where the finding was called present, 0 absent, NaN where neither is known, shape (n,).
        silent: Studies without any text.
        unknown: Studies with a text that the plan does not list.
    """

    value: FloatArray
    silent: int
    unknown: int


@dataclass(frozen=True)
class AgainstOutcome:
    """Device and reader on the same studies, those with a definite decision and a known outcome.

    Attributes:
        device_sensitivity, reader_sensitivity, device_specificity, reader_specificity: Shares called right.
        differ_with_outcome, differ_without_outcome: Share on which the two differ, by outcome.
        dismissed_rightly: Of the flagged studies the reader called negative, the share without the finding.
        added_rightly: Of the others the reader called positive, the share with the finding.
    """

    device_sensitivity: Estimate
    reader_sensitivity: Estimate
    device_specificity: Estimate
    reader_specificity: Estimate
    differ_with_outcome: Estimate
    differ_without_outcome: Estimate
    dismissed_rightly: Estimate
    added_rightly: Estimate


@dataclass(frozen=True)
class ReaderStatistics:
    """Reader and device over some studies of a place.

    Attributes:
        studies, read: Studies, and those with a definite decision.
        agreement: On the read studies.
        alerts: On all studies, and on those with a known outcome.
        against_outcome: On the read studies with a known outcome.
    """

    studies: int
    read: int
    agreement: Agreement
    alerts: Alerts
    against_outcome: AgainstOutcome


def decisions_from_text(texts: TextArray, positive: Collection[str], negative: Collection[str]) -> Decisions:
    """The readers' words as numbers; case and padding make no difference.

    Args:
        texts: As logged, None where there is none, shape (n,).
        positive, negative: The plan's `reader_decisions`.

    Example:
        >>> texts = np.array([" Yes", "no", "see report", None], dtype=object)
        >>> found = decisions_from_text(texts, ["yes"], ["no"])
        >>> found.value.tolist(), found.silent, found.unknown
        ([1.0, 0.0, nan, nan], 1, 1)
    """
    meaning = {_folded(word): 1.0 for word in positive} | {_folded(word): 0.0 for word in negative}
    value = np.array([math.nan if text is None else meaning.get(_folded(text), math.nan) for text in texts])
    silent = sum(text is None for text in texts)
    return Decisions(value.astype(np.float64), silent, int(np.isnan(value).sum()) - silent)


def reader_statistics(rows: Rows, threshold: float, decision: FloatArray, least: int) -> ReaderStatistics:
    """Everything that compares the readers of some studies with the device.

    Args:
        rows: Of one place, with or without known outcomes.
        threshold: On the raw score; the device flags from there on.
        decision: Of the reader, 1 or 0, NaN where there is none, shape (n,).
        least: Fewest studies of which a share is told.

    Raises:
        ValueError: There is not one decision per row.
    """
    if len(decision) != len(rows):
        raise ValueError("one decision per row is needed")
    flagged = rows.score >= threshold
    return ReaderStatistics(
        len(rows),
        int((~np.isnan(decision)).sum()),
        agreement(flagged, decision, rows.patient, least),
        alerts(flagged, rows.outcome, rows.patient, least),
        against_outcome(flagged, decision, rows.outcome, rows.patient, least),
    )


def against_outcome(
    flagged: BoolArray, decision: FloatArray, outcome: FloatArray, patient: TextArray, least: int
) -> AgainstOutcome:
    """Who was right, where it is known.

    A reader who sees the score is no second opinion on it, and one who also makes the outcome is always
    right: the plan's reference standard says which of the two these figures are.

    Args:
        flagged: By the device, shape (n,).
        decision, outcome: 1 or 0, NaN where unknown, shape (n,).
        patient: Shape (n,).
        least: Fewest studies of which a share is told.

    Example:
        The device finds one of two, the reader both.

        >>> who = np.array(["a", "b", "c"], dtype=object)
        >>> both, all_three = np.array([1.0, 1.0, 0.0]), np.array([True, False, False])
        >>> found = against_outcome(all_three, both, both, who, least=1)
        >>> found.device_sensitivity.value, found.reader_sensitivity.value, found.added_rightly.value
        (0.5, 1.0, 1.0)
    """
    told = ~np.isnan(decision) & ~np.isnan(outcome)
    flagged, called, ill, who = flagged[told], decision[told] == 1, outcome[told] == 1, patient[told]
    among = {
        "with the finding": ill,
        "without the finding": ~ill,
        "flagged and called negative": flagged & ~called,
        "not flagged and called positive": ~flagged & called,
    }

    def share(hit: BoolArray, group: str) -> Estimate:
        rows = among[group]
        return told_share(hit[rows], who[rows], f"read studies with a known outcome, {group}", least)

    return AgainstOutcome(
        share(flagged, "with the finding"),
        share(called, "with the finding"),
        share(~flagged, "without the finding"),
        share(~called, "without the finding"),
        share(flagged != called, "with the finding"),
        share(flagged != called, "without the finding"),
        share(~ill, "flagged and called negative"),
        share(ill, "not flagged and called positive"),
    )


def _folded(text: str) -> str:
    """A text without what does not count: case and padding."""
    return text.strip().casefold()
