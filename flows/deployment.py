"""The scheduled deployment: nights, weekly packets and dossiers, served by one process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flows.heartbeat import ship_crash_detection
from flows.naming import deployment_name
from flows.terminal import say
from monitor.errors import UsageError
from monitor.operation.keys import default_key_path, read_key
from monitor.operation.workspace import read_plan

if TYPE_CHECKING:
    from prefect.deployments.runner import RunnerDeployment

FIELDS = "minute, hour, day of month, month, day of week"
OFF = "off"
"""Instead of a cron: the flow is served and runs when somebody asks for it."""


@dataclass(frozen=True)
class Schedules:
    """When the flows run.

    Attributes:
        nightly: Five fields.
        review: Five fields, or "off".
        timezone: IANA name, of both and of "today".
    """

    nightly: str
    review: str
    timezone: str


def serve(
    workspace: Path, schedules: Schedules, pseudonym_key: Path | None, notify: Sequence[str] = ()
) -> None:
    """Serve the flows of a workspace until this process is stopped; the schedules themselves stay.

    An overlapping run of the same flow is cancelled, not queued: the next one catches up whatever is due.
    The workspace has a lock of its own besides.

    Args:
        workspace: Bound already.
        schedules: Of nights and packets; dossiers are made on demand.
        pseudonym_key: Key file; the user's config folder when None.
        notify: Notification blocks on the server; nobody is told of anything without one.

    Raises:
        UsageError: No workspace, no key, a wrong schedule, no server, or no such block.
    """
    nightly_schedule = schedule_of(schedules.nightly, schedules.timezone)
    off = schedules.review == OFF
    review_schedule = None if off else schedule_of(schedules.review, schedules.timezone, "--review-cron")
    read_plan(workspace)
    key_file = (pseudonym_key or default_key_path()).resolve()
    read_key(key_file)
    _require_server()

    from prefect import serve as serve_all

    from flows.crash_notice import ship_crash_notice
    from flows.documentation import documentation
    from flows.nightly import nightly
    from flows.notifying import require_blocks
    from flows.review import review

    require_blocks(notify)
    name = deployment_name(workspace)
    parameters = {"workspace": str(workspace.resolve()), "pseudonym_key": str(key_file)}
    watched = {**parameters, "timezone": schedules.timezone, "notify": list(notify) or None}
    deployments = (
        _deployment(nightly, name, watched, nightly_schedule),
        _deployment(review, name, watched, review_schedule),
        _deployment(documentation, name, parameters, None),
    )
    ship_crash_detection()
    ship_crash_notice(name, notify)
    say(f"serving {nightly.name}/{name} at {schedules.nightly!r} ({schedules.timezone})")
    when = "when asked for" if off else f"at {schedules.review!r} ({schedules.timezone})"
    say(f"serving {review.name}/{name} {when}")
    say(f"serving {documentation.name}/{name} when asked for, with the parameter change")
    say(f"notifications: {', '.join(notify) or 'none'}; stop with Ctrl-C, the schedules stay")
    serve_all(*deployments, pause_on_shutdown=False, print_starting_message=False, limit=len(deployments))


def _deployment(flow: Any, name: str, parameters: dict[str, Any], schedule: Any) -> RunnerDeployment:
    """One run at a time; the flow is found by its module's name, wherever the process was started."""
    from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
    from prefect.types.entrypoint import EntrypointType

    return flow.to_deployment(
        name=name,
        schedule=schedule,
        parameters=parameters,
        concurrency_limit=ConcurrencyLimitConfig(
            limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW
        ),
        entrypoint_type=EntrypointType.MODULE_PATH,
    )


def schedule_of(cron: str, timezone: str, option: str = "--cron") -> Any:
    """The Prefect schedule of a cron text.

    Args:
        cron: Five fields.
        timezone: IANA name.
        option: That gave the cron, for the message.

    Raises:
        UsageError: Not five fields, a field out of range, or an unknown time zone.
    """
    from prefect.schedules import Cron

    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise UsageError(f"--timezone {timezone}: expected an IANA name such as Europe/Berlin") from error
    if len(cron.split()) != len(FIELDS.split(", ")):
        raise UsageError(f"{option} {cron!r}: expected five fields ({FIELDS}), found {len(cron.split())}")
    try:
        _check_fields(cron, timezone)
    except ValueError as error:
        raise UsageError(f"{option} {cron!r}: expected {FIELDS}, such as '0 2 * * *' for 02:00") from error
    return Cron(cron, timezone=timezone)


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
