"""Where the work of a night's sites is done: in this process, or wherever a caller's map takes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Spread(Protocol):
    """Applies a pure function of a module to each item; results come in the order of the items.

    Function, items and results can be pickled. Nothing is written meanwhile but by the process that asks,
    so where and how often an item was worked on changes no result.
    """

    def __call__(self, work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]: ...


def here(work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """One after another, in this process."""
    return [work(item) for item in items]
