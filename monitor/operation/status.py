"""The state of every site for people and scripts, read from the snapshot and the ledger."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from monitor import store
from monitor.calibrators import calibrated_log_odds
from monitor.errors import UsageError
from monitor.logistic import logit
from monitor.operation.streams import STREAM
from monitor.operation.workspace import read_plan, require_bound
from monitor.performance import area_under_curve, recalibration_estimates
from monitor.plan import LoadedPlan
from monitor.records import Estimate, Place, Rows
from monitor.registry import Alarm, Change, RegistryState, fold, read_chain
from monitor.store import StreamRow

DEVIATION_KEYS = ("category", "change", "description", "signer", "role", "at")
WATCH_SHARE = 0.5
"""A stream is on watch from half of its limit's logarithm on."""


def status(path: Path) -> dict[str, Any]:
    """Everything a person or a script asks first, in the stable form of `pccp status --json`.

    Args:
        path: A workspace in which at least one command has finished.

    Returns:
        Counts, sites with alarms, live calibrators and calibration, and changes.

    Raises:
        UsageError: No workspace, or nothing has been published yet.
    """
    loaded = read_plan(path)
    state = read_state(path, loaded)
    with store.open_snapshot(path, loaded.plan) as snapshot:
        latest = {row.place: row for row in snapshot.streams()}
        predictions = snapshot.site_counts(date.max)
        knowledge = date.fromisoformat(state.last_night) if state.last_night else None
        rows = snapshot.mature_rows(matured_by=knowledge, known_by=date.max) if knowledge else {}
        sites = [
            {**_site(loaded, state, place, latest.get(place), rows.get(place)), "n": predictions[place]}
            for place in sorted(predictions)
        ]
        counts = snapshot.counts()
    identity = loaded.plan.plan
    return {
        "as_of": state.last_night,
        "plan": {"id": identity.id, "version": identity.version, "sha256": loaded.sha256},
        "counts": counts,
        "sites": sites,
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
        "look": verdict.get("look"),
        "alpha": change.opened["alpha"],
        "criteria": verdict.get("criteria", []),
        "approvals": [signatures._asdict() for signatures in change.signatures],
        "simulated_approval": any(approval["simulated"] for approval in change.approvals),
    }


def _window(described: dict[str, Any] | None) -> dict[str, Any]:
    if described is None:
        return {"n": 0, "events": 0, "from": None, "to": None}
    return {key: described[key] for key in ("n", "events", "from", "to")}


def _site(
    loaded: LoadedPlan, state: RegistryState, place: Place, row: StreamRow | None, rows: Rows | None
) -> dict[str, Any]:
    calibrator = state.calibrator(place)
    open_alarms = [alarm for alarm in state.alarms.values() if alarm.place == place and alarm.closed is None]
    known = rows.known() if rows else None
    needed = max(0, _least_events(loaded) - (known.events if known else 0))
    return {
        "site": place.site,
        "finding": place.finding,
        "events": known.events if known else 0,
        "matured": len(rows) if rows else 0,
        "status": _word(loaded, open_alarms, row, needed),
        "needed": {"events": needed},
        "log_r": row.log_r_mixture if row else None,
        "log_limit": _limit(loaded),
        "alarms": [
            {key: alarm.body[key] for key in ("alarm", "stream", "night", "log_r", "log_limit")}
            for alarm in open_alarms
        ],
        "explanations": [],
        "calibrator": {
            "version": calibrator.version,
            "kind": calibrator.kind,
            "parameters": calibrator.as_record()["parameters"],
        },
        **_estimates(state, place, known),
    }


def _least_events(loaded: LoadedPlan) -> int:
    """Rarer-class studies below which silence says nothing: a fit's minimum, and an undated look on top.

    A dated stream goes on; an undated cohort has one look, so it must hold fit and validation at once.
    """
    plan = loaded.plan
    minimum = plan.retraining.events_for.closed_test
    return minimum + plan.evaluation.looks.events[0] if plan.undated else minimum


def _word(loaded: LoadedPlan, open_alarms: list[Alarm], row: StreamRow | None, needed: int) -> str:
    """Absence of evidence is never quiet: a site with too few events is insufficient, not ok."""
    if open_alarms:
        return "alarm"
    if row is None or needed > 0:
        return "insufficient"
    return "watch" if row.log_r_mixture >= WATCH_SHARE * _limit(loaded) else "ok"


def _limit(loaded: LoadedPlan) -> float:
    from monitor.drift import log_limit

    monitoring = loaded.plan.monitoring
    return log_limit(
        monitoring.horizon_looks,
        len(loaded.plan.findings),
        monitoring.false_alarm_probability,
        getattr(monitoring.streams, STREAM).weight,
    )


def _estimates(state: RegistryState, place: Place, known: Rows | None) -> dict[str, Any]:
    """Calibration of the live calibrator on every mature row, and discrimination of the raw score."""
    if known is None or len(known) == 0:
        return {"calibration": {}, "discrimination": {}}
    calibrator = state.calibrator(place)
    log_odds = calibrated_log_odds(calibrator, logit(known.score))
    found = recalibration_estimates(log_odds, known.outcome, known.patient)
    area = area_under_curve(known.score, known.outcome, known.patient)
    return {
        "calibration": {name: _plain(estimate) for name, estimate in found.items()},
        "discrimination": {"auc": _plain(area)},
    }


def _plain(estimate: Estimate) -> dict[str, Any]:
    return asdict(estimate)
