"""Everything the review pages show, as plain data: streams, alarms, findings, what was asked of a place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from monitor import store
from monitor.hashing import sha256_record, sha256_text
from monitor.operation.attempt.outcome_counts import OutcomeCounts
from monitor.operation.calendar import due_nights
from monitor.operation.database_key import database_key
from monitor.operation.reading import investigation
from monitor.operation.reading.arrivals_read import arrivals_of
from monitor.operation.reading.changes_read import changes_of
from monitor.operation.reading.ledger_read import ledger_of
from monitor.operation.reading.next_decision import next_decision
from monitor.operation.reading.plan_read import plan_document
from monitor.operation.reading.remembered import Remembered
from monitor.operation.reading.shortcuts import shortcuts
from monitor.operation.reading.status import held_rows, read_state, status_of
from monitor.operation.workspace import read_plan
from monitor.plan import ChangePlan
from monitor.records import Place
from monitor.registry import Alarm, RegistryState, read_chain
from monitor.store import Store

Progress = Callable[[int, int, str], None]
REVIEW = "review"
EVIDENTLY = "evidently"
WITH_OUTCOMES = ("calibration", "prevalence")
WRONG_MODEL = "wrong_model_version"
TOO_MANY = 12
"""Sites with an open alarm of which Evidently is asked in one run; each takes some seconds."""


def _silent(_done: int, _total: int, _what: str) -> None:
    return None


def monitoring_report(
    path: Path,
    *,
    today: date,
    key_file: Path | None = None,
    evidently: bool = True,
    progress: Progress = _silent,
    remembered: Remembered | None = None,
) -> dict[str, Any]:
    """What `pccp review` shows, read from the snapshot and the ledger.

    Args:
        path: A workspace in which at least one night has run.
        today: For how many nights are missing.
        key_file: As for `status`.
        evidently: Ask Evidently of places with an open alarm; its pages go to `review/evidently/`.
        progress: Told of each place.
        remembered: Of an earlier report of the same workspace: what depends on rows alone is not computed
            again after a decision.

    Raises:
        UsageError: No workspace, or nothing has been published yet.
    """
    remembered = remembered or Remembered()
    remembered.at(read_chain(path / "ledger.jsonl"))
    loaded = read_plan(path)
    state, plan = read_state(path, loaded), loaded.plan
    with store.open_snapshot(path, plan, database_key(path, key_file)) as snapshot:
        matured = held_rows(state, snapshot)
        found = status_of(loaded, state, snapshot, matured, past=True)
        network = investigation.Network(plan, state, snapshot, matured, loaded.sha256)
        late = snapshot.late_predictions(plan.monitoring.arrival_days or 0)
        asked = 0
        sites: list[dict[str, Any]] = []
        for number, site in enumerate(found["sites"]):
            place = Place(site["site"], site["finding"])
            progress(number, len(found["sites"]), f"{place.site} {place.finding}")
            scene = investigation.Scene(network, place)
            asked += bool(scene.alarm_nights)
            html = _page(path, place) if evidently and asked <= TOO_MANY else None
            sites.append(
                {
                    **_of_status(site),
                    "late_rows": late.get(place),
                    **_asked(scene, site["streams"], html, remembered),
                }
            )
        told = remembered.once("shortcuts", lambda: shortcuts(plan, matured, snapshot, loaded.sha256))
        counts = _counts(snapshot)
    for site in sites:
        place = Place(site["site"], site["finding"])
        site["next_decision"] = next_decision(plan, state, counts, place, _night(state))
    entries = read_chain(path / "ledger.jsonl")
    return {
        "as_of": found["as_of"],
        "workspace": str(path),
        "plan": found["plan"],
        "false_alarm_probability": plan.monitoring.false_alarm_probability,
        "horizon_looks": plan.monitoring.horizon_looks,
        "expected_false_alarms": found["false_alarms"]["expected_over_all_sites"],
        "sites_by_e_bh": [site for site, _ in found["false_alarms"]["places_named_by_e_bh"]],
        "freshness": {"last_night": state.last_night, "missed_nights": _missed(plan, state, today)},
        "sites": sites,
        "alarms": alarms_of(state),
        "findings": _findings(state),
        "shortcuts": told,
        "changes": changes_of(path, loaded, state, counts, _night(state)),
        "ledger": ledger_of(entries, state),
        "arrivals": arrivals_of(path, state, found["counts"], sites),
        "plan_document": plan_document(loaded, entries),
    }


def _counts(snapshot: Store) -> OutcomeCounts:
    """Usable outcomes of every mature cohort, as the nights counted them."""
    counts = OutcomeCounts()
    for count in snapshot.cohort_counts():
        counts.add(count)
    return counts


def alarms_of(state: RegistryState) -> list[dict[str, Any]]:
    """Every alarm, open or closed, with how often the same stream of the same place has alarmed."""
    seen: Counter[tuple[Place, str]] = Counter()
    changes = {change.opened["alarm"]: change.id for change in state.changes.values()}
    listed: list[dict[str, Any]] = []
    for name, alarm in state.alarms.items():
        seen[alarm.place, alarm.stream] += 1
        listed.append(_alarm(name, alarm, seen[alarm.place, alarm.stream], changes.get(name)))
    return listed


def _alarm(name: str, alarm: Alarm, recurrence: int, change: str | None) -> dict[str, Any]:
    body = alarm.body
    return {
        "alarm": name,
        **alarm.place._asdict(),
        "stream": alarm.stream,
        "label": alarm.stream.replace("_", " ").replace(":", ": "),
        "night": body["night"],
        "state": "open" if alarm.closed is None else "closed",
        "log_r": body["log_r"],
        "log_limit": body["log_limit"],
        "effect": effect_in_words(body),
        "recurrence": recurrence,
        "change": change,
        "closed": None if alarm.closed is None else _closed(alarm.closed),
    }


def effect_in_words(body: Mapping[str, Any]) -> str:
    """What an alarm saw, in one sentence.

    Example:
        >>> effect_in_words({"levels": ["Z"], "levels_untold": 0, "rows": 3})
        'level never met in the reference: Z; 3 studies'
        >>> effect_in_words({"bet": "intercept +1.0"})
        'best explained by: intercept +1.0'
    """
    if "levels" in body:
        told = [*body["levels"], *([f"{body['levels_untold']} not told"] if body["levels_untold"] else [])]
        return f"level never met in the reference: {', '.join(told)}; {body['rows']} studies"
    effect = body.get("effect")
    if effect is None:
        return f"best explained by: {body['bet']}"
    low, high = effect["band"]
    return (
        f"{effect['functional']} {effect['value']:.3f} in {effect['patients']} patients of that look, "
        f"reference {effect['reference']:.3f}, tolerated {low:.3f} to {high:.3f}"
    )


def _closed(body: Mapping[str, Any]) -> dict[str, Any]:
    """How an alarm ended: by a person, or by a deployment or rollback."""
    return {
        "at": body.get("at") or body.get("night"),
        "by": body.get("signer") or body.get("by") or "the change that was deployed or rolled back",
        "role": body.get("role"),
        "cause": body.get("cause"),
        "reason": body.get("reason"),
    }


def _asked(
    scene: investigation.Scene,
    streams: Sequence[Mapping[str, Any]],
    html: Path | None,
    remembered: Remembered,
) -> dict[str, Any]:
    causes = investigation.explanations(scene)
    label_p = (causes.get("p_values") or {}).get("label")
    alarmed = bool(scene.alarm_nights)
    opinion = {"reason": "Evidently was not asked"}
    if html is not None:
        key = ("opinion", scene.place, alarmed, sha256_record(list(streams)), html.is_file())
        opinion = remembered.once(key, lambda: investigation.opinion(scene, streams, html))
    return {
        "explanations": causes,
        "prevalence_without_outcomes": investigation.prevalence(scene, label_p),
        "expected_performance": investigation.expected(scene),
        "calibration_over_time": investigation.calibration_over_time(scene),
        "calibration_in_use": investigation.calibration_in_use(scene),
        "calibration_by_subgroup": investigation.calibration_by_subgroup(scene),
        "outcomes_known": investigation.outcomes_known(scene),
        "readers": investigation.readers(scene),
        "exclusions": investigation.exclusions(scene),
        "domain": remembered.once(("domain", scene.place, alarmed), lambda: investigation.domain(scene)),
        "second_opinion": opinion,
    }


def _of_status(site: Mapping[str, Any]) -> dict[str, Any]:
    early = (item for item in site["streams"] if item["group"] not in WITH_OUTCOMES and item["history"])
    last = [item["history"][-1]["night"] for item in early]
    return {
        **{key: site[key] for key in ("site", "finding", "status", "events", "calibration", "calibrator")},
        "studies": site["n"],
        "reason": _why(site),
        "last_arrival": max(last, default=None),
        "largest_effect": largest_effect(site["streams"]),
        "streams": site["streams"],
    }


def _why(site: Mapping[str, Any]) -> str:
    """The sentence that goes with the status word."""
    alarmed = [item["label"] for item in site["streams"] if item["state"] == "alarm"]
    unseen = [alarm["stream"] for alarm in site["alarms"] if alarm["stream"].startswith("unseen")]
    if alarmed or unseen:
        return "alarm of " + ", ".join([*alarmed, *(name.replace("_", " ") for name in unseen)])
    if site["status"] == "insufficient":
        return f"too few events: {site['needed']['events']} more of the rarer class are needed"
    watched = [item["label"] for item in site["streams"] if item["state"] in ("watch", "degraded")]
    return (
        "on watch: " + ", ".join(watched or ["alert rate above the plan's limit"])
        if (site["status"] == "watch")
        else "every stream that can speak is inside its tolerance"
    )


def largest_effect(streams: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """The effect that most surely lies furthest from its reference, measured by its tolerance.

    Ordered by the end of the interval that is nearer to zero, then by the value: a large effect from ten
    studies does not stand before a sure one.
    """
    found = [
        (stream, effect)
        for stream in streams
        for effect in stream["effects"]
        if effect["tolerances"]["value"] is not None
    ]
    if not found:
        return None
    stream, effect = max(found, key=lambda pair: _surely(pair[1]["tolerances"]))
    return {
        "stream": stream["stream"],
        "functional": effect["functional"],
        **{name: effect[name] for name in ("value", "low", "high")},
        "unit": None,
    }


def _surely(effect: Mapping[str, float]) -> tuple[float, float]:
    nearer = max(effect["low"], -effect["high"], 0.0)
    return nearer, abs(effect["value"])


def _findings(state: RegistryState) -> list[dict[str, Any]]:
    """What is a fact and no statistic: rows of another version of the model."""
    return [
        {
            "site": "any site",
            "finding": None,
            "kind": "unknown_model_version",
            "what": f"{body['reasons'][WRONG_MODEL]} predictions of another model version were refused",
            "night": body["received_on"],
        }
        for body in state.batches
        if body["reasons"].get(WRONG_MODEL)
    ]


def _missed(plan: ChangePlan, state: RegistryState, today: date) -> int:
    """Nights that are due by today and have not run."""
    if plan.undated or state.last_night is None:
        return 0
    return max(0, len(list(due_nights(plan.monitoring.cadence, _night(state), today))) - 1)


def _night(state: RegistryState) -> date:
    return date.fromisoformat(str(state.last_night))


def _page(path: Path, place: Place) -> Path:
    """Where Evidently's page of a place goes; names are hostile, so it is called by a hash."""
    return path / REVIEW / EVIDENTLY / f"{sha256_text(f'{place.site} {place.finding}')[:16]}.html"
