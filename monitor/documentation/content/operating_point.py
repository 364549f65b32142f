"""The threshold of the finding: what the plan freezes, what was fixed with the candidate, what it does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from monitor.documentation.cells import is_safe
from monitor.documentation.evidence import Change, Record
from monitor.plan.model import ChangePlan

POINTS = ("before", "after", "probability_unmoved")
SHARES = ("sensitivity", "specificity", "ppv", "npv")
SAME = 1e-6


def operating_point(plan: ChangePlan, change: Change) -> dict[str, Any]:
    """What the plan says about the threshold, what was frozen with the candidate, and what the look found.

    Returns:
        `planned` is None when the plan has no operating point; `frozen` until a candidate is; `found` until
        the look.
    """
    finding = next(item for item in plan.findings if item.id == change.place.finding)
    planned, abstention = finding.operating_point, finding.abstention
    return {
        "planned": None if planned is None else planned.model_dump(mode="json"),
        "maximum_abstention": None if abstention is None else abstention.maximum_rate,
        "frozen": (change.candidate or {}).get("operating_point"),
        "found": (change.verdict or {}).get("operating_point"),
        "withheld": False,
    }


def without_small_cells(point: Record, least: int) -> dict[str, Any]:
    """The record as it may be shared: what the look found is left out whole where it rests on a small count.

    Sums, shares and net benefits of the same studies would give a single withheld count away.

    Args:
        point: As `operating_point` made it.
        least: The plan's `small_cell_minimum`.
    """
    found = point["found"]
    if found is None or (_is_counted(found) and all(is_safe(count, least) for count in _counts(found))):
        return dict(point)
    return {**point, "found": None, "withheld": True}


def _is_counted(found: Record) -> bool:
    """False where studies are weighted: then a share does not tell its hits, and none can be called safe."""
    shares = (found[name][key] for name in POINTS for key in SHARES)
    return all(abs(value * n - round(value * n)) < SAME for value, n in map(_share, shares))


def _share(share: Record) -> tuple[float, int]:
    return share["value"] or 0.0, share["n"]


def _counts(found: Record) -> Iterator[int]:
    """Every count of studies or patients that the record holds or that follows from it by one step."""
    for name in POINTS:
        for key in SHARES:
            share = found[name][key]
            hits = round((share["value"] or 0.0) * share["n"])
            yield from (hits, share["n"] - hits)
    for kinds in found["reclassified"].values():
        for moved in kinds.values():
            yield from (moved["studies"], moved["patients"], moved["studies"] - moved["patients"])
    if (abstention := found["abstention"]) is not None:
        yield from (abstention["interval_contains_threshold"], abstention["outside_fitting_range"])
        yield round(abstention["rate"]["value"] * abstention["rate"]["n"])
