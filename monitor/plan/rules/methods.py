"""Methods and the events they need: what is listed can be reached, and what can be reached is listed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from monitor.plan.fault import Problem
from monitor.plan.model import ChangePlan
from monitor.plan.rules.rule import DATA, MODIFICATIONS, PREDICTIONS, RETRAINING, Rule

EVENTS_FOR = (*RETRAINING, 0, "events_for")
METHODS = (*MODIFICATIONS, 0, "methods")
NEEDS = {"pooled": ("pooled",), "flexible": ("beta", "isotonic")}
ORDER = ("pooled", "closed_test", "flexible")


def listed_methods_are_reached(plan: ChangePlan) -> Iterator[Problem]:
    """A method that no number of events leads to would be a promise that nothing keeps."""
    for key, methods in NEEDS.items():
        if getattr(plan.retraining.events_for, key) is not None:
            continue
        for position, method in enumerate(plan.modification.methods):
            if method in methods:
                message = f"{method} needs events_for.{key}, which the plan does not have"
                yield Problem((*METHODS, position), message, f"events_for.{key}, or no {method}", "text")


def reached_methods_are_listed(plan: ChangePlan) -> Iterator[Problem]:
    """A number of events that leads to no listed method decides nothing."""
    for key, methods in NEEDS.items():
        if getattr(plan.retraining.events_for, key) is not None and not (
            set(methods) & set(plan.modification.methods)
        ):
            message = f"no method listed needs it: {' or '.join(methods)}"
            yield Problem((*EVENTS_FOR, key), message, f"a method {' or '.join(methods)}", on_key=True)


def events_rise(plan: ChangePlan) -> Iterator[Problem]:
    """The more flexible the method, the more events it needs."""
    events = plan.retraining.events_for
    given = [(name, getattr(events, name)) for name in ORDER if getattr(events, name) is not None]
    for (before, fewer), (name, more) in pairwise(given):
        if more <= fewer:
            message = f"no more events than for {before}"
            yield Problem((*EVENTS_FOR, name), message, f"more than {fewer}", "whole number")


def one_way_to_move_the_intercept(plan: ChangePlan) -> Iterator[Problem]:
    """A prior shift stands in the place of a fitted intercept, and needs days before the change."""
    methods = plan.modification.methods
    if "prior_shift" not in methods:
        return
    key = (*METHODS, methods.index("prior_shift"))
    if "intercept" in methods:
        yield Problem(key, "prior_shift and intercept both move the intercept", "one of the two", "text")
    allowed = plan.data.ai_influence
    if set(allowed.monitoring) != set(allowed.fitting):
        message = "prior_shift compares outcomes before and after, and the two allow different readers"
        yield Problem(key, message, "ai_influence with the same classes in monitoring and fitting", "text")
    if plan.undated:
        message = "an undated log has no days before a change"
        yield Problem(key, message, "intercept in place of prior_shift", "text")


RULES = (
    Rule((MODIFICATIONS, PREDICTIONS, DATA), one_way_to_move_the_intercept),
    Rule((MODIFICATIONS, RETRAINING), listed_methods_are_reached),
    Rule((MODIFICATIONS, RETRAINING), reached_methods_are_listed),
    Rule((RETRAINING,), events_rise),
)
