"""The demonstration: a simulated network whose truth is known, through the real flow and the real plan."""

from __future__ import annotations

import os
import shutil
import sys
import time
from itertools import count
from pathlib import Path

import flows
from flows.findings import HEADER, comparison
from flows.terminal import say, table
from monitor.operation.workspace import initialise
from monitor.simulation import Network, network

PLAN = "chest_xray_pneumothorax.yaml"
FULL_NIGHTS = 180


def free_folder(wanted: Path) -> Path:
    """The folder itself, or its first namesake with a number that is not taken."""
    if not wanted.exists():
        return wanted
    return next(path for n in count(2) if not (path := wanted.with_name(f"{wanted.name}-{n}")).exists())


def shipped_plan(name: str) -> Path:
    """A plan of the `change_plans` folder, which is installed beside the packages."""
    return Path(flows.__file__).resolve().parents[1] / "change_plans" / name


def run_demo(folder: Path, nights: int) -> None:
    """Simulate, run every night inside one Prefect flow run, and set what was found beside the truth.

    Args:
        folder: New or empty; holds logs, keys, Prefect's own files and the workspace afterwards.
        nights: Nights with predictions.
    """
    started = time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".gitignore").write_text("*\n")
    private = folder / "private"
    private.mkdir(mode=0o700)
    _keep_prefect_inside(private / "prefect")

    simulated = network(nights)
    say(f"Simulating {len(simulated.sites)} hospitals, {nights} nights from {simulated.first_day}")
    files = simulated.write(folder / "logs")
    logs = {
        "predictions": [str(path) for path in files.predictions],
        "outcomes": [str(path) for path in files.outcomes],
    }
    workspace, key = folder / "workspace", private / "pseudonym.key"
    initialise(workspace, shipped_plan(PLAN), key, at=simulated.first_day.isoformat())

    say("Starting Prefect's own temporary server for one flow run (10 to 20 seconds)")
    run_name = _replay_as_flow(workspace, logs, simulated, key)
    say(f"Prefect flow run {run_name} completed, {time.monotonic() - started:.0f} s in all")
    say()
    _say_findings(workspace, simulated)
    _say_next(workspace)


def _keep_prefect_inside(home: Path) -> None:
    """A server of our own, whose files stay in the folder: nothing touches the user's home."""
    for name in ("PREFECT_API_URL", "PREFECT_API_KEY", "PREFECT_API_AUTH_STRING", "PREFECT_PROFILE"):
        os.environ.pop(name, None)
    os.environ["PREFECT_HOME"] = str(home.resolve())
    os.environ["PREFECT_SERVER_EPHEMERAL_ENABLED"] = "true"
    os.environ["PREFECT_LOGGING_LEVEL"] = "WARNING"


def _replay_as_flow(workspace: Path, logs: dict[str, list[str]], simulated: Network, key: Path) -> str:
    """Name of the finished flow run."""
    from flows.nightly import replay_history

    state = replay_history(
        str(workspace),
        logs,
        until=simulated.complete_on,
        approve_accepted=True,
        pseudonym_key=str(key),
        return_state=True,
    )
    state.result()
    return str(state.state_details.flow_run_id)[:8]


def _say_findings(workspace: Path, simulated: Network) -> None:
    from monitor.operation.reading.status import status

    found = status(workspace, past=False)
    rows = comparison(simulated.truth, found, complete=simulated.nights >= FULL_NIGHTS)
    table(HEADER, rows, title="What was planted, and what was found")


def _say_next(workspace: Path) -> None:
    pccp = "pccp" if shutil.which("pccp") else sys.argv[0]
    page = workspace / "dossiers" / "index.html"
    say(f"Open {page.resolve()}" if page.exists() else "No change was judged in so few nights: no dossier.")
    say(f"Then try   {pccp} status {workspace}")
    say(f"           {pccp} changes {workspace}")
    say(f"           {pccp} review {workspace}")
    say(f"           {pccp} verify {workspace}")
