"""What is given to Evidently: values without names, in an order of their own, and nothing it cannot take.

Names and levels come from files and can be HTML or a script, which Evidently writes into its page unescaped.
Plain ones go as they are; any other is a code, and the page's legend says what it stands for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitor.drift.second_opinion.records import Kind, LeftOut
from monitor.records import FloatArray

IDENTIFIERS: Final = frozenset({"study_id", "patient_id", "reader_id"})
MOST_LEVELS: Final = 100
PLAIN: Final = re.compile(r"\w[\w .,+()/-]{0,39}")


@dataclass(frozen=True)
class Column:
    """One column as it is given.

    Attributes:
        feature: Its real name.
        name: What Evidently sees of it.
        reference, current: Sorted values, or numbers of levels; NaN where missing, infinities as they are.
        levels: Real levels by their number; empty for a continuous column.
        level_names: What Evidently sees of them.
    """

    feature: str
    name: str
    kind: Kind
    reference: FloatArray
    current: FloatArray
    levels: tuple[str, ...] = ()
    level_names: tuple[str, ...] = ()

    @property
    def usable(self) -> tuple[FloatArray, FloatArray]:
        """The values of both windows that are neither missing nor infinite."""
        return self.reference[np.isfinite(self.reference)], self.current[np.isfinite(self.current)]


def give(
    reference: Mapping[str, ArrayLike], current: Mapping[str, ArrayLike], kinds: Mapping[str, Kind]
) -> tuple[tuple[Column, ...], tuple[LeftOut, ...]]:
    """Columns for Evidently, and those left out with the reason.

    Evidently fails as a whole for one column without a value, and divides by .001 where the reference is
    constant.

    Args:
        reference, current: One array per feature. Missing is NaN; in a categorical column also None and "".
        kinds: The features to give; others of the windows are never looked at.

    Returns:
        Columns named by their place in `kinds`, and what was left out, both in that order.

    Raises:
        ValueError: A kind is neither continuous nor categorical.

    Example:
        >>> columns, left_out = give({"a<b": [1, 2], "x": [1]}, {"a<b": [2, 3]}, {
        ...     "a<b": "continuous", "x": "continuous"})
        >>> columns[0].name, left_out[0].reason
        ('c1', 'not in the current window')
    """
    columns: list[Column] = []
    left_out: list[LeftOut] = []
    for number, (feature, kind) in enumerate(kinds.items(), start=1):
        if kind not in ("continuous", "categorical"):
            raise ValueError("a kind is 'continuous' or 'categorical'")
        found = _given(f"c{number}", feature, kind, (reference, current))
        columns += [found] if isinstance(found, Column) else []
        left_out += [LeftOut(feature, found)] if isinstance(found, str) else []
    return tuple(columns), tuple(left_out)


def _given(code: str, feature: str, kind: Kind, windows: tuple[Mapping[str, Any], ...]) -> Column | str:
    """The column, or why it is left out."""
    if feature in IDENTIFIERS:
        return "an identifier is never given to another program"
    for window, name in zip(windows, ("reference", "current window"), strict=True):
        if feature not in window:
            return f"not in the {name}"
    name = f"{code} {feature}" if PLAIN.fullmatch(feature) else code
    there, here = (np.asarray(window[feature]) for window in windows)
    column = (
        _numbers(name, feature, there, here) if kind == "continuous" else _levels(name, feature, there, here)
    )
    return column if isinstance(column, str) else _unusable(column) or column


def _numbers(name: str, feature: str, reference: NDArray[Any], current: NDArray[Any]) -> Column | str:
    try:
        values = [np.sort(sample.astype(np.float64)) for sample in (reference, current)]
    except (TypeError, ValueError):
        return "it holds something that is no number"
    return Column(feature, name, "continuous", values[0], values[1])


def _levels(name: str, feature: str, reference: NDArray[Any], current: NDArray[Any]) -> Column | str:
    texts = [_texts(sample) for sample in (reference, current)]
    levels = sorted({text for sample in texts for text in sample if text is not None})
    if len(levels) > MOST_LEVELS:
        return f"more than {MOST_LEVELS} levels, which could tell patients apart"
    number = {level: float(place) for place, level in enumerate(levels)}
    codes = [np.sort([np.nan if text is None else number[text] for text in sample]) for sample in texts]
    shown = [level if PLAIN.fullmatch(level) else f"level #{place}" for place, level in enumerate(levels, 1)]
    return Column(feature, name, "categorical", codes[0], codes[1], tuple(levels), tuple(shown))


def _texts(sample: NDArray[Any]) -> list[str | None]:
    """Each level as text, so that 1 and "1" are one level; None where it is missing."""
    values = cast(list[object], sample.tolist())
    return [None if value is None or value != value or value == "" else str(value) for value in values]


def _unusable(column: Column) -> str | None:
    """Why Evidently cannot take the column, if so."""
    reference, current = column.usable
    for sample, name in ((reference, "reference"), (current, "current window")):
        if len(sample) < 2:
            return f"no value in the {name}" if len(sample) == 0 else f"a single value in the {name}"
    if column.kind == "continuous" and reference[0] == reference[-1]:
        return "constant in the reference"
    if column.kind == "categorical" and len(column.levels) == 1:
        return "one level in both windows"
    return None
