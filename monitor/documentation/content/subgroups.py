"""Subgroups and guardrails of a look, or that the plan has none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

from monitor.documentation.cells import is_safe
from monitor.documentation.evidence import Change, Record
from monitor.plan.model import ChangePlan
from monitor.validation.subgroups import SubgroupResult

COUNTS = ("n", "n_pos", "needed_n")
MOST_SUMMED = 8
"""Sets of one covariate of which every sum is looked at; of more, pairs and the whole sum."""
Kinds = tuple[int, int, int]


def subgroups(plan: ChangePlan, change: Change) -> dict[str, Any]:
    """The plan's rule and what each subgroup showed; `found` is None until a look was held."""
    rule = plan.evaluation.subgroups
    found = (change.verdict or {}).get("subgroups")
    return {
        "rule": None if rule is None else rule.model_dump(mode="json"),
        "found": None if found is None else [_row(body) for body in found],
        "counts_withheld": False,
    }


def without_small_subgroups(part: dict[str, Any], dossier: Record, least: int) -> dict[str, Any]:
    """The same without any count when one is small, or follows from others by subtraction.

    Subgroups may hold one another, and the levels of a covariate leave the studies without a value. Which
    do is not asked: any two that differ by a small number withhold all.

    Args:
        part: As `subgroups` made it.
        dossier: The exact dossier, for the window and its challenging cases.
        least: The plan's `small_cell_minimum`.
    """
    rows = part["found"] or []
    if not rows or all(is_safe(abs(count), least) for count in _counts(rows, dossier)):
        return part
    bare = [{**row, **dict.fromkeys(COUNTS), "words": row["status"].replace("_", " ")} for row in rows]
    return {**part, "found": bare, "counts_withheld": True}


def _counts(rows: Sequence[Record], dossier: Record) -> Iterator[int]:
    """Studies with and without the outcome in every set, in two sets less one another, and left by sums."""
    sets = [_kinds(row["n"], row["n_pos"]) for row in rows]
    window = dossier["data_account"]["validation"]
    if window is not None and window["n"]:
        whole = _kinds(window["n"], round(window["prevalence"] * window["n"]))
        yield from _left_by_levels(whole, rows)
        sets.append(whole)
    if (cases := dossier["outcomes_read"]["challenging_cases"]) is not None:
        sets += [_kinds(cases["n"], events) for events in (cases["events"], cases["n"] - cases["events"])]
    for one, other in combinations([(0, 0, 0), *sets], 2):
        yield from (a - b for a, b in zip(one, other, strict=True))


def _left_by_levels(whole: Kinds, rows: Sequence[Record]) -> Iterator[int]:
    """What sums of sets leave of the window, or of another set: by covariate.

    A covariate stands for one subgroup per level, which share no study; subgroups that the plan wrote out
    are summed together, as if they shared none.
    """
    families: dict[str, list[Kinds]] = {}
    for row in rows:
        name, is_level, _ = row["name"].partition(" = ")
        families.setdefault(name if is_level else "", []).append(_kinds(row["n"], row["n_pos"]))
    for name, sets in families.items():
        others = [whole] if name else [whole, *sets]
        sizes = range(2, len(sets) + 1) if len(sets) <= MOST_SUMMED else (len(sets),)
        for some in (some for size in sizes for some in combinations(sets, size)):
            sums = [sum(column) for column in zip(*some, strict=True)]
            yield from (a - b for other in others for a, b in zip(other, sums, strict=True))


def _kinds(n: int, positives: int) -> Kinds:
    return n, positives, n - positives


def guardrails(plan: ChangePlan, change: Change) -> dict[str, Any]:
    """The plan's guardrails and where the candidate lies; `found` is None until a look was held."""
    rails = plan.modification.guardrails
    return {
        "allowed": None if rails is None else rails.model_dump(mode="json"),
        "found": (change.verdict or {}).get("envelope"),
    }


def _row(body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "words": SubgroupResult(**body).words}
