"""Shell commands in the project's pages, and a folder in which `pccp` can be called as a newcomer would."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path


def blocks(text: str, language: str = "sh") -> list[str]:
    """Lines of all fenced blocks of a language, in order."""
    found = re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [line for block in found for line in block.splitlines() if line.strip()]


def newcomer(room: Path) -> dict[str, str]:
    """An environment with `pccp` on the path and a home of its own inside `room`."""
    programs = room / "programs"
    programs.mkdir()
    pccp = programs / "pccp"
    pccp.write_text(f"#!{sys.executable}\nfrom flows.cli import main\nmain()\n")
    pccp.chmod(0o700)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    return {
        **kept,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(room / "home"),
        "XDG_CONFIG_HOME": str(room / "home" / "config"),
    }


def carry_out(command: str, room: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run one line in a shell, in `room`."""
    return subprocess.run(
        ["bash", "-c", command], cwd=room, env=environment, capture_output=True, text=True, timeout=600
    )
