"""Commands of the product as processes forked from this one, which has only imported the program.

So a process has begun its work when it starts, and moments to kill it fall on the work alone. Clocks are
stopped in them: two runs that do the same leave the same bytes, signatures included.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path
from typing import Any, NoReturn

import flows.cli
import flows.commands.nights
import monitor.documentation.write
import monitor.operation.archiving
import monitor.operation.evidence.rebuild
import monitor.operation.evidence.verify
import monitor.operation.night
import monitor.operation.people.closure
import monitor.operation.people.decisions
import monitor.operation.people.deployment
import monitor.operation.people.lifecycle
import monitor.operation.people.signing
from monitor.store.lock import LOCK
from tests.faults.scene import Scene

BROKEN, NOT_PERMITTED = 70, 77
OWN_FILE_SYSTEMS, PRIVATE = 0x00020000, 0x00044000
"""CLONE_NEWNS; MS_REC | MS_PRIVATE."""
PAGE = 4096


def started(scene: Scene, words: Sequence[str]) -> int:
    """The id of a process that carries out one command on a scene's workspace."""
    return _forked(lambda: _command(scene, words))


def ended(scene: Scene, words: Sequence[str]) -> tuple[int, float]:
    """Carry out a command undisturbed: its exit code and its seconds."""
    begun = time.perf_counter()
    _, status = os.waitpid(started(scene, words), 0)
    return os.waitstatus_to_exitcode(status), time.perf_counter() - begun


def crammed(scene: Scene, words: Sequence[str], room: int) -> int:
    """Carry out a command on a file system with so many bytes of room left: its exit code.

    A workspace holds names relative to itself only, so a copy on a small tmpfs stands for it; what the
    command left there is copied back.
    """
    _, status = os.waitpid(_forked(lambda: _crammed(scene, words, room)), 0)
    return os.waitstatus_to_exitcode(status)


def killed(scene: Scene, words: Sequence[str], after_seconds: float) -> str:
    """Start a command and kill -9 it: "early" (it held no lock yet), "hit" or "late" (it had ended)."""
    pid = started(scene, words)
    time.sleep(after_seconds)
    os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    if not os.WIFSIGNALED(status):
        return "late"
    return "hit" if _holder(scene) == pid else "early"


def said(scene: Scene) -> str:
    """What the last command on a scene printed."""
    return (scene.folder / "said.txt").read_text(errors="replace").strip()


def answered(question: Callable[[], Any], folder: Path) -> Any:
    """The JSON answer of a function called in a process of its own: this one must have no threads."""
    answer = folder / "answer.json"

    def ask() -> int:
        answer.write_text(json.dumps(question()))
        return 0

    _, status = os.waitpid(_forked(ask), 0)
    if status:
        raise RuntimeError(f"a question ended with {status}")
    found = json.loads(answer.read_text())
    answer.unlink()
    return found


def _forked(work: Callable[[], int]) -> int:
    if len(list(Path("/proc/self/task").iterdir())) > 1:
        raise RuntimeError("this process has threads, so no copy of it would be whole")
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    return pid or _only(work)


def _only(work: Callable[[], int]) -> NoReturn:
    """In the new process: do the work and end, whatever happens."""
    code = BROKEN
    try:
        code = work()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _crammed(scene: Scene, words: Sequence[str], room: int) -> int:
    system, place = ctypes.CDLL(None, use_errno=True), scene.folder / "crammed"
    place.mkdir()
    used = sum(_pages(file) for file in scene.workspace.rglob("*"))
    size = f"size={used + room}".encode()
    made = system.unshare(OWN_FILE_SYSTEMS) or system.mount(b"none", b"/", None, PRIVATE, None)
    if made or system.mount(b"tmpfs", str(place).encode(), b"tmpfs", 0, size):
        return NOT_PERMITTED
    on_it = Scene(place, scene.last)
    shutil.copytree(scene.workspace, on_it.workspace)
    shutil.copytree(scene.folder / "private", scene.folder / "kept")
    (place / "private").symlink_to(scene.folder / "kept")
    code = _command(on_it, words, scene.folder / "said.txt")
    sys.stdout.flush()
    shutil.rmtree(scene.workspace)
    shutil.copytree(on_it.workspace, scene.workspace)
    return code


def _pages(file: Path) -> int:
    """Bytes that a file or folder takes on a tmpfs."""
    return PAGE * (1 + (file.stat().st_size // PAGE if file.is_file() else 0))


def _command(scene: Scene, words: Sequence[str], told_in: Path | None = None) -> int:
    told = os.open(told_in or scene.folder / "said.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(told, stream)
    _stop_clocks(date.fromisoformat(scene.last))
    return flows.cli.run(scene.words(*words))


def _stop_clocks(day: date) -> None:
    class Stopped(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return datetime(day.year, day.month, day.day, 12, tzinfo=tz or UTC)

    monitor.operation.people.signing.datetime = Stopped
    flows.commands.nights.today = lambda: day


def _holder(scene: Scene) -> int | None:
    try:
        return json.loads((scene.workspace / LOCK).read_text())["pid"]
    except (OSError, ValueError):
        return None
