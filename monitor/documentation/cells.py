"""Groups of studies merged until no count of them is small, alone or as a difference of two others.

All groups of one figure, and of several figures of the same studies, are cut from one order of risk. What
can be subtracted are the studies below one cut from those below another. So one chain of cuts is kept
for all figures together: between neighbours each class has no study or at least `least`; then so it is
between any two, because their difference is a sum of such steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

from monitor.documentation.evidence import Record
from monitor.intervals import wilson_interval


class Cut(NamedTuple):
    """How many studies of each class lie below a cut."""

    negatives: int
    positives: int


def is_safe(count: int, least: int) -> bool:
    """True for a count that may be shown.

    Example:
        >>> is_safe(0, 5), is_safe(4, 5), is_safe(5, 5), is_safe(-7, 5)
        (True, False, True, False)
    """
    return count == 0 or count >= least


def chain_of_cuts(wanted: Iterable[Cut], total: Cut, least: int) -> list[Cut] | None:
    """As many of the wanted cuts as fit between those already kept; None when the total itself is small.

    Example:
        >>> wanted = [Cut(20, 3), Cut(40, 6), Cut(60, 13)]
        >>> [tuple(cut) for cut in chain_of_cuts(wanted, Cut(80, 20), 5)]
        [(0, 0), (40, 6), (60, 13), (80, 20)]
    """
    if not _apart(Cut(0, 0), total, least):
        return None
    kept = [Cut(0, 0), total]
    for cut in wanted:
        place = sum(known <= cut for known in kept)
        if cut not in kept and 0 < place < len(kept):
            below, above = kept[place - 1], kept[place]
            if _apart(below, cut, least) and _apart(cut, above, least):
                kept.insert(place, cut)
    return kept


def _apart(below: Cut, above: Cut, least: int) -> bool:
    return all(is_safe(high - low, least) for low, high in zip(below, above, strict=True))


def cuts_of_groups(groups: Sequence[Record]) -> list[Cut]:
    """Where the groups of a reliability diagram end, from low to high probability."""
    positives = [_positives(group) for group in groups]
    negatives = [group["n"] - count for group, count in zip(groups, positives, strict=True)]
    return _cuts(negatives, positives)


def cuts_of_histogram(histogram: Record) -> list[Cut]:
    """Where the bins of a histogram end, from low to high score."""
    return _cuts(histogram["negatives"], histogram["positives"])


def cuts_of_thresholds(found: Record) -> list[Cut]:
    """The thresholds of an operating point, which are cuts of the same studies by risk.

    Example:
        >>> shares = {"sensitivity": {"value": 0.75, "n": 40}, "specificity": {"value": 0.9, "n": 200}}
        >>> [tuple(cut) for cut in cuts_of_thresholds({"before": shares, "frozen": "sensitivity"})]
        [(180, 10)]
    """
    points = [part for part in found.values() if isinstance(part, dict) and "sensitivity" in part]
    hits = [[_hits(point[name]) for name in ("specificity", "sensitivity")] for point in points]
    return [
        Cut(below, point["sensitivity"]["n"] - above)
        for point, (below, above) in zip(points, hits, strict=True)
    ]


def _hits(share: Record) -> int:
    return round((share["value"] or 0.0) * share["n"])


def merged_groups(groups: Sequence[Record], kept: Sequence[Cut]) -> list[dict[str, Any]]:
    """The groups of a reliability diagram, those between two kept cuts made one."""
    ends = [position for position, cut in enumerate(cuts_of_groups(groups), 1) if cut in kept]
    return [_merged(groups[low:high]) for low, high in zip([0, *ends], ends, strict=False) if low < high]


def merged_histogram(histogram: Record, kept: Sequence[Cut]) -> dict[str, Any]:
    """The histogram, its bins between two kept cuts made one."""
    ends = [position for position, cut in enumerate(cuts_of_histogram(histogram), 1) if cut in kept]
    ends = [*ends[:-1], len(histogram["negatives"])]
    spans = list(zip([0, *ends], ends, strict=False))
    sums = {
        name: [sum(histogram[name][low:high]) for low, high in spans] for name in ("negatives", "positives")
    }
    return {**histogram, "edges": [histogram["edges"][end] for end in [0, *ends]], **sums}


def _cuts(negatives: Sequence[int], positives: Sequence[int]) -> list[Cut]:
    return [Cut(*pair) for pair in zip(accumulate(negatives), accumulate(positives), strict=True)]


def _positives(group: Record) -> int:
    return round(group["observed"] * group["n"])


def _merged(groups: Sequence[Record]) -> dict[str, Any]:
    n, positives = sum(group["n"] for group in groups), sum(map(_positives, groups))
    low, high = wilson_interval(positives, n)
    return {
        **groups[0],
        "predicted": sum(group["predicted"] * group["n"] for group in groups) / n,
        "observed": positives / n,
        "low": low,
        "high": high,
        "n": n,
        "events": min(positives, n - positives),
    }
