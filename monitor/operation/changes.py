"""One change per alarm: collect, fit and freeze a candidate, then judge it once on rows nobody has used."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

from monitor.calibration import RankingLostError, SaturatedScoreError, choose, winsorised_logit
from monitor.logistic import SeparationError, logit
from monitor.operation.calendar import cohort_key
from monitor.operation.outcome_counts import OutcomeCounts
from monitor.operation.windows import (
    Knowledge,
    account_for,
    describe,
    fitted_patients,
    fitting_window,
    validation_window,
)
from monitor.operation.workspace import Workspace
from monitor.performance import area_under_curve, calibration_summary, reliability_bins, score_histogram
from monitor.records import IDENTITY, Calibrator, FloatArray, Place, Rows
from monitor.registry import Change, read_calibrator
from monitor.validation import Evidence, Judgement, judge

AUTHOR = "pccp-monitor"
"""The service that proposes changes. It is the author, and never an approver."""


def open_change(workspace: Workspace, alarm: dict[str, Any], night: date) -> Change | None:
    """Open the one change an alarm may have; None when the plan's attempts for the place are used up."""
    state, plan = workspace.state, workspace.loaded.plan
    place = Place(alarm["site"], alarm["finding"])
    attempt = state.attempts(place) + 1
    if attempt > len(plan.evaluation.attempt_alpha):
        return None
    name = f"CHG-{len(state.changes) + 1:04d}"
    workspace.record(
        "change_opened",
        night.isoformat(),
        {
            "change": name,
            "alarm": alarm["alarm"],
            "site": place.site,
            "finding": place.finding,
            "modification": plan.modification.id,
            "attempt": attempt,
            "alpha": plan.evaluation.attempt_alpha[attempt - 1],
            "fit_from": _fit_from(workspace, place, alarm["change_cohort"]),
            "last_deployed": state.calibrator(place).as_record(),
            "original": IDENTITY.as_record(),
            "author": AUTHOR,
            "approvals": [{"role": item.role, "signatures": item.signatures} for item in plan.approvals],
        },
    )
    return state.changes[name]


def advance(
    workspace: Workspace, change: Change, cohort: str, counts: OutcomeCounts, knowledge: Knowledge
) -> None:
    """Take one more mature cohort into account: fit at the minimum, judge at the look, else wait.

    Args:
        workspace: Open for writing.
        change: Still collecting.
        cohort: The cohort that has just matured.
        counts: Usable outcomes per cohort, the new one included.
        knowledge: Of the night.
    """
    plan, night = workspace.loaded.plan, knowledge.matured_by
    if change.candidate is None:
        if counts.events(change.place, change.opened["fit_from"]) >= plan.retraining.events_for.closed_test:
            fit(workspace, change, cohort, knowledge)
    elif (
        counts.events(change.place, change.candidate["fit"]["to"], after=True)
        >= plan.evaluation.looks.events[0]
    ):
        look(workspace, change, counts, knowledge)
    change = workspace.state.changes[change.id]
    waited = night - date.fromisoformat(change.alarm["night"])
    if change.verdict is None and waited > timedelta(days=plan.evaluation.maximum_wait_days):
        conclude(
            workspace,
            change,
            counts,
            knowledge,
            f"the plan's longest wait of {plan.evaluation.maximum_wait_days} days has passed",
        )


def fit(workspace: Workspace, change: Change, last: str | None, knowledge: Knowledge) -> None:
    """Fit on the collected rows and freeze the candidate; withdraw the change where none is warranted."""
    rows = fitting_window(workspace, change, last, knowledge)
    if rows is None or rows.events < workspace.loaded.plan.retraining.events_for.closed_test:
        return
    current = workspace.state.calibrator(change.place)
    try:
        x, limits = winsorised_logit(rows.score)
        choice = choose(x, rows.outcome, rows.patient, current)
    except (SeparationError, RankingLostError, SaturatedScoreError) as error:
        _withdraw(workspace, change, knowledge, str(error), {"fit": _described(rows, knowledge)})
        return
    fitted = {
        "fit": _described(rows, knowledge),
        "closed_test": {"chosen": choice.kind, "steps": [asdict(step) for step in choice.steps]},
        "winsorised_logit": list(limits),
    }
    if choice.kind == "keep":
        reason = f"the closed test keeps the current calibrator (p = {choice.steps[0].p:.3f})"
        _withdraw(workspace, change, knowledge, reason, fitted)
        return
    if choice.kind not in workspace.loaded.plan.modification.methods:
        reason = f"the data call for {choice.kind}, which the plan does not list"
        _record_outside_plan(workspace, change, choice.kind, knowledge)
        _withdraw(workspace, change, knowledge, reason, fitted)
        return
    candidate = choice.calibrator(workspace.state.next_version(change.place)).as_record()
    body = {"change": change.id, "candidate": candidate, **fitted}
    workspace.record("candidate_frozen", knowledge.matured_by.isoformat(), body)


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
        **_knowledge(knowledge),
        "ascertainment": account[1]["rows"] / account[0]["rows"],
        "patients_removed": len(excluded & set(window.patient.tolist())),
    }
    return rows, {"validation": described, "data_account": account}


def conclude(
    workspace: Workspace, change: Change, counts: OutcomeCounts, knowledge: Knowledge, because: str
) -> None:
    """End a change that never reached its look: insufficient, with the events missing and a forecast."""
    plan = workspace.loaded.plan
    minimum, look_events = plan.retraining.events_for.closed_test, plan.evaluation.looks.events[0]
    if change.candidate is None:
        rows = fitting_window(workspace, change, None, knowledge)
        described = {"collected": _described(rows, knowledge)} if rows else {}
        where, need, still_to_come = "fitting window", minimum, look_events
    else:
        found = validation_evidence(workspace, change, knowledge)
        rows, described = found or (None, {})
        where, need, still_to_come = "validation window", look_events, 0
    have, studies = (rows.events, len(rows)) if rows else (0, 0)
    missing = max(need - have, 0) + still_to_come
    reason = f"the {where} holds {have} of the rarer class in {studies} studies, {need} are needed; {because}"
    if plan.undated:
        reason += f" ({counts.events(change.place, '')} of the rarer class in the whole cohort)"
    body = {**_without_look(change, (reason,), "insufficient"), **described}
    body["needed"] = {
        "events": missing,
        "forecast": counts.forecast(change.place, missing, knowledge.matured_by),
        "events_per_month": round(counts.events_per_month(change.place), 2),
    }
    workspace.record("verdict", knowledge.matured_by.isoformat(), body)


def _record_outside_plan(workspace: Workspace, change: Change, method: str, knowledge: Knowledge) -> None:
    """What the data ask for and the plan does not cover: a person's to follow up."""
    body = {
        "change": change.id,
        "site": change.place.site,
        "finding": change.place.finding,
        "requested": method,
        "excluded_by": "description_of_modifications.methods",
        "listed": list(workspace.loaded.plan.modification.methods),
        "night": knowledge.matured_by.isoformat(),
    }
    workspace.record("outside_plan", knowledge.matured_by.isoformat(), body)


def _withdraw(
    workspace: Workspace, change: Change, knowledge: Knowledge, reason: str, fitted: dict[str, Any]
) -> None:
    """End a change without a candidate; what was fitted and tested stays on record."""
    body = {**_without_look(change, (reason,), None), **fitted}
    workspace.record("verdict", knowledge.matured_by.isoformat(), body)


def _fit_from(workspace: Workspace, place: Place, change_cohort: str) -> str:
    """The estimated change, never before the live calibrator's deployment."""
    since = workspace.state.live_since.get(place)
    if since is None:
        return change_cohort
    deployed = cohort_key(
        workspace.loaded.plan.monitoring.cadence, date.fromisoformat(since) + timedelta(days=1)
    )
    return max(change_cohort, deployed)


def _described(rows: Rows, knowledge: Knowledge) -> dict[str, Any]:
    return {**describe(rows), **_knowledge(knowledge)}


def _evidence(change: Change, rows: Rows) -> Evidence:
    """The rows' log-odds under candidate, last deployed and original calibrator."""
    x = logit(rows.score)
    return Evidence(
        rows.outcome,
        rows.patient,
        _mapped(read_calibrator(change.candidate["candidate"]), x) if change.candidate else x,
        _mapped(read_calibrator(change.opened["last_deployed"]), x),
        _mapped(read_calibrator(change.opened["original"]), x),
    )


def _mapped(calibrator: Calibrator, x: FloatArray) -> FloatArray:
    return calibrator.intercept + calibrator.slope * x


def _judged(change: Change, judgement: Judgement, evidence: Evidence, rows: Rows) -> dict[str, Any]:
    """The verdict's record: criteria, counts, and what the figures are drawn from."""
    area = area_under_curve(rows.score, rows.outcome, rows.patient)
    return {
        **_without_look(change, judgement.reasons, judgement.verdict),
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


def _without_look(change: Change, reasons: tuple[str, ...], verdict: str | None) -> dict[str, Any]:
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


def _knowledge(knowledge: Knowledge) -> dict[str, str]:
    return {"matured_by": knowledge.matured_by.isoformat(), "known_by": knowledge.known_by.isoformat()}
