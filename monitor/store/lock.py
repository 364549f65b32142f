"""One writer per workspace, held by the operating system so that a crash leaves nothing behind.

A store with a catalog has a second lock there, which holds on every machine.
"""

from __future__ import annotations

import fcntl
import json
import os
import sys
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

from monitor.errors import BusyError
from monitor.settings import read_settings
from monitor.store import lake

LOCK = ".lock"
PATIENCE_SECONDS = 2.0
PAUSE_SECONDS = 0.1


@contextmanager
def writing(workspace: Path, *, patience: float = PATIENCE_SECONDS) -> Generator[None]:
    """Hold the workspace for writing.

    Raises:
        BusyError: Another process still holds it after `patience` seconds; the message names it.
    """
    descriptor = os.open(workspace / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _acquire(descriptor, workspace, patience)
        _sign(descriptor)
        with ExitStack() as stack:
            if (catalog := read_settings(workspace).catalog) is not None:
                stack.enter_context(lake.held(workspace, catalog, patience))
            yield
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, workspace: Path, patience: float) -> None:
    give_up = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as held:
            if time.monotonic() >= give_up:
                raise BusyError(f"{workspace}: being written by {_holder(descriptor)}; try again") from held
            time.sleep(PAUSE_SECONDS)
        else:
            return


def _sign(descriptor: int) -> None:
    """Only the program and its verb: later arguments may name a patient."""
    command = " ".join([Path(sys.argv[0]).name, *sys.argv[1:2]])
    since = datetime.now().astimezone().isoformat(timespec="seconds")
    os.ftruncate(descriptor, 0)
    text = json.dumps({"pid": os.getpid(), "command": command, "since": since})
    os.pwrite(descriptor, text.encode(), 0)


def _holder(descriptor: int) -> str:
    try:
        holder = json.loads(os.pread(descriptor, 4096, 0))
        return f"process {holder['pid']} ({holder['command']}) since {holder['since']}"
    except (ValueError, KeyError, TypeError):
        return "another process"
