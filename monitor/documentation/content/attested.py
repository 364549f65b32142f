"""What can be attested from the ledger: local adaptation, sequestration, provenance, what did not change."""

from __future__ import annotations

from typing import Any

from monitor.documentation.evidence import Case
from monitor.documentation.wording import counted, listed, spaced
from monitor.hashing import sha256_record


def local_adaptation(case: Case) -> dict[str, Any]:
    """The listed local factors, what is shown about them at this site, and what is not."""
    alarm, place = case.change.alarm, case.change.place
    return {
        "scope": case.plan.modification.scope,
        "factors": list(case.plan.modification.local_factors),
        "shown": (
            f"At {place.site} the probabilities for {place.finding} no longer match the outcomes (alarm "
            f"{alarm['alarm']}, estimated start {alarm['change_cohort']}); other sites are not changed."
        ),
        "not_shown": "The alarm does not say which factor is the cause.",
        "person": "name the factor that applies at this site and attach the evidence for it",
    }


def sequestration(case: Case) -> dict[str, Any]:
    """How validation studies are kept from the fit, how often they were used, and the error spent so far."""
    evaluation = case.plan.evaluation
    attempts = case.at_this_place
    spent = sum(change.opened["alpha"] for change in attempts)
    return {
        "rules": [
            "The candidate is frozen on the ledger before its first look; it is never scored before.",
            "Patients of the fitting window are removed from the validation window.",
            "Studies that judged one candidate never judge another.",
            "The nights do read outcomes as they mature, to watch the version in use.",
        ],
        "looks_held": (case.change.verdict or {}).get("look") or case.change.looks_held,
        "looks_planned": len(evaluation.looks.events),
        "attempts_at_this_place": len(attempts),
        "attempts_planned": len(evaluation.attempt_alpha),
        "alpha_committed": spent,
        "alpha_planned": sum(evaluation.attempt_alpha),
        "log": [{"seq": seq, "kind": kind} for seq, _, kind in case.change.entries if kind in TEST_USES],
        "person": (
            "attest that nobody chose the candidate or the plan's limits with a view of these outcomes, and "
            "name who had access to the outcome files"
        ),
    }


TEST_USES = ("candidate_frozen", "look", "verdict", "follow_up")
"""Entries that fix a candidate or read the outcomes that judge it."""


def provenance(case: Case) -> dict[str, Any]:
    """What ties the numbers to program, plan and data, and the way to run everything again."""
    candidate = (case.change.candidate or {}).get("candidate")
    deployed = (case.change.deployed or {}).get("calibrator")
    return {
        "software_at_binding": case.history.software,
        "plan_sha256": case.loaded.sha256,
        "tested_sha256": None if candidate is None else sha256_record(candidate),
        "released_sha256": None if deployed is None else sha256_record(deployed),
        "recipe": "pccp verify WORKSPACE",
        "randomness": "No number rests on a clock or an unseeded draw; pccp verify derives each one again.",
        "person": "record source commit, installed packages and operating system of the installation",
    }


def unmodified(case: Case) -> dict[str, Any]:
    """What the plan keeps as it is, and how that is known for this change."""
    frozen, invariants = case.plan.retraining.frozen, case.plan.device.invariants
    points = [item.id for item in case.plan.evaluation.criteria if item.metric in AT_THRESHOLD]
    return {
        "frozen": list(frozen),
        "invariants": list(invariants),
        "evidence": [
            f"Model {case.plan.device.model_version}: rows of any other version are refused on arrival.",
            "Calibrators are strictly increasing: the order of studies and the area under the curve stay.",
            *([f"Operating characteristics are judged by {listed(points)}."] if points else []),
        ],
        "trade_off": None
        if points
        else "The plan has no criterion on sensitivity or specificity; they can be read only where it has an "
        "operating point.",
        "person": "confirm that nothing else of the device moved: "
        + listed([spaced(item) for item in invariants]),
    }


AT_THRESHOLD = ("sensitivity", "specificity", "ppv", "npv", "alert_rate", "auc")
"""Metrics that speak for specifications which a recalibration must not move."""


def cumulative(case: Case) -> dict[str, Any]:
    """The sum of all changes against the original, and the other changes in use at this place."""
    anchored = [row for row in case.shared["criteria"] if row["against"] == "original"]
    others = [change for change in case.at_this_place[:-1] if change.deployed]
    number = counted(len(others), "earlier change was", "earlier changes were")
    implemented = number if others else "No earlier change was"
    return {
        "criteria": [{"id": row["id"], "status_words": row["status_words"]} for row in anchored],
        "bound": [item.cumulative for item in case.plan.impact_assessment],
        "interaction": [item.interaction for item in case.plan.impact_assessment],
        "earlier_implemented": [change.id for change in others],
        "words": (
            f"{implemented} deployed at this place. A candidate answers the raw score and replaces the map "
            "in use, so maps never stack."
        ),
    }
