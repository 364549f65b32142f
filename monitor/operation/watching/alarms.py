"""Alarms of the streams that compare with a reference. They open an investigation, never a change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitor.drift import Detector, MeanStream
from monitor.hashing import sha256_text
from monitor.operation.attempt.windows import Knowledge
from monitor.operation.watching.references import Reference
from monitor.operation.watching.specs import StreamSpec
from monitor.operation.workspace import Workspace
from monitor.records import Categories, IntArray, Place, Unread
from monitor.store import MeanLook

UNSEEN = "unseen_category:"
PATIENTS_TO_TELL = 5
"""A level is told by its text only when so many patients share it: a shifted column could hold a name."""


def raise_if_reached(
    workspace: Workspace,
    spec: StreamSpec,
    limit: float,
    stream: MeanStream,
    detector: Detector,
    seen: MeanLook,
) -> None:
    """Put an alarm on the ledger when a look took the evidence to the limit."""
    if seen.log_r is None or seen.log_r < limit:
        return
    best = stream.wagers[int(detector.log_r.argmax())]
    number = best.functional
    _record(
        workspace,
        seen.place,
        spec.name,
        seen.night.isoformat(),
        {
            "log_r": seen.log_r,
            "log_limit": limit,
            "bet": stream.in_words(best),
            "looks": detector.looks,
            "rows": seen.rows,
            "effect": {
                "functional": stream.functionals[number],
                "value": seen.sums[number] / seen.patients,
                "reference": float(stream.reference[number]),
                "band": list(stream.bands[number]),
                "patients": seen.patients,
            },
        },
    )


def unseen_categories(
    workspace: Workspace, rows: Unread, references: Mapping[str, Reference], knowledge: Knowledge
) -> None:
    """An alarm for each covariate with a level that nothing led one to expect and no alarm told of yet.

    Neither the plan lists it nor did the reference have it. A listed level that the reference lacks may be
    rare: how often it comes is a matter of the covariate's stream, whose alarms have a probability.
    """
    for item in workspace.loaded.plan.logs.covariates:
        name, column = UNSEEN + item.name, rows.features[item.name]
        if item.kind != "categorical" or not isinstance(column, Categories) or item.name not in references:
            continue
        if workspace.state.open_alarm(rows.place, name) is not None:
            continue
        seen = {*references[item.name].feature.levels, *item.levels}
        new = _patients_by_level(column, rows.patient, seen)
        told = _told_before(workspace, rows.place, name) if new else set[str]()
        new = {level: who for level, who in new.items() if sha256_text(level) not in told}
        if new:
            night = knowledge.matured_by.isoformat()
            _record(workspace, rows.place, name, night, _unseen_body(new))


def _patients_by_level(column: Categories, patient: IntArray, seen: set[str]) -> dict[str, list[int]]:
    """The patient of each row that has a level which is not among those seen."""
    found: dict[str, list[int]] = {}
    for number, level in enumerate(column.levels):
        if level not in seen and (met := column.number == number).any():
            found[level] = patient[met].tolist()
    return found


def _told_before(workspace: Workspace, place: Place, stream: str) -> set[str]:
    alarms = (item for item in workspace.state.alarms.values() if item.place == place)
    return {digest for item in alarms if item.stream == stream for digest in item.body["levels_sha256"]}


def _unseen_body(new: Mapping[str, list[int]]) -> dict[str, Any]:
    tellable = [level for level, who in new.items() if len(set(who)) >= PATIENTS_TO_TELL]
    return {
        "log_r": None,
        "log_limit": None,
        "levels": tellable,
        "levels_untold": len(new) - len(tellable),
        "levels_sha256": [sha256_text(level) for level in new],
        "rows": sum(map(len, new.values())),
    }


def _record(workspace: Workspace, place: Place, stream: str, night: str, body: dict[str, Any]) -> None:
    named = f"ALM-{len(workspace.state.alarms) + 1:04d}"
    described = {"alarm": named, **place._asdict(), "stream": stream, "night": night}
    workspace.record("alarm", night, {**described, **body})
