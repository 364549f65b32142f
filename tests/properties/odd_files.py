"""Things that stand where a file is expected: links, pipes, folders, sockets, devices, holes."""

from __future__ import annotations

import os
import random
import socket
from pathlib import Path

KINDS = (
    "link",
    "dangling link",
    "loop",
    "pipe",
    "folder",
    "socket",
    "device link",
    "empty",
    "unreadable",
    "hole",
)


def make(folder: Path, ending: str, rng: random.Random) -> Path:
    """One of them, named like a log."""
    path = folder / f"odd{ending}"
    match rng.choice(KINDS):
        case "link":
            (folder / f"real{ending}").write_bytes(b"study_id\n")
            path.symlink_to(folder / f"real{ending}")
        case "dangling link":
            path.symlink_to("../../../nowhere")
        case "loop":
            path.symlink_to(path.name)
        case "pipe":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "socket":
            _bind(path)
        case "device link":
            path.symlink_to("/dev/zero")
        case "empty":
            path.touch()
        case "unreadable":
            path.touch(mode=0o000)
        case _:
            with path.open("wb") as handle:
                handle.truncate(rng.choice((1, 4096, 3 << 20)))
    return path


def _bind(path: Path) -> None:
    """A socket's path may have about a hundred characters, so it is bound from inside its folder."""
    before = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(path.name)
    finally:
        os.chdir(before)
