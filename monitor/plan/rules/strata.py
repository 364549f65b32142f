"""Strata: the levels of a declared covariate, named so that a place's name can be read in one way only."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from monitor.plan.fault import Problem
from monitor.plan.model import OTHER_STRATUM, ChangePlan
from monitor.plan.rules.rule import COVARIATES, Rule

LONGEST_STRATUM = 80


def strata(plan: ChangePlan) -> Iterator[Problem]:
    """The covariate is declared and has levels, and each level can be part of a place's name."""
    if plan.logs.strata is None:
        return
    covariate = plan.stratum_covariate
    if covariate is None:
        message = f"no covariate with levels is called {plan.logs.strata.covariate}"
        yield Problem(("logs", "strata", "covariate"), message, "a categorical covariate", "text")
        return
    key = (*COVARIATES, plan.logs.covariates.index(covariate), "levels")
    for position, level in enumerate(covariate.levels):
        if (why := _unfit(level)) is not None:
            message = f"this level names a stratum, and {why}"
            yield Problem((*key, position), message, "another spelling", "text")


def _unfit(level: str) -> str | None:
    """Why a level cannot be part of a place's name, such as "Harbour / A"."""
    if level.strip().casefold() == OTHER_STRATUM:
        return f"'{OTHER_STRATUM}' is the stratum of missing and unlisted levels"
    if "/" in level:
        return "a slash separates the hospital from the stratum"
    if level != level.strip() or len(level) > LONGEST_STRATUM:
        return f"it is padded or longer than {LONGEST_STRATUM} characters"
    if any(unicodedata.category(character)[0] == "C" for character in level):
        return "it holds a character that cannot be seen"
    return None


RULES = (Rule((("logs", "strata"), COVARIATES), strata),)
