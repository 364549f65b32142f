"""What the PDF shows, as plain data: the same blocks as the page, every number already a text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final
from xml.etree import ElementTree

from monitor.documentation.blocks import Block, Cell, Drawing, Mark, Section, Stack, Table
from monitor.documentation.evidence import Record
from monitor.documentation.numbers import Interval, Number, Share
from monitor.documentation.pdf.glyphs import printable
from monitor.documentation.sections import headline_facts, sections

SIGNS: Final = {
    **dict.fromkeys(("met", "demonstrated", "accept"), "✓"),
    **dict.fromkeys(("contradicted", "reject"), "✕"),
    **dict.fromkeys(("not_contradicted", "insufficient"), "○"),
}
"""As on the page: the sign tells the status without its colour."""
DAYS: Final = frozenset({"night", "known_by", "at"})
"""Where the record says when something happened."""

FULL_WIDTH: Final = 620.0
"""Points of a drawing that fill the text's width."""


def content(dossier: Record, drawings: Mapping[str, str], content_sha256: str) -> dict[str, Any]:
    """Everything that is printed, every text with its hidden and unprintable characters made visible.

    Args:
        dossier: The record, as `dossier()` made it.
        drawings: SVG text by figure name, as `figures()` drew it.
        content_sha256: SHA-256 of dossier.json.

    Raises:
        ValueError: A drawing has no alternative text.
    """
    parts = [
        {"title": part.title, "blocks": _blocks(part, drawings)} for part in sections(dossier)
    ]
    exact: dict[str, Any] = {
        **{key: dossier[key] for key in ("document", "headline")},
        "banners": list(dossier["banners"]),
        "plan": {key: dossier["plan"][key] for key in ("id", "title", "version", "sha256")},
        "facts": _block(headline_facts(dossier), drawings),
        "sections": parts,
        "content_sha256": content_sha256,
        "day": _newest_day(dossier),
    }
    return _printable(exact)


def alternative_text(svg: str) -> str:
    """What a screen reader says in the place of a drawing: its title and its description.

    Raises:
        ValueError: One of them is missing or empty.

    Example:
        >>> alternative_text("<svg><title>Two maps</title><desc>Both rise.</desc></svg>")
        'Two maps. Both rise.'
    """
    root = ElementTree.fromstring(svg)  # noqa: S314  our own drawing, its texts escaped
    children = {child.tag.rpartition("}")[2]: (child.text or "").strip() for child in root}
    title, words = children.get("title"), children.get("desc")
    if not title or not words:
        raise ValueError("a figure without title and description cannot be put into the document")
    return f"{title}. {words}"


def share_of_width(svg: str) -> float:
    """How much of the text's width a drawing takes, so that the letters of all drawings have one size.

    Example:
        >>> share_of_width('<svg viewBox="0 0 403.2 300"/>'), share_of_width('<svg viewBox="0 0 900 300"/>')
        (0.65, 1.0)
    """
    width = float(ElementTree.fromstring(svg).attrib["viewBox"].split()[2])  # noqa: S314  our own drawing
    return min(1.0, round(width / FULL_WIDTH, 2))


def cell(value: Cell) -> dict[str, Any]:
    """One value of a table or of a list of facts.

    Example:
        >>> cell(Number(0.25, 3, "nats"))
        {'kind': 'number', 'text': '0.250 nats'}
        >>> cell(Mark("met", "C1", ": met"))
        {'kind': 'mark', 'status': 'met', 'sign': '✓', 'text': 'C1: met'}
    """
    if isinstance(value, str):
        return {"kind": "text", "text": value}
    if isinstance(value, Number | Share):
        return {"kind": "number", "text": value.text}
    if isinstance(value, Interval):
        return _interval(value)
    if isinstance(value, Mark):
        sign = SIGNS.get(value.status, "–")
        return {"kind": "mark", "status": value.status, "sign": sign, "text": value.text + value.spoken}
    if isinstance(value, Stack):
        return {"kind": "stack", "lines": [cell(line) for line in value.lines]}
    if value.kind == "marks":
        return {"kind": "marks", "marks": [cell(mark) for mark in value.marks]}
    if value.kind == "change":
        return {"kind": "text", "text": f"{value.before.text} → {value.after.text}"}
    return {"kind": "code", "text": value.text}


def _interval(interval: Interval) -> dict[str, Any]:
    value, low, high = (part.text for part in interval.parts)
    if interval.low is None:
        return {"kind": "number", "text": value}
    return {"kind": "interval", "text": value, "bounds": f"({low} to {high})"}


def _blocks(section: Section, drawings: Mapping[str, str]) -> list[dict[str, Any]]:
    return [_block(block, drawings) for block in section.blocks]


def _block(block: Block, drawings: Mapping[str, str]) -> dict[str, Any]:
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Drawing):
        return _drawing(block, drawings[block.name])
    if block.kind == "facts":
        return {"kind": "facts", "rows": [[name, cell(value)] for name, value in block.rows]}
    if block.kind == "beside":
        return {"kind": "beside", "tables": [_table(table) for table in block.tables]}
    if block.kind in ("bullets", "commands"):
        return {"kind": block.kind, "lines": list(block.lines)}
    return {"kind": block.kind, "text": block.text}


def _table(table: Table) -> dict[str, Any]:
    rows = [[cell(value) for value in row] for row in table.rows]
    return {
        "kind": "table",
        "name": table.name,
        "caption": table.caption,
        "columns": list(table.columns),
        "rows": rows,
        "wide": table.wide,
    }


def _drawing(block: Drawing, svg: str) -> dict[str, Any]:
    return {
        "kind": "drawing",
        "caption": block.caption,
        "alt": alternative_text(svg),
        "share": share_of_width(svg),
        "svg": svg,
    }


def _newest_day(dossier: Record) -> list[int]:
    """Year, month and day of the newest event in the record; the clock has no part in the document."""
    newest = date.fromisoformat(max(_days(dossier), default="1970-01-01"))
    return [newest.year, newest.month, newest.day]


def _days(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key in DAYS and isinstance(item, str):
                yield item[:10]
            else:
                yield from _days(item)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for item in value:
            yield from _days(item)


def _printable(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Mapping):
        return {key: _printable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_printable(item) for item in value]
    return value
