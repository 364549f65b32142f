"""Readers beside the device: each of their words means one thing, and there is something to compare."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.plan.fault import Problem
from monitor.plan.model import ChangePlan
from monitor.plan.rules.rule import PREDICTIONS, Rule

DECISIONS = (*PREDICTIONS, "reader_decisions")


def words(plan: ChangePlan) -> Iterator[Problem]:
    """No word says yes and no, and none is one that the log is read as empty at."""
    log = plan.logs.predictions
    if log.reader_decisions is None:
        return
    positive = [_folded(word) for word in log.reader_decisions.positive]
    for position, word in enumerate(log.reader_decisions.negative):
        if _folded(word) in positive:
            message = "the same word is positive (case and padding make no difference)"
            yield Problem((*DECISIONS, "negative", position), message, "each word on one side", "text")
    for name in ("positive", "negative"):
        for position, word in enumerate(getattr(log.reader_decisions, name)):
            if word.strip() in log.missing:
                message = "logs.predictions.missing takes this word for no value"
                yield Problem((*DECISIONS, name, position), message, "a word that is a value", "text")


def comparable(plan: ChangePlan) -> Iterator[Problem]:
    """A reader is compared with what the device flags, so both must be there."""
    log = plan.logs.predictions
    if log.reader_decisions is None:
        return
    if log.columns.reader_decision is None:
        message, expected = "no column holds what readers decided", "columns.reader_decision beside it"
        yield Problem(DECISIONS, message, expected, "mapping", True)
    if all(finding.operating_point is None for finding in plan.findings):
        message = "no finding has a threshold to compare a reader with"
        yield Problem(DECISIONS, message, "an operating_point in a finding", "mapping", True)


def _folded(word: str) -> str:
    return word.strip().casefold()


RULES = (
    Rule((PREDICTIONS,), words),
    Rule((PREDICTIONS, ("findings",)), comparable),
)
