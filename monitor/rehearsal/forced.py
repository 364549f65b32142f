"""A harmful candidate before the plan's looks and criteria, on rows of a site where nothing changed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from monitor.logistic import logit
from monitor.operation.attempt.windows import Knowledge, account_for, in_fitting_share, read_rows
from monitor.operation.workspace import Workspace
from monitor.plan import ChangePlan
from monitor.records import Place, Rows
from monitor.rehearsal.candidates import CANDIDATES, ValidationRows, evidence_of, given
from monitor.rehearsal.passing import bounds_of
from monitor.validation import judge

HARMFUL = next(candidate for candidate in CANDIDATES if candidate.name == "harmful")


@dataclass(frozen=True)
class Forced:
    """How one first attempt ended: accept, reject or insufficient, and the look it was decided at."""

    verdict: str
    look: int | None


def judge_forced(workspace: Workspace, place: Place, knowledge: Knowledge) -> Forced:
    """Judge the harmful candidate as a change of this place would be judged.

    No alarm would put it forward: this asks what the criteria alone prevent. All mature rows of the
    place may judge, since the candidate was fitted on none.

    Args:
        workspace: After its last night.
        place: Where nothing changed.
        knowledge: Of the last night.
    """
    plan = workspace.loaded.plan
    window = read_rows(workspace, place, knowledge)
    if window is not None and plan.data.split.fitting_share is not None:
        window = window.where(~in_fitting_share(window, plan.data.split.fitting_share))
    if window is None or len(window) == 0:
        return Forced("insufficient", None)
    _, rows = account_for(workspace, window, set())
    proposal = given(plan, HARMFUL)
    seen = [_at_look(plan, rows, events) for events in plan.evaluation.looks.events]
    lengths = [len(one) if one else None for one in seen]
    for look, (used, bound) in enumerate(zip(seen, bounds_of(plan), strict=True)):
        if used is None:
            break
        if lengths[look] in lengths[look + 1 :]:
            continue  # the rows reach a later look as well, which is then the one that judges
        evidence = evidence_of(ValidationRows(logit(used.score), used.outcome), used.patient, proposal)
        verdict = judge(plan.evaluation.criteria, evidence, bound.nominal_alpha).verdict
        if verdict != "insufficient":
            return Forced(verdict, look + 1)
    return Forced("insufficient", None)


def _at_look(plan: ChangePlan, rows: Rows, events: int) -> Rows | None:
    """The rows of the first whole cohorts that hold the look's events; None when all do not."""
    cohort = rows.cohort.astype(str)
    ends = np.searchsorted(cohort, np.unique(cohort), side="right")
    positives = np.cumsum(rows.outcome)[ends - 1]
    enough = np.minimum(positives, ends - positives) >= events
    for end in ends[enough].tolist():
        seen = rows.where(np.arange(len(rows)) < end)
        if len(set(seen.patient.tolist())) >= plan.evaluation.minimum_patients:
            return seen
    return None
