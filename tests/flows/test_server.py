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

from monitor.hashing import sha256_file
from monitor.operation.workspace import initialise
from tests.properties.planted import PLAN, small_network
from tests.webhook import listening

START_SECONDS = 120
ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
RUN_SECONDS = 180
FLOWS = ("pccp-nightly", "pccp-review", "pccp-documentation")
CRASH = "The process of a run has died. What was committed stands, and the next run catches up."
REGISTER = """
import sys
from prefect.blocks.notifications import CustomWebhookNotificationBlock
CustomWebhookNotificationBlock(name="qa", url=sys.argv[1], json_data={"text": "{{body}}"}).save("qa")
"""


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

    def start(self, deployment: str, **parameters: str) -> str:
        """Ask for a run, as a person does; its id."""
        asked = {"parameters": parameters, "state": {"type": "SCHEDULED"}}
        return self.ask(f"/deployments/{deployment}/create_flow_run", asked)["id"]

    def ended(self, *runs: str) -> list[str]:
        """How these runs ended, once all have."""
        found = [self.ask(f"/flow_runs/{run}")["state_type"] for run in runs]
        return found if set(found) <= set(ENDED) else []


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
    """A bound workspace whose inbox holds the logs of one site that shifts."""
    folder = tmp_path / "site-network"
    initialise(folder, PLAN, key_file, at="2026-01-01")
    files = small_network().write(tmp_path / "logs")
    for file in (*files.predictions, *files.outcomes):
        file.rename(folder / "inbox" / f"{file.name}")
    return folder


def nights_on_record(workspace: Path) -> int:
    lines = (workspace / "ledger.jsonl").read_text().splitlines()
    return sum(json.loads(line)["kind"] == "night" for line in lines)


@pytest.mark.server
def test_three_flows_are_served_by_one_process(
    server: Server, workspace: Path, key_file: Path, tmp_path: Path
) -> None:
    log = tmp_path / "serve.log"
    command = [sys.executable, "-c", "from flows.cli import main; main()", "serve", str(workspace)]
    command += ["--cron", "* * * * *", "--pseudonym-key", str(key_file), "--notify", "custom-webhook/qa"]
    with listening() as heard:
        register = [sys.executable, "-c", REGISTER, heard.url]
        subprocess.run(register, env=server.environment, check=True, timeout=START_SECONDS)
        with running(command, server.environment, log):
            served = wait_for(lambda: deployments(server), START_SECONDS, "not all are served", log)
            scheduled = {served["pccp-nightly"]["id"], served["pccp-review"]["id"]}
            wait_for(lambda: scheduled == places(server), START_SECONDS, "no run was ever scheduled", log)
            done = wait_for(lambda: server.runs(*ENDED), RUN_SECONDS, "no scheduled run ended", log)
            assert [run["state_type"] for run in done if run["auto_scheduled"]] == ["COMPLETED"], (
                log.read_text()
            )
            dossier = workspace / "dossiers" / "CHG-0001" / "dossier.json"
            before = sha256_file(dossier)
            dossier.unlink()
            asked = [
                server.start(served["pccp-documentation"]["id"], change="CHG-0001"),
                server.start(served["pccp-review"]["id"]),
            ]
            ended = wait_for(lambda: server.ended(*asked), RUN_SECONDS, "a run on demand did not end", log)
            crashed = server.start(served["pccp-review"]["id"])
            server.ask(f"/flow_runs/{crashed}/set_state", {"state": {"type": "CRASHED"}, "force": True})
            wait_for(lambda: CRASH in heard.texts, RUN_SECONDS, "nobody was told of a crash", log)
    assert ended == ["COMPLETED", "COMPLETED"], log.read_text()
    assert sha256_file(dossier) == before
    assert len(list(workspace.glob("packets/*/summary.pdf"))) == 1
    assert nights_on_record(workspace) > 20
    assert "CHG-0001 (pneumothorax) judged: accept" in heard.texts[0]
    keys = {item["key"] for item in server.ask("/artifacts/filter", {})}
    assert {"pccp-sites", "pccp-packet", "pccp-dossier-chg-0001"} <= keys
    names = {item["name"] for item in server.ask("/automations/filter", {})}
    assert names == {"pccp: mark silent runs as crashed", "pccp: tell of crashed runs of site-network"}
    for deployment in deployments(server).values():
        assert not deployment["paused"]
        assert deployment["global_concurrency_limit"]["limit"] == 1
        assert deployment["concurrency_options"]["collision_strategy"] == "CANCEL_NEW"


def deployments(server: Server) -> dict[str, Any]:
    """The deployments by their flow; empty until all are there."""
    found = server.ask("/deployments/filter", {})
    flows = {item["id"]: item["name"] for item in server.ask("/flows/filter", {})}
    named = {flows[item["flow_id"]]: item for item in found if item["name"] == "site-network"}
    return named if set(named) == set(FLOWS) else {}


def places(server: Server) -> set[str]:
    """Deployments that have runs to come."""
    return {run["deployment_id"] for run in server.runs("SCHEDULED")}


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
