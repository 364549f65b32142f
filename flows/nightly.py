"""The nightly run as a Prefect flow: one flow run for each invocation, however many sites and nights.

Correctness lives in the store and the ledger. Prefect schedules, shows and retries; it caches nothing,
keeps no result, and what is due is read from the workspace, never from the run's own time.
"""

# No `from __future__ import annotations` here: a scheduled run could not resolve the flows' parameters.

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE

from flows.showing import show_dossiers, show_sites
from flows.terminal import progress
from monitor.errors import BusyError
from monitor.operation import night, replay
from monitor.operation.night import RunReport

HOUR = 3600
PAUSES_SECONDS = [30, 120, 300]
"""How long a run waits for another writer before it tries again."""


def _only_when_busy(_task: Any, _run: Any, state: Any) -> bool:
    """Retry after a busy workspace and nothing else: other errors are the same at the next try."""
    return isinstance(state.result(raise_on_failure=False), BusyError)


def _working(name: str) -> Callable[[Callable[..., RunReport]], Any]:
    """A task whose work is safe to repeat and whose result is never kept."""
    return task(
        name=name,
        cache_policy=NO_CACHE,
        persist_result=False,
        retries=len(PAUSES_SECONDS),
        retry_delay_seconds=list(PAUSES_SECONDS),
        retry_condition_fn=_only_when_busy,
        timeout_seconds=12 * HOUR,
    )


@_working("ingest and run nights")
def run_nights(workspace: str, as_of: date, pseudonym_key: str | None) -> RunReport:
    with progress() as step:
        return night.nightly(Path(workspace), as_of, key_file=_path(pseudonym_key), progress=step)


@_working("replay history")
def run_history(
    workspace: str, logs: dict[str, list[str]], until: date | None, approve_accepted: bool, key: str | None
) -> RunReport:
    with progress() as step:
        return replay.replay(
            Path(workspace),
            [Path(file) for file in logs["predictions"]],
            [Path(file) for file in logs["outcomes"]],
            until=until,
            approve_accepted=approve_accepted,
            key_file=_path(key),
            progress=step,
        )


@flow(name="pccp-nightly", persist_result=False, timeout_seconds=13 * HOUR, validate_parameters=True)
def nightly(
    workspace: str, as_of: date | None = None, timezone: str = "UTC", pseudonym_key: str | None = None
) -> RunReport:
    """Ingest the inbox, run every night that is due, show what was found.

    Args:
        workspace: Folder of the workspace.
        as_of: Run as on this date; today in `timezone` when None. Missed nights are caught up in order.
        timezone: IANA name.
        pseudonym_key: Key file; the user's config folder when None.

    Raises:
        IngestError: A file of the inbox could not be read. The nights have run all the same, and the run
            ends as failed so that somebody looks.
    """
    day = as_of or datetime.now(ZoneInfo(timezone)).date()
    report = run_nights(workspace, day, pseudonym_key)
    _show(workspace, report, pseudonym_key)
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


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None
