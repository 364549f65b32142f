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
        value: SQL of the stored value over the cell `raw_<name>`.
        noted: SQL condition: the cell held something that was changed to null or is not listed.
        note: What is counted where `noted` holds.
    """

    name: str
    type: str
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


def _continuous(covariate: ContinuousCovariate, sentinels: tuple[float, ...]) -> Column:
    cell = quoted(f"raw_{covariate.name}")
    low, high = covariate.range
    plausible = f"BETWEEN {float(low)!r} AND {float(high)!r}"
    read = number(cell)
    usable = f"CASE WHEN ({read}) {plausible} AND NOT {one_of(f'({read})', sentinels)} THEN ({read}) END"
    return Column(
        f"covariate_{covariate.name}",
        "DOUBLE",
        usable,
        f"({cell} IS NOT NULL AND ({usable}) IS NULL)",
        f"invalid:{covariate.name}",
    )


def _categorical(covariate: CategoricalCovariate) -> Column:
    """Listed levels take the plan's spelling; others are kept as they came, if they can be shown."""
    cell = quoted(f"raw_{covariate.name}")
    spelled = " ".join(f"WHEN {literal(level.lower())} THEN {literal(level)}" for level in covariate.levels)
    exact = " ".join(f"WHEN {literal(level)} THEN {literal(level)}" for level in covariate.levels)
    listed = f"coalesce(CASE {cell} {exact} END, CASE lower({cell}) {spelled} END)"
    shown = (
        f"CASE WHEN length({cell}) <= {LONGEST_LABEL} "
        f"AND NOT regexp_matches({cell}, {literal(UNSAFE)}) THEN {cell} END"
    )
    return Column(
        f"covariate_{covariate.name}",
        "VARCHAR",
        f"coalesce({listed}, {shown})",
        f"({cell} IS NOT NULL AND {listed} IS NULL)",
        f"unlisted_level:{covariate.name}",
    )
