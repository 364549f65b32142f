"""Every version of a place's calibrator on every window of its data, recorded with a verdict.

A new version can look better because it learned, or because the data became easier. Scoring each version on
each window tells the two apart.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any

from monitor.calibrators import calibrated_log_odds, read_calibrator
from monitor.logistic import log_loss, logit
from monitor.operation.attempt.windows import Knowledge, account_for, describe, fitted_patients
from monitor.operation.workspace import Workspace
from monitor.performance import log_loss_gain
from monitor.records import FloatArray, Rows
from monitor.registry import Change

ALPHA = 0.025
"""Of each bound: 95 % intervals, for reading; nothing is decided by them."""

Windows = list[tuple[str, Rows]]


def version_matrix(
    workspace: Workspace, change: Change, validation: Rows, knowledge: Knowledge
) -> dict[str, Any]:
    """Scores of the original, the last deployed and the candidate map on each window of the place.

    Windows are the cohorts before the change, the validation windows of earlier attempts, and this one.
    None holds a study on which the candidate was fitted.

    Args:
        workspace: Open for writing.
        change: With a frozen candidate.
        validation: Rows that judge the candidate.
        knowledge: Of the night.

    Returns:
        `windows` with counts, `scores` by version and window (log loss per study), and for the window before:
        `learning` (gain of the candidate on the new data), `retention` (on the old data; below zero it
        would cost that much if the old days came back) and `potential` (how much the data alone changed
        for the version in use).

    References:
        The three terms are those of the VIGILANT tools of FDA's Division of Imaging, Diagnostics, and
        Software Reliability.
    """
    windows = [*_earlier(workspace, change, knowledge), ("validation", validation)]
    versions = {
        "original": change.opened["original"],
        "last_deployed": change.opened["last_deployed"],
        "candidate": (change.candidate or {})["candidate"],
    }
    mapped = {
        name: [calibrated_log_odds(read_calibrator(record), logit(rows.score)) for _, rows in windows]
        for name, record in versions.items()
    }
    return {
        "windows": [{"name": name, **_counted(rows)} for name, rows in windows],
        "scores": {
            name: [
                float(log_loss(log_odds, rows.outcome).mean())
                for log_odds, (_, rows) in zip(found, windows, strict=True)
            ]
            for name, found in mapped.items()
        },
        **_changes(windows, mapped["last_deployed"], mapped["candidate"]),
    }


def _changes(windows: Windows, deployed: list[FloatArray], candidate: list[FloatArray]) -> dict[str, Any]:
    """Learning on the last window; retention and potential against the one before it, where there is one."""
    new = windows[-1][1]
    learning = log_loss_gain(deployed[-1], candidate[-1], new.outcome, new.patient, alpha=ALPHA)
    if len(windows) < 2:
        return {"learning": asdict(learning), "retention": None, "potential": None}
    old = windows[-2][1]
    retention = log_loss_gain(deployed[-2], candidate[-2], old.outcome, old.patient, alpha=ALPHA)
    before, now = (
        float(log_loss(log_odds, rows.outcome).mean())
        for log_odds, rows in ((deployed[-2], old), (deployed[-1], new))
    )
    return {"learning": asdict(learning), "retention": asdict(retention), "potential": now - before}


def _earlier(workspace: Workspace, change: Change, knowledge: Knowledge) -> Windows:
    """Cohorts before this change's fit, then those that judged earlier attempts, in time."""
    if workspace.loaded.plan.undated:
        return []
    spans: list[tuple[str, str, str, Knowledge]] = []
    for earlier in workspace.state.changes.values():
        judged = (earlier.verdict or {}).get("validation")
        if earlier.place == change.place and earlier.id != change.id and judged and judged["n"]:
            spans.append((f"validation of {earlier.id}", judged["from"], judged["to"], _then(judged)))
    start = workspace.loaded.plan.monitoring.first_cohort or ""
    seen = fitted_patients(workspace, change)
    held = _held(workspace, change, start, knowledge, seen)
    windows: Windows = (
        [("before the change", held.where(held.cohort < change.opened["fit_from"]))] if held else []
    )
    for name, first, last, known in spans:
        rows = _held(workspace, change, first, known, seen)
        windows += [(name, rows.where(rows.cohort <= last))] if rows else []
    return [(name, rows) for name, rows in windows if rows.events]


def _held(
    workspace: Workspace, change: Change, first: str, knowledge: Knowledge, seen: set[str]
) -> Rows | None:
    """Rows that could judge, as far back as the database holds them, without patients of the fit."""
    found = workspace.store.mature_rows(
        matured_by=knowledge.matured_by,
        known_by=knowledge.known_by,
        place=change.place,
        first=first,
        held=True,
    )
    rows = found.get(change.place)
    return account_for(workspace, rows, seen)[1] if rows else None


def _then(judged: dict[str, Any]) -> Knowledge:
    return Knowledge(date.fromisoformat(judged["matured_by"]), date.fromisoformat(judged["known_by"]))


def _counted(rows: Rows) -> dict[str, Any]:
    described = describe(rows)
    return {key: described[key] for key in ("n", "events", "patients", "from", "to", "prevalence")}
