"""Covariates of the prediction log: one typed column each, one flag when a value was not usable."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.errors import PlanError
from monitor.plan.model import CategoricalCovariate, ChangePlan, ContinuousCovariate
from monitor.store.connection import literal, quoted
from monitor.store.rules import LONGEST_LABEL, UNSAFE, number, one_of


@dataclass(frozen=True)
class Column:
    """How one covariate is stored.

    Attributes:
        name: The column in the store, "covariate_<name>".
        type: DOUBLE or VARCHAR.
        read: SQL over the cell `raw_<name>`, named `read_<name>` where the others are evaluated: the number,
            or the plan's spelling of a listed level; null otherwise.
        value: SQL of the stored value.
        noted: SQL condition: the cell held something that was changed to null or is not listed.
        note: What is counted where `noted` holds.
    """

    name: str
    type: str
    read: str
    value: str
    noted: str
    note: str


def columns(plan: ChangePlan) -> tuple[Column, ...]:
    """The stored columns in the plan's order.

    Raises:
        PlanError: Two names differ only in case, which a database column cannot.
    """
    names = [covariate.name.lower() for covariate in plan.logs.covariates]
    if len(set(names)) < len(names):
        raise PlanError("logs.covariates: expected names that differ in more than case")
    sentinels = plan.logs.predictions.sentinels
    return tuple(
        _continuous(covariate, sentinels) if covariate.kind == "continuous" else _categorical(covariate)
        for covariate in plan.logs.covariates
    )


def read_names(plan: ChangePlan) -> list[str]:
    """Under which name each column's `read` is available to its `value` and `noted`."""
    return [f"read_{covariate.name}" for covariate in plan.logs.covariates]


def _continuous(covariate: ContinuousCovariate, sentinels: tuple[float, ...]) -> Column:
    cell = quoted(f"raw_{covariate.name}")
    low, high = covariate.range
    plausible = f"BETWEEN {float(low)!r} AND {float(high)!r}"
    read = quoted(f"read_{covariate.name}")
    usable = f"coalesce({read} {plausible}, false) AND NOT {one_of(read, sentinels)}"
    return Column(
        f"covariate_{covariate.name}",
        "DOUBLE",
        number(cell),
        f"CASE WHEN {usable} THEN {read} END",
        f"({cell} IS NOT NULL AND NOT ({usable}))",
        f"invalid:{covariate.name}",
    )


def _categorical(covariate: CategoricalCovariate) -> Column:
    """Listed levels take the plan's spelling; others are kept as they came, if they can be shown."""
    cell, read = quoted(f"raw_{covariate.name}"), quoted(f"read_{covariate.name}")
    spelled = " ".join(f"WHEN {literal(level.lower())} THEN {literal(level)}" for level in covariate.levels)
    exact = " ".join(f"WHEN {literal(level)} THEN {literal(level)}" for level in covariate.levels)
    listed = f"CASE {cell} {exact} ELSE CASE lower({cell}) {spelled} END END"
    shown = (
        f"CASE WHEN length({cell}) <= {LONGEST_LABEL} "
        f"AND NOT regexp_matches({cell}, {literal(UNSAFE)}) THEN {cell} END"
    )
    return Column(
        f"covariate_{covariate.name}",
        "VARCHAR",
        listed,
        f"CASE WHEN {read} IS NOT NULL THEN {read} ELSE {shown} END",
        f"({cell} IS NOT NULL AND {read} IS NULL)",
        f"unlisted_level:{covariate.name}",
    )
