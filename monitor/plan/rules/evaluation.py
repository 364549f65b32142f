"""The evaluation: something is demonstrated, against both comparators, within the alpha there is."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

from monitor.plan.fault import Problem
from monitor.plan.model import AlertRateCriterion, ChangePlan, ProportionCriterion
from monitor.plan.rules.rule import (
    DATA,
    EVALUATION,
    MODIFICATIONS,
    PREDICTIONS,
    Rule,
    repeated,
)

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
            criterion.metric == "log_loss_difference" and criterion.against == name
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
    """Looks come one after another, none before the least number of events, and share alpha by a rule."""
    planned, key = plan.evaluation.looks, (*ITEM, "looks")
    if planned.events[0] < plan.evaluation.minimum_events:
        where, expected = (*key, "events", 0), "at least minimum_events"
        yield Problem(where, "the look comes before minimum_events", expected, "whole number")
    for position, (earlier, later) in enumerate(pairwise(planned.events), start=1):
        if later <= earlier:
            where, message = (*key, "events", position), "not after the look before"
            yield Problem(where, message, "more events than the look before", "whole number")
    if len(planned.events) > 1 and planned.spending is None:
        yield Problem(key, "several looks at the full alpha", "spending: obrien_fleming", "nothing", True)
    if len(planned.events) == 1 and planned.spending is not None:
        yield Problem((*key, "spending"), "one look has nothing to share", "no such key", "text", True)


def one_look(plan: ChangePlan) -> Iterator[Problem]:
    """An undated log does not grow, so it is looked at once."""
    if plan.undated and len(plan.evaluation.looks.events) > 1:
        key = (*ITEM, "looks", "events", 1)
        yield Problem(key, "undated logs have one look", "one number of events", "whole number")


def operating_points(plan: ChangePlan) -> Iterator[Problem]:
    """What is judged at an operating point needs one in every finding."""
    lacking = [finding.id for finding in plan.findings if finding.operating_point is None]
    for position, criterion in enumerate(plan.evaluation.criteria):
        if lacking and isinstance(criterion, ProportionCriterion | AlertRateCriterion):
            key = (*ITEM, "criteria", position, "at")
            message = f"finding {lacking[0]} has no operating point"
            yield Problem(key, message, "findings[].operating_point in the plan", "text")
    rails = plan.modification.guardrails
    if lacking and rails and rails.maximum_alert_change is not None:
        key = ("description_of_modifications", 0, "guardrails", "maximum_alert_change")
        message = f"finding {lacking[0]} has no operating point"
        yield Problem(key, message, "findings[].operating_point in the plan", "number")


def guardrails(plan: ChangePlan) -> Iterator[Problem]:
    """A range that holds nothing would reject everything; an empty record would bound nothing."""
    rails, key = plan.modification.guardrails, ("description_of_modifications", 0, "guardrails")
    if rails is None:
        return
    if not rails.model_dump(exclude_none=True):
        yield Problem(key, "bounds nothing", "slope, maximum_probability_change or maximum_alert_change")
    if rails.slope and not rails.slope[0] < 1.0 < rails.slope[1]:
        yield Problem((*key, "slope"), "the range does not hold 1", "two numbers with 1 between them", "list")


def retest(plan: ChangePlan) -> Iterator[Problem]:
    """The role that signs a root cause is one of the plan's."""
    rule = plan.evaluation.retest
    if rule is not None and rule.role not in [item.role for item in plan.approvals]:
        yield Problem((*ITEM, "retest", "role"), "no such role", "a role of approvals", "text")


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
    Rule((EVALUATION, PREDICTIONS), one_look),
    Rule((EVALUATION, ("findings",), MODIFICATIONS), operating_points),
    Rule((MODIFICATIONS,), guardrails),
    Rule((EVALUATION, ("approvals",)), retest),
    Rule((EVALUATION,), attempt_alpha),
    Rule((DATA,), ai_influence),
)
