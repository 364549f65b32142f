"""What was counted and where it is recorded: the trigger, the data account, the ledger position."""

from __future__ import annotations

from typing import Any

from monitor.documentation.evidence import Change, Record
from monitor.plan.model import ChangePlan

CHECK = (
    "import hashlib,json,sys;entry=json.load(sys.stdin);stated=entry.pop('hash');"
    "text=json.dumps(entry,sort_keys=True,separators=(',',':'),ensure_ascii=False);"
    "print('intact' if hashlib.sha256(text.encode()).hexdigest()==stated else 'ALTERED',stated)"
)


def trigger(plan: ChangePlan, change: Change) -> dict[str, Any]:
    """The alarm that opened the change, with the false-alarm probability it was held to."""
    alarm = change.alarm
    monitoring = plan.monitoring
    stream = monitoring.streams.calibration
    return {
        **{key: alarm.get(key) for key in ("alarm", "stream", "night", "cohort", "change_cohort", "bet")},
        **{key: alarm.get(key) for key in ("log_r", "log_limit", "rows", "events")},
        "false_alarm": {
            "probability": monitoring.false_alarm_probability,
            "weight": stream.weight,
            "at_most": monitoring.false_alarm_probability * stream.weight,
            "horizon_looks": monitoring.horizon_looks,
            "cadence": monitoring.cadence,
            "findings": len(plan.findings),
            **({"strata": len(plan.strata)} if plan.strata else {}),
        },
        "tolerance": stream.tolerance.model_dump(mode="json"),
    }


def data_account(plan: ChangePlan, change: Change) -> dict[str, Any]:
    """Which studies fitted, which judged, what was set apart, and what counts as the truth."""
    data = plan.data
    verdict = change.verdict or {}
    return {
        "fit": _copy((change.candidate or {}).get("fit") or verdict.get("fit") or verdict.get("collected")),
        "fit_complete": bool((change.candidate or verdict).get("fit")),
        "validation": _copy(verdict.get("validation")),
        "waterfall": [dict(step) for step in verdict.get("data_account") or []],
        "reference_standard": data.reference_standard.model_dump(mode="json"),
        "ai_influence_allowed": data.ai_influence.model_dump(mode="json"),
        "maturity_days": data.maturity_days,
        "minimum_ascertainment": data.minimum_ascertainment,
        "split": data.split.model_dump(mode="json"),
        "minimum": {
            "fit_events": plan.retraining.events_for.least,
            "validation_events": plan.evaluation.minimum_events,
            "validation_patients": plan.evaluation.minimum_patients,
            "look_events": plan.evaluation.looks.events[0],
        },
    }


def ledger_position(change: Change, head: Record) -> dict[str, Any]:
    """Where the evidence stands in the hash chain and how anybody can check it."""
    entries = [{"seq": seq, "hash": digest, "kind": kind} for seq, digest, kind in change.entries]
    newest = next((entry for entry in reversed(entries) if entry["kind"] == "verdict"), None)
    return {
        "entries": entries,
        "verdict_entry": newest,
        "head": {"seq": head["seq"], "hash": head["hash"]},
        "check_command": None if newest is None else check_command(int(newest["seq"])),
    }


def check_command(sequence: int) -> str:
    """A shell command that recomputes the hash of one ledger entry with nothing but Python's own library."""
    return f'sed -n {sequence + 1}p WORKSPACE/ledger.jsonl | python3 -c "{CHECK}"'


def _copy(record: Record | None) -> dict[str, Any] | None:
    return None if record is None else dict(record)
