"""History read as if each row had arrived on its day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

from monitor.errors import UsageError
from monitor.operation.attempt.windows import Knowledge
from monitor.operation.calendar import next_look
from monitor.operation.dossiers import issue_dossiers
from monitor.operation.night import Nights, Progress, RunReport, ingest_file
from monitor.operation.spreading import Spread, here
from monitor.operation.workspace import Workspace, open_workspace
from monitor.records import Role

UNDATED_NIGHT = date(1970, 1, 1)
"""Recorded for logs without any time, so that a replay does not depend on the clock."""


def replay(
    path: Path,
    predictions: Sequence[Path],
    outcomes: Sequence[Path],
    *,
    until: date | None = None,
    approve_accepted: bool = False,
    key_file: Path | None = None,
    progress: Progress = lambda _done, _total, _what: None,
    spread: Spread = here,
) -> RunReport:
    """Ingest history and run every night of it in order; every recorded time is the night's.

    Args:
        path: A bound workspace that no night has run in yet.
        predictions, outcomes: Log files.
        until: Last night; when None, the first look at which the last cohort is mature.
        approve_accepted: Deploy accepted changes that night, marked "simulated approval".
        key_file: Pseudonym key; the user's config folder when None.
        progress: Told of each step.
        spread: Takes the sites to where they are worked on; the results are the same wherever that is.

    Returns:
        What was done; changes still open when the log ends are concluded as insufficient.

    Raises:
        UsageError: Nights have already run in this workspace.
    """
    report = RunReport()
    with open_workspace(path, key_file) as workspace:
        if workspace.state.last_night is not None:
            raise UsageError(f"{path}: nights have run here already; a replay needs a new workspace")
        received = until or UNDATED_NIGHT
        by_role: dict[Role, Sequence[Path]] = {"predictions": predictions, "outcomes": outcomes}
        for role, files in by_role.items():
            for file in files:
                progress(0, 1, f"ingest {role}")
                report.batches.append(ingest_file(workspace, file, received, role=role, as_history=True))
        last = until or _last_night(workspace)
        nights = Nights(workspace, spread=spread)
        due = nights.due(last)
        for number, night in enumerate(due):
            progress(number, len(due), f"night {night.isoformat()}")
            report.nights.append(nights.run(night, night, approve_accepted=approve_accepted))
        nights.conclude_open(Knowledge(last, last), "the log ends here")
        report.dossiers = issue_dossiers(workspace, progress)
        workspace.store.publish_snapshot()
    return report


def _last_night(workspace: Workspace) -> date:
    plan = workspace.loaded.plan
    end = workspace.store.last_cohort_end()
    if plan.undated or end is None:
        return UNDATED_NIGHT
    return next_look(plan.monitoring.cadence, end + timedelta(days=plan.data.maturity_days))
