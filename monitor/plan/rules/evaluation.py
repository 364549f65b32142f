"""The evaluation: something is demonstrated, against both comparators, within the alpha there is."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

from monitor.plan.fault import Problem
from monitor.plan.model import ChangePlan, LogLossCriterion
from monitor.plan.rules.rule import DATA, EVALUATION, Rule, repeated

ITEM = (*EVALUATION, 0)
COMPARATORS = ("last_deployed", "original")
TOTAL_ALPHA = 0.05  # for wrong acceptances at a site, all attempts together
ROUNDING = 1e-12


def demonstrated(plan: ChangePlan) -> Iterator[Problem]:
    """Absence of evidence is never success."""
    if not any(criterion.require == "demonstrated" for criterion in plan.evaluation.criteria):
        message = "nothing is demonstrated, so a change could be accepted without evidence"
        yield Problem(
            (*ITEM, "criteria"), message, "at least one criterion with require: demonstrated", on_key=True
        )


def comparators(plan: ChangePlan) -> Iterator[Problem]:
    """A candidate is compared with the calibrator in use and with the authorised original."""
    for name in COMPARATORS:
        if name not in plan.evaluation.comparators:
            yield Problem(
                (*ITEM, "comparators"), f"the comparator {name} is missing", "last_deployed and original"
            )
        used = any(
            isinstance(criterion, LogLossCriterion) and criterion.against == name
            for criterion in plan.evaluation.criteria
        )
        if not used:
            message = f"no criterion compares the candidate with {name}"
            expected = f"a log_loss_difference criterion with against: {name}"
            yield Problem((*ITEM, "criteria"), message, expected, on_key=True)


def criterion_ids(plan: ChangePlan) -> Iterator[Problem]:
    """Results are reported by the criterion's id."""
    names = [criterion.id for criterion in plan.evaluation.criteria]
    for position, first in repeated(names):
        message = f"the id of criterion {first} again"
        yield Problem((*ITEM, "criteria", position, "id"), message, "an id of its own", "text")


def criteria_differ(plan: ChangePlan) -> Iterator[Problem]:
    """Two limits for one comparison leave open which one counts."""
    subjects = [f"{item.metric} {getattr(item, 'against', '')}" for item in plan.evaluation.criteria]
    for position, first in repeated(subjects):
        message = f"judges the same as criterion {first}"
        yield Problem(
            (*ITEM, "criteria", position), message, "one criterion per metric and comparator", "mapping"
        )


def looks(plan: ChangePlan) -> Iterator[Problem]:
    """No look before the least number of events is there."""
    if plan.evaluation.looks.events[0] < plan.evaluation.minimum_events:
        key = (*ITEM, "looks", "events", 0)
        yield Problem(key, "the look comes before minimum_events", "at least minimum_events", "whole number")


def attempt_alpha(plan: ChangePlan) -> Iterator[Problem]:
    """Each attempt spends alpha; later ones never more, all together at most 0.05."""
    alphas, key = plan.evaluation.attempt_alpha, (*ITEM, "attempt_alpha")
    for position, (earlier, later) in enumerate(pairwise(alphas), start=1):
        if later > earlier:
            message = "a later attempt has more alpha than the one before"
            yield Problem((*key, position), message, "at most the alpha of the attempt before", "number")
    if math.fsum(alphas) > TOTAL_ALPHA + ROUNDING:
        yield Problem(
            key, "the attempts spend too much alpha", f"a sum of at most {TOTAL_ALPHA}", "a larger sum"
        )


def ai_influence(plan: ChangePlan) -> Iterator[Problem]:
    """Outcomes that judge a candidate also fit, and those that fit are also monitored."""
    allowed, key = plan.data.ai_influence, (*DATA, 0, "ai_influence")
    for name, inner, outer_name, outer in (
        ("fitting", allowed.fitting, "monitoring", allowed.monitoring),
        ("validation", allowed.validation, "fitting", allowed.fitting),
    ):
        if not set(inner) <= set(outer):
            message = f"a class is allowed in {name} and not in {outer_name}"
            yield Problem((*key, name), message, f"a part of {outer_name}", "list")


RULES = (
    Rule((EVALUATION,), demonstrated),
    Rule((EVALUATION,), comparators),
    Rule((EVALUATION,), criterion_ids),
    Rule((EVALUATION,), criteria_differ),
    Rule((EVALUATION,), looks),
    Rule((EVALUATION,), attempt_alpha),
    Rule((DATA,), ai_influence),
)
