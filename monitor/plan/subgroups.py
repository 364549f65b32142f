"""The subgroups a plan names beforehand, each as a condition on declared covariates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from monitor.plan.condition import ORDERED, Comparison, Condition, comparisons, parse
from monitor.plan.model import ChangePlan, ContinuousCovariate, Covariate


@dataclass(frozen=True)
class Subgroup:
    """A stratum of studies with its name as every document prints it."""

    name: str
    condition: Condition


def subgroups(plan: ChangePlan) -> tuple[Subgroup, ...]:
    """Every subgroup of a plan that passed its checks: a covariate stands for one subgroup per level."""
    levels = {item.name: item.levels for item in plan.logs.covariates if item.kind == "categorical"}
    found: list[Subgroup] = []
    for item in plan.logs.subgroups:
        if isinstance(item, str):
            found += [
                Subgroup(f"{item} = {level}", Comparison(item, "=", (level,))) for level in levels[item]
            ]
        else:
            found.append(Subgroup(item.name, parse(item.where)))
    return tuple(found)


def faults(condition: Condition, covariates: tuple[Covariate, ...]) -> Iterator[tuple[str, str]]:
    """What is wrong with a condition under the declared covariates: (message, what is expected)."""
    declared = {item.name: item for item in covariates}
    for comparison in comparisons(condition):
        covariate = declared.get(comparison.name)
        if covariate is None:
            yield f"no covariate is called {comparison.name}", "a name of logs.covariates"
        elif isinstance(covariate, ContinuousCovariate):
            if not all(isinstance(value, float) for value in comparison.values):
                yield f"{comparison.name} is a number and is compared with a text", "a number"
        elif comparison.operator in ORDERED:
            yield f"{comparison.name} has levels, which have no order", "=, != or in"
        elif not set(comparison.values) <= set(covariate.levels):
            yield f"{comparison.name} is compared with something else than its levels", "a level as listed"
