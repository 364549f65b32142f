"""Subgroups: named beforehand, on declared covariates, and judged by a rule."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.plan.fault import Key, Problem
from monitor.plan.model import ChangePlan, Covariate
from monitor.plan.rules.rule import COVARIATES, EVALUATION, Rule, repeated

ITEM: Key = (*EVALUATION, 0)
SUBGROUPS: Key = ("logs", "subgroups")


def subgroups(plan: ChangePlan) -> Iterator[Problem]:
    """Each subgroup is a covariate with levels, or a condition on declared covariates, and has a name."""
    covariates, key = plan.logs.covariates, SUBGROUPS
    levelled = [item.name for item in covariates if item.kind == "categorical"]
    names = [item if isinstance(item, str) else item.name for item in plan.logs.subgroups]
    for position, first in repeated(names):
        if not isinstance(plan.logs.subgroups[position], str):
            yield Problem((*key, position, "name"), f"the name of subgroup {first} again", "another", "text")
    for position, item in enumerate(plan.logs.subgroups):
        if isinstance(item, str):
            if item not in levelled:
                message = f"no covariate with levels is called {item}"
                yield Problem((*key, position), message, "a categorical covariate, or name and where", "text")
            continue
        for message, expected in _condition_faults(item.where, covariates):
            yield Problem((*key, position, "where"), message, expected, "text")


def _condition_faults(where: str, covariates: tuple[Covariate, ...]) -> list[tuple[str, str]]:
    from monitor.plan.condition import ConditionError, parse  # few plans have a condition
    from monitor.plan.subgroups import faults

    try:
        return list(faults(parse(where), covariates))
    except ConditionError as error:
        return [(str(error), "such as sex = 'F' and age < 40")]


def judged_subgroups(plan: ChangePlan) -> Iterator[Problem]:
    """Subgroups are listed in order to be judged, and judged only when listed."""
    if plan.evaluation.subgroups is not None and not plan.logs.subgroups:
        message = "no subgroup is named beforehand"
        yield Problem((*ITEM, "subgroups"), message, "logs.subgroups in the plan", "mapping", True)
    if plan.evaluation.subgroups is None and plan.logs.subgroups:
        message = "nothing says how these are judged"
        expected = "subgroups in performance_evaluation"
        yield Problem(SUBGROUPS, message, expected, "list", True)


def challenging_cases(plan: ChangePlan) -> Iterator[Problem]:
    """The set is a condition on declared covariates."""
    if (rule := plan.evaluation.challenging_cases) is not None:
        key = (*ITEM, "challenging_cases", "where")
        for message, expected in _condition_faults(rule.where, plan.logs.covariates):
            yield Problem(key, message, expected, "text")


RULES = (
    Rule((SUBGROUPS, COVARIATES), subgroups),
    Rule((EVALUATION, SUBGROUPS), judged_subgroups),
    Rule((EVALUATION, COVARIATES), challenging_cases),
)
