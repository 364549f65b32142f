"""What starting a command does not pay for: no command imports what it has no use for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

from monitor.operation.night import nightly
from monitor.operation.workspace import initialise
from monitor.simulation import network

ROOT = Path(__file__).resolve().parents[2]
PLAN = ROOT / "change_plans" / "chest_xray_pneumothorax.yaml"
FIRST = date(2026, 1, 1)

NEVER = {"prefect", "evidently", "matplotlib", "sklearn", "scipy", "pandas", "pyarrow", "typst", "jinja2"}
"""Of no use before something is fitted, judged, drawn or scheduled."""
ALSO_NOT = {
    "--help": {"numpy", "duckdb", "pydantic", "ruamel", "cryptography"},
    "status": {"cryptography"},
    "nightly": {
        "monitor.documentation",
        "monitor.validation",
        "monitor.calibration",
        "monitor.performance",
        "securesystemslib",
        "numpy.ma",
    },
}
"""What a command has no use for beside these."""

SCRIPT = """
import json, sys
from flows.cli import run
code = run(sys.argv[1:])
print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two finished nights, and the logs of a third in the inbox."""
    folder = tmp_path_factory.mktemp("start-up")
    path, key = folder / "workspace", folder / "keys" / "pseudonym.key"
    initialise(path, PLAN, key, at=FIRST.isoformat())
    logs = network(nights=4).write(folder / "logs", per_night=True)
    for number, file in enumerate(logs.predictions[:3]):
        file.rename(path / "inbox" / f"{number}.csv")
        if number < 2:
            nightly(path, FIRST + timedelta(days=number + 1), key_file=key)
    return path, key


def test_help_imports_neither_database_nor_statistics() -> None:
    assert not imported("--help") & (NEVER | ALSO_NOT["--help"])


def test_status_imports_no_statistics_drawing_or_scheduling(workspace: tuple[Path, Path]) -> None:
    path, _key = workspace
    assert not imported("status", str(path)) & (NEVER | ALSO_NOT["status"])


def test_a_quiet_night_imports_nothing_that_judges(workspace: tuple[Path, Path]) -> None:
    path, key = workspace
    given = ("nightly", str(path), "--as-of", "2026-01-04", "--pseudonym-key", str(key))
    found = imported(*given)
    assert (path / "inbox" / "done" / "2.csv").exists()
    assert not found & (NEVER | ALSO_NOT["nightly"])


def imported(*arguments: str) -> set[str]:
    """Every module and package that a command of its own process has imported when it is done."""
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    code, modules = json.loads(ended.stderr.splitlines()[-1])
    assert code == 0, ended.stderr
    return set(modules)
