"""The look at a frozen candidate: the rows that may judge it, the verdict, and its record."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from monitor.calibrators import calibrated_log_odds, read_calibrator
from monitor.logistic import logit
from monitor.operation.outcome_counts import OutcomeCounts
from monitor.operation.windows import (
    Knowledge,
    account_for,
    describe,
    fitted_patients,
    validation_window,
)
from monitor.operation.workspace import Workspace
from monitor.performance import area_under_curve, calibration_summary, reliability_bins, score_histogram
from monitor.records import Rows
from monitor.registry import Change
from monitor.validation import Evidence, Judgement, judge


def look(workspace: Workspace, change: Change, counts: OutcomeCounts, knowledge: Knowledge) -> None:
    """The one look at a frozen candidate; waits when the plan's minima are not reached."""
    evaluation = workspace.loaded.plan.evaluation
    evidence_rows = validation_evidence(workspace, change, knowledge)
    if evidence_rows is None:
        return
    rows, described = evidence_rows
    if (
        rows.events < evaluation.looks.events[0]
        or described["validation"]["patients"] < evaluation.minimum_patients
    ):
        return
    evidence = _evidence(change, rows)
    judgement = judge(evaluation.criteria, evidence, change.opened["alpha"])
    body = {**_judged(change, judgement, evidence, rows), **described}
    body["needed"] = _still_needed(change, judgement, rows.events, counts, knowledge)
    _require_ascertainment(body, workspace.loaded.plan.data.minimum_ascertainment)
    workspace.record("verdict", knowledge.matured_by.isoformat(), body)


def validation_evidence(
    workspace: Workspace, change: Change, knowledge: Knowledge
) -> tuple[Rows, dict[str, Any]] | None:
    """The rows that may judge a frozen candidate, with their account for the record; None without any.

    Args:
        workspace: Open for writing.
        change: With a frozen candidate.
        knowledge: Of the night.
    """
    window = validation_window(workspace, change, knowledge)
    if window is None or len(window) == 0:
        return None
    excluded = fitted_patients(workspace, change)
    account, rows = account_for(workspace, window, excluded)
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
    }


def _evidence(change: Change, rows: Rows) -> Evidence:
    """The rows' log-odds under candidate, last deployed and original calibrator."""
    x = logit(rows.score)
    return Evidence(
        rows.outcome,
        rows.patient,
        calibrated_log_odds(read_calibrator(change.candidate["candidate"]), x) if change.candidate else x,
        calibrated_log_odds(read_calibrator(change.opened["last_deployed"]), x),
        calibrated_log_odds(read_calibrator(change.opened["original"]), x),
    )


def _judged(change: Change, judgement: Judgement, evidence: Evidence, rows: Rows) -> dict[str, Any]:
    """The verdict's record: criteria, counts, and what the figures are drawn from."""
    area = area_under_curve(rows.score, rows.outcome, rows.patient)
    return {
        **without_look(change, judgement.reasons, judgement.verdict),
        "look": 1,
        "alpha": judgement.alpha,
        "z": judgement.z,
        "criteria": [result.as_record() for result in judgement.results],
        "validation": describe(rows),
        "performance": {
            "original": calibration_summary(evidence.original, rows.outcome),
            "last_deployed": calibration_summary(evidence.last_deployed, rows.outcome),
            "candidate": calibration_summary(evidence.candidate, rows.outcome),
            "auc": asdict(area),
        },
        "reliability": {
            "last_deployed": reliability_bins(evidence.last_deployed, rows.outcome),
            "candidate": reliability_bins(evidence.candidate, rows.outcome),
        },
        "score_histogram": score_histogram(rows.score, rows.outcome),
    }


def _still_needed(
    change: Change, judgement: Judgement, have: int, counts: OutcomeCounts, knowledge: Knowledge
) -> dict[str, Any]:
    """Events missing at the look if the estimates stayed, and when the place would have them."""
    if judgement.needed_events is None:
        return {"events": None, "forecast": None}
    missing = max(judgement.needed_events - have, 1)
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
    body["reasons"] = [reason, *(body["reasons"] if body["verdict"] != "accept" else [])]
    if body["verdict"] == "accept":
        body["verdict"] = "insufficient"
