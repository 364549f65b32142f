"""The verdict with its rule, performance before and after, the attempt and its approvals."""

from __future__ import annotations

from collections import Counter
from typing import Any

from monitor.documentation.content.criteria import criteria, unmet
from monitor.documentation.content.identity import criteria_style
from monitor.documentation.evidence import Change, Record
from monitor.documentation.wording import STATE_WORDS, VERDICT_WORDS, listed
from monitor.plan.model import ChangePlan

NOT_A_SIGNATURE = "This is an approval record, not an electronic signature under 21 CFR Part 11."


def verdict(plan: ChangePlan, change: Change) -> dict[str, Any]:
    """What was decided, by which rule, and what is missing where evidence is."""
    record = change.verdict or {}
    name = record.get("verdict")
    return {
        "verdict": name,
        "words": verdict_words(change),
        "state": change.state,
        "state_words": STATE_WORDS[change.state],
        "reasons": list(record.get("reasons") or []),
        "rule": decision_rule(plan),
        "on_failure": "A failure is recorded and the modification is not implemented.",
        "needed": missing_evidence(plan, change),
        "look": record.get("look"),
        "alpha": record.get("alpha", change.opened["alpha"]),
        "z": record.get("z"),
    }


def missing_evidence(plan: ChangePlan, change: Change) -> dict[str, Any]:
    """Events still missing and when they are expected; after a look, the most that any open criterion needs.

    None for events where no number can be named.
    """
    record = change.verdict or {}
    needed = dict(record.get("needed") or {"events": None, "forecast": None})
    missing = [row["missing_events"] for row in unmet(criteria(plan, change))]
    if record.get("verdict") == "insufficient" and missing:
        needed["events"] = None if None in missing else max(missing)
    return needed


def verdict_words(change: Change) -> str:
    """The verdict as a reader says it; a change without one is never called a success."""
    name = (change.verdict or {}).get("verdict")
    if name is not None:
        return VERDICT_WORDS[name]
    return {"withdrawn": "No candidate", "void": "Void"}.get(change.state, "No verdict yet")


def decision_rule(plan: ChangePlan) -> str:
    """The plan's rule in one sentence."""
    style = criteria_style(plan)
    accept = f"{listed(style['demonstrated'])} demonstrated"
    if style["not_contradicted"]:
        accept += f" and {listed(style['not_contradicted'])} not contradicted"
    return (
        f"Accept only with {accept}, all at the same look and each at {_alpha_words(plan)}; "
        "reject when any criterion is contradicted; anything else is insufficient evidence, which is never a "
        "pass."
    )


def _alpha_words(plan: ChangePlan) -> str:
    if len(plan.evaluation.looks.events) == 1:
        return "the one-sided alpha of the attempt"
    return "the one-sided alpha of the look"


def performance(change: Change) -> dict[str, Any] | None:
    """Scores of the original, last deployed and candidate map on the validation studies."""
    measured = (change.verdict or {}).get("performance")
    return dict(measured) if measured else None


def attempt(plan: ChangePlan, change: Change) -> dict[str, Any]:
    """Which attempt at this site this is and the error probability it may spend."""
    return {
        "number": change.opened["attempt"],
        "of": len(plan.evaluation.attempt_alpha),
        "alpha": change.opened["alpha"],
        "attempt_alpha": list(plan.evaluation.attempt_alpha),
        "look": (change.verdict or {}).get("look"),
        "looks_planned": len(plan.evaluation.looks.events),
        "look_events": list(plan.evaluation.looks.events),
        "looks_held": [_look(body) for body in (*change.looks, change.verdict or {}) if body.get("looks")],
        "maximum_wait_days": plan.evaluation.maximum_wait_days,
    }


def _look(body: Record) -> dict[str, Any]:
    """One look of several: what it could spend and what it found."""
    return {
        "look": body["look"],
        "events": body["validation"]["events"],
        "z": body["z"],
        "alpha": body["alpha"],
        "alpha_spent": body["looks"]["alpha_spent"],
        "verdict": body["verdict"],
    }


def approvals(plan: ChangePlan, change: Change) -> dict[str, Any]:
    """Who approved or declined, who must still sign, and the commands where a person can still decide."""
    have = Counter(str(record["role"]) for record in change.approvals)
    return {
        "note": NOT_A_SIGNATURE,
        "records": [*(_decision("approved", record) for record in change.approvals), *_refusal(change)],
        "roles": [
            {"role": item.role, "keys": len(item.keys), "have": have[item.role], "need": item.signatures}
            for item in plan.approvals
        ],
        "commands": commands(change.id) if awaits_approval(change) else [],
        "implemented": None if change.implemented is None else _implemented(change.implemented),
        "deployed": None if change.deployed is None else dict(change.deployed),
        "rolled_back": None if change.rolled_back is None else _rollback(change.rolled_back),
    }


def awaits_approval(change: Change) -> bool:
    """True when the change is accepted and nobody has decided yet."""
    return (change.verdict or {}).get("verdict") == "accept" and change.state == "proposed"


def commands(change: str) -> list[str]:
    """The commands that approve or decline, with the signer's part left open."""
    rest = f"WORKSPACE {change} --signer NAME --role ROLE --key KEYFILE --meaning TEXT"
    return [f"pccp approve {rest}", f"pccp decline {rest}"]


def _implemented(record: Record) -> dict[str, Any]:
    return {key: record[key] for key in ("by", "basis", "record_sha256", "plan_sha256")}


def _refusal(change: Change) -> list[dict[str, Any]]:
    return [] if change.declined is None else [_decision("declined", change.declined)]


def _rollback(record: Record) -> dict[str, Any]:
    names = {"from": record["from"]["version"], "to": record["to"]["version"]}
    keys = ("signer", "role", "key_id", "reason", "signature", "at", "night")
    return {**names, **{key: record.get(key) for key in keys}}


def _decision(word: str, record: Record) -> dict[str, Any]:
    keys = ("signer", "role", "key_id", "meaning", "record_sha256", "signature", "at")
    return {
        "decision": word,
        **{key: record.get(key) for key in keys},
        "simulated": bool(record.get("simulated")),
    }
