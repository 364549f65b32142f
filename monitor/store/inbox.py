"""Which files of an inbox are complete."""

from __future__ import annotations

import time
from pathlib import Path

LOOK_SECONDS = 0.2


def ready_files(inbox: Path, *, look_seconds: float = LOOK_SECONDS) -> list[Path]:
    """Regular files that did not change during one short look, sorted by name.

    Hidden files, links, folders, and files named `.part` wait.
    """
    before = _states(inbox)
    if before:
        time.sleep(look_seconds)
    after = _states(inbox)
    return sorted(path for path, state in before.items() if after.get(path) == state)


def _states(inbox: Path) -> dict[Path, tuple[int, int]]:
    states: dict[Path, tuple[int, int]] = {}
    if not inbox.is_dir():
        return states
    for path in inbox.iterdir():
        if (
            path.name.startswith(".")
            or path.name.endswith(".part")
            or path.is_symlink()
            or not path.is_file()
        ):
            continue
        try:
            found = path.stat()
        except FileNotFoundError:
            continue
        states[path] = (found.st_size, found.st_mtime_ns)
    return states
