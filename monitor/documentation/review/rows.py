"""A row of the table of places: what it links to, and for each cell the value that it is sorted by."""

from __future__ import annotations

from typing import Any

from monitor.documentation.blocks import Cell, Mark, Stack
from monitor.documentation.evidence import Record
from monitor.documentation.figures.overview import ranked, share_now
from monitor.documentation.figures.states import PLACE_ORDER, STATUS_WORDS, name_of, status_of
from monitor.documentation.numbers import Interval, Number
from monitor.documentation.review.addresses import place_page
from monitor.documentation.review.belonging import opened_at
from monitor.documentation.review.decisions import decision_cell
from monitor.documentation.review.loose import estimate, part
from monitor.documentation.review.place import largest_stream, reason_of
from monitor.documentation.review.trend import trend


def place_row(place: Record, report: Record) -> dict[str, Any]:
    """A row of the table: what it links to, and for each cell the value it is sorted by."""
    share, stream = share_now(place)
    opened = opened_at(place, report)
    largest, effect = _effect(place)
    moved = f", {told}" if (told := trend(place, stream)) else ""
    near: Cell = Stack((Number(share, 0, percent=True), stream + moved)) if stream else Number(None)
    return {
        **named(place),
        "site": str(place.get("site") or "site without a name"),
        "finding": str(place.get("finding") or ""),
        "status": status_of(place),
        "rank": PLACE_ORDER.index(status_of(place)),
        "cells": [
            decision_cell(part(place, "next_decision")),
            (_sortable(share), near),
            (_sortable(largest), effect),
            (_sortable(opened), Number(opened)),
            *((_sortable(place.get(key)), Number(place.get(key))) for key in ("studies", "events")),
            (str(place.get("last_arrival") or ""), str(place.get("last_arrival") or "none")),
            (_sortable(place.get("late_rows")), Number(place.get("late_rows"))),
        ],
    }


def named(place: Record) -> dict[str, Any]:
    """A place with its page, status and reason."""
    return {
        "href": place_page(place),
        "name": name_of(place),
        "mark": status_mark(place),
        "reason": reason_of(place),
    }


def status_mark(place: Record) -> Mark:
    """Status of a place with its sign."""
    return Mark(status_of(place), STATUS_WORDS[status_of(place)])


def _effect(place: Record) -> tuple[float | None, Cell]:
    """The largest effect, to be sorted by its distance from the reference, since streams differ in unit."""
    found, row = part(place, "largest_effect"), ranked(place)
    number = estimate(found)
    if not isinstance(number, Interval):
        return None, Number(None)
    unit = f" ({found['unit']})" if found.get("unit") else ""
    distance = f", {abs(row.value):.1f} tolerances" if row else ""
    return abs(row.value) if row else None, Stack((number, f"{largest_stream(place)}{unit}{distance}"))


def _sortable(value: float | None) -> str:
    return "" if value is None else f"{value:.9g}"
