"""The outcomes behind the verdict: who read them, whose became known, and the studies that are hard."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from monitor.documentation.cells import is_safe
from monitor.documentation.evidence import Change, Record
from monitor.plan.model import ChangePlan


def outcomes_read(plan: ChangePlan, change: Change) -> dict[str, Any]:
    """What the look recorded about its outcomes; None for what it did not, or before any look."""
    verdict = change.verdict or {}
    cases = plan.evaluation.challenging_cases
    return {
        "found": verdict.get("reference_standard"),
        "verification": verdict.get("verification"),
        "challenging_where": None if cases is None else cases.where,
        "challenging_cases": verdict.get("challenging_cases"),
        "withheld": False,
    }


def without_small_outcomes(outcomes: Record, dossier: Record, least: int) -> dict[str, Any]:
    """The record as it may be shared: left out whole where it rests on a small count.

    Readers, ranges of scores and the account of studies count the same studies, so one withheld count
    could be had from the others.

    Args:
        outcomes: As `outcomes_read` made it.
        dossier: The exact dossier, for the other counts of these studies.
        least: The plan's `small_cell_minimum`.
    """
    if outcomes["found"] is None or all(is_safe(count, least) for count in _counts(outcomes, dossier)):
        return dict(outcomes)
    empty = dict.fromkeys(("found", "verification", "challenging_cases"))
    return {**outcomes, **empty, "withheld": True}


def _counts(outcomes: Record, dossier: Record) -> Iterator[int]:
    """Every count the record shows, and what two of them, or one and the account of studies, differ by."""
    found, account = outcomes["found"], dossier["data_account"]
    yield from (found["studies"], found["known"], found["studies"] - found["known"])
    yield from found["influences"].values()
    steps = [step["rows"] for step in account["waterfall"]]
    yield from (before - after for before, after in pairwise(steps))
    if (readers := found["readers"]) is not None:
        yield from _of_readers(readers, found["studies"])
    if (verification := outcomes["verification"]) is not None:
        yield found["studies"] - sum(item["n"] for item in verification["bins"])
        for item in verification["bins"]:
            yield from (item["n"], item["known"], item["n"] - item["known"])
    if (cases := outcomes["challenging_cases"]) is not None:
        window = account["validation"]
        yield from (cases["n"], cases["events"], cases["n"] - cases["events"])
        yield from (window["n"] - cases["n"], window["events"] - cases["events"])


def _of_readers(readers: Record, studies: int) -> Iterator[int]:
    read, twice = readers["studies_read"], readers["read_twice"]
    yield from (read, twice, readers["disagreed"], readers["indeterminate"], readers["kappa"]["events"])
    yield from (studies - read, read - twice, twice - readers["disagreed"], read - readers["indeterminate"])
    yield twice - readers["kappa"]["events"]
