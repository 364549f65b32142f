"""What a dry run shows: the report and a few examples per reason, without any value."""
# ruff: noqa: S608  (statements are built from quoted names and literals of this package)

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from monitor.records import BatchReport
from monitor.store.connection import Session, literal, rows
from monitor.store.contract import Layout
from monitor.store.rules import NUMBER
from monitor.store.source import Source
from monitor.store.times import CLOCK, DAY, ZONE

PER_REASON = 5


@dataclass(frozen=True)
class Example:
    """Where a rule was broken: physical line, column (None for a broken line), class of the value."""

    line: int
    column: str | None
    reason: str
    value_class: str


@dataclass(frozen=True)
class DryRun:
    """The report an ingest would give, and up to five examples per reason."""

    report: BatchReport
    examples: Mapping[str, tuple[Example, ...]] = field(default_factory=dict[str, tuple[Example, ...]])


def of(connection: Session, source: Source, layout: Layout) -> dict[str, tuple[Example, ...]]:
    """Examples from the `refused` table, by reason, in line order."""
    positions = {name: index for index, name in enumerate(source.columns)}
    cell = " ".join(
        f"WHEN {literal(name)} THEN {source.cell(positions[column])}"
        for name, column in layout.fields.items()
    )
    found = rows(
        connection,
        f"SELECT r.line, r.field, r.reason, CASE WHEN s.broken IS NULL AND r.field <> '' "
        f"THEN {_class(f'trim(CASE r.field {cell} END)')} ELSE 'broken line' END "
        "FROM (SELECT * FROM refused QUALIFY row_number() OVER (PARTITION BY reason ORDER BY line) "
        f"<= {PER_REASON}) r JOIN ({source.refused()}) s ON s.line = r.line ORDER BY r.reason, r.line",
    )
    shown: dict[str, list[Example]] = {}
    for line, name, reason, value_class in found:
        column = layout.column(name) if name else None
        shown.setdefault(reason, []).append(Example(line, column, reason, value_class))
    return {reason: tuple(listed) for reason, listed in shown.items()}


def _class(cell: str) -> str:
    classes = (
        ("empty", ""),
        ("number", NUMBER),
        ("day", DAY),
        ("time", DAY + CLOCK + f"({ZONE})?"),
        ("one word", r"\S+"),
    )
    cases = " ".join(
        f"WHEN regexp_full_match({cell}, {literal(pattern)}) THEN {literal(name)}"
        for name, pattern in classes
    )
    return f"(CASE WHEN {cell} IS NULL THEN 'empty' {cases} ELSE 'text' END)"
