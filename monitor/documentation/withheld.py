"""Parts of a shared dossier whose counts would give a small one away by subtraction: withheld whole."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, pairwise
from typing import Any

from monitor.documentation.cells import is_safe
from monitor.documentation.evidence import Record

WINDOW = ("n", "events", "patients", "prevalence")
"""What a window of the versions says about its size."""
DIGITS = 2
"""Of a net benefit that is shared."""
_NUMBER = re.compile(r"\d+")


def differences_are_safe(counts: Iterable[Sequence[int]], least: int) -> bool:
    """True when no two of some sets of studies differ by a small number; which holds the other is not asked.

    Args:
        counts: Of each set, the same kinds of counts in the same order.
        least: The plan's `small_cell_minimum`.

    Example:
        >>> differences_are_safe([(80, 20), (60, 20)], 5), differences_are_safe([(80, 20), (60, 17)], 5)
        (True, False)
    """
    return all(
        is_safe(abs(one - other), least)
        for first, second in combinations(counts, 2)
        for one, other in zip(first, second, strict=True)
    )


def with_parts_withheld(dossier: Record, least: int) -> dict[str, Any]:
    """The exact dossier without the sizes of pools, looks and windows that tell a small count.

    Args:
        dossier: The exact record.
        least: The plan's `small_cell_minimum`.
    """
    return {
        **dossier,
        "change": _without_pool(dossier["change"], dossier["data_account"]["fit"], least),
        "attempt": _last_look_only(dossier["attempt"], least),
        "versions": _without_sizes(dossier["versions"], least),
        "operating_point": _coarse(dossier["operating_point"], dossier["data_account"], least),
    }


def kinds(block: Record) -> tuple[int, int, int]:
    """Studies, those of the rarer class, and the others, of a block with counts."""
    total = block.get("n", block.get("rows"))
    return total, block["events"], total - block["events"]


def _without_pool(change: Record, fit: Record | None, least: int) -> dict[str, Any]:
    """The size of a pool beside that of the window it holds gives the other sites' studies."""
    pool = change["pooling"]
    if not pool or "rows" not in pool:
        return dict(change)
    sets = [kinds(pool), *([kinds(fit)] if fit else [])]
    if differences_are_safe([(0, 0, 0), *sets], least):
        return dict(change)
    return {**change, "pooling": {**pool, "rows": None, "events": None}}


def _last_look_only(attempt: Record, least: int) -> dict[str, Any]:
    """Looks see the same studies and more, so the events between two of them are counted too."""
    looks = attempt["looks_held"]
    safe = all(is_safe(after["events"] - before["events"], least) for before, after in pairwise(looks))
    return {**attempt, "looks_held": looks if safe else looks[-1:]}


def _without_sizes(versions: Record | None, least: int) -> dict[str, Any] | None:
    """Earlier windows may hold one another: no size is shown when two of them are close."""
    if versions is None:
        return None
    windows = versions["windows"]
    apart = differences_are_safe([kinds(window) for window in windows], least)
    if apart and all(is_safe(count, least) for count in _of_windows(windows)):
        return {**versions, "counts_withheld": False}
    bare = {"n": None, "events": None}
    gains = {key: {**versions[key], **bare} for key in ("learning", "retention") if versions[key]}
    nothing = dict.fromkeys(WINDOW)
    return {
        **versions,
        **gains,
        "windows": [{**window, **nothing} for window in windows],
        "counts_withheld": True,
    }


def _of_windows(windows: Sequence[Record]) -> Iterator[int]:
    """Counts of each window, and what those of earlier attempts leave of the time before the change."""
    for window in windows:
        yield from (*kinds(window), window["n"] - window["patients"])
    for parts in range(2, len(windows)):
        for some in combinations(windows[1:-1], parts):
            yield from _left(windows[0], some)


def _left(whole: Record, parts: Sequence[Record]) -> Iterator[int]:
    """Absolute, because windows of earlier attempts may lie outside of it."""
    sums = [sum(column) for column in zip(*map(kinds, parts), strict=True)]
    yield from (abs(total - part) for total, part in zip(kinds(whole), sums, strict=True))


def _coarse(point: Record, account: Record, least: int) -> dict[str, Any]:
    """An operating point without what tells alerts at other thresholds than its own, or few patients.

    A net benefit is a sum of two counts; a curve of exact ones can be solved for them.
    """
    shared: dict[str, Any] = {**point, "frozen": _frozen(point["frozen"], account["fit"], least)}
    if (found := point["found"]) is None or "net_benefit" not in found:
        return shared
    benefit = found["net_benefit"]
    coarse = {key: _rounded(benefit[key], least) for key in ("before", "after", "change")}
    return {**shared, "found": {**found, "net_benefit": {**benefit, **coarse, "curve": None}}}


def _rounded(estimate: Record, least: int) -> dict[str, Any]:
    """Two digits where each stands for at least `least` studies; else nothing.

    Example:
        >>> _rounded({"value": 0.1234, "low": 0.0, "high": 0.2, "n": 2000}, 10)["value"]
        0.12
        >>> _rounded({"value": 0.1234, "low": 0.0, "high": 0.2, "n": 900}, 10)["value"] is None
        True
    """
    shown = estimate["n"] >= least * 10**DIGITS
    numbers = {
        key: round(estimate[key], DIGITS) if shown and estimate[key] is not None else None
        for key in ("value", "low", "high")
    }
    return {**estimate, **numbers}


def _frozen(frozen: Record | None, fit: Record | None, least: int) -> dict[str, Any] | None:
    """How the threshold was fixed; without small ranks, and sizes close to others."""
    if frozen is None:
        return None
    shared: dict[str, Any] = dict(frozen)
    sizes = [fit[key] for key in ("n", "events", "patients")] if fit else []
    counts = [0, *sizes, *(frozen[key] for key in ("n", "events") if frozen.get(key) is not None)]
    if not differences_are_safe([(count,) for count in counts], least):
        shared |= {"n": None, "events": None}
    told = [int(text) for text in _NUMBER.findall(str(frozen.get("reason", "")))]
    if shared.get("n") is None or not all(is_safe(count, least) for count in told if count):
        shared["reason"] = "how it was found is withheld under the plan's small-cell minimum"
    return shared
