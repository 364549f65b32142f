"""What a feature looked like when its reference was frozen, and how a later value reads against it.

A feature is frozen once as a table: the values met, in order, and how many studies had each. A later value
is coded by that table, so an outlier weighs no more than the largest value of the reference, and the edges
never move again.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import repeat
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from monitor.records import FloatArray, IntArray

LARGEST_TABLE = 1000
"""Values kept of a continuous feature; more are cut at so many of its quantiles."""

FeatureKind = Literal["continuous", "categorical", "rate"]


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
            left = np.searchsorted(self.edges, values, side="left")
            return 2 * left + (self.edges.take(left, mode="clip") == values)
        if self.kind == "rate":
            return values.astype(np.int64)
        number = {level: index for index, level in enumerate(self.levels)}
        unseen = repeat(len(self.levels))
        return np.fromiter(map(number.get, values.tolist(), unseen), np.int64, len(values))

    def count(self, values: NDArray[Any]) -> IntArray:
        """How many of the values have each code, shape (codes,).

        Example:
            >>> feature = freeze_continuous(np.array([1.0, 2.0, 2.0, 4.0]), 4)
            >>> feature.count(np.array([0.5, 2.0, 3.0, 1e6])).tolist()
            [1, 0, 0, 1, 1, 0, 1]
        """
        if self.kind == "rate":
            ones = int(np.count_nonzero(values))
            return np.array([len(values) - ones, ones])
        if self.kind != "continuous":
            return np.bincount(self.code(values), minlength=len(self.counts))
        # To sort the values and look up the edges is cheaper than to search the edges for each value.
        ordered, found = np.sort(values), np.empty(len(self.counts), dtype=np.int64)
        low = np.searchsorted(ordered, self.edges, side="left")
        high = np.searchsorted(ordered, self.edges, side="right")
        found[1::2] = high - low
        found[0:-1:2], found[-1] = low, len(ordered)
        found[2::2] -= high
        return found

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
