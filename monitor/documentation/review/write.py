"""The review pages on disk: places, alarms, changes, data, ledger and plan; the same bytes every time."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from monitor import __version__
from monitor.documentation.evidence import Record
from monitor.documentation.html import css_text
from monitor.documentation.review.addresses import CHANGE_PAGE, PLACE_PAGE, change_page, place_page
from monitor.documentation.review.alarms import alarms_values
from monitor.documentation.review.arrivals import arrivals_values
from monitor.documentation.review.belonging import alarms_text, with_open_alarms
from monitor.documentation.review.change import change_values
from monitor.documentation.review.changes import changes_text, changes_values
from monitor.documentation.review.desk import Desk
from monitor.documentation.review.front import front_values
from monitor.documentation.review.ledger import ledger_values
from monitor.documentation.review.loose import cleaned, many, part
from monitor.documentation.review.place import place_values
from monitor.documentation.review.plan import plan_values
from monitor.documentation.review.render import drawn, rendered, text_of
from monitor.hashing import sha256_record

Draw = Callable[[Desk | None], str]
Sheet = Callable[[Desk | None], tuple[str, dict[str, Any]]]
WITH_TABLES: Final = ("front.html.j2", "ledger.html.j2")
"""Templates whose tables are sorted and filtered by the one script."""


def write_review(report: dict[str, Any], folder: Path) -> list[Path]:
    """Write index.html, a page for each place and each change, and those of alarms, data, ledger and plan.

    Pages of places and changes that the report no longer has are removed; other files of the folder, such as
    Evidently's reports, stay. Each file appears whole or not at all. What the report lacks is named as not
    computed.

    Args:
        report: Sites with their streams, alarms and findings, as plain values.
        folder: Made if absent.

    Returns:
        The pages, index.html first.
    """
    pages = review_pages(report)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for file in sorted(folder.iterdir()):
        if (PLACE_PAGE.fullmatch(file.name) or CHANGE_PAGE.fullmatch(file.name)) and file.name not in pages:
            file.unlink()
    return [_write(folder / name, page) for name, page in pages.items()]


def review_pages(report: Mapping[str, Any]) -> dict[str, str]:
    """Every page by its file name."""
    return {name: draw(None) for name, draw in drawable_pages(report).items()}


def drawable_pages(report: Mapping[str, Any]) -> dict[str, Draw]:
    """What draws each page, by its file name; with a desk, the page has the forms of that session."""
    found = prepared(report)
    common = _common(found)
    return {name: partial(_drawn, name, common, sheet) for name, sheet in _sheets(found).items()}


def _drawn(name: str, common: Mapping[str, Any], sheet: Sheet, desk: Desk | None) -> str:
    template, values = sheet(desk)
    script = text_of("monitor.documentation.review", "table.js") if template in WITH_TABLES else ""
    return rendered(template, {**common, **_finished(values), "here": name}, script=script, desk=desk)


def _sheets(found: Record) -> dict[str, Sheet]:
    """Template and values of each page, computed when it is drawn."""
    document = "document.html.j2"
    sheets: dict[str, Sheet] = {
        "index.html": lambda _: ("front.html.j2", front_values(found)),
        "alarms.html": lambda desk: ("alarms.html.j2", alarms_values(found, desk)),
        "ledger.html": lambda _: ("ledger.html.j2", ledger_values(found)),
        "changes.html": lambda _: (document, changes_values(found)),
        "data.html": lambda _: (document, arrivals_values(found)),
        "plan.html": lambda _: (document, plan_values(found)),
    }
    for change in many(found, "changes"):
        sheets[change_page(change)] = partial(_change, change, found)
    for place in many(found, "sites"):
        sheets[place_page(place)] = partial(_place, place, found)
    return sheets


def _change(change: Record, found: Record, desk: Desk | None) -> tuple[str, dict[str, Any]]:
    return "document.html.j2", change_values(change, found, desk)


def _place(place: Record, found: Record, _: Desk | None) -> tuple[str, dict[str, Any]]:
    return "place.html.j2", place_values(place, found)


def prepared(report: Mapping[str, Any]) -> Record:
    """The report as plain finite values, places with an open alarm raised to alarm."""
    found: dict[str, Any] = cleaned(dict(report))
    return {**found, "sites": with_open_alarms(many(found, "sites"), many(found, "alarms"))}


def _common(report: Record) -> dict[str, Any]:
    """What all pages show: as of when, under which plan, how many alarms are open, from which record."""
    plan = part(report, "plan")
    identity = f"{plan.get('id') or 'not named'} {plan.get('version') or ''}".strip()
    digest, as_of = sha256_record(report), str(report.get("as_of") or "not named")
    return {
        "as_of": as_of,
        "plan": identity,
        "plan_sha256": str(plan.get("sha256") or "not known"),
        "rooms": (
            ("index.html", "All places"),
            ("alarms.html", f"Alarms ({alarms_text(report)})"),
            ("changes.html", f"Changes ({changes_text(report)})"),
            ("data.html", "Data"),
            ("ledger.html", "Ledger"),
            ("plan.html", "Plan"),
        ),
        "software": f"pccp-monitor {__version__}",
        "content": digest,
        "running_head": css_text(f"Monitoring review - as of {as_of} - {identity}"),
        "running_foot": css_text(f"content {digest[:16]}"),
    }


def _finished(values: dict[str, Any]) -> dict[str, Any]:
    """The values with their drawings marked as what they are: finished SVG."""
    drawings = {name: drawn(svg) for name, svg in values.get("drawings", {}).items()}
    panels = [{**panel, "svg": drawn(panel["svg"])} for panel in values.get("panels", [])]
    return {**values, "drawings": drawings, "panels": panels, "ranking": drawn(values.get("ranking", ""))}


def _write(path: Path, text: str) -> Path:
    part_file = path.with_name(path.name + ".part")
    part_file.write_bytes(text.encode())
    os.replace(part_file, path)  # noqa: PTH105  replaces on every platform
    return path
