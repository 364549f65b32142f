"""Retention and small cells: no empty promise, and no fit or look too small to be shown."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.plan.fault import Key, Problem
from monitor.plan.model import ChangePlan
from monitor.plan.rules.rule import EVALUATION, Rule

RECORDS: Key = ("records",)
RETRAINING: Key = ("modification_protocol", "retraining")


def not_empty(plan: ChangePlan) -> Iterator[Problem]:
    """A section without a rule would look like one."""
    if plan.records is not None and not plan.records.model_dump(exclude_none=True):
        keys = "retention_years, small_cell_minimum or delivered_files_days"
        yield Problem(RECORDS, "the section has no rule", keys, "an empty mapping", on_key=True)


def judged_counts_can_be_shown(plan: ChangePlan) -> Iterator[Problem]:
    """What a candidate is fitted on and judged by is shown in its dossier, so it is no small cell."""
    least = plan.records.small_cell_minimum if plan.records else None
    events = min(plan.retraining.events_for.least, *plan.evaluation.looks.events)
    if least is not None and least > events:
        message = "the counts of a fit or a look would be withheld"
        expected = f"at most {events}, the fewest events that a fit or a look needs"
        yield Problem((*RECORDS, "small_cell_minimum"), message, expected, "whole number")


RULES = (
    Rule((RECORDS,), not_empty),
    Rule((RECORDS, RETRAINING, EVALUATION), judged_counts_can_be_shown),
)
