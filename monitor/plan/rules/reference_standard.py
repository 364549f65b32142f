"""The reference standard: readers that the log can tell apart, and weights that the criteria can carry."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.plan.fault import Problem
from monitor.plan.model import AreaCriterion, ChangePlan
from monitor.plan.rules.rule import DATA, EVALUATION, OUTCOMES, Rule

STANDARD = (*DATA, 0, "reference_standard")
CRITERIA = (*EVALUATION, 0, "criteria")
NAMED = ("readers", "consensus", "band_minimum_reads")


def readers(plan: ChangePlan) -> Iterator[Problem]:
    """Several readers of a study are told apart by their column; without it there is one."""
    if plan.logs.outcomes.columns.reader_id is not None:
        return
    standard = plan.data.reference_standard
    asked = (standard.readers > 1, standard.consensus == "majority", standard.band_minimum_reads is not None)
    for name, wanted in zip(NAMED, asked, strict=True):
        if wanted:
            message, expected = "the outcome log does not say who read a study", "a column for reader_id"
            yield Problem((*STANDARD, name), message, f"{expected} in logs.outcomes.columns", "a value")


def weighted_criteria(plan: ChangePlan) -> Iterator[Problem]:
    """No area under the curve is computed from weighted outcomes."""
    rule = plan.data.verification
    if rule is None or rule.weights == "none":
        return
    for position, criterion in enumerate(plan.evaluation.criteria):
        if isinstance(criterion, AreaCriterion):
            message = "the area is not computed from weighted outcomes"
            expected = "another metric, or verification.weights: none"
            yield Problem((*CRITERIA, position, "metric"), message, expected, "text")


RULES = (
    Rule((DATA, OUTCOMES), readers),
    Rule((DATA, EVALUATION), weighted_criteria),
)
