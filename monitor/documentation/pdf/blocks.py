"""Blocks and cells of the page as plain data: every number already the text that the page shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from monitor.documentation.blocks import (
    Beside,
    Block,
    Bullets,
    Cell,
    Change,
    Commands,
    Drawing,
    Facts,
    Links,
    Mark,
    Marks,
    Stack,
    Table,
)
from monitor.documentation.figures.states import SIGNS as STATE_SIGNS
from monitor.documentation.numbers import Interval, Number, Share
from monitor.documentation.pdf.drawings import drawing

SIGNS: Final = {
    **STATE_SIGNS,
    **dict.fromkeys(("met", "demonstrated", "accept"), "✓"),
    **dict.fromkeys(("contradicted", "reject"), "✕"),
    **dict.fromkeys(("not_contradicted", "insufficient"), "○"),
}
"""As on the page: the sign tells the status without its colour."""


def block(found: Block, drawings: Mapping[str, str]) -> dict[str, Any]:
    """One block, a figure with its SVG and its words."""
    match found:
        case Facts(rows):
            return {"kind": "facts", "rows": [[name, cell(value)] for name, value in rows]}
        case Table():
            return _table(found)
        case Beside(tables):
            return {"kind": "beside", "tables": [_table(table) for table in tables]}
        case Drawing(name, caption):
            return {"kind": "drawing", "caption": caption, **drawing(drawings[name])}
        case Bullets(lines) | Commands(lines):
            return {"kind": found.kind, "lines": list(lines)}
        case _:
            return {"kind": found.kind, "text": found.text}


def cell(found: Cell) -> dict[str, Any]:
    """One value of a table or of a list of facts.

    Example:
        >>> cell(Number(0.25, 3, "nats"))
        {'kind': 'text', 'text': '0.250 nats'}
        >>> cell(Mark("met", "C1", ": met"))
        {'kind': 'mark', 'status': 'met', 'sign': '✓', 'text': 'C1: met'}
    """
    match found:
        case str():
            return {"kind": "text", "text": found}
        case Number() | Share():
            return {"kind": "text", "text": found.text}
        case Interval():
            return _interval(found)
        case Mark(status, text, spoken):
            sign = SIGNS.get(status, "–")
            return {"kind": "mark", "status": status, "sign": sign, "text": text + spoken}
        case Marks(marks):
            return {"kind": "marks", "marks": [cell(mark) for mark in marks]}
        case Change(before, after):
            return {"kind": "text", "text": f"{before.text} → {after.text}"}
        case Stack(lines):
            return {"kind": "stack", "lines": [cell(line) for line in lines]}
        case Links(targets):
            return {"kind": "stack", "lines": [cell(title) for _, title in targets]}
        case _:
            return {"kind": "code", "text": found.text}


def _interval(found: Interval) -> dict[str, Any]:
    value, low, high = (part.text for part in found.parts)
    if found.low is None:
        return {"kind": "text", "text": value}
    return {"kind": "interval", "text": value, "bounds": f"({low} to {high})"}


def _table(found: Table) -> dict[str, Any]:
    return {
        "kind": "table",
        "name": found.name,
        "caption": found.caption,
        "columns": list(found.columns),
        "rows": [[cell(value) for value in row] for row in found.rows],
        "wide": found.wide,
    }
