"""Once for real: a Prefect server on loopback, the schedule fires, the run completes in the API.

Also the smoke tests of three dependency traps that break at import or, worse, silently.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from monitor.operation.workspace import initialise
from monitor.simulation import network

PLAN = Path(__file__).resolve().parents[1] / "plans" / "chest_xray.yaml"
START_SECONDS = 120
RUN_SECONDS = 180
DEPLOYMENT = "pccp-nightly/site-network"


@dataclass(frozen=True)
class Server:
    """A running Prefect server."""

    api: str
    environment: dict[str, str]

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.api + path, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def runs(self, *states: str) -> list[dict[str, Any]]:
        wanted = {"flow_runs": {"state": {"type": {"any_": list(states)}}}}
        return self.ask("/flow_runs/filter", wanted)


@contextmanager
def running(command: list[str], environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(30)


def wait_for(what: Callable[[], Any], seconds: float, why: str, log: Path) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if found := what():
                return found
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(1)
    pytest.fail(f"{why}; the log ends:\n{log.read_text(errors='replace')[-3000:]}")


@pytest.fixture
def server(tmp_path: Path, loopback_port: int) -> Iterator[Server]:
    api = f"http://127.0.0.1:{loopback_port}/api"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")},
        "PREFECT_HOME": str(tmp_path / "prefect"),
        "PREFECT_API_URL": api,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1"]
    log = tmp_path / "server.log"
    with running([*command, "--port", str(loopback_port)], environment, log):
        found = Server(api, environment)
        wait_for(lambda: found.ask("/health"), START_SECONDS, "the server did not start", log)
        yield found


@pytest.fixture
def workspace(tmp_path: Path, key_file: Path) -> Path:
    """A bound workspace with a few nights of logs in its inbox."""
    folder = tmp_path / "site-network"
    initialise(folder, PLAN, key_file, at="2026-01-01")
    files = network(21, 7).write(tmp_path / "logs")
    for file in (*files.predictions, *files.outcomes):
        file.rename(folder / "inbox" / f"{file.name}")
    return folder


def nights_on_record(workspace: Path) -> int:
    lines = (workspace / "ledger.jsonl").read_text().splitlines()
    return sum(json.loads(line)["kind"] == "night" for line in lines)


@pytest.mark.server
def test_a_schedule_fires_on_a_real_server(
    server: Server, workspace: Path, key_file: Path, tmp_path: Path
) -> None:
    log = tmp_path / "serve.log"
    command = [sys.executable, "-c", "from flows.cli import main; main()", "serve", str(workspace)]
    command += ["--cron", "* * * * *", "--pseudonym-key", str(key_file)]
    with running(command, server.environment, log):
        wait_for(lambda: server.runs("SCHEDULED"), START_SECONDS, "no run was ever scheduled", log)
        ended = ("COMPLETED", "FAILED", "CRASHED")
        done = wait_for(lambda: server.runs(*ended), RUN_SECONDS, "no scheduled run ended", log)
    assert [run["state_type"] for run in done if run["auto_scheduled"]] == ["COMPLETED"], log.read_text()
    assert nights_on_record(workspace) > 20
    deployment = server.ask(f"/deployments/name/{DEPLOYMENT}")
    assert not deployment["paused"]
    assert deployment["global_concurrency_limit"]["limit"] == 1
    assert deployment["concurrency_options"]["collision_strategy"] == "CANCEL_NEW"
    names = [item["name"] for item in server.ask("/automations/filter", {})]
    assert names == ["pccp: mark silent runs as crashed"]
    keys = {item["key"] for item in server.ask("/artifacts/filter", {})}
    assert "pccp-sites" in keys


def test_evidently_imports() -> None:
    """Broken by pandas 3.1."""
    assert imports("evidently.presets")


def test_the_prefect_server_imports() -> None:
    """Broken by FastAPI from about 0.158 on."""
    assert imports("prefect.server.api.server")


def imports(module: str) -> bool:
    found = subprocess.run([sys.executable, "-c", f"import {module}"], capture_output=True, timeout=180)
    assert found.returncode == 0, found.stderr.decode()[-2000:]
    return True
