"""Which streams a plan asks for: what each reads, its share of alpha, and how its bets are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from monitor.drift import (
    FrozenFeature,
    MeanStream,
    locations_and_spreads,
    log_limit,
    rates,
    score_mean,
    shares_of_levels,
)
from monitor.plan import ChangePlan
from monitor.plan.logs import FeatureRole
from monitor.plan.monitoring import FeatureStreams, RateStream, Streams
from monitor.records import FloatArray

SCORE, ALERTS, AGREEMENT, PREVALENCE, MISSING = "score", "alert_rate", "agreement", "prevalence", "missing:"
Group = Literal["prevalence", "covariates", "quality", "workflow", "missingness", "score", "readers"]
Make = Callable[[Sequence[FrozenFeature], Sequence[FloatArray]], list[MeanStream]]
ROLES: Mapping[str, FeatureRole] = {"covariates": "covariate", "quality": "quality", "workflow": "workflow"}


@dataclass(frozen=True)
class StreamSpec:
    """One stream of a plan.

    Attributes:
        name: As on the ledger, such as "covariate:age".
        label: In words, such as "age".
        group: What it is shown with.
        feature: The frozen feature it compares with.
        weight: Its share of the false-alarm probability.
        unit: Of the feature, where it has one.
        make: The streams of some places from the frozen feature of each and, for the mean score, from the
            probability of each code.
    """

    name: str
    label: str
    group: Group
    feature: str
    weight: float
    unit: str | None
    make: Make


def specs(plan: ChangePlan) -> tuple[StreamSpec, ...]:
    """Every stream of the plan but calibration, in a fixed order."""
    streams = plan.monitoring.streams
    return (
        *_outcomes(streams),
        *_features(plan, "covariates", streams.covariates),
        *_features(plan, "quality", streams.quality),
        *_features(plan, "workflow", streams.workflow),
        *_missingness(plan),
        *_scores(streams),
        *_readers(streams),
    )


def limit_of(plan: ChangePlan, spec: StreamSpec) -> float:
    """Natural log of a stream's alarm limit."""
    watched = plan.monitoring
    return log_limit(
        watched.horizon_looks, plan.places_per_site, watched.false_alarm_probability, spec.weight
    )


def _outcomes(streams: Streams) -> list[StreamSpec]:
    if streams.prevalence is None:
        return []
    return [_rate("prevalence", "prevalence", "prevalence", PREVALENCE, streams.prevalence)]


def _readers(streams: Streams) -> list[StreamSpec]:
    """Alerts at the authorised threshold, and whether the reader agrees with the alert in use."""
    named = (
        ("alert_rate", "alert rate", ALERTS, streams.alert_rate),
        ("agreement", "reader agrees with the AI", AGREEMENT, streams.agreement),
    )
    return [_rate(name, label, "readers", feature, found) for name, label, feature, found in named if found]


def _rate(name: str, label: str, group: Group, feature: str, stream: RateStream) -> StreamSpec:
    tolerance = stream.tolerance

    def make(frozen: Sequence[FrozenFeature], _: Sequence[FloatArray]) -> list[MeanStream]:
        return rates(frozen, tolerance.logit, tolerance.standard_errors)

    return StreamSpec(name, label, group, feature, stream.weight, None, make)


def _features(
    plan: ChangePlan, group: Literal["covariates", "quality", "workflow"], stream: FeatureStreams | None
) -> list[StreamSpec]:
    role = ROLES[group]
    declared = plan.features(role)
    if stream is None:
        return []
    tolerance = stream.tolerance

    def shares(frozen: Sequence[FrozenFeature], _: Sequence[FloatArray]) -> list[MeanStream]:
        return shares_of_levels(frozen, tolerance.logit, tolerance.standard_errors)

    def ranks(frozen: Sequence[FrozenFeature], _: Sequence[FloatArray]) -> list[MeanStream]:
        return locations_and_spreads(frozen, tolerance.standardized_difference, tolerance.standard_errors)

    return [
        StreamSpec(
            f"{role}:{item.name}",
            item.name,
            group,
            item.name,
            stream.weight / len(declared),
            item.unit if item.kind == "continuous" else None,
            ranks if item.kind == "continuous" else shares,
        )
        for item in declared
    ]


def _missingness(plan: ChangePlan) -> list[StreamSpec]:
    stream, declared = plan.monitoring.streams.missingness, plan.features()
    if stream is None:
        return []
    tolerance = stream.tolerance

    def make(frozen: Sequence[FrozenFeature], _: Sequence[FloatArray]) -> list[MeanStream]:
        return rates(frozen, tolerance.logit, tolerance.standard_errors)

    share = stream.weight / len(declared)
    return [
        StreamSpec(
            f"missingness:{item.name}",
            f"{item.name} missing or not plausible",
            "missingness",
            MISSING + item.name,
            share,
            None,
            make,
        )
        for item in declared
    ]


def _scores(streams: Streams) -> list[StreamSpec]:
    found: list[StreamSpec] = []
    if streams.score_mean is not None:
        mean = streams.score_mean.tolerance

        def make_mean(frozen: Sequence[FrozenFeature], probability: Sequence[FloatArray]) -> list[MeanStream]:
            of_places = zip(frozen, probability, strict=True)
            return [
                score_mean(item, of_code, mean.logit, mean.standard_errors) for item, of_code in of_places
            ]

        weight = streams.score_mean.weight
        found.append(StreamSpec("score_mean", "mean probability", "score", SCORE, weight, None, make_mean))
    if streams.score_shape is not None:
        shape = streams.score_shape.tolerance

        def make_shape(frozen: Sequence[FrozenFeature], _: Sequence[FloatArray]) -> list[MeanStream]:
            return locations_and_spreads(frozen, shape.standardized_difference, shape.standard_errors)

        weight = streams.score_shape.weight
        found.append(StreamSpec("score_shape", "raw score", "score", SCORE, weight, None, make_shape))
    return found
