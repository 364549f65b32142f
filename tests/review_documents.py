"""What the pages of changes, ledger, data and plan are made of: one change in each state a person meets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from monitor import plan
from monitor.operation.reading.ledger_read import ledger_of
from monitor.operation.reading.plan_read import plan_document
from monitor.registry import Entry, RegistryState
from monitor.registry.ledger import next_entry

PLAN = Path(__file__).parents[1] / "change_plans" / "chest_xray_pneumothorax.yaml"
PLACE = {"site": "Harbour", "finding": "pneumothorax"}
OLD = {"version": "v0", "kind": "identity", "parameters": {"intercept": 0.0, "slope": 1.0}}
NEW = {"version": "v1", "kind": "intercept", "parameters": {"intercept": 0.88, "slope": 1.0}}
AMENDMENT = {
    "plan": {"id": "PCCP", "version": "1.1.0", "sha256": "bb" * 32},
    "from": {"version": "1.0.0", "sha256": "aa" * 32},
    "differences": 1,
    "difference": [{"key": "monitoring.horizon_looks", "old": "365", "new": "730"}],
    "restarts_streams": True,
    **{"signer": "R. Okafor", "role": "qa_lead", "meaning": "Authorised", "simulated": False},
}


def documents() -> dict[str, Any]:
    """The parts of a report that these pages read."""
    loaded, entries = plan.load(PLAN), ledger()
    return {
        "changes": [rejected(), proposed(), collecting(), deployed()],
        "ledger": ledger_of(entries, RegistryState()),
        "arrivals": arrivals(),
        "plan_document": {**plan_document(loaded, entries), "power": power()},
    }


def power() -> dict[str, Any]:
    """What `pccp plan power` found at two sites, one of which is too slow for its look."""
    sites = [_powered("Hill", 150.0, 0.41), _powered("Harbour", 2600.0, 0.97)]
    events = [25, 50, 100, 200, 400, 800, 1600, 3200, 6400]
    lines = [
        {"criterion": name, "metric": "auc", "probability": [min(1.0, count / full) for count in events]}
        for name, full in (("G1", 90), ("G2", 240), ("G3", 180), ("G6", 70))
    ]
    return {
        "runs": 100,
        "looks": [{"events": 200, "alpha_spent": 0.025, "z": 1.96, "alpha": 0.025}],
        "candidates": {"perfect": "the truth itself", "useful": "fitted", "harmful": "0.3 too high"},
        "sites": sites,
        "typical": False,
        "too_few": ["Island"],
        "untried": 3,
        "curves": {"site": "Harbour", "alpha": 0.025, "events": events, "lines": lines},
    }


def _powered(site: str, volume: float, share: float) -> dict[str, Any]:
    shares = {"perfect": share, "useful": share / 2, "harmful": 0.0}
    needed = [
        {"criterion": name, "metric": "auc", "require": must, "events": events, "method": "closed form"}
        for name, must, events in (("G1", "demonstrated", 90), ("G3", "not_contradicted", None))
    ]
    return {
        **{"site": site, "studies_per_month": volume, "prevalence": 0.1, "auc": 0.85, "needed": needed},
        "months_to_look": [round(300 / (0.1 * volume), 1)],
        "passing": {
            name: [{"events": 200, "accepted": {"value": value, "error": 0.02, "runs": 100}}]
            for name, value in shares.items()
        },
        "perfect_passes": share >= 0.8,
    }


def look_seen() -> dict[str, Any]:
    """What a look saw, for its figures: ratios over time, reclassified studies, two subgroups."""
    stretches = [
        {"from": first, "to": last, "n": 420, "events": 50, "observed": 50, "expected": 50 / value}
        | {"value": value, "low": value / 1.3, "high": value * 1.3}
        for first, last, value in (
            *(("2026-01-18", "2026-01-31", 1.62), ("2026-02-01", "2026-02-20", 1.71)),
            ("2026-02-21", "2026-03-13", 1.58),
        )
    ]
    after = [{**part, "value": 0.98, "low": 0.75, "high": 1.27} for part in stretches[1:]]
    kinds = {
        "with_outcome": {"studies": 7, "patients": 7},
        "without_outcome": {"studies": 21, "patients": 20},
    }
    rows = [
        {"name": f"sex = {sex}", "n": 800, "n_pos": 90, "value": value, "bound": value - 0.01}
        | {"half_width": 0.01, "margin": -0.005, "p_harm": 0.6, "status": status, "needed_n": None}
        for sex, value, status in (("F", 0.021, "certified"), ("M", -0.02, "harmed"))
    ]
    return {
        "calibration_over_time": {"last_deployed": stretches, "candidate": after, "reason": None}
        | {"counts_withheld": False},
        "operating_point": {
            "found": {"reclassified": {"up": kinds, "down": kinds}, "alerts": {"before": 90, "after": 104}}
        },
        "subgroups": {"found": rows},
    }


def change(name: str, state: str, verdict: str | None, **more: Any) -> dict[str, Any]:
    """A change as the report describes one."""
    roles = [{"role": role, "have": 0, "need": 1} for role in ("clinical_lead", "qa_lead")]
    return {
        "id": name,
        **PLACE,
        "state": state,
        "verdict": verdict,
        "reasons": [],
        "alarm_id": "ALM-0002",
        "alarm": {"night": "2026-02-11", "stream": "calibration"},
        "attempt": 1,
        "attempts": 4,
        "alpha": 0.025,
        "criteria": [criterion()],
        "fit": {"from": "2026-01-18", "to": "2026-01-31", "n": 550, "events": 106},
        "validation": {"from": "2026-02-01", "to": "2026-03-13", "n": 1689, "events": 200},
        "calibrators": {"before": OLD, "after": NEW},
        "needed": {"events": None, "forecast": None},
        "next_decision": None,
        "approvals": roles,
        "look_seen": look_seen() if verdict else None,
        "signed": [],
        "keys": {"clinical_lead": 1, "qa_lead": 0},
        "plan": {"version": "1.0.0", "sha256": "aa" * 32},
        "can_roll_back": False,
        "dossier": True,
        **more,
    }


def criterion(status: str = "demonstrated") -> dict[str, Any]:
    """Observed over expected, held against its limits."""
    estimate = {"value": 0.98, "low": 0.91, "high": 1.07, "n": 1689, "events": 200, "level": 0.95}
    return {
        **{"id": "G2", "metric": "observed_expected_ratio", "against": None, "require": "demonstrated"},
        **{"pre_specified": {"limits": [0.8, 1.25]}, "limit": None, "limits": [0.8, 1.25], "unit": "ratio"},
        **{"estimate": estimate, "status": status, "status_words": status, "met": status == "demonstrated"},
        "missing_events": None,
    }


def rejected() -> dict[str, Any]:
    """One that failed its gates."""
    reasons = ["G2 (observed expected ratio) is contradicted"]
    return change("CHG-0001", "rejected", "reject", reasons=reasons, criteria=[criterion("contradicted")])


def proposed() -> dict[str, Any]:
    """One that waits for its second signature."""
    roles = [{"role": "clinical_lead", "have": 1, "need": 1}, {"role": "qa_lead", "have": 0, "need": 1}]
    signed = {"signer": "A. Adler", "role": "clinical_lead", "at": "2026-02-27T09:00:00+00:00"}
    return change(
        "CHG-0002",
        "proposed",
        "accept",
        reasons=["every criterion of the plan is met"],
        approvals=roles,
        signed=[{**signed, "meaning": "I approve this change", "key_id": "ed25519:ab", "simulated": False}],
        next_decision={"state": "sign", "on": "2026-02-28"},
    )


def collecting() -> dict[str, Any]:
    """One whose look is fourteen months away."""
    windows = {"validation": {"from": None, "to": None, "n": 0, "events": 0}, "criteria": []}
    return change("CHG-0003", "collecting", None, **windows, dossier=False, next_decision=wait())


def wait(**more: Any) -> dict[str, Any]:
    """A look that is 154 events away at a place with 11 a month."""
    return {
        **{"state": "collecting", "look": 1, "looks": 1, "stage": "look", "have": 46, "need": 200},
        **{"still_to_come": 0, "missing": 154, "events_per_month": 11.0, "months": 14.0},
        **{"on": "2027-05-02", "deadline": "2028-02-11", "in_time": True},
        **more,
    }


def deployed() -> dict[str, Any]:
    """One that is live and can be taken back."""
    follow = {"answer": "helped", "night": "2026-02-20"}
    return change(
        "CHG-0004", "deployed", "accept", can_roll_back=True, deployed_on="2026-02-01", follow_up=follow
    )


def ledger(nights: int = 3) -> list[Entry]:
    """A chain: a plan is bound, nights pass, an alarm opens a change, the plan is amended."""
    bound = {"plan": {"id": "PCCP", "version": "1.0.0", "sha256": "aa" * 32}, "software": "0.1.0"}
    bodies: list[tuple[str, dict[str, Any]]] = [("bound", bound)]
    bodies += [("night", {"night": f"2026-02-{1 + day % 28:02d}", "cohorts": []}) for day in range(nights)]
    alarm = {"alarm": "ALM-0001", **PLACE, "stream": "calibration", "log_r": 9.9, "log_limit": 9.8}
    bodies += [
        ("alarm", alarm),
        ("change_opened", {"change": "CHG-0001", **PLACE, "alarm": "ALM-0001", "attempt": 1}),
    ]
    bodies.append(("amended", AMENDMENT))
    entries: list[Entry] = []
    for kind, body in bodies:
        entries.append(next_entry(entries[-1] if entries else None, kind, "2026-02-28", body))
    return entries


def arrivals() -> dict[str, Any]:
    """Two files: one with refused rows that reconciles, one whose counts do not."""
    sound = {"rows_read": 100, "stored": 90, "duplicates": 3, "revisions": 0, "rejected": 7, "waiting": 0}
    batch = {"received_on": "2026-02-27", "role": "predictions", "as_history": False, "blank_lines": 2}
    refused = {
        "refused_rows": "rejected/63fd3e5894f362f6.jsonl",
        "refused_rows_there": True,
        "reconciles": True,
    }
    reasons = {"sentinel_score": 5, "unparseable_time": 2}
    broken = {**sound, "stored": 89, "rejected": 0, "refused_rows": None, "reconciles": False}
    return {
        "batches": [
            {"batch": 1, **batch, **sound, **refused, "reasons": reasons, "notes": {"ignored_columns": 1}},
            {"batch": 2, **batch, **broken, "role": "outcomes", "reasons": {}, "notes": {}},
        ],
        "counts": {"predictions": 90, "outcomes": 89, "rejected": 7, "duplicates": 6, "waiting": 4},
        "places": [{**PLACE, "studies": 90, "last_arrival": "2026-02-27", "late_rows": 1, "exclusions": {}}],
        "excluded": 0,
    }
