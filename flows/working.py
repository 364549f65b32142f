"""What the flows share: how a task works, which day it is, and how a run that failed is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from prefect import task
from prefect.cache_policies import NO_CACHE

from monitor.errors import BusyError

HOUR = 3600
PAUSES_SECONDS = [30, 120, 300]
"""How long a run waits for another writer before it tries again."""


def working(name: str, hours: int) -> Callable[[Callable[..., Any]], Any]:
    """A task whose work is safe to repeat and whose result is never kept.

    Args:
        name: As Prefect shows it.
        hours: After which it is given up.
    """
    return task(
        name=name,
        cache_policy=NO_CACHE,
        persist_result=False,
        retries=len(PAUSES_SECONDS),
        retry_delay_seconds=list(PAUSES_SECONDS),
        retry_condition_fn=_only_when_busy,
        timeout_seconds=hours * HOUR,
    )


def day_of_run(as_of: date | None, timezone: str) -> date:
    """The day that was asked for; else today, in the time zone of the schedule."""
    return as_of or datetime.now(ZoneInfo(timezone)).date()


def optional_path(text: str | None) -> Path | None:
    """A path, where one was given."""
    return Path(text) if text else None


def _only_when_busy(_task: Any, _run: Any, state: Any) -> bool:
    """Retry after a busy workspace and nothing else: other errors are the same at the next try."""
    return isinstance(state.result(raise_on_failure=False), BusyError)
