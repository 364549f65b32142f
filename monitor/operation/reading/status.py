"""The state of every site for people and scripts, read from the snapshot and the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from monitor import store
from monitor.calibrators import calibrated_log_odds
from monitor.drift import level_of_a_sequence
from monitor.errors import UsageError
from monitor.logistic import logit
from monitor.operation.database_key import database_key
from monitor.operation.reading.alert_rates import alert_rate, false_positive_rate
from monitor.operation.reading.streams_read import (
    WATCH_SHARE,
    degraded,
    named_places,
    read_streams,
    streams_of,
)
from monitor.operation.streams import stream_limit
from monitor.operation.watching.features import numbered
from monitor.operation.workspace import read_plan, require_bound
from monitor.performance import area_under_curve, recalibration_estimates
from monitor.plan import ChangePlan, LoadedPlan
from monitor.plan.model import hospital_of
from monitor.records import Estimate, Place, Rows, Scored
from monitor.registry import Alarm, Change, RegistryState, fold, read_chain
from monitor.store import CohortCount, Store, StreamRow

DEVIATION_KEYS = ("category", "change", "description", "signer", "role", "at")
SEQUENCE_ALPHA = 0.05
"""Of an interval that is read every night, over all nights."""


def status(path: Path, key_file: Path | None = None, *, past: bool = True) -> dict[str, Any]:
    """Everything a person or a script asks first, in the stable form of `pccp status --json`.

    Args:
        path: A workspace in which at least one command has finished.
        key_file: Pseudonym key of a workspace whose databases are encrypted; the user's config folder
            when None. Others need none.
        past: With every look of every stream, as `history`; without it these are empty, and the time it
            takes does not grow with the nights.

    Returns:
        Counts, sites with alarms, live calibrators and calibration, and changes.

    Raises:
        UsageError: No workspace, or nothing has been published yet.
    """
    loaded = read_plan(path)
    state = read_state(path, loaded)
    with store.open_snapshot(path, loaded.plan, database_key(path, key_file)) as snapshot:
        return status_of(loaded, state, snapshot, _scored_rows(state, snapshot), past=past)


def _scored_rows(state: RegistryState, snapshot: Store) -> dict[Place, Scored]:
    if not state.last_night:
        return {}
    return snapshot.scored_rows(matured_by=date.fromisoformat(state.last_night), known_by=date.max)


def held_rows(state: RegistryState, snapshot: Store) -> dict[Place, Rows]:
    """Mature rows that have not left the database; none before the first night."""
    if not state.last_night:
        return {}
    night = date.fromisoformat(state.last_night)
    return snapshot.mature_rows(matured_by=night, known_by=date.max, held=True)


def status_of(
    loaded: LoadedPlan,
    state: RegistryState,
    snapshot: Store,
    rows: Mapping[Place, Rows | Scored],
    *,
    past: bool,
) -> dict[str, Any]:
    """As `status`, of a snapshot that is open.

    Args:
        loaded: The plan in force.
        state: Of the ledger.
        snapshot: Open for reading.
        rows: Mature rows that have not left the database.
        past: As for `status`.
    """
    predictions, watched = snapshot.site_counts(date.max), read_streams(snapshot, loaded.plan, past=past)
    counted: dict[Place, list[CohortCount]] = {}
    for count in snapshot.cohort_counts():
        counted.setdefault(count.place, []).append(count)
    sites: list[dict[str, Any]] = []
    for place in sorted(predictions):
        counts = counted.get(place, [])
        matured = Matured(place, archived_counts(state.archived_to(place), counts), rows.get(place))
        streams = streams_of(loaded.plan, state, watched, place, degraded(loaded.plan, counts))
        site = _site(loaded, state, watched.calibration.get(place), matured)
        sites.append({**site, "n": predictions[place], "streams": streams})
    identity = loaded.plan.plan
    return {
        "as_of": state.last_night,
        "plan": {"id": identity.id, "version": identity.version, "sha256": loaded.sha256},
        "counts": snapshot.counts(),
        "false_alarms": _false_alarms(loaded.plan, sites),
        "sites": [_with_word(site) for site in sites],
        "changes": [describe_change(change) for change in state.changes.values()],
        "corrective_actions": [describe_corrective_action(body) for body in state.corrective_actions],
        "deviations": [
            {"id": body["deviation"], **{key: body[key] for key in DEVIATION_KEYS}}
            for body in state.deviations
        ],
        "outside_plan": [
            {key: body[key] for key in ("change", "site", "finding", "requested", "excluded_by", "night")}
            for body in state.outside
        ],
    }


def _with_word(site: dict[str, Any]) -> dict[str, Any]:
    """A quiet site is on watch when any of its streams is, or when one with outcomes is degraded."""
    states = {stream["state"] for stream in site["streams"]}
    watch = site["status"] == "ok" and bool(states & {"watch", "degraded"})
    return {**site, "status": "watch"} if watch else site


def _false_alarms(plan: ChangePlan, sites: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the plan promises for one hospital, what that adds up to over all of them, and what e-BH names."""
    hospitals = {hospital_of(plan, site["site"]) for site in sites}
    alpha = plan.monitoring.false_alarm_probability
    return {
        "probability_per_site": alpha,
        "horizon_looks": plan.monitoring.horizon_looks,
        "expected_over_all_sites": alpha * len(hospitals),
        "places_named_by_e_bh": [list(place) for place in named_places(plan, sites)],
    }


def read_state(path: Path, loaded: LoadedPlan) -> RegistryState:
    """Fold the ledger without opening the store, its chain checked."""
    if not (path / "snapshot.duckdb").exists():
        raise UsageError(f"{path}: nothing published yet; run `pccp nightly {path}` first")
    state = fold(read_chain(path / "ledger.jsonl"))
    require_bound(state, loaded)
    return state


def describe_corrective_action(body: dict[str, Any]) -> dict[str, Any]:
    """One corrective action in the stable form."""
    keys = ("site", "finding", "metric", "estimate", "floor", "night", "calibrator")
    return {"id": body["corrective_action"], **{key: body[key] for key in keys}}


def describe_change(change: Change) -> dict[str, Any]:
    """One change in the stable form."""
    verdict, candidate = change.verdict or {}, change.candidate or {}
    return {
        "id": change.id,
        "site": change.place.site,
        "finding": change.place.finding,
        "kind": candidate["candidate"]["kind"] if candidate else "keep",
        "verdict": verdict.get("verdict"),
        "reasons": verdict.get("reasons", []),
        "state": change.state,
        "alarm": {key: change.alarm[key] for key in ("stream", "night", "cohort", "log_r", "log_limit")},
        "fit": _window(candidate.get("fit") or verdict.get("collected")),
        "validation": _window(verdict.get("validation")),
        "needed": verdict.get("needed", {"events": None, "forecast": None}),
        "look": verdict.get("look") or change.looks_held or None,
        "alpha": change.opened["alpha"],
        "criteria": verdict.get("criteria") or (change.looks[-1]["criteria"] if change.looks else []),
        "reference_standard": verdict.get("reference_standard"),
        "verification": verdict.get("verification"),
        "follow_up": _follow_up(change),
        "approvals": [signatures._asdict() for signatures in change.signatures],
        "automatic": change.implemented is not None,
        "simulated_approval": any(approval["simulated"] for approval in change.approvals),
    }


def _follow_up(change: Change) -> dict[str, Any] | None:
    """Did it help, on the studies since deployment; None before it was asked."""
    if change.followed_up is None:
        return None
    keys = ("answer", "night", "comparison", "n", "events", "from", "to", "rollback_proposed")
    return {key: change.followed_up[key] for key in keys}


def _window(described: dict[str, Any] | None) -> dict[str, Any]:
    if described is None:
        return {"n": 0, "events": 0, "from": None, "to": None}
    return {key: described[key] for key in ("n", "events", "from", "to")}


def archived_counts(archived_to: str, counts: Sequence[CohortCount]) -> tuple[int, int, int]:
    """Mature studies, known outcomes, positives of cohorts whose rows have left, as their night had them."""
    left = [count for count in counts if count.cohort <= archived_to]
    return (
        sum(count.rows for count in left),
        sum(count.known for count in left),
        sum(count.positives for count in left),
    )


@dataclass(frozen=True)
class Matured:
    """What has matured at a place: sums of the cohorts whose rows have left, and the rows still held."""

    place: Place
    past: tuple[int, int, int]
    rows: Rows | Scored | None

    @property
    def studies(self) -> int:
        return self.past[0] + (len(self.rows) if self.rows else 0)

    @property
    def events(self) -> int:
        """Of the rarer class among all known outcomes."""
        outcome = self.rows.outcome if self.rows else np.empty(0)
        held = outcome[~np.isnan(outcome)]
        known, positives = self.past[1] + len(held), self.past[2] + int(held.sum())
        return min(positives, known - positives)


def _site(
    loaded: LoadedPlan, state: RegistryState, row: StreamRow | None, matured: Matured
) -> dict[str, Any]:
    place, rows = matured.place, matured.rows
    calibrator = state.calibrator(place)
    open_alarms = [alarm for alarm in state.alarms.values() if alarm.place == place and alarm.closed is None]
    known = rows.known() if rows else None
    needed = max(0, _least_events(loaded) - matured.events)
    alerts = alert_rate(loaded.plan, state, place, rows)
    wrong = false_positive_rate(loaded.plan, state, place, rows)
    return {
        "site": place.site,
        "finding": place.finding,
        "events": matured.events,
        "matured": matured.studies,
        "estimates_after": state.archived_to(place) or None,
        "status": _watched(_word(loaded, open_alarms, row, needed), alerts, wrong),
        "needed": {"events": needed},
        "log_r": row.log_r_mixture if row else None,
        "log_limit": stream_limit(loaded.plan),
        "alarms": [
            {
                **{key: alarm.body[key] for key in ("alarm", "stream", "night", "log_r", "log_limit")},
                "effect": alarm.body.get("effect"),
                "no_change_because": state.deferred.get(alarm.body["alarm"], {}).get("reason"),
            }
            for alarm in open_alarms
        ],
        "explanations": [],
        "calibrator": {
            "version": calibrator.version,
            "kind": calibrator.kind,
            "parameters": calibrator.as_record()["parameters"],
        },
        "alert_rate": alerts,
        "false_positive_rate": wrong,
        **_estimates(state, place, known),
    }


def _least_events(loaded: LoadedPlan) -> int:
    """Rarer-class studies below which silence says nothing: a fit's minimum, and an undated look on top.

    A dated stream goes on; an undated cohort has one look, so it must hold fit and validation at once.
    """
    plan = loaded.plan
    minimum = plan.retraining.events_for.least
    return minimum + plan.evaluation.looks.events[0] if plan.undated else minimum


def _word(loaded: LoadedPlan, open_alarms: list[Alarm], row: StreamRow | None, needed: int) -> str:
    """Absence of evidence is never quiet: a site with too few events is insufficient, not ok."""
    if open_alarms:
        return "alarm"
    if row is None or needed > 0:
        return "insufficient"
    return "watch" if row.log_r_mixture >= WATCH_SHARE * stream_limit(loaded.plan) else "ok"


def _watched(word: str, *rates: dict[str, Any] | None) -> str:
    """More alerts, or more false ones, than the plan's limit turn a quiet site into a watched one."""
    above = any(rate is not None and rate["above_limit"] for rate in rates)
    return "watch" if word == "ok" and above else word


def _estimates(state: RegistryState, place: Place, known: Rows | Scored | None) -> dict[str, Any]:
    """Calibration of the live calibrator on every mature row held, and discrimination of the raw score."""
    if known is None or len(known) == 0:
        return {"calibration": {}, "discrimination": {}}
    calibrator = state.calibrator(place)
    log_odds = calibrated_log_odds(calibrator, logit(known.score))
    patient = numbered(known.patient)
    # Read every night: each interval is as wide as a confidence sequence, and holds at all nights together.
    level = level_of_a_sequence(int(patient.max()) + 1, SEQUENCE_ALPHA)
    found = recalibration_estimates(log_odds, known.outcome, patient, level)
    area = area_under_curve(known.score, known.outcome, patient, level)
    return {
        "calibration": {name: _plain(estimate) for name, estimate in found.items()},
        "discrimination": {"auc": _plain(area)},
    }


def _plain(estimate: Estimate) -> dict[str, Any]:
    return {**asdict(estimate), "method": f"{estimate.method}; confidence sequence"}
