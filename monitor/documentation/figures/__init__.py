"""The dossier's figures as SVG text: drawn from its record, same bytes for the same record."""

from __future__ import annotations

from monitor.documentation.evidence import Record
from monitor.documentation.figures.calibration_map import calibration_map
from monitor.documentation.figures.decision_curve import decision_curve
from monitor.documentation.figures.over_time import has_time, over_time
from monitor.documentation.figures.reclassification import has_moved, reclassification
from monitor.documentation.figures.reliability import reliability_diagram
from monitor.documentation.figures.subgroup_forest import subgroup_forest
from monitor.documentation.figures.waterfall import waterfall

__all__ = ["figures", "has_map", "has_time"]


def figures(dossier: Record) -> dict[str, str]:
    """Every figure this dossier has, by name: maps when they differ, reliability when a look was reached."""
    drawn = {"map": calibration_map(dossier)} if has_map(dossier) else {}
    if dossier["reliability"] is not None:
        drawn["reliability"] = reliability_diagram(dossier)
    if has_time(dossier["calibration_over_time"]):
        drawn["over-time"] = over_time(dossier)
    found = dossier["operating_point"]["found"]
    if has_moved(found):
        drawn["reclassification"] = reclassification(dossier)
    if found is not None and found["net_benefit"]["curve"] is not None:
        drawn["decision-curve"] = decision_curve(dossier)
    if dossier["subgroups"]["found"]:
        drawn["subgroups"] = subgroup_forest(dossier)
    if dossier["data_account"]["waterfall"]:
        drawn["waterfall"] = waterfall(dossier)
    return drawn


def has_map(dossier: Record) -> bool:
    """True when there is more than the original map to draw."""
    calibrators = dossier["change"]["calibrators"]
    moved = calibrators["original"]["parameters"] != calibrators["last_deployed"]["parameters"]
    return moved or calibrators["candidate"] is not None
