"""Work during which a worker process is killed once, as the system kills one that needs too much memory."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any


def killed_once(marker: Path, work: Callable[[Any], Any], item: Any) -> Any:
    """Whoever comes first makes the marker and dies; everybody else works."""
    try:
        marker.touch(exist_ok=False)
        os.kill(os.getpid(), signal.SIGKILL)
    except FileExistsError:
        pass
    return work(item)


def where(_item: int) -> int:
    """The process that worked on an item."""
    return os.getpid()
