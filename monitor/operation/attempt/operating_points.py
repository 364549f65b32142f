"""The operating point of a change: fixed when its candidate is frozen, examined at its look."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from monitor.calibrators import calibrated_log_odds, read_calibrator
from monitor.logistic import expit, logit
from monitor.operation.attempt.windows import rows_sha256
from monitor.operation.live_threshold import finding_of, live_threshold
from monitor.operation.workspace import Workspace
from monitor.performance import (
    Target,
    abstains,
    as_records,
    decision_curve,
    keep_target,
    measured,
    net_benefit_change,
    outside,
    proportion,
    reclassified,
    straddles,
)
from monitor.plan.device import Finding, OperatingPoint
from monitor.records import BoolArray, Calibrator, FloatArray, Rows
from monitor.registry import Change


def at_freezing(workspace: Workspace, change: Change, candidate: Calibrator, rows: Rows) -> dict[str, Any]:
    """The candidate's operating point from its own fitting rows, before any row that judges it is seen.

    Args:
        workspace: Open for writing.
        change: Still without a candidate.
        candidate: About to be frozen.
        rows: Of the fitting window.

    Returns:
        {"operating_point": ...} for the record, or nothing when the plan has no operating point.
    """
    point = finding_of(workspace.loaded.plan, change.place).operating_point
    if point is None:
        return {}
    previous = live_threshold(workspace.state, point, change.place)
    error = change.opened["alpha"] if point.confidence is None else round(1.0 - point.confidence, 12)
    target = Target(point.frozen, _kept(point), error, previous)
    found = keep_target(target, rows.score, rows.outcome, rows.patient)
    record = {
        "frozen": point.frozen,
        "kept": target.kept,
        "error": target.error,
        "raw_threshold": found.raw,
        "probability_threshold": probability_at(candidate, found.raw),
        "previous_raw_threshold": previous,
        "status": found.status,
        "method": found.method,
        "n": found.n,
        "events": found.events,
        "reason": found.reason,
    }
    return {"operating_point": record}


def at_look(
    workspace: Workspace, change: Change, rows: Rows, weight: FloatArray | None
) -> dict[str, Any] | None:
    """What the change does to patients at its operating point, on the rows that judge it.

    Args:
        workspace: Open for writing.
        change: With a frozen candidate.
        rows: That judge it.
        weight: How much each counts in shares of patients, shape (n,); counts stay those of the rows.

    Returns:
        The verdict's record; None when no operating point was frozen with the candidate.
    """
    frozen = (change.candidate or {}).get("operating_point")
    finding = finding_of(workspace.plan_of(change).plan, change.place)
    point = finding.operating_point
    if frozen is None or point is None or change.candidate is None:
        return None
    x = logit(rows.score)
    old, new = (
        read_calibrator(body) for body in (change.opened["last_deployed"], change.candidate["candidate"])
    )
    log_odds = calibrated_log_odds(old, x), calibrated_log_odds(new, x)
    before = rows.score >= frozen["previous_raw_threshold"]
    after = rows.score >= frozen["raw_threshold"]
    was = probability_at(old, frozen["previous_raw_threshold"])
    unmoved = log_odds[1] >= logit(np.array([was]))[0]
    return {
        "frozen": frozen["frozen"],
        "before": {**_point(old, frozen["previous_raw_threshold"]), **_performance(before, rows, weight)},
        "after": {**_point(new, frozen["raw_threshold"]), **_performance(after, rows, weight)},
        "probability_unmoved": {"probability_threshold": was, **_performance(unmoved, rows, weight)},
        "reclassified": reclassified(before, after, rows.outcome, rows.patient),
        "alerts": _alerts(before, after),
        "net_benefit": _net_benefit(point.threshold, log_odds, rows),
        "abstention": _abstention(finding, new, change.candidate, x, rows),
    }


def require_abstention_cap(body: dict[str, Any]) -> None:
    """A candidate that does not know too often never passes: an accept becomes insufficient."""
    found = (body.get("operating_point") or {}).get("abstention")
    if found is None or found["rate"]["value"] <= found["maximum_rate"]:
        return
    reason = (
        f"the candidate abstains for {found['rate']['value']:.1%} of the validation studies, "
        f"the plan allows {found['maximum_rate']:.1%}"
    )
    kept = [] if body["verdict"] == "accept" else body["reasons"]
    body["reasons"] = [reason, *kept]
    if body["verdict"] == "accept":
        body["verdict"] = "insufficient"


def probability_at(calibrator: Calibrator, raw_threshold: float) -> float:
    """Probability that a calibrator gives to the raw threshold.

    Example:
        >>> from monitor.records import IDENTITY
        >>> round(probability_at(IDENTITY, 0.23), 9)
        0.23
    """
    return float(expit(calibrated_log_odds(calibrator, logit(np.array([raw_threshold]))))[0])


def _kept(point: OperatingPoint) -> float | None:
    if point.frozen == "alert_rate" and point.alerts_per_100_studies is not None:
        return point.alerts_per_100_studies / 100.0
    return point.floor


def _point(calibrator: Calibrator, raw: float) -> dict[str, Any]:
    return {
        "version": calibrator.version,
        "raw_threshold": raw,
        "probability_threshold": probability_at(calibrator, raw),
    }


def _performance(flagged: BoolArray, rows: Rows, weight: FloatArray | None) -> dict[str, Any]:
    return as_records(measured(flagged, rows.outcome, rows.patient, weight))


def _alerts(before: BoolArray, after: BoolArray) -> dict[str, Any]:
    """Flagged studies before and after, and the relative change of their number."""
    was, now = int(before.sum()), int(after.sum())
    return {"before": was, "after": now, "relative_change": now / was - 1.0 if was else None}


def _net_benefit(threshold: float, log_odds: tuple[FloatArray, FloatArray], rows: Rows) -> dict[str, Any]:
    """At the plan's probability, each map flagging what it puts at or above it; and the decision curve."""
    limit = logit(np.array([threshold]))[0]
    seed = int(rows_sha256(rows)[:8], 16)
    before, after = (odds >= limit for odds in log_odds)
    changed = net_benefit_change(before, after, rows.outcome, rows.patient, threshold=threshold, seed=seed)
    curve = decision_curve(*log_odds, rows.outcome, threshold)
    return {"threshold": threshold, "seed": seed, **as_records(changed), "curve": curve}


def _abstention(
    finding: Finding, new: Calibrator, candidate: dict[str, Any], x: FloatArray, rows: Rows
) -> dict[str, Any] | None:
    """How often the candidate says that it does not know, and for which of the two reasons."""
    if finding.abstention is None:
        return None
    threshold = float(logit(np.array([candidate["operating_point"]["probability_threshold"]]))[0])
    limits = limits_of(candidate)
    silent = abstains(new, x, threshold, limits)
    return {
        "maximum_rate": finding.abstention.maximum_rate,
        "rate": asdict(proportion(silent, rows.patient)),
        "interval_contains_threshold": int(straddles(new, x, threshold).sum()),
        "outside_fitting_range": int(outside(x, limits).sum()),
    }


def limits_of(candidate: dict[str, Any] | None) -> tuple[float, float] | None:
    """The range of raw log-odds a frozen candidate was fitted on; None for a map that was not fitted."""
    if candidate is None:
        return None
    low, high = candidate["winsorised_logit"]
    return float(low), float(high)
