"""Tells of runs that crashed: a run whose process has died cannot tell of itself, so the server does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from flows.notifying import block_id

if TYPE_CHECKING:
    from prefect.events.schemas.automations import AutomationCore

CRASHED = "prefect.flow-run.Crashed"


def ship_crash_notice(name: str, blocks: Sequence[str]) -> None:
    """Put the automation of a workspace on the server, as it is to be now; take it away without a block.

    Args:
        name: Of the workspace's deployments.
        blocks: Notification blocks that are told.
    """
    from prefect.client.orchestration import get_client

    wanted = crash_notice(name, [block_id(block) for block in blocks])
    with get_client(sync_client=True) as client:
        for found in client.read_automations_by_name(wanted.name):
            client.delete_automation(found.id)
        if blocks:
            client.create_automation(wanted)


def crash_notice(name: str, blocks: Sequence[UUID]) -> AutomationCore:
    """One message to each block for each crashed run of these deployments, in fixed words."""
    from prefect.events.actions import ActionTypes, SendNotification
    from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture

    actions: list[ActionTypes] = [
        SendNotification(
            block_document_id=block,
            subject=f"pccp {name}: a run crashed",
            body="The process of a run has died. What was committed stands, and the next run catches up.",
        )
        for block in blocks
    ]
    return AutomationCore(
        name=f"pccp: tell of crashed runs of {name}",
        description="A run whose process has died cannot tell of itself.",
        trigger=EventTrigger(
            expect={CRASHED},
            match_related={"prefect.resource.role": "deployment", "prefect.resource.name": name},
            for_each={"prefect.resource.id"},
            posture=Posture.Reactive,
            threshold=1,
            within=timedelta(0),
        ),
        actions=actions,
    )
