"""What a look hands to the judges, and what overrules the criteria: guardrails and harmed subgroups."""

from __future__ import annotations

from typing import Any

from monitor.calibrators import calibrated_log_odds, read_calibrator
from monitor.logistic import logit
from monitor.operation.workspace import Workspace
from monitor.plan.condition import parse
from monitor.plan.subgroups import subgroups
from monitor.records import BoolArray, FloatArray, Rows
from monitor.registry import Change
from monitor.validation import Evidence, assess_subgroups, challenging, envelope, member


def evidence_of(change: Change, rows: Rows, weight: FloatArray | None) -> Evidence:
    """The rows under candidate, last deployed and original calibrator, and at the candidate's threshold.

    `weight` is how much each row counts, shape (n,); None when all are alike.
    """
    x = logit(rows.score)
    return Evidence(
        rows.outcome,
        rows.patient,
        calibrated_log_odds(read_calibrator(change.candidate["candidate"]), x) if change.candidate else x,
        calibrated_log_odds(read_calibrator(change.opened["last_deployed"]), x),
        calibrated_log_odds(read_calibrator(change.opened["original"]), x),
        rows.score,
        _flagged(change, rows, "raw_threshold"),
        weight,
    )


def overrule(
    workspace: Workspace, change: Change, rows: Rows, evidence: Evidence, body: dict[str, Any]
) -> None:
    """Put guardrails, subgroups and challenging cases on the record of a look.

    What guardrails and subgroups forbid is rejected; challenging cases are reported only.

    Args:
        workspace: Open for writing.
        change: With a frozen candidate.
        rows: That judge it.
        evidence: Of those rows.
        body: Of the look; gets `envelope`, `subgroups`, `challenging_cases` where the plan has such rules.
    """
    plan = workspace.loaded.plan
    reasons: list[str] = []
    if (rails := plan.modification.guardrails) is not None:
        before = _flagged(change, rows, "previous_raw_threshold")
        found = envelope(rails, evidence, logit(rows.score), before)
        body["envelope"] = found.as_record()
        reasons += found.violations
    if (rule := plan.evaluation.subgroups) is not None:
        covariates = workspace.store.covariates(rows)
        members = {item.name: member(item.condition, covariates) for item in subgroups(plan)}
        results = assess_subgroups(members, evidence, rule.harm.margin_relative, rule.alpha)
        body["subgroups"] = [result.as_record() for result in results]
        reasons += [f"subgroup {result.name} is harmed" for result in results if result.status == "harmed"]
    if (cases := plan.evaluation.challenging_cases) is not None:
        among = member(parse(cases.where), workspace.store.covariates(rows))
        body["challenging_cases"] = challenging(evidence.where(among)).as_record()
    if reasons:
        body["reasons"] = [*reasons, *(body["reasons"] if body["verdict"] != "accept" else [])]
        body["verdict"], body["needed"] = "reject", {"events": None, "forecast": None}


def _flagged(change: Change, rows: Rows, threshold: str) -> BoolArray | None:
    """Studies at or above a raw threshold that was frozen with the candidate; None where there is none."""
    frozen = (change.candidate or {}).get("operating_point") or {}
    raw = frozen.get(threshold)
    return None if raw is None else rows.score >= raw
