"""What a feature looked like when its reference was frozen, and how a later value reads against it.

A feature is frozen once as a table: the values met, in order, and how many studies had each. A later value
is coded by that table, so an outlier weighs no more than the largest value of the reference, and the edges
never move again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.records import FloatArray, IntArray

LARGEST_TABLE = 1000
"""Values kept of a continuous feature; more are cut at so many of its quantiles."""
VALUES_AT_A_TIME = 16_384
"""Coded together, so that all that is made of them on the way stays in the processor's cache."""

FeatureKind = Literal["continuous", "categorical", "rate"]


class Cells(NamedTuple):
    """The range of some edges in cells of equal width, by which many values are coded.

    Attributes:
        low, high: The first edge and the last.
        scale: Cells per unit.
        before: Edges in lower cells, of each cell, shape (cells,).
        steps: Powers of two, falling, whose sum is at least the edges of the fullest cell.
        padded: The edges, and beyond them numbers that lie below nothing.
    """

    low: float
    high: float
    scale: float
    before: NDArray[np.int32]
    steps: tuple[int, ...]
    padded: FloatArray

    def edges_below(self, values: FloatArray) -> NDArray[np.int32]:
        """How many edges lie below each value, shape (n,).

        A cell never decreases as values grow, whatever is rounded, so all edges of lower cells lie below.
        Those of the same cell are halved.
        """
        left = self.before.take(_cell(values, self.low, self.high, self.scale))
        for step in self.steps:
            left += np.multiply(self.padded.take(left + (step - 1)) < values, step, dtype=left.dtype)
        return left


def cells_of(edges: FloatArray) -> Cells | None:
    """Four cells for each edge; None where the edges have no width that can be divided.

    Example:
        >>> cells = cells_of(np.array([0.0, 3.0]))
        >>> cells.before.tolist(), cells.steps
        ([0, 1, 1, 1, 1, 1, 1, 1], (1,))
        >>> cells.edges_below(np.array([-1.0, 0.0, 2.0, 3.0, 9.0])).tolist()
        [0, 0, 1, 1, 2]
    """
    low, high, cells = float(edges[0]), float(edges[-1]), 4 * len(edges)
    scale = (cells - 1) / (high - low) if high > low else 0.0
    if not 0.0 < scale < math.inf:
        return None
    held = np.bincount(_cell(edges, low, high, scale), minlength=cells)
    before = np.cumsum(held, dtype=np.int32)
    before -= held
    padded = np.full(3 * len(edges), np.nan)
    padded[: len(edges)] = edges
    steps = tuple(1 << power for power in reversed(range(int(held.max()).bit_length())))
    return Cells(low, high, scale, before, steps, padded)


def _cell(values: FloatArray, low: float, high: float, scale: float) -> NDArray[np.int32]:
    """The cell of each value, shape (n,); one beyond the edges is in the first or the last."""
    found = values.clip(low, high)
    found -= low
    found *= scale
    return found.astype(np.int32)


@dataclass(frozen=True)
class FrozenFeature:
    """The reference of one feature at one place.

    Attributes:
        kind: continuous (numbers), categorical (levels) or rate (0 or 1).
        edges: Values of a continuous feature in ascending order, shape (e,); empty for the others. A number
            has code 2i + 1 where it equals edge i and 2i where it lies below it and above the one before.
        levels: Levels of a categorical feature that the reference had; any other has the last code.
        counts: Studies of the reference with each code, shape (codes,).
        patients: Patients behind them: the size that matters for the reference's own error.
    """

    kind: FeatureKind
    edges: FloatArray
    levels: tuple[str, ...]
    counts: IntArray
    patients: int

    def __post_init__(self) -> None:
        self.edges.flags.writeable = False
        self.counts.flags.writeable = False

    def code(self, values: NDArray[Any]) -> IntArray:
        """Codes of values without missing ones, shape (n,).

        Example:
            >>> feature = freeze_continuous(np.array([1.0, 2.0, 2.0, 4.0]), 4)
            >>> feature.code(np.array([0.5, 2.0, 3.0, 1e6])).tolist()
            [0, 3, 4, 6]
        """
        if self.kind == "continuous":
            found = np.empty(len(values), dtype=np.int64)
            for first in range(0, len(values), VALUES_AT_A_TIME):
                block = slice(first, first + VALUES_AT_A_TIME)
                found[block] = self._code_numbers(values[block])
            return found
        if self.kind == "rate":
            return values.astype(np.int64)
        number = {level: index for index, level in enumerate(self.levels)}
        unseen = repeat(len(self.levels))
        return np.fromiter(map(number.get, values.tolist(), unseen), np.int64, len(values))

    def _code_numbers(self, values: FloatArray) -> IntArray:
        # To search the edges for each value is quicker only where the values are few.
        cells = self._cells if len(values) >= len(self.edges) else None
        left = np.searchsorted(self.edges, values) if cells is None else cells.edges_below(values)
        return 2 * left.astype(np.int64) + (self.edges.take(left, mode="clip") == values)

    @cached_property
    def _cells(self) -> Cells | None:
        return cells_of(self.edges)

    @property
    def shares(self) -> FloatArray:
        """Share of the reference with each code."""
        return self.counts / max(1, int(self.counts.sum()))

    @property
    def mid_ranks(self) -> FloatArray:
        """Of each code the share of the reference below, plus half of its own.

        Example:
            >>> freeze_continuous(np.array([1.0, 2.0, 2.0, 4.0]), 4).mid_ranks.tolist()
            [0.0, 0.125, 0.25, 0.5, 0.75, 0.875, 1.0]
        """
        upto = np.cumsum(self.counts)
        return (upto - self.counts / 2) / max(1, int(upto[-1]))


def freeze_continuous(values: FloatArray, patients: int) -> FrozenFeature:
    """Freeze numbers.

    Args:
        values: Without missing ones, shape (m,), at least one.
        patients: How many patients they come from.

    Raises:
        ValueError: No value.
    """
    if len(values) == 0:
        raise ValueError("a reference needs at least one value")
    edges = np.unique(values)
    if len(edges) > LARGEST_TABLE:
        edges = np.unique(np.quantile(values, np.linspace(0, 1, LARGEST_TABLE), method="inverted_cdf"))
    coded = FrozenFeature("continuous", edges, (), np.zeros(2 * len(edges) + 1, dtype=np.int64), patients)
    counts = np.bincount(coded.code(values), minlength=2 * len(edges) + 1)
    return FrozenFeature("continuous", edges, (), counts, patients)


def freeze_levels(values: NDArray[Any], patients: int) -> FrozenFeature:
    """Freeze levels; `values` without missing ones, shape (m,), at least one.

    Example:
        >>> feature = freeze_levels(np.array(["b", "a", "b"], dtype=object), 3)
        >>> feature.levels, feature.counts.tolist(), feature.code(np.array(["a", "z"], dtype=object)).tolist()
        (('a', 'b'), [1, 2, 0], [0, 2])
    """
    if len(values) == 0:
        raise ValueError("a reference needs at least one value")
    levels, counts = np.unique(values.astype(str), return_counts=True)
    return FrozenFeature(
        "categorical", np.empty(0), tuple(levels.tolist()), np.append(counts, 0).astype(np.int64), patients
    )


def freeze_rate(values: FloatArray, patients: int) -> FrozenFeature:
    """Freeze readings of 0 and 1, shape (m,), at least one.

    Example:
        >>> freeze_rate(np.array([0.0, 1.0, 0.0]), 3).counts.tolist()
        [2, 1]
    """
    if len(values) == 0:
        raise ValueError("a reference needs at least one value")
    ones = int(values.sum())
    return FrozenFeature("rate", np.empty(0), (), np.array([len(values) - ones, ones]), patients)
