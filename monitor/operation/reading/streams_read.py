"""Where every stream of a place stands: state, evidence, effect with an interval that may be read nightly."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from monitor.drift import (
    MeanStream,
    mean_sequence,
    named_by_e_bh,
    rate_sequence,
    standardized_difference,
)
from monitor.operation.streams import stream_limit
from monitor.operation.watching import PREVALENCE, Reference, StreamSpec, limit_of, specs
from monitor.operation.watching.references import read, streams
from monitor.plan import ChangePlan
from monitor.records import Place
from monitor.registry import RegistryState
from monitor.store import CohortCount, MeanLook, Store, StreamRow

StreamState = Literal["quiet", "watch", "alarm", "insufficient", "no_rows", "degraded"]
WATCH_SHARE = 0.5
"""A stream is on watch from half of its limit's logarithm on."""
WINDOW_LOOKS = 28
DISPLAY_ALPHA = 0.05
"""Of all intervals of one reading together, over every night of the horizon and every window."""
CALIBRATION_LABEL = "calibration of the probabilities"


@dataclass(frozen=True)
class StreamsRead:
    """What the snapshot holds about streams, by place.

    Attributes:
        looks: The last of each stream and epoch.
        evidence: Of the last look that told it, by place, stream and epoch.
        calibration: The last look of calibration.
        references: By feature.
        streams: Those that there is a reference of, by name.
        arrived: Looks with a new study, and studies.
        past: Of each stream, night, studies and evidence of every look; empty when it was not asked for.
    """

    looks: Mapping[Place, Mapping[str, list[MeanLook]]]
    evidence: Mapping[tuple[Place, str, int], float]
    calibration: Mapping[Place, StreamRow]
    references: Mapping[Place, Mapping[str, Reference]]
    streams: Mapping[Place, Mapping[str, MeanStream]]
    arrived: Mapping[Place, tuple[int, int]]
    past: Mapping[Place, Mapping[str, list[dict[str, Any]]]]


def read_streams(snapshot: Store, plan: ChangePlan, *, past: bool) -> StreamsRead:
    """The state of every stream; its past looks too where they are wanted, which grow with every night."""
    looks: dict[Place, dict[str, list[MeanLook]]] = {}
    for item in snapshot.recent_looks(WINDOW_LOOKS):
        looks.setdefault(item.place, {}).setdefault(item.stream, []).append(item)
    references: dict[Place, dict[str, Reference]] = {}
    for row in snapshot.references():
        references.setdefault(Place(row.site, row.finding), {})[row.feature] = read(row)
    return StreamsRead(
        looks,
        snapshot.stream_evidence(),
        {row.place: row for row in snapshot.streams(latest=True)},
        references,
        streams(specs(plan), references),
        snapshot.arrived_so_far(),
        snapshot.past_looks() if past else {},
    )


def streams_of(
    plan: ChangePlan, state: RegistryState, found: StreamsRead, place: Place, degraded: str | None
) -> list[dict[str, Any]]:
    """Every stream of a place in a stable form, calibration first.

    Args:
        plan: In force.
        state: For open alarms and epochs.
        found: Of the snapshot.
        place: The site and finding.
        degraded: Why streams with outcomes are degraded; None when they are not.
    """
    listed = [_calibration(plan, state, found, place, degraded)]
    listed += [_stream(plan, state, found, place, spec, degraded) for spec in specs(plan)]
    named = _named(plan, listed)
    return [{**item, "named_by_e_bh": item["stream"] in named} for item in listed]


def degraded(plan: ChangePlan, counts: Sequence[CohortCount]) -> str | None:
    """Why a place's streams with outcomes are degraded: too few known at maturity over the last cohorts."""
    recent = counts[-WINDOW_LOOKS:]
    studies = sum(count.rows for count in recent)
    known, least = sum(count.known for count in recent), plan.data.minimum_ascertainment
    if studies == 0 or known >= least * studies:
        return None
    return (
        f"{known} of {studies} outcomes were known at maturity over the last {len(recent)} cohorts, "
        f"{known / studies:.0%} where the plan asks for {least:.0%}"
    )


def named_places(plan: ChangePlan, sites: Sequence[Mapping[str, Any]]) -> tuple[Place, ...]:
    """Places that e-BH names over all sites: the weighted mean of a place's e-values is one.

    Args:
        plan: For alpha and the horizon.
        sites: With their streams, as `streams_of` gives them.
    """
    log_e: dict[Place, float] = {}
    for site in sites:
        known = [item for item in site["streams"] if item["log_r"] is not None]
        parts = [item["log_r"] + math.log(item["weight"]) for item in known]
        if parts:
            total = float(np.logaddexp.reduce(parts))
            log_e[Place(site["site"], site["finding"])] = total - math.log(plan.monitoring.horizon_looks)
    weights = dict.fromkeys(log_e, 1 / max(1, len(sites)))
    return named_by_e_bh(log_e, weights, plan.monitoring.false_alarm_probability)


def _named(plan: ChangePlan, streams: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Streams that e-BH names within the place: their R over the horizon is an e-value."""
    horizon = np.log(plan.monitoring.horizon_looks)
    known = [item for item in streams if item["log_r"] is not None]
    log_e = {str(item["stream"]): float(item["log_r"] - horizon) for item in known}
    weights = {str(item["stream"]): float(item["weight"]) / plan.places_per_site for item in known}
    return named_by_e_bh(log_e, weights, plan.monitoring.false_alarm_probability)


def _calibration(
    plan: ChangePlan, state: RegistryState, found: StreamsRead, place: Place, degraded: str | None
) -> dict[str, Any]:
    last = found.calibration.get(place)
    alarm, limit = state.open_alarm(place), stream_limit(plan)
    log_r = last.log_r_mixture if last is not None and last.epoch == state.epoch.get(place, 0) else None
    word, reason = _word(alarm, log_r, limit, degraded)
    if log_r is None and alarm is None:
        word, reason = "no_rows", "no mature outcome has been looked at since the stream began"
    return {
        "stream": "calibration",
        "label": CALIBRATION_LABEL,
        "group": "calibration",
        "unit": None,
        "weight": plan.monitoring.streams.calibration.weight,
        "state": word,
        "reason": reason,
        "alarm": alarm,
        "log_limit": limit,
        "log_r": log_r,
        "effects": [],
        "history": _past(found, place, "calibration"),
    }


def _stream(
    plan: ChangePlan,
    state: RegistryState,
    found: StreamsRead,
    place: Place,
    spec: StreamSpec,
    degraded: str | None,
) -> dict[str, Any]:
    epoch = state.epoch_of(place, spec.name)
    now = [look for look in found.looks.get(place, {}).get(spec.name, []) if look.epoch == epoch]
    alarm, limit = state.open_alarm(place, spec.name), limit_of(plan, spec)
    log_r = found.evidence.get((place, spec.name, epoch))
    with_outcomes = degraded if spec.feature == PREVALENCE else None
    word, reason = _word(alarm, log_r, limit, with_outcomes)
    stream = found.streams.get(place, {}).get(spec.name)
    lacking = _lacking(plan, found, place, spec, stream)
    if lacking is not None:
        word, reason = "insufficient", lacking
    elif not now and alarm is None:
        word, reason = "no_rows", "nothing has been looked at since the stream began"
    return {
        "stream": spec.name,
        "label": spec.label,
        "group": spec.group,
        "unit": spec.unit,
        "weight": spec.weight,
        "state": word,
        "reason": reason,
        "alarm": alarm,
        "log_limit": limit,
        "log_r": log_r,
        "effects": effects(stream, now, plan.monitoring.horizon_looks) if stream else [],
        "history": _past(found, place, spec.name),
    }


def _past(found: StreamsRead, place: Place, stream: str) -> list[dict[str, Any]]:
    return found.past.get(place, {}).get(stream, [])


def _word(
    alarm: str | None, log_r: float | None, limit: float, degraded: str | None
) -> tuple[StreamState, str]:
    if alarm is not None:
        return "alarm", f"{alarm} is open; it ends when a person closes it"
    if degraded is not None:
        return "degraded", degraded
    if log_r is not None and log_r >= WATCH_SHARE * limit:
        return "watch", f"evidence at {log_r / limit:.0%} of the limit's logarithm"
    return "quiet", "inside its tolerance as far as the evidence goes"


def _lacking(
    plan: ChangePlan, found: StreamsRead, place: Place, spec: StreamSpec, stream: MeanStream | None
) -> str | None:
    """Why a stream cannot speak yet; None when it can."""
    wanted = plan.monitoring.reference
    if stream is not None:
        return None if stream.stakes.names else "the reference leaves no room for a bet"
    if wanted is None:
        return "the plan has no reference"
    looks, studies = found.arrived.get(place, (0, 0))
    if spec.feature == PREVALENCE:
        return (
            f"the reference waits for {wanted.looks} looks and {wanted.minimum_events} mature outcomes "
            "of the rarer class"
        )
    if found.references.get(place, {}):
        return "the reference has no value of it"
    return f"the reference has {looks} of {wanted.looks} looks and {studies} of {wanted.minimum_rows} studies"


def effects(stream: MeanStream, looks: Sequence[MeanLook], horizon: int) -> list[dict[str, Any]]:
    """What each reading of a stream was over its last looks, beside the reference and the tolerated band.

    The interval is a confidence sequence from the first look of the window on, at `DISPLAY_ALPHA` shared by
    every look at which a window may begin: all windows of all nights of the horizon hold together.

    Args:
        stream: With its reference.
        looks: Of the present epoch, in order.
        horizon: Looks of the plan.
    """
    recent = looks[-WINDOW_LOOKS:]
    patients = sum(look.patients for look in recent)
    if patients == 0:
        return []
    sums = np.sum([look.sums for look in recent], axis=0)
    squares = np.sum([look.squares for look in recent], axis=0)
    alpha = DISPLAY_ALPHA / horizon
    return [
        {
            **_effect(stream, number, patients, (float(sums[number]), float(squares[number])), alpha),
            "from": recent[0].night.isoformat(),
            "to": recent[-1].night.isoformat(),
            "patients": patients,
        }
        for number in range(len(stream.functionals))
    ]


def _effect(
    stream: MeanStream, number: int, patients: int, sums: tuple[float, float], alpha: float
) -> dict[str, Any]:
    name, band, reference = stream.functionals[number], stream.bands[number], float(stream.reference[number])
    rates = stream.feature.kind != "continuous"
    low, high = rate_sequence(patients, sums[0], alpha) if rates else mean_sequence(patients, *sums, alpha)
    value = sums[0] / patients
    shift = standardized_difference(value) if name == "location" else None
    found = {
        "functional": name,
        "words": words_of(name, stream),
        "reference": reference,
        "band": list(band),
        "value": value,
        "low": max(0.0, low),
        "high": min(1.0, high),
        "standardized_difference": shift,
    }
    return {**found, "tolerances": asdict(_in_tolerances(found))}


@dataclass(frozen=True)
class Tolerances:
    """An effect in units of the tolerated distance on its side: beyond 1 is outside the band."""

    value: float
    low: float
    high: float


def _in_tolerances(found: Mapping[str, Any]) -> Tolerances:
    return Tolerances(*(_distance(found, found[name]) for name in ("value", "low", "high")))


def _distance(found: Mapping[str, Any], value: float) -> float:
    reference, (low, high) = found["reference"], found["band"]
    room = high - reference if value >= reference else reference - low
    return (value - reference) / room if room > 0 else 0.0


def words_of(name: str, stream: MeanStream) -> str:
    """What a reading means, in words.

    Example:
        >>> from monitor.drift import freeze_rate, rate
        >>> words_of("rate", rate(freeze_rate(np.array([0.0, 1.0]), 2), 0.2, 2.0))
        'share of studies'
    """
    if stream.feature.kind == "categorical":
        return f"share of studies with {name}"
    return {
        "location": "probability that a new value exceeds one of the reference",
        "spread": "mean distance of a value from the middle of the reference, 0 to 1",
        "mean": "mean calibrated probability",
    }.get(name, "share of studies")
