"""Streams: what each needs in the logs, and that together they spend no more than there is."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.plan.fault import Problem
from monitor.plan.logs import FeatureRole
from monitor.plan.model import ChangePlan
from monitor.plan.monitoring import Streams
from monitor.plan.rules.rule import COVARIATES, MONITORING, PREDICTIONS, Rule

STREAMS = (*MONITORING, "streams")
REFERENCE = (*MONITORING, "reference")
ARRIVAL = (*MONITORING, "arrival_days")
WITH_OUTCOMES = ("calibration", "prevalence")
ROUNDING = 1e-9


def chosen(streams: Streams) -> list[str]:
    """Names of the streams the plan has, in the order of the keys."""
    return [name for name in type(streams).model_fields if getattr(streams, name, None) is not None]


def weights(plan: ChangePlan) -> Iterator[Problem]:
    """No more than the whole false-alarm probability is shared out."""
    streams = plan.monitoring.streams
    total = sum(getattr(streams, name).weight for name in chosen(streams))
    if total > 1.0 + ROUNDING:
        yield Problem(STREAMS, "the weights sum to more than 1", "a sum of at most 1", f"{total:g}")


def reference(plan: ChangePlan) -> Iterator[Problem]:
    """Every stream but calibration compares with a reference, which an undated log has no time for."""
    monitoring = plan.monitoring
    others = [name for name in chosen(monitoring.streams) if name != "calibration"]
    if plan.undated:
        for name in others:
            message = "undated logs have one look, which leaves no reference to compare with"
            yield Problem((*STREAMS, name), message, "no such key", "mapping", True)
    elif others and monitoring.reference is None:
        message = f"missing key: the stream {others[0]} has nothing to compare with"
        yield Problem(REFERENCE, message, "looks, minimum_rows, minimum_events", "nothing", True)
    if monitoring.reference is not None and not others and not monitoring.unseen_category:
        yield Problem(REFERENCE, "no stream of this plan uses it", "no such key", "mapping", True)


def arrival(plan: ChangePlan) -> Iterator[Problem]:
    """Streams without outcomes are read some days after a cohort ends."""
    monitoring = plan.monitoring
    early = [name for name in chosen(monitoring.streams) if name not in WITH_OUTCOMES]
    early += ["unseen_category"] if monitoring.unseen_category else []
    if early and monitoring.arrival_days is None and not plan.undated:
        message = f"missing key: {early[0]} does not wait for outcomes"
        yield Problem(ARRIVAL, message, "a number of days, such as 1", "nothing", True)
    if monitoring.arrival_days is not None and not early:
        yield Problem(ARRIVAL, "no stream of this plan uses it", "no such key", "whole number", True)
    if monitoring.arrival_days is not None and monitoring.arrival_days > plan.data.maturity_days:
        message = "outcomes would be mature before the predictions are looked at"
        yield Problem(ARRIVAL, message, "at most maturity_days", "whole number")


def features(plan: ChangePlan) -> Iterator[Problem]:
    """Streams of features need features of their role."""
    streams = plan.monitoring.streams
    roles: dict[str, tuple[FeatureRole, ...]] = {
        "covariates": ("covariate",),
        "quality": ("quality",),
        "workflow": ("workflow",),
        "missingness": (),
    }
    for name, role in roles.items():
        if getattr(streams, name) is not None and not plan.features(*role):
            message = "logs.covariates declares nothing for this stream"
            yield Problem((*STREAMS, name), message, "a declared feature of that role", "mapping", True)


def threshold(plan: ChangePlan) -> Iterator[Problem]:
    """Alerts and the reader's agreement with them need a threshold; agreement needs the reader's decision."""
    streams = plan.monitoring.streams
    for name in ("alert_rate", "agreement"):
        if getattr(streams, name) is not None and any(f.operating_point is None for f in plan.findings):
            message = "a finding without an operating point has no alerts"
            yield Problem((*STREAMS, name), message, "an operating_point in every finding", "mapping", True)
    if streams.agreement is not None and plan.logs.predictions.reader_decisions is None:
        message = "nothing says what the reader's decisions mean"
        yield Problem((*STREAMS, "agreement"), message, "logs.predictions.reader_decisions", "mapping", True)


def unseen(plan: ChangePlan) -> Iterator[Problem]:
    """Only a declared category can have a level that was never seen."""
    categorical = any(item.kind == "categorical" for item in plan.logs.covariates)
    if plan.monitoring.unseen_category and (plan.undated or not categorical):
        message = "no dated log with a categorical covariate"
        yield Problem((*MONITORING, "unseen_category"), message, "no such key", "text", True)


RULES = (
    Rule((STREAMS,), weights),
    Rule((MONITORING, PREDICTIONS), reference),
    Rule((MONITORING, PREDICTIONS, ("modification_protocol", "data_management")), arrival),
    Rule((STREAMS, COVARIATES), features),
    Rule((STREAMS, PREDICTIONS, ("findings",)), threshold),
    Rule((MONITORING, PREDICTIONS, COVARIATES), unseen),
)
