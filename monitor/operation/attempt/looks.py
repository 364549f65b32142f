"""The looks at a frozen candidate: the rows that may judge it, the verdict, and its record."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from monitor.operation.attempt.calibration_over_time import calibration_over_time
from monitor.operation.attempt.judging import evidence_of, overrule
from monitor.operation.attempt.missing_outcomes import bounds_of_verdict, could_decide
from monitor.operation.attempt.operating_points import at_look, require_abstention_cap
from monitor.operation.attempt.outcome_counts import OutcomeCounts
from monitor.operation.attempt.outcomes_read import outcomes_read
from monitor.operation.attempt.reuse import UntoldWindowError, spent_studies, violation
from monitor.operation.attempt.version_matrix import version_matrix
from monitor.operation.attempt.windows import (
    Knowledge,
    account_for,
    describe,
    fitted_patients,
    validation_window,
)
from monitor.operation.workspace import Workspace
from monitor.performance import area_under_curve, calibration_summary, reliability_bins, score_histogram
from monitor.records import Estimate, Rows
from monitor.registry import Change
from monitor.validation import Evidence, HeldLook, held_bound, judge


def look(workspace: Workspace, change: Change, counts: OutcomeCounts, knowledge: Knowledge) -> None:
    """A planned look at a frozen candidate; waits when neither it nor the plan's minima are reached.

    The candidate is judged at the furthest look that the rows reach, by that look's bound. A look that
    decides nothing and is not the last goes on record, and the change collects on.
    """
    plan = workspace.loaded.plan
    try:
        found = validation_evidence(workspace, change, knowledge)
    except UntoldWindowError as error:
        void(workspace, change, str(error), knowledge)
        return
    if found is None:
        return
    rows, described = found
    number = sum(rows.events >= planned for planned in plan.evaluation.looks.events)
    if number <= change.looks_held or described["validation"]["patients"] < plan.evaluation.minimum_patients:
        return
    if why := violation(rows, fitted_patients(workspace, change), spent_studies(workspace, change)):
        void(workspace, change, why, knowledge)
        return
    outcomes = outcomes_read(workspace, change, rows, knowledge)
    evidence = evidence_of(change, rows, outcomes.weight)
    body = _judged_at(workspace, change, number, rows, evidence)
    body |= described
    body["reference_standard"] = outcomes.reference_standard
    body["verification"] = outcomes.verification
    body["versions"] = version_matrix(workspace, change, rows, knowledge)
    if outcomes.weight is None:
        body["calibration_over_time"] = calibration_over_time(workspace, change, rows, knowledge)
    body["needed"] = _still_needed(change, body["needed"], rows.events, counts, knowledge)
    body["operating_point"] = at_look(workspace, change, rows, outcomes.weight)
    overrule(workspace, change, rows, evidence, body)
    require_abstention_cap(body)
    _require_ascertainment(body, plan.data.minimum_ascertainment)
    for objection in outcomes.objections:
        _withhold_accept(body, objection)
    if body["verdict"] == "accept" and outcomes.weight is None:
        bounds = bounds_of_verdict(workspace, change, rows, body["alpha"], knowledge)
        body |= {"missing_outcomes": bounds} if bounds else {}
        if why := could_decide(bounds):
            _withhold_accept(body, why)
    decided = body["verdict"] != "insufficient" or number == len(plan.evaluation.looks.events)
    body["verdict"] = body["verdict"] if decided else None
    workspace.record("verdict" if decided else "look", knowledge.matured_by.isoformat(), body)


def void(workspace: Workspace, change: Change, reason: str, knowledge: Knowledge) -> None:
    """End a change that no row may judge any more."""
    body = {**without_look(change, (reason,), None), "void": True}
    workspace.record("verdict", knowledge.matured_by.isoformat(), body)


def validation_evidence(
    workspace: Workspace, change: Change, knowledge: Knowledge
) -> tuple[Rows, dict[str, Any]] | None:
    """The rows that may judge a frozen candidate, with their account for the record; None without any.

    Args:
        workspace: Open for writing.
        change: With a frozen candidate.
        knowledge: Of the night.

    Raises:
        UntoldWindowError: What looks at earlier candidates used cannot be told any more.
    """
    window = validation_window(workspace, change, knowledge)
    if window is None or len(window) == 0:
        return None
    excluded = fitted_patients(workspace, change)
    account, rows = account_for(workspace, window, excluded, spent_studies(workspace, change))
    described = {
        **describe(rows),
        **knowledge.as_record(),
        "ascertainment": account[1]["rows"] / account[0]["rows"],
        "patients_removed": len(excluded & set(window.patient.tolist())),
    }
    return rows, {"validation": described, "data_account": account}


def without_look(change: Change, reasons: tuple[str, ...], verdict: str | None) -> dict[str, Any]:
    """The record of a verdict that rests on no look."""
    return {
        "change": change.id,
        "verdict": verdict,
        "reasons": list(reasons),
        "look": None,
        "alpha": change.opened["alpha"],
        "z": None,
        "criteria": [],
        "validation": None,
        "needed": {"events": None, "forecast": None},
        "data_account": [],
        "performance": None,
        "reliability": None,
        "score_histogram": None,
        "versions": None,
        "calibration_over_time": None,
        "operating_point": None,
        "reference_standard": None,
        "verification": None,
    }


def _judged_at(
    workspace: Workspace, change: Change, number: int, rows: Rows, evidence: Evidence
) -> dict[str, Any]:
    """The verdict's record of one look: criteria, counts, and what the figures are drawn from."""
    evaluation = workspace.loaded.plan.evaluation
    looks = evaluation.looks
    held = [HeldLook(body["look"], body["validation"]["events"]) for body in change.looks]
    held.append(HeldLook(number, rows.events))
    bound = held_bound(looks.events, held, change.opened["alpha"], looks.spending)
    judgement = judge(evaluation.criteria, evidence, bound.nominal_alpha)
    outcome, weight = evidence.outcome, evidence.weight
    several = {"looks": {"planned": list(looks.events), "alpha_spent": bound.alpha_spent}}
    return {
        **without_look(change, judgement.reasons, judgement.verdict),
        **(several if len(looks.events) > 1 else {}),
        "look": number,
        "alpha": judgement.alpha,
        "z": judgement.z,
        "criteria": [result.as_record() for result in judgement.results],
        "needed": judgement.needed_events,
        "performance": {
            "original": calibration_summary(evidence.original, outcome, weight),
            "last_deployed": calibration_summary(evidence.last_deployed, outcome, weight),
            "candidate": calibration_summary(evidence.candidate, outcome, weight),
            "auc": asdict(_area(rows, evidence)),
        },
        "reliability": {
            "last_deployed": reliability_bins(evidence.last_deployed, outcome),
            "candidate": reliability_bins(evidence.candidate, outcome),
        },
        "score_histogram": score_histogram(rows.score, outcome),
    }


def _area(rows: Rows, evidence: Evidence) -> Estimate:
    """Of the raw score; none from weighted outcomes, whose ranks would be those of the verified studies."""
    if evidence.weight is not None:
        why = "not computed from weighted outcomes"
        return Estimate(None, None, None, evidence.n, evidence.events, why)
    return area_under_curve(rows.score, rows.outcome, rows.patient)


def _still_needed(
    change: Change, needed: int | None, have: int, counts: OutcomeCounts, knowledge: Knowledge
) -> dict[str, Any]:
    """Events missing at the look if the estimates stayed, and when the place would have them."""
    if needed is None:
        return {"events": None, "forecast": None}
    missing = max(needed - have, 1)
    return {
        "events": missing,
        "forecast": counts.forecast(change.place, missing, knowledge.matured_by),
        "events_per_month": round(counts.events_per_month(change.place), 2),
    }


def _require_ascertainment(body: dict[str, Any], minimum: float) -> None:
    """Too many outcomes missing at maturity never pass: an accept becomes insufficient."""
    found = body["validation"]["ascertainment"]
    if found >= minimum:
        return
    reason = (
        f"outcomes are known at maturity for {found:.1%} of the validation window, "
        f"the plan asks for {minimum:.0%}"
    )
    _withhold_accept(body, reason)


def _withhold_accept(body: dict[str, Any], reason: str) -> None:
    """Put a reason first; an accept becomes insufficient, any other verdict stays."""
    body["reasons"] = [reason, *(body["reasons"] if body["verdict"] != "accept" else [])]
    if body["verdict"] == "accept":
        body["verdict"] = "insufficient"
