"""Which rows a change may fit on and which may judge it. No patient is ever in both."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from monitor.errors import EvidenceError
from monitor.hashing import sha256_record, sha256_set, sha256_text
from monitor.operation.calendar import cohort_key
from monitor.operation.workspace import Workspace
from monitor.records import BoolArray, Place, Rows
from monitor.registry import Change


@dataclass(frozen=True)
class Knowledge:
    """What a look may know: cohorts mature by one date, from files that had arrived by another."""

    matured_by: date
    known_by: date

    def as_record(self) -> dict[str, str]:
        """The ledger's form."""
        return {"matured_by": self.matured_by.isoformat(), "known_by": self.known_by.isoformat()}


def read_rows(
    workspace: Workspace,
    place: Place,
    knowledge: Knowledge,
    first: str | None = None,
    last: str | None = None,
) -> Rows | None:
    """Mature rows of a place between two cohorts, both included; None when there are none."""
    found = workspace.store.mature_rows(
        matured_by=knowledge.matured_by, known_by=knowledge.known_by, place=place, first=first, last=last
    )
    return found.get(place)


def first_cohort_in_use(workspace: Workspace, place: Place) -> str:
    """First cohort of which every study had the live calibrator; "" where the original always was live."""
    since = workspace.state.live_since.get(place)
    if since is None:
        return ""
    return cohort_key(workspace.loaded.plan.monitoring.cadence, date.fromisoformat(since) + timedelta(days=1))


def in_fitting_share(rows: Rows, share: float) -> BoolArray:
    """Which rows of an undated cohort belong to patients drawn for the fitting half.

    The draw is a hash of the patient's pseudonym, so it needs no seed and splits no patient.

    Args:
        rows: Shape (n,).
        share: Expected share of patients drawn.

    Returns:
        Shape (n,).
    """
    drawn = {
        who: int(sha256_text("split:" + str(who))[:8], 16) / 16**8 < share
        for who in set(rows.patient.tolist())
    }
    return np.array([drawn[who] for who in rows.patient], dtype=bool)


def fitting_window(
    workspace: Workspace, change: Change, last: str | None, knowledge: Knowledge
) -> Rows | None:
    """Usable rows from the change's first cohort to `last`, or the fitting half of an undated log."""
    data = workspace.loaded.plan.data
    if data.split.fitting_share is not None:
        rows = read_rows(workspace, change.place, knowledge)
        rows = rows.where(in_fitting_share(rows, data.split.fitting_share)) if rows else None
    else:
        rows = read_rows(workspace, change.place, knowledge, change.opened["fit_from"], last)
    return None if rows is None else _usable(workspace, rows)


def pool_windows(workspace: Workspace, change: Change, last: str, knowledge: Knowledge) -> list[Rows]:
    """Usable rows of the other sites, in their order, in the cohorts of the change's fitting window.

    Args:
        workspace: Its plan says what may fit.
        change: Names the finding and the first cohort.
        last: Last cohort of the fitting window; of no use in an undated log, whose fitting halves pool.
        knowledge: Of the fit.
    """
    share = workspace.loaded.plan.data.split.fitting_share
    first, last_read = (None, None) if share is not None else (change.opened["fit_from"], last)
    found = workspace.store.mature_rows(
        matured_by=knowledge.matured_by,
        known_by=knowledge.known_by,
        first=first,
        last=last_read,
        held=True,
    )
    windows: list[Rows] = []
    for place in sorted(found):
        if place.finding == change.place.finding and place != change.place:
            rows = found[place]
            rows = rows if share is None else rows.where(in_fitting_share(rows, share))
            windows.append(_usable(workspace, rows))
    return [rows for rows in windows if len(rows)]


def pool_sha256(windows: list[Rows]) -> str:
    """Hash of the rows of a pool, site by site."""
    return sha256_record([[rows.place.site, rows_sha256(rows)] for rows in windows])


def _usable(workspace: Workspace, rows: Rows) -> Rows:
    """Rows whose outcome is known and whose reader's exposure to the AI the plan allows for fitting."""
    known = rows.known()
    allowed = workspace.loaded.plan.data.ai_influence.fitting
    return known.where(np.isin(known.ai_influence.astype(str), allowed))


def validation_window(workspace: Workspace, change: Change, knowledge: Knowledge) -> Rows | None:
    """Mature rows of cohorts strictly after the fit, or the other half of an undated log."""
    share = workspace.loaded.plan.data.split.fitting_share
    if share is not None:
        rows = read_rows(workspace, change.place, knowledge)
        return rows.where(~in_fitting_share(rows, share)) if rows else None
    if change.candidate is None:
        return None
    fitted_to = change.candidate["fit"]["to"]
    rows = read_rows(workspace, change.place, knowledge, fitted_to)
    return rows.where(rows.cohort > fitted_to) if rows else None


def fitted_patients(workspace: Workspace, change: Change) -> set[str]:
    """Patients of the frozen fit and of its pool, read again as they were known when it was frozen.

    Raises:
        EvidenceError: The rows that come back are not those the ledger has on record.
    """
    if change.candidate is None:
        return set()
    fit = change.candidate["fit"]
    knowledge = Knowledge(date.fromisoformat(fit["matured_by"]), date.fromisoformat(fit["known_by"]))
    rows = fitting_window(workspace, change, fit["to"], knowledge)
    if rows is None or rows_sha256(rows) != fit["rows_sha256"]:
        raise EvidenceError(f"{change.id}: the store no longer holds the rows its candidate was fitted on")
    seen = [rows, *pool_of(workspace, change)]  # a patient may visit two sites
    return {patient for window in seen for patient in window.patient.tolist()}


def pool_of(workspace: Workspace, change: Change) -> list[Rows]:
    """Rows of other sites that the frozen candidate has learned from, read again; none without pooling.

    Raises:
        EvidenceError: The rows that come back are not those the ledger has on record.
    """
    frozen = change.candidate or {}
    pooling = frozen.get("pooling", {})
    if pooling.get("estimator") != "empirical_bayes":
        return []
    fit = frozen["fit"]
    knowledge = Knowledge(date.fromisoformat(fit["matured_by"]), date.fromisoformat(fit["known_by"]))
    windows = pool_windows(workspace, change, fit["to"], knowledge)
    if pool_sha256(windows) != pooling["others_sha256"]:
        raise EvidenceError(f"{change.id}: the store no longer holds the pool its candidate was fitted on")
    return windows


def survivors(step: str, rows: Rows) -> dict[str, Any]:
    """One bar of the account of rows: how many are left after a filter."""
    return {"step": step, "rows": len(rows), "events": rows.events}


def account_for(
    workspace: Workspace, window: Rows, excluded: set[str], spent: frozenset[str] = frozenset()
) -> tuple[list[dict[str, Any]], Rows]:
    """The rows that may judge, and how many survive each filter.

    Args:
        workspace: For the plan's allowed exposures to the AI.
        window: Mature rows of the validation window.
        excluded: Patients of the fitting window.
        spent: Studies that have judged an earlier candidate.

    Returns:
        (one record per filter in order, the rows left).
    """
    allowed = workspace.loaded.plan.data.ai_influence.validation
    known = window.known()
    unseen = known.where(np.array([who not in excluded for who in known.patient.tolist()], dtype=bool))
    usable = unseen.where(np.isin(unseen.ai_influence.astype(str), allowed))
    account = [
        survivors("mature predictions in the validation window", window),
        survivors("outcome known at maturity", known),
        survivors("patient not in the fitting window", unseen),
        survivors("reader's exposure to the AI allowed for validation", usable),
    ]
    if spent:
        usable = usable.where(np.array([study not in spent for study in usable.study], dtype=bool))
        account.append(survivors("study has not judged an earlier candidate", usable))
    return account, usable


def describe(rows: Rows) -> dict[str, Any]:
    """Counts, span and hashes of the rows a step used."""
    return {
        "n": len(rows),
        "events": rows.events,
        "patients": len(set(rows.patient.tolist())),
        "from": str(rows.cohort.min()) if len(rows) else None,
        "to": str(rows.cohort.max()) if len(rows) else None,
        "prevalence": float(rows.outcome.mean()) if len(rows) else None,
        "rows_sha256": rows_sha256(rows),
        "patients_sha256": sha256_set(rows.patient.tolist()),
    }


def rows_sha256(rows: Rows) -> str:
    """Hash of exactly what was used of each row: study, patient, cohort, score, outcome."""
    columns = [rows.study, rows.patient, rows.cohort, rows.score, rows.outcome]
    return sha256_record([column.tolist() for column in columns])
