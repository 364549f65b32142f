"""What a new process pays before it works (P5): everything that a quiet night imports, and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from logs import PLAN
from scene import HERE, Effort, Goal, Scene, Task

from monitor.operation.night import ingest, nightly
from monitor.operation.workspace import initialise
from monitor.simulation import network
from monitor.simulation.clock import date_of

STARTS = 5
COMPILED = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""Modules are compiled once and kept, as after an installation."""
NIGHTS = 20
COMMAND = "import sys; from flows.cli import run; sys.exit(run(sys.argv[1:]))"
MODULES = """
import json, sys
before = set(sys.modules)
from flows.cli import run
code = run(sys.argv[2:])
open(sys.argv[1], "w").write(json.dumps(sorted(set(sys.modules) - before - {"__main__"})))
sys.exit(code)
"""

# A few names of `sys.modules` are no modules that can be imported, as "typing.io".
IMPORT = """
from importlib import import_module
for name in {names}:
    try:
        import_module(name)
    except ImportError:
        pass
"""


def scene(_effort: Effort) -> Scene:
    """Imports alone, and two whole commands."""
    ours = Path(__file__)
    titles = {
        "imports": "ours: imports of a quiet `pccp nightly`",
        "bare": "Python: `import duckdb, numpy`",
        "help": "ours: `pccp --help`",
        "status": f"ours: `pccp status`, five sites, {NIGHTS} nights",
    }
    tasks = {
        name: Task(title, ours, name, times=1 / STARTS, note="memory is of the process that starts it")
        for name, title in titles.items()
    }
    goals = (Goal("P5", "imports", "bare", "cost", 2.0), Goal("", "status", "bare", "cost"))
    return Scene("start-up", "Start of a new process", _inputs, tasks, goals)


def _inputs(folder: Path) -> None:
    """A workspace with some nights, one of them with nothing to judge, whose imports are listed."""
    workspace, key = folder / "workspace", folder / "pseudonym.key"
    logs = network(nights=NIGHTS).write(folder / "logs")
    initialise(
        workspace, PLAN.parents[1] / "change_plans" / "chest_xray_pneumothorax.yaml", key, at="2026-01-01"
    )
    ingest(workspace, [*logs.predictions, *logs.outcomes], date_of(NIGHTS + 14), key_file=key)
    nightly(workspace, date_of(NIGHTS - 1), key_file=key)
    night = ["nightly", str(workspace), "--as-of", date_of(NIGHTS).isoformat(), "--pseudonym-key", str(key)]
    _started(MODULES, str(folder / "modules.json"), *night)


def prepare(folder: Path) -> dict[str, Callable[[], object]]:
    names = json.loads((folder / "modules.json").read_text())
    imports = IMPORT.format(names=names)
    works = {
        "imports": partial(_started, imports),
        "bare": partial(_started, "import duckdb, numpy"),
        "help": partial(_started, COMMAND, "--help"),
        "status": partial(_started, COMMAND, "status", str(folder / "workspace")),
    }
    return {name: partial(_repeated, work) for name, work in works.items()}


def _repeated(work: Callable[[], None]) -> int:
    for _ in range(STARTS):
        work()
    return STARTS


def _started(script: str, *arguments: str) -> None:
    """Run a new Python of the product's own environment."""
    command = [sys.executable, "-c", script, *arguments]
    subprocess.run(command, cwd=HERE.parent, env=COMPILED, capture_output=True, check=True)  # noqa: S603  ours


VERSIONS = ("duckdb", "numpy", "pydantic", "typer")
