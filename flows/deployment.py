"""The scheduled deployment: the nightly flow on a cron, against a Prefect server, one run at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flows.heartbeat import ship_crash_detection
from flows.terminal import say
from monitor.errors import UsageError
from monitor.operation.keys import default_key_path, read_key
from monitor.operation.workspace import read_plan

FIELDS = "minute, hour, day of month, month, day of week"


def serve(workspace: Path, cron: str, timezone: str, pseudonym_key: Path | None) -> None:
    """Serve the nightly flow until this process is stopped; the schedule itself stays.

    An overlapping run is cancelled, not queued: the next one catches up whatever is due. The workspace
    has a lock of its own besides.

    Args:
        workspace: Bound already.
        cron: Five fields.
        timezone: IANA name, of the schedule and of "today".
        pseudonym_key: Key file; the user's config folder when None.

    Raises:
        UsageError: No workspace, no key, a wrong schedule, or no server.
    """
    schedule = schedule_of(cron, timezone)
    read_plan(workspace)
    key_file = (pseudonym_key or default_key_path()).resolve()
    read_key(key_file)
    _require_server()

    from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
    from prefect.types.entrypoint import EntrypointType

    from flows.nightly import nightly

    name = deployment_name(workspace)
    ship_crash_detection()
    say(f"serving {nightly.name}/{name} at {cron!r} ({timezone}); stop with Ctrl-C, the schedule stays")
    nightly.serve(
        name=name,
        schedule=schedule,
        parameters={
            "workspace": str(workspace.resolve()),
            "timezone": timezone,
            "pseudonym_key": str(key_file),
        },
        global_limit=ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW),
        limit=1,
        pause_on_shutdown=False,
        print_starting_message=False,
        entrypoint_type=EntrypointType.MODULE_PATH,
    )


def schedule_of(cron: str, timezone: str) -> Any:
    """The Prefect schedule of a cron text.

    Raises:
        UsageError: Not five fields, a field out of range, or an unknown time zone.
    """
    from prefect.schedules import Cron

    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise UsageError(f"--timezone {timezone}: expected an IANA name such as Europe/Berlin") from error
    if len(cron.split()) != len(FIELDS.split(", ")):
        raise UsageError(f"--cron {cron!r}: expected five fields ({FIELDS}), found {len(cron.split())}")
    try:
        _check_fields(cron, timezone)
    except ValueError as error:
        raise UsageError(f"--cron {cron!r}: expected {FIELDS}, such as '0 2 * * *' for 02:00") from error
    return Cron(cron, timezone=timezone)


def deployment_name(workspace: Path) -> str:
    """The workspace's folder name, in the letters that Prefect allows.

    Example:
        >>> deployment_name(Path("/srv/Site Network%2"))
        'Site-Network-2'
    """
    return "".join(c if c.isalnum() else "-" for c in workspace.resolve().name) or "workspace"


def _check_fields(cron: str, timezone: str) -> None:
    from prefect.client.schemas.schedules import CronSchedule

    CronSchedule(cron=cron, timezone=timezone)


def _require_server() -> None:
    """A schedule needs a server that outlives this process.

    Raises:
        UsageError: None is named, or none answers there.
    """
    from prefect.client.orchestration import get_client
    from prefect.settings import get_current_settings

    address = get_current_settings().api.url
    if not address:
        raise UsageError(
            "no Prefect server is named: start one with `prefect server start` and set "
            "PREFECT_API_URL=http://127.0.0.1:4200/api"
        )
    with get_client(sync_client=True) as client:
        problem = client.api_healthcheck()
    if problem is not None:
        raise UsageError(f"{address}: no Prefect server answers here ({type(problem).__name__})")
