"""A cross check and the parts of the plan it reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from monitor.plan.fault import Key, Problem
from monitor.plan.model import ChangePlan

PREDICTIONS: Key = ("logs", "predictions")
OUTCOMES: Key = ("logs", "outcomes")
COVARIATES: Key = ("logs", "covariates")
MONITORING: Key = ("monitoring",)
DATA: Key = ("modification_protocol", "data_management")
EVALUATION: Key = ("modification_protocol", "performance_evaluation")
RETRAINING: Key = ("modification_protocol", "retraining")
MODIFICATIONS: Key = ("description_of_modifications",)


class Rule(NamedTuple):
    """A cross check; it runs when every part it needs is free of other faults."""

    needs: tuple[Key, ...]
    check: Callable[[ChangePlan], Iterable[Problem]]


def repeated(items: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Position of each item that occurred before, and of its first occurrence.

    Example:
        >>> list(repeated(["a", "b", "a"]))
        [(2, 0)]
    """
    first: dict[str, int] = {}
    for position, item in enumerate(items):
        if first.setdefault(item, position) != position:
            yield position, first[item]
