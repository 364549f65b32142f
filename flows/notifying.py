"""Notifications through Prefect's own blocks: none unless a block is named, and none that can fail a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from monitor.errors import MonitorError, UsageError
from monitor.operation.reading.digest import Message, of_failure

if TYPE_CHECKING:
    from prefect.blocks.abstract import NotificationBlock
    from prefect.client.schemas.objects import State


class NotDeliveredError(MonitorError):
    """A message did not leave; the text names the block and the kind of error, never an address."""


@task(
    name="notify",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=2,
    retry_delay_seconds=[10, 60],
    timeout_seconds=120,
)
def deliver(block: str, subject: str, body: str) -> None:
    """Hand one message to one block.

    Raises:
        NotDeliveredError: It could not be loaded, or did not deliver. An address may be a secret, so only
            the kind of error is told.
    """
    problem = _problem(block, subject, body)
    if problem is not None:
        raise NotDeliveredError(f"notification block {block}: {problem}")


def tell(blocks: Sequence[str] | None, compose: Callable[[], Message | None]) -> None:
    """One message to each block; what fails here is logged, and the run goes on.

    Args:
        blocks: Names of notification blocks; without any, nothing is composed and no connection is opened.
        compose: Makes the message; None where nobody has to act.
    """
    if not blocks:
        return
    try:
        message = compose()
    except MonitorError as error:
        get_run_logger().warning("no notification: %s while it was composed", type(error).__name__)
        return
    if message is None:
        return
    for block in blocks:
        state = deliver(block, message.subject, message.body, return_state=True)
        if not state.is_completed():
            get_run_logger().warning("notification block %s did not deliver; the run is not affected", block)


def finished(ended: State[Any], blocks: Sequence[str] | None, name: str, what: str) -> Any:
    """The result of a task; where it failed, people are told and its error is raised.

    Args:
        ended: Final state of the task.
        blocks: As for `tell`.
        name: Of the workspace.
        what: What the task was for, as "night".
    """
    if not ended.is_completed():
        error = ended.result(raise_on_failure=False)
        tell(blocks, lambda: of_failure(name, what, error if isinstance(error, BaseException) else None))
    return ended.result()


def require_blocks(blocks: Sequence[str]) -> None:
    """Refuse a name behind which the server has no notification block: nobody would ever be told.

    Raises:
        UsageError: Names the first one.
    """
    for block in blocks:
        try:
            _loaded(block)
        except Exception as error:  # noqa: BLE001  every library behind a block has errors of its own
            raise UsageError(
                f"--notify {block}: no notification block of this name on the server "
                f"({type(error).__name__}); expected TYPE/NAME, such as slack-webhook/qa"
            ) from None


def block_id(block: str) -> UUID:
    """The server's own number of a notification block."""
    found = _loaded(block)._block_document_id  # pyright: ignore[reportPrivateUsage]  no other way to it
    if found is None:
        raise UsageError(f"--notify {block}: the server gives no number for it")
    return found


def _problem(block: str, subject: str, body: str) -> str | None:
    """Kind of the error with which a message did not leave; None when it did."""
    try:
        loaded = _loaded(block)
        with loaded.raise_on_failure():
            loaded.notify(body, subject)  # pyright: ignore[reportUnusedCoroutine]  not one in a task like this
    except Exception as error:  # noqa: BLE001  as above; its text may hold the address
        return type(error).__name__
    return None


def _loaded(block: str) -> NotificationBlock:
    import prefect.blocks.notifications  # noqa: F401  # pyright: ignore[reportUnusedImport]  for its blocks
    from prefect.blocks.abstract import NotificationBlock
    from prefect.blocks.core import Block

    found = Block.load(block)
    if not isinstance(found, NotificationBlock):
        raise TypeError(f"{block} is no notification block")
    return found
