"""The minute a reader has: what was decided, why, what happens next, and what this document is not."""

from __future__ import annotations

from collections import Counter
from typing import Any

from monitor.documentation.content.criteria import criteria, sentence, unmet
from monitor.documentation.content.outcome import awaits_approval, missing_evidence, verdict_words
from monitor.documentation.evidence import Change, Record
from monitor.documentation.wording import STATE_WORDS, as_sentence, counted, listed
from monitor.plan.model import ChangePlan

BANNERS = {
    "not_authorized": "Not an authorized PCCP",
    "simulated": "Simulated approval",
    "not_the_manufacturer": "Not a change under the manufacturer's PCCP",
}
EXPLAINED = {
    "not_authorized": "No authority has authorized this plan. Nothing in this document permits a change to a "
    "device.",
    "simulated": "No person approved this change. The approval was made by a replay.",
    "not_the_manufacturer": (
        "A predetermined change control plan belongs to the manufacturer. Whoever else recalibrates a "
        "cleared score is not using one and may become a remanufacturer."
    ),
}

NO_REFIT = "It is not refitted until it passes: a further attempt needs a new alarm and spends its own alpha."


def banners(plan: ChangePlan, change: Change) -> list[dict[str, str]]:
    """Warnings that stand above everything else, in the order they matter."""
    simulated = any(record.get("simulated") for record in change.approvals)
    raised = {
        "not_authorized": plan.plan.authorization.status != "authorized",
        "simulated": simulated,
        "not_the_manufacturer": plan.plan.actor != "manufacturer",
    }
    return [
        {"id": key, "text": BANNERS[key], "explained": EXPLAINED[key]} for key, yes in raised.items() if yes
    ]


def headline(plan: ChangePlan, change: Change) -> dict[str, Any]:
    """Verdict, summary, reasons and next steps in plain sentences."""
    return {
        "verdict": (change.verdict or {}).get("verdict"),
        "words": verdict_words(change),
        "state": change.state,
        "state_words": STATE_WORDS[change.state],
        "summary": summary(plan, change),
        "reasons": reasons(plan, change),
        "next": next_steps(plan, change),
    }


def summary(plan: ChangePlan, change: Change) -> str:
    """One sentence that says what the verdict rests on."""
    record = change.verdict or {}
    verdict, validation = record.get("verdict"), record.get("validation")
    if verdict is None:
        return _without_verdict(change)
    if not record.get("criteria") or not validation:
        return "The plan's look was not reached, so no criterion was evaluated and nothing is concluded."
    studies = counted(validation["n"], "study", "studies")
    basis = f"On {studies} that were set apart for validation ({counted(validation['events'], 'event')}), "
    rows = criteria(plan, change)
    if verdict == "accept":
        return f"{basis}the candidate met {_all_of(len(rows))} of the plan."
    contradicted = [row["id"] for row in rows if row["status"] == "contradicted"]
    if verdict == "reject" and contradicted:
        return f"{basis}the results contradict {listed(contradicted)} of the plan's criteria."
    if verdict == "reject":
        return f"{basis}the candidate does what the plan forbids, whatever the criteria say."
    missing = [row["id"] for row in unmet(rows)]
    if missing:
        return f"{basis}the results neither prove nor contradict {listed(missing, 'or')}."
    return f"{basis}the criteria would be met, but the studies do not satisfy the plan."


def reasons(plan: ChangePlan, change: Change) -> list[str]:
    """The criteria that decided, in words, then what else the ledger gives as a reason.

    The ledger's own sentences, with their numbers, stand whole under the verdict.
    """
    rows = criteria(plan, change)
    deciding = [row for row in unmet(rows) if row["status"] == "contradicted"] or unmet(rows)
    given = [str(reason) for reason in (change.verdict or {}).get("reasons") or []]
    named = tuple(f"{row['id']} " for row in deciding)
    others = [as_sentence(reason) for reason in given if not named or not reason.startswith(named)]
    return [*(sentence(row) for row in deciding), *others]


def next_steps(plan: ChangePlan, change: Change) -> list[str]:
    """What happens now, what a person must do, and what stays in use meanwhile."""
    stays = f"The last deployed calibrator ({change.opened['last_deployed']['version']}) stays in use."
    if change.state == "deployed":
        return [
            _in_use(change),
            "The alarm that opened this change remains a quality signal to be followed up.",
        ]
    if change.rolled_back is not None:
        return [_rolled_back(change.rolled_back)]
    if change.voided is not None:
        return [f"This change is void: {change.voided['reason']}.", "Nothing is implemented."]
    if awaits_approval(change):
        return ["Nothing has been deployed.", _who_decides(plan, change), stays]
    if change.state in ("approved", "declined"):
        return [f"The change is {STATE_WORDS[change.state]}.", stays]
    return [stays, *_after_no(plan, change)]


def _after_no(plan: ChangePlan, change: Change) -> list[str]:
    if change.verdict is None:
        return ["The change is still collecting studies."]
    follow_up = "The alarm remains a quality signal to be followed up."
    verdict = change.verdict["verdict"]
    if verdict == "reject":
        return ["The candidate is recorded and is not implemented.", NO_REFIT, follow_up]
    if verdict == "insufficient":
        return [*_missing(plan, change), "Nothing is implemented.", follow_up]
    return ["Nothing is implemented.", follow_up]


def _missing(plan: ChangePlan, change: Change) -> list[str]:
    needed = missing_evidence(plan, change)
    events, forecast = needed.get("events"), needed.get("forecast")
    if events is None:
        return ["No number of further events can be named at which the evidence would suffice."]
    noun = counted(events, "more event", "more events")
    when = (
        f"At this site's volume they would be there in {forecast}."
        if forecast
        else "No date can be forecast."
    )
    return [f"A decision would have needed {noun} (studies of the rarer class{_where(change)}).", when]


def _where(change: Change) -> str:
    return ", to fit and to judge" if change.candidate is None else ""


def _who_decides(plan: ChangePlan, change: Change) -> str:
    roles = [item.role for item in plan.approvals]
    if not any(item.keys for item in plan.approvals):
        return (
            f"A person in the role {listed(roles, 'or')} decides, but the plan lists no key for any role: "
            "nobody can approve yet."
        )
    return f"To be deployed it needs {_missing_signatures(plan, change)}. Any of these roles can decline it."


def _missing_signatures(plan: ChangePlan, change: Change) -> str:
    have = Counter(str(record["role"]) for record in change.approvals)
    lacking = [
        f"{counted(item.signatures - have[item.role], 'signature')} of the {item.role}"
        for item in plan.approvals
        if item.signatures > have[item.role]
    ]
    return listed(lacking)


def _rolled_back(record: Record) -> str:
    versions = f"{record['from']['version']} was in use and was rolled back to {record['to']['version']}"
    who = f"{record['signer']} ({record['role']})"
    return f"Calibrator {versions} on {record['night']} by {who}: {record['reason']}"


def _in_use(change: Change) -> str:
    deployed = change.deployed or {}
    version = (deployed.get("calibrator") or {}).get("version", "The candidate")
    return (
        f"Calibrator {version} is in use at this site since {deployed.get('night', 'an unrecorded night')}."
    )


def _without_verdict(change: Change) -> str:
    if change.state == "void":
        return "The change is void: its candidate may not be judged or used, and nothing is changed."
    if change.state == "withdrawn":
        return "No candidate was put forward, so nothing was judged and nothing is changed."
    return "No verdict has been reached: this document records where the change stands."


def _all_of(count: int) -> str:
    return "the one criterion" if count == 1 else f"all {count} criteria"
