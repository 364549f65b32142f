"""The studies on which reader and device differ, in the order in which a person should look at them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from monitor.logistic import logit
from monitor.records import BoolArray, FloatArray, IntArray, Rows

PSEUDONYM_CHARACTERS = 16
"""Enough of a pseudonym to tell studies apart; `pccp find` makes the same of a study number."""
BEFORE_ALL_DAYS = -(10**9)


@dataclass(frozen=True)
class ReviewCase:
    """One study on which the reader and the device differ; nothing in it identifies a person.

    Attributes:
        study: First characters of the study's pseudonym.
        day: Of the prediction; None in undated logs.
        score: Raw.
        flagged, called_positive: What the device and the reader said.
        outcome: Whether the finding was there; None where that is not known.
    """

    study: str
    day: str | None
    score: float
    flagged: bool
    called_positive: bool
    outcome: bool | None


@dataclass(frozen=True)
class ReviewQueue:
    """The first cases of the queue, and how many there are in all."""

    total: int
    cases: tuple[ReviewCase, ...]


def disagreements(rows: Rows, threshold: float, decision: FloatArray, most: int) -> ReviewQueue:
    """Studies on which reader and device differ: the plainest contradictions first, then the newest.

    The distance is that of the log-odds, on which a miss below a low threshold can be as far as a false
    alarm above it.

    Args:
        rows: Of one place, with or without known outcomes.
        threshold: On the raw score.
        decision: Of the reader, 1 or 0, NaN where there is none, shape (n,).
        most: Cases to list, at least none.

    Raises:
        ValueError: A decision per row is needed, and `most` cannot be below 0.
    """
    if len(decision) != len(rows) or most < 0:
        raise ValueError("one decision per row, and a number of cases from 0 on")
    flagged = rows.score >= threshold
    differ = np.flatnonzero(~np.isnan(decision) & (flagged != (decision == 1)))
    distance = np.abs(logit(rows.score[differ]) - logit(np.array([threshold])))
    order = np.lexsort((rows.study[differ].astype(str), -_days(rows)[differ], -distance))
    cases = tuple(_case(rows, int(at), flagged) for at in differ[order][:most])
    return ReviewQueue(len(differ), cases)


def _case(rows: Rows, at: int, flagged: BoolArray) -> ReviewCase:
    day, outcome, said = rows.day[at], rows.outcome[at], bool(flagged[at])
    return ReviewCase(
        str(rows.study[at])[:PSEUDONYM_CHARACTERS],
        None if np.isnat(day) else str(day),
        float(rows.score[at]),
        said,
        not said,
        None if np.isnan(outcome) else bool(outcome == 1),
    )


def _days(rows: Rows) -> IntArray:
    """Day numbers; a study without a day comes last."""
    days = rows.day.astype("datetime64[D]").astype(np.int64)
    return np.where(np.isnat(rows.day), BEFORE_ALL_DAYS, days)
