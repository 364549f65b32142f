"""What the look at a change saw, drawn as in its dossier from the same numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from monitor.documentation.blocks import Drawing, Sentence
from monitor.documentation.evidence import Record
from monitor.documentation.figures.over_time import has_time, over_time
from monitor.documentation.figures.ratio_over_time import LEGEND as TIME_LEGEND
from monitor.documentation.figures.reclassification import LEGEND as MOVED_LEGEND
from monitor.documentation.figures.reclassification import has_moved, reclassification
from monitor.documentation.figures.subgroup_forest import LEGEND as SUBGROUP_LEGEND
from monitor.documentation.figures.subgroup_forest import subgroup_forest
from monitor.documentation.review.loose import part
from monitor.documentation.review.pieces import Part

LEGENDS: Final = {
    "over-time": TIME_LEGEND,
    "reclassification": MOVED_LEGEND,
    "subgroups": SUBGROUP_LEGEND,
}


def change_drawings(change: Record) -> dict[str, str]:
    """The figures of a change that was looked at; none for one that was not."""
    seen = part(change, "look_seen")
    if not seen:
        return {}
    record: dict[str, Any] = {
        **seen,
        "data_account": {name: part(change, name) for name in ("fit", "validation")},
    }
    drawn: dict[str, str] = {}
    if has_time(seen["calibration_over_time"]):
        drawn["over-time"] = over_time(record)
    if has_moved(seen["operating_point"]["found"]):
        drawn["reclassification"] = reclassification(record)
    if seen["subgroups"]["found"]:
        drawn["subgroups"] = subgroup_forest(record)
    return drawn


def figures_part(drawings: Mapping[str, str]) -> Part:
    """Every figure with its legend, or that there is none yet."""
    if not drawings:
        none = Sentence("No look has been held at outcomes that could be drawn.")
        return Part("figures", "What the look saw", (none,))
    drawn = tuple(Drawing(name, legend) for name, legend in LEGENDS.items() if name in drawings)
    return Part(
        "figures", "What the look saw", (*drawn, Sentence("The dossier holds the tables and the maps."))
    )
