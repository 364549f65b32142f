"""Every night one past night is rebuilt from its rows; a difference stops the night."""

from __future__ import annotations

from datetime import date

import numpy as np

from monitor.errors import EvidenceError
from monitor.hashing import sha256_text
from monitor.operation.attempt.operating_points import finding_of
from monitor.operation.watching.features import features_of, numbered
from monitor.operation.watching.references import Reference, read
from monitor.operation.watching.specs import AGREEMENT, PREVALENCE, StreamSpec, specs
from monitor.operation.watching.watch import ARRIVALS
from monitor.operation.workspace import Workspace
from monitor.records import Arrived, FloatArray, Place
from monitor.store import MeanLook

CLOSE = 1e-9
UNTOLD = (PREVALENCE, AGREEMENT)
"""Features whose past values depend on more than the predictions: outcomes, and the threshold then in use."""


def check_a_past_night(workspace: Workspace, night: str) -> str | None:
    """Rebuild what one past night added to the streams of predictions and compare it with what is stored.

    Which night is drawn by a hash, so that a replay checks the same ones.

    Args:
        workspace: Open for writing; nothing is changed.
        night: The one that is being run.

    Returns:
        The night that was checked; None where there is none, or its rows have left the database.

    Raises:
        EvidenceError: The stored sums are not those of the rows.
    """
    state = workspace.state
    nights = [number for number, body in enumerate(state.nights) if "due" in body]
    if not nights:
        return None
    drawn = nights[int(sha256_text(f"self-check {workspace.loaded.sha256} {night}")[:12], 16) % len(nights)]
    checked = state.nights[drawn]["night"]
    if checked <= state.archived_after:
        return None
    after = state.marks[drawn - 1] if drawn else None
    rows = workspace.store.arrived(after, state.marks[drawn])
    stored = workspace.store.mean_looks(night=date.fromisoformat(checked))
    _compare(workspace, rows, stored, checked)
    return checked


def _compare(workspace: Workspace, rows: dict[Place, Arrived], stored: list[MeanLook], checked: str) -> None:
    by_feature = {spec.name: spec for spec in specs(workspace.loaded.plan) if spec.feature not in UNTOLD}
    references = {(Place(r.site, r.finding), r.feature): read(r) for r in workspace.store.references()}
    of_arrivals = [look for look in stored if look.stream == ARRIVALS]
    if {look.place: look.rows for look in of_arrivals} != {
        place: len(found) for place, found in rows.items()
    }:
        raise _differs(checked, "the number of predictions of some place")
    for look in stored:
        spec = by_feature.get(look.stream)
        reference = references.get((look.place, spec.feature)) if spec else None
        if spec and reference:
            found = _sums(workspace, rows[look.place], spec, reference)
            if not np.allclose(found, look.sums, rtol=CLOSE, atol=CLOSE):
                raise _differs(checked, f"{look.site} {look.finding} {look.stream}")


def _sums(workspace: Workspace, rows: Arrived, spec: StreamSpec, reference: Reference) -> FloatArray:
    plan = workspace.loaded.plan
    feature = features_of(plan, finding_of(plan, rows.place), rows, None)[spec.feature]
    codes = reference.feature.code(feature.values[feature.known])
    return reference.stream(spec).sums(codes, numbered(rows.patient)[feature.known])[1]


def _differs(night: str, what: str) -> EvidenceError:
    return EvidenceError(
        f"self-check of the night {night}: expected the stored sums of {what} to be those of its rows, found "
        "others; delete monitor.duckdb, the next run makes it again from archive and ledger"
    )
