"""The weekly packet as a Prefect flow: written from the published snapshot, beside any night."""

# No `from __future__ import annotations` here: a scheduled run could not resolve the flow's parameters.

from datetime import date
from pathlib import Path

from prefect import flow, get_run_logger

from flows.freshness import overdue
from flows.naming import deployment_name
from flows.notifying import finished, tell
from flows.showing import show_packet
from flows.terminal import progress
from flows.working import HOUR, day_of_run, optional_path, working
from monitor.operation.packets import Packet, write_packet
from monitor.operation.reading.digest import Message, of_packet


@working("write the weekly packet", hours=2)
def write(workspace: str, as_of: date, pseudonym_key: str | None) -> Packet:
    key = optional_path(pseudonym_key)
    with progress() as step:
        return write_packet(Path(workspace), today=as_of, key_file=key, progress=step)


@flow(name="pccp-review", persist_result=False, timeout_seconds=3 * HOUR, validate_parameters=True)
def review(
    workspace: str,
    as_of: date | None = None,
    timezone: str = "UTC",
    pseudonym_key: str | None = None,
    notify: list[str] | None = None,
) -> Packet:
    """Write the packet of this week, link it in Prefect, and tell people when something waits for them.

    Args:
        workspace: Folder of the workspace.
        as_of: The week of this date; today in `timezone` when None.
        timezone: IANA name.
        pseudonym_key: Key file of an encrypted workspace; the user's config folder when None.
        notify: Notification blocks.
    """
    name, day = deployment_name(Path(workspace)), day_of_run(as_of, timezone)
    packet: Packet = finished(write(workspace, day, pseudonym_key, return_state=True), notify, name, "review")
    if packet.beside:
        get_run_logger().warning(
            "%s is of another state than %s, which stay", packet.folder.name, ", ".join(packet.beside)
        )
    if not show_packet(str(packet.folder), return_state=True).is_completed():
        get_run_logger().warning("an artifact could not be made; the packet is not affected")
    tell(notify, lambda: _message(name, Path(workspace), packet, day, optional_path(pseudonym_key)))
    return packet


def _message(name: str, workspace: Path, packet: Packet, day: date, key: Path | None) -> Message | None:
    return of_packet(name, packet.summary, overdue(workspace, packet.summary["as_of"], day, key))
