"""Marks a run as crashed when its process has died: without this it would stay "running" for ever."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prefect.events.schemas.automations import AutomationCore

NAME = "pccp: mark silent runs as crashed"
HEARTBEAT = "prefect.flow-run.heartbeat"
ENDED = ("Completed", "Failed", "Cancelled", "Crashed")
SILENCE = timedelta(seconds=90)
"""Three heartbeats, at the 30 seconds that this package sets."""


def ship_crash_detection() -> None:
    """Put the automation on the server, once however often it is served."""
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        found = client.read_automations_by_name(NAME)
        if not found:
            client.create_automation(crash_detection())


def crash_detection() -> AutomationCore:
    """After a heartbeat, another one or the run's end is expected; else its state becomes Crashed."""
    from prefect.client.schemas.objects import StateType
    from prefect.events.actions import ActionTypes, ChangeFlowRunState
    from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture

    crashed = ChangeFlowRunState(
        name="Crashed",
        state=StateType.CRASHED,
        message="no heartbeat: its process has died",
        force=False,
    )
    actions: list[ActionTypes] = [crashed]
    return AutomationCore(
        name=NAME,
        description="A flow run whose process has died sends no heartbeat.",
        trigger=EventTrigger(
            after={HEARTBEAT},
            expect={HEARTBEAT, *(f"prefect.flow-run.{state}" for state in ENDED)},
            for_each={"prefect.resource.id"},
            match={"prefect.resource.id": ["prefect.flow-run.*"]},
            posture=Posture.Proactive,
            threshold=1,
            within=SILENCE,
        ),
        actions=actions,
    )
