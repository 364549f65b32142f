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

FeatureKind = Literal["continuous", "categorical", "rate"]


class Cells(NamedTuple):
    """The range of some edges in cells of equal width.

    Attributes:
        low, high: The first edge and the last.
        scale: Cells per unit.
        before: Edges in lower cells, of each cell, shape (cells,).
        steps: Powers of two, falling, whose sum is at least the edges of the fullest cell.
    """

    low: float
    high: float
    scale: float
    before: IntArray
    steps: tuple[int, ...]

    def of(self, values: FloatArray) -> IntArray:
        """The cell of each value, shape (n,); one beyond the edges is in the first or the last."""
        return ((values.clip(self.low, self.high) - self.low) * self.scale).astype(np.int64)


def cells_of(edges: FloatArray) -> Cells | None:
    """Four cells for each edge; None where the edges have no width that can be divided.

    Example:
        >>> cells = cells_of(np.array([0.0, 3.0]))
        >>> cells.before.tolist(), cells.of(np.array([-1.0, 2.0, 9.0])).tolist(), cells.steps
        ([0, 1, 1, 1, 1, 1, 1, 1], [0, 4, 7], (1,))
    """
    low, high, cells = float(edges[0]), float(edges[-1]), 4 * len(edges)
    scale = (cells - 1) / (high - low) if high > low else 0.0
    if not 0.0 < scale < math.inf:
        return None
    made = Cells(low, high, scale, np.empty(0, dtype=np.int64), ())
    held = np.bincount(made.of(edges), minlength=cells)
    steps = tuple(1 << power for power in reversed(range(int(held.max()).bit_length())))
    return made._replace(before=np.cumsum(held) - held, steps=steps)


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
            left = self._edges_below(values)
            return 2 * left + (self._padded.take(left) == values)
        if self.kind == "rate":
            return values.astype(np.int64)
        number = {level: index for index, level in enumerate(self.levels)}
        unseen = repeat(len(self.levels))
        return np.fromiter(map(number.get, values.tolist(), unseen), np.int64, len(values))

    def _edges_below(self, values: FloatArray) -> IntArray:
        """How many edges lie below each value, shape (n,).

        Cells of equal width tell most of it: a cell never decreases as values grow, whatever is rounded, so
        all edges of lower cells lie below, and those of the same cell are halved.
        """
        if len(values) < len(self.edges) or (cells := self._cells) is None:
            return np.searchsorted(self.edges, values, side="left")
        left = cells.before.take(cells.of(values))
        for step in cells.steps:
            left += step * (self._padded.take(left + (step - 1)) < values)
        return left

    @cached_property
    def _cells(self) -> Cells | None:
        return cells_of(self.edges)

    @cached_property
    def _padded(self) -> FloatArray:
        """The edges, and numbers that nothing equals and nothing exceeds beyond them."""
        return np.append(self.edges, np.full(2 * len(self.edges), np.nan))

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
        return (np.cumsum(self.counts) - self.counts / 2) / max(1, int(self.counts.sum()))


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
