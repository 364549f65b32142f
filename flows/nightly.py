"""The nightly run as a Prefect flow: one flow run for each invocation, however many sites and nights.

Correctness lives in the store and the ledger. Prefect schedules, shows and retries; it caches nothing,
keeps no result, and what is due is read from the workspace, never from the run's own time.
"""

# No `from __future__ import annotations` here: a scheduled run could not resolve the flows' parameters.

from datetime import date
from pathlib import Path

from prefect import flow, get_run_logger

from flows.naming import deployment_name
from flows.notifying import finished, tell
from flows.showing import show_dossiers, show_sites
from flows.terminal import progress
from flows.workers import spread_of
from flows.working import HOUR, day_of_run, optional_path, working
from monitor.operation import night, replay
from monitor.operation.night import RunReport
from monitor.operation.reading.digest import Message, of_nights
from monitor.operation.reading.status import read_state
from monitor.operation.workspace import read_plan


@working("ingest and run nights", hours=12)
def run_nights(workspace: str, as_of: date, pseudonym_key: str | None) -> RunReport:
    with progress() as step, spread_of(Path(workspace)) as spread:
        key = optional_path(pseudonym_key)
        return night.nightly(Path(workspace), as_of, key_file=key, progress=step, spread=spread)


@working("replay history", hours=12)
def run_history(
    workspace: str, logs: dict[str, list[str]], until: date | None, approve_accepted: bool, key: str | None
) -> RunReport:
    with progress() as step, spread_of(Path(workspace)) as spread:
        return replay.replay(
            Path(workspace),
            [Path(file) for file in logs["predictions"]],
            [Path(file) for file in logs["outcomes"]],
            until=until,
            approve_accepted=approve_accepted,
            key_file=optional_path(key),
            progress=step,
            spread=spread,
        )


@flow(name="pccp-nightly", persist_result=False, timeout_seconds=13 * HOUR, validate_parameters=True)
def nightly(
    workspace: str,
    as_of: date | None = None,
    timezone: str = "UTC",
    pseudonym_key: str | None = None,
    notify: list[str] | None = None,
) -> RunReport:
    """Ingest the inbox, run every night that is due, show what was found.

    Args:
        workspace: Folder of the workspace.
        as_of: Run as on this date; today in `timezone` when None. Missed nights are caught up in order.
        timezone: IANA name.
        pseudonym_key: Key file; the user's config folder when None.
        notify: Notification blocks that are told when somebody has to act; nobody is when None.

    Raises:
        IngestError: A file of the inbox could not be read. The nights have run all the same, and the run
            ends as failed so that somebody looks.
    """
    name, day = deployment_name(Path(workspace)), day_of_run(as_of, timezone)
    ended = run_nights(workspace, day, pseudonym_key, return_state=True)
    report: RunReport = finished(ended, notify, name, "night")
    _show(workspace, report, pseudonym_key)
    tell(notify, lambda: _message(name, Path(workspace), report))
    report.require_all_read()
    return report


@flow(name="pccp-replay", persist_result=False, timeout_seconds=13 * HOUR, validate_parameters=True)
def replay_history(
    workspace: str,
    logs: dict[str, list[str]],
    until: date | None = None,
    approve_accepted: bool = False,
    pseudonym_key: str | None = None,
) -> RunReport:
    """Run history as if each row had arrived on its day, inside one flow run.

    Args:
        workspace: A bound workspace in which no night has run.
        logs: Files under "predictions" and "outcomes".
        until: Last night.
        approve_accepted: Deploy accepted changes, each record marked "simulated approval".
        pseudonym_key: Key file; the user's config folder when None.
    """
    report = run_history(workspace, logs, until, approve_accepted, pseudonym_key)
    _show(workspace, report, pseudonym_key)
    return report


def _show(workspace: str, report: RunReport, pseudonym_key: str | None) -> None:
    """Artifacts are for reading only: when they fail, the nights have run all the same."""
    shown = [show_sites(workspace, pseudonym_key, return_state=True)]
    if report.dossiers:
        pages = {name: str(page) for name, page in report.dossiers.items()}
        shown.append(show_dossiers(pages, return_state=True))
    for state in shown:
        if not state.is_completed():
            get_run_logger().warning("an artifact could not be made; the nights are not affected")


def _message(name: str, workspace: Path, report: RunReport) -> Message | None:
    loaded = read_plan(workspace)
    return of_nights(name, loaded.plan, read_state(workspace, loaded), report)
