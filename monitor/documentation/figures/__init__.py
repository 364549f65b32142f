"""The dossier's figures as SVG text: drawn from its record, same bytes for the same record."""

from __future__ import annotations

from monitor.documentation.evidence import Record
from monitor.documentation.figures.calibration_map import calibration_map
from monitor.documentation.figures.reliability import reliability_diagram

__all__ = ["figures", "has_map"]


def figures(dossier: Record) -> dict[str, str]:
    """Every figure this dossier has, by name: maps when they differ, reliability when a look was reached."""
    drawn = {"map": calibration_map(dossier)} if has_map(dossier) else {}
    if dossier["reliability"] is not None:
        drawn["reliability"] = reliability_diagram(dossier)
    return drawn


def has_map(dossier: Record) -> bool:
    """True when there is more than the original map to draw."""
    calibrators = dossier["change"]["calibrators"]
    moved = calibrators["original"]["parameters"] != calibrators["last_deployed"]["parameters"]
    return moved or calibrators["candidate"] is not None
