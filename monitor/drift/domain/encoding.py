"""Covariates as columns of a linear classifier, made without knowing which sample a study belongs to.

Everything is computed on both samples together. A relabelling of patients then leaves the columns as they
are, which makes the permutation test exact, and fits can share their sums. Ranks instead of raw values:
one absurd value cannot hide a shift.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Literal, NamedTuple

import numpy as np

from monitor.drift.domain.records import Values
from monitor.records import BoolArray, FloatArray, IntArray, TextArray

Part = Literal["location", "spread", "value", "missing", "level", "pair"]
Pairs = Literal["all", "continuous", "none"]

RAREST_LEVEL = 0.01
FEWEST_ROWS_OF_A_LEVEL = 5
MOST_LEVELS = 30
MOST_VALUES = 12
"""A continuous covariate with at most so many values, as slice thickness has, gets a column for each too."""
MOST_PAIRS = 400
SECOND_WEIGHT = 0.5
"""Of what is said of a covariate beside its location."""
SMALLEST_DEVIATION = 1e-9


class Column(NamedTuple):
    """One column, the covariates it is made of (twice the same unless a pair) and what it says."""

    owners: tuple[int, int]
    part: Part
    values: FloatArray


@dataclass(frozen=True)
class Design:
    """Columns with mean zero, each scaled to its weight.

    Attributes:
        columns: Shape (n, k); k may be zero.
        owners: Index of the covariates behind each column, shape (k, 2).
        parts: What each column says of them, length k.
        pairs: Which products are among the columns.
    """

    columns: FloatArray
    owners: IntArray
    parts: tuple[Part, ...]
    pairs: Pairs

    def only(self, covariate: int) -> BoolArray:
        """Columns made of this covariate alone, shape (k,)."""
        return (self.owners == covariate).all(axis=1)

    def without(self, covariate: int) -> BoolArray:
        """Columns that this covariate has no part in, shape (k,)."""
        return (self.owners != covariate).all(axis=1)


def encode(covariates: Mapping[str, Values], smaller: int) -> Design:
    """Columns of all covariates, and of pairs where they are not too many.

    A pair's product sees what no covariate shows alone: that two of them move together otherwise than
    before. All products together weigh as much as the covariates themselves.

    Args:
        covariates: Of both samples together, each of shape (n,).
        smaller: Patients of the smaller sample; a level with fewer rows than 1 % of them joins "other".

    Returns:
        The design. A column that does not vary is left out.

    Example:
        Two values and a gap make a location, a spread and a missing column.

        >>> encode({"x": np.array([1.0, 2.0, np.nan])}, 1).columns.shape
        (3, 3)
    """
    single = varying(
        [
            column
            for place, values in enumerate(covariates.values())
            for column in columns_of(place, values, smaller)
        ]
    )
    pairs, paired = pair_columns(single)
    kept = single + varying(paired)
    matrix = np.empty((len(next(iter(covariates.values()), ())), len(kept)))
    main = sum(column.part in ("location", "level") for column in single)
    for at, column in enumerate(kept):
        matrix[:, at] = column.values * weight_of(column.part, main, len(kept) - len(single))
    owners = np.array([column.owners for column in kept], dtype=np.int64).reshape(len(kept), 2)
    return Design(matrix, owners, tuple(column.part for column in kept), pairs)


def columns_of(place: int, values: Values, smaller: int) -> list[Column]:
    """The columns of one covariate before they are standardised."""
    if values.dtype.kind == "O":
        indicators = level_indicators(values, smaller)
        return [Column((place, place), "level", held.astype(float)) for _, held in indicators]
    scores = normal_scores(values.astype(np.float64))
    missing = np.isnan(scores)
    location = np.where(missing, 0.0, scores)
    shape: list[tuple[Part, FloatArray]] = [
        ("location", location),
        ("spread", location**2),
        ("missing", 1.0 * missing),
    ]
    columns = [Column((place, place), part, column) for part, column in shape]
    distinct = np.unique(scores[~missing])
    if 2 < len(distinct) <= MOST_VALUES:
        columns += [Column((place, place), "value", 1.0 * (scores == value)) for value in distinct]
    return columns


def normal_scores(values: FloatArray) -> FloatArray:
    """Van der Waerden's scores: normal quantile of each value's mid-rank among the known; NaN stays NaN.

    Example:
        >>> normal_scores(np.array([5.0, np.nan, 7.0, 1e6])).round(3).tolist()
        [-0.967, nan, 0.0, 0.967]
    """
    from scipy.special import ndtri

    known = np.sort(values[~np.isnan(values)])
    twice = np.searchsorted(known, values, "left") + np.searchsorted(known, values, "right")
    scores = np.full(len(values), np.nan)
    usable = ~np.isnan(values)
    scores[usable] = ndtri(twice[usable] / (2 * len(known)))
    return scores


def level_indicators(values: TextArray, smaller: int) -> list[tuple[str, BoolArray]]:
    """Where each level of a categorical covariate is held; rare ones as "other", None as "missing".

    Args:
        values: Shape (n,); None, or a float NaN, is missing.
        smaller: Patients of the smaller sample.

    Returns:
        Label and rows, shape (n,), of each; "other" and "missing" come last, and a level that is called so
        stays apart from them.

    Example:
        >>> held = level_indicators(np.array(["a"] * 6 + ["b", None], dtype=object), 8)
        >>> [(level, int(where.sum())) for level, where in held]
        [('a', 6), ('other', 1), ('missing', 1)]
    """
    missing = np.array([value is None or value != value for value in values], dtype=bool)
    level, code, rows = np.unique(values[~missing].astype(str), return_inverse=True, return_counts=True)
    frequent = np.argsort(-rows, kind="stable")[:MOST_LEVELS]
    kept = np.sort(frequent[rows[frequent] >= max(FEWEST_ROWS_OF_A_LEVEL, RAREST_LEVEL * smaller)])
    which = np.full(len(values), -1)
    which[~missing] = np.where(np.isin(code, kept), code, len(level))
    indicators = [(str(level[one]), which == one) for one in kept]
    return [*indicators, ("other", which == len(level)), ("missing", missing)]


def pair_columns(single: list[Column]) -> tuple[Pairs, list[Column]]:
    """Products of standardised columns of two covariates, as far as their number allows."""
    main = [column for column in single if column.part in ("location", "level")]
    continuous = [column for column in main if column.part == "location"]
    choices: tuple[tuple[Pairs, list[Column]], ...] = (("all", main), ("continuous", continuous))
    for pairs, columns in choices:
        couples = [(one, two) for one, two in combinations(columns, 2) if one.owners != two.owners]
        if len(couples) <= MOST_PAIRS:
            return pairs, [
                Column((one.owners[0], two.owners[0]), "pair", one.values * two.values)
                for one, two in couples
            ]
    return "none", []


def varying(columns: list[Column]) -> list[Column]:
    """The columns that vary, standardised."""
    kept: list[Column] = []
    for column in columns:
        centred = column.values - column.values.mean() if len(column.values) else column.values
        deviation = float(np.sqrt((centred**2).mean())) if len(centred) else 0.0
        if deviation > SMALLEST_DEVIATION:
            kept.append(column._replace(values=centred / deviation))
    return kept


def weight_of(part: Part, main: int, pairs: int) -> float:
    """Scale of a column; a smaller one is penalised more.

    Example:
        Twenty covariates have 190 pairs, which together weigh as much as the twenty.

        >>> round(weight_of("pair", 20, 190), 3), weight_of("location", 20, 190)
        (0.324, 1.0)
    """
    if part == "pair":
        return min(1.0, (main / pairs) ** 0.5)
    return SECOND_WEIGHT if part in ("spread", "value") else 1.0
