"""The server: on loopback only, silent about addresses, ended by Ctrl-C once a decision under way is done."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress

import uvicorn

from flows.sign_off.app import application
from flows.sign_off.pages import Pages
from flows.sign_off.sessions import Doors
from monitor.errors import UsageError

LOOPBACK = "127.0.0.1"


def serve(pages: Pages, port: int | None, say: Callable[[str], None]) -> None:
    """Answer until Ctrl-C.

    Args:
        pages: Of the workspace; built once already, so that a fault of the workspace is told beforehand.
        port: Of 127.0.0.1; any free one when None.
        say: Told where to start; the terminal.

    Raises:
        UsageError: The port is taken.
    """
    with listening(port) as opened:
        host = f"{LOOPBACK}:{opened.getsockname()[1]}"
        doors = Doors(lambda token: say(f"start here, once: http://{host}/start?token={token}"))
        say(f"sign-off on http://{host}, for this computer only; Ctrl-C ends it")
        doors.let_in()
        with suppress(KeyboardInterrupt):
            server_of(pages, doors, host).run(sockets=[opened])
        say("ended; nothing is served any more")


def listening(port: int | None) -> socket.socket:
    """A socket on loopback."""
    opened = socket.socket()
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind((LOOPBACK, port or 0))
    except OSError as error:
        opened.close()
        raise UsageError(f"port {port} of {LOOPBACK} is taken; choose another with --port") from error
    return opened


def server_of(pages: Pages, doors: Doors, host: str) -> uvicorn.Server:
    """A server that logs no request: addresses hold start tokens."""
    config = uvicorn.Config(
        application(pages, doors, host),
        loop="asyncio",
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=40,
    )
    return uvicorn.Server(config)
