"""Effects as rows: their numbers in their own unit, and their distance from the reference in tolerances."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from monitor.documentation.evidence import Record
from monitor.documentation.figures.states import grouped, label_of
from monitor.documentation.numbers import rounded


@dataclass(frozen=True)
class Effect:
    """One row: what is estimated, its numbers in their own unit, and value and bounds in tolerances."""

    group: str
    label: str
    detail: str
    value: float
    bounds: tuple[float, float] | None


def effects_of(place: Record) -> list[Effect]:
    """Every effect of a place that can be drawn: with a value, a reference and a band."""
    return [
        effect
        for group, streams in grouped(place)
        for stream in streams
        for found in stream.get("effects") or []
        if (effect := effect_row(group, effect_label(stream, found), found)) is not None
    ]


def effect_row(group: str, label: str, found: Record, before: str = "") -> Effect | None:
    """One effect as a row; None where it has no value, no reference or no width of tolerance.

    Args:
        group: Under which header it stands.
        label: At the left.
        found: `value`, `low`, `high`, `reference` and `band`.
        before: What comes before its numbers at the right.
    """
    ends = [found.get(key) for key in ("value", "low", "high")]
    places = [in_tolerances(end, found.get("reference"), found.get("band")) for end in ends]
    value, low, high = places
    if value is None:
        return None
    bounds = None if low is None or high is None else (low, high)
    return Effect(group, label, before + estimate_text(*ends), value, bounds)


def in_tolerances(value: float | None, reference: float | None, band: Sequence[float] | None) -> float | None:
    """Distance from the reference in widths of the tolerated side.

    Example:
        >>> in_tolerances(0.56, 0.5, [0.47, 0.53]), in_tolerances(0.49, 0.5, [0.48, 0.6])
        (2.0, -0.5)
        >>> in_tolerances(0.5, 0.5, [0.5, 0.5]) is None
        True
    """
    if value is None or reference is None or not band or len(band) != 2 or None in band:
        return None
    width = band[1] - reference if value >= reference else reference - band[0]
    return round((value - reference) / width, 6) if width > 0 else None


def effect_label(stream: Record, found: Record) -> str:
    """Name of an effect: its stream, and the functional where the stream has several.

    Example:
        >>> effect_label({"label": "age", "effects": [{}, {}]}, {"functional": "location"})
        'age, location'
    """
    functional = str(found.get("functional") or "").replace("_", " ")
    several = len(stream.get("effects") or []) > 1
    return f"{label_of(stream)}, {functional}" if several and functional else label_of(stream)


def estimate_text(value: float | None, low: float | None, high: float | None) -> str:
    """A number with its interval, as many digits as the interval supports.

    Example:
        >>> estimate_text(0.5234, 0.4911, 0.5549), estimate_text(61.2, None, None)
        ('0.523 (0.491 to 0.555)', '61.2')
    """
    decimals = decimals_for(value, low, high)
    if value is None:
        return "no value"
    if low is None or high is None:
        return rounded(value, decimals)
    return f"{rounded(value, decimals)} ({rounded(low, decimals)} to {rounded(high, decimals)})"


def decimals_for(value: float | None, low: float | None, high: float | None) -> int:
    """Decimals that show two digits of an interval's width, three digits of a number alone, six at most.

    Example:
        >>> decimals_for(0.52, 0.49, 0.55), decimals_for(0.0234, None, None), decimals_for(12.0, 5.0, 99.0)
        (3, 4, 0)
    """
    size = abs(high - low) if low is not None and high is not None and high != low else abs(value or 0.0) / 10
    return min(6, max(0, 1 - math.floor(math.log10(size)))) if size > 0 else 0


def farthest(rows: Sequence[Effect], most: int) -> list[Effect]:
    """The rows farthest from their references, in the order they came.

    Example:
        >>> rows = [Effect("", name, "", value, None) for name, value in [("a", 1), ("b", -9), ("c", 2)]]
        >>> [row.label for row in farthest(rows, 2)]
        ['b', 'c']
    """
    kept = sorted(range(len(rows)), key=lambda index: -abs(rows[index].value))[:most]
    return [rows[index] for index in sorted(kept)]
