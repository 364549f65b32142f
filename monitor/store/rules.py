"""The rules every row must pass, as SQL over text, before anything is cast.

A row is refused for the first rule it breaks. The number of that rule is stored while the file is
judged; its reason and field are looked up here, so that a million rows carry one small integer.
"""
# ruff: noqa: S608  (statements are built from quoted names and literals of this package)

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from monitor.store.connection import literal, quoted
from monitor.store.contract import Layout
from monitor.store.source import WHITE_SPACE, Source

NUMBER = r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?"
LONGEST_LABEL = 200
# Control and format characters (all that reorder or hide text on a screen), private ones, line separators.
UNSAFE = r"[\p{C}\p{Zl}\p{Zp}]"


@dataclass(frozen=True)
class Rule:
    """One way for a row to be refused: the reason, the field it concerns, the SQL condition."""

    reason: str
    field: str
    broken: str


def first_broken(rules: Sequence[Rule]) -> str:
    """SQL for the position (from 1) of the first broken rule, or null."""
    cases = " ".join(f"WHEN {rule.broken} THEN {number}" for number, rule in enumerate(rules, 1))
    return f"(CASE {cases} END)::TINYINT"


def label_rules(fields: Iterable[str]) -> list[Rule]:
    """Texts that are stored and printed: short, and free of characters that deceive the eye."""
    rules: list[Rule] = []
    for field in fields:
        rules.append(Rule("control_character", field, f"regexp_matches({quoted(field)}, {literal(UNSAFE)})"))
        rules.append(Rule("label_too_long", field, f"length({quoted(field)}) > {LONGEST_LABEL}"))
    return rules


def is_number(cell: str) -> str:
    """SQL condition: a decimal or scientific number, and nothing that a lax cast would also take."""
    return f"regexp_full_match({cell}, {literal(NUMBER)})"


def number(cell: str) -> str:
    """SQL for the number in a cell, or null."""
    return f"CASE WHEN {is_number(cell)} THEN TRY_CAST({cell} AS DOUBLE) END"


def one_of(expression: str, values: Iterable[str | float]) -> str:
    """SQL condition that the expression is among `values`; null counts as no."""
    listed = [literal(value) if isinstance(value, str) else repr(float(value)) for value in values]
    return f"coalesce({expression} IN ({', '.join(listed)}), false)" if listed else "false"


def cells(source: Source, layout: Layout) -> str:
    """SQL that yields `broken` and every field and covariate, trimmed, null where missing, in line order.

    Fields the log lacks come from the plan's constants; a covariate is called `raw_<name>`.
    """
    positions = {name: index for index, name in enumerate(source.columns)}
    mapped = {**layout.fields, **{f"raw_{name}": column for name, column in layout.covariates.items()}}
    trimmed = ", ".join(
        f"{_trimmed(source, positions[column])} AS {quoted(name)}" for name, column in mapped.items()
    )
    nested = " OR ".join(
        condition
        for column in dict.fromkeys(layout.required)
        if (condition := source.nested(positions[column])) != "false"
    )
    broken = f"CASE WHEN broken IS NOT NULL THEN broken WHEN {nested or 'false'} THEN 'nested_value' END"
    present = ", ".join(_present(name, layout.missing) for name in mapped)
    constants = "".join(
        f", {literal(value)} AS {quoted(name)}"
        for name, value in layout.constants.items()
        if name not in mapped
    )
    return (
        f"SELECT broken, {present}{constants} FROM "
        f"(SELECT {broken} AS broken, {trimmed} FROM ({source.relation}))"
    )


def _trimmed(source: Source, index: int) -> str:
    cell = source.cell(index)
    return f"trim({cell}, {literal(WHITE_SPACE)})" if source.padded(index) else cell


def _present(name: str, missing: Iterable[str]) -> str:
    column = quoted(name)
    tokens = list(missing)
    value = f"nullif({column}, '')" if tokens == [""] else f"CASE WHEN {column} NOT IN (%s) THEN {column} END"
    return f"{value % ', '.join(map(literal, tokens)) if tokens != [''] else value} AS {column}"


def with_defaults(layout: Layout, fields: Iterable[str]) -> str:
    """SQL columns for optional fields that neither the file nor the constants give: null."""
    given = layout.fields.keys() | layout.constants.keys()
    return "".join(f", NULL::VARCHAR AS {quoted(field)}" for field in fields if field not in given)


def time_rules(layout: Layout, field: str, zone_missing: str, *, required: bool) -> list[Rule]:
    """A time that is absent, unreadable, without its zone, or after the file arrived."""
    if field not in layout.fields:
        return []
    cell = quoted(field)
    rules = [Rule("missing_time", field, f"{cell} IS NULL")] if required else []
    if zone_missing != "false":
        rules.append(Rule("time_without_zone", field, f"coalesce({zone_missing}, false)"))
    rules.append(Rule("unparseable_time", field, f"{cell} IS NOT NULL AND day IS NULL"))
    rules.append(Rule("in_the_future", field, "coalesce(day > $latest_day::DATE, false)"))
    return rules
