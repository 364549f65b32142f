"""Nothing leaves the machine: every command and the flow run where any other connection is an error."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.properties.planted import PLAN, planted_logs, small_network

ROOT = Path(__file__).resolve().parents[2]
GUARD = '''
"""Every Python process started with this folder on its path notes and refuses what leads outside."""
import os, sys

LOCAL = (None, "", "localhost", "127.0.0.1", "::1", "0.0.0.0", b"127.0.0.1", b"localhost")
FORBIDDEN = ("chrom", "firefox", "xdg-open", "sensible-browser", "curl", "wget", "ssh", "nc")

def note(what):
    with open(os.environ["PCCP_TEST_NOTES"], "a") as notes:
        notes.write(f"{os.getpid()} {what}\\n")
    raise PermissionError("refused by the test: " + what)

def guard(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1] if len(arguments) > 1 else None
        if isinstance(address, tuple) and address[0] not in LOCAL:
            note(f"{event} {address!r}")
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        if arguments[0] not in LOCAL:
            note(f"{event} {arguments[0]!r}")
    elif event == "webbrowser.open":
        note(event)
    elif event in ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system"):
        program = os.path.basename(os.fsdecode(arguments[0] or b""))
        if any(program.startswith(name) for name in FORBIDDEN):
            note(f"{event} {program}")

sys.addaudithook(guard)
with open(os.environ["PCCP_TEST_NOTES"], "a") as notes:
    notes.write("guarded\\n")
'''
FLOW = """
import sys
from datetime import date
from flows.nightly import nightly
workspace, key = sys.argv[1:]
state = nightly(workspace, as_of=date(2026, 3, 1), pseudonym_key=key, return_state=True)
assert state.is_completed(), state
from flows.review import review
state = review(workspace, as_of=date(2026, 3, 1), pseudonym_key=key, return_state=True)
assert state.is_completed(), state
"""
COMMAND = "import sys; from flows.cli import run; sys.exit(run(sys.argv[1:]))"


@pytest.fixture
def guarded(tmp_path: Path) -> dict[str, str]:
    """An environment whose Python processes, children included, refuse every other connection."""
    folder = tmp_path / "guard"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(GUARD)
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PREFECT_", "PYTEST_")) and name not in ("DO_NOT_TRACK", "CI")
    }
    return {
        **kept,
        "PYTHONPATH": os.pathsep.join((str(folder), str(ROOT))),
        "PCCP_TEST_NOTES": str(tmp_path / "notes"),
        "PREFECT_HOME": str(tmp_path / "prefect"),
        "HOME": str(tmp_path),
    }


def started(environment: dict[str, str], program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, cwd=ROOT)


def attempts(environment: dict[str, str]) -> list[str]:
    lines = Path(environment["PCCP_TEST_NOTES"]).read_text().splitlines()
    assert "guarded" in lines
    return [line for line in lines if line != "guarded"]


def test_the_guard_sees_a_connection(guarded: dict[str, str]) -> None:
    done = started(guarded, "import socket; socket.create_connection(('192.0.2.1', 80), 1)")
    assert done.returncode != 0
    assert "192.0.2.1" in attempts(guarded)[0]


def test_every_command_works_without_a_connection(guarded: dict[str, str], tmp_path: Path) -> None:
    logs, workspace, key = (
        planted_logs(tmp_path / "sent"),
        str(tmp_path / "w"),
        str(tmp_path / "private" / "k"),
    )
    history, last = str(tmp_path / "h"), small_network().complete_on.isoformat()
    sent = [str(logs["predictions"]), str(logs["outcomes"])]
    with_key = ["--pseudonym-key", key]
    commands = [
        ["plan", "check", str(PLAN)],
        ["init", workspace, "--plan", str(PLAN), *with_key],
        ["ingest", workspace, *sent, *with_key],
        ["nightly", workspace, "--as-of", "2026-03-01", *with_key],
        ["status", workspace],
        ["status", workspace, "--json"],
        ["changes", workspace],
        ["review", workspace, "--packet", "--as-of", "2026-03-01"],
        ["verify", workspace],
        ["init", history, "--plan", str(PLAN), *with_key],
        ["replay", history, "--predictions", sent[0], "--outcomes", sent[1], "--until", last, *with_key],
        ["document", history, "CHG-0001", "--format", "all", *with_key],
    ]
    for command in commands:
        done = started(guarded, COMMAND, *command)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
    assert (tmp_path / "h" / "dossiers" / "CHG-0001" / "dossier.html").exists()
    assert attempts(guarded) == []


def test_the_prefect_flow_and_its_server_stay_on_the_machine(guarded: dict[str, str], tmp_path: Path) -> None:
    logs, workspace, key = planted_logs(tmp_path / "sent"), tmp_path / "w", tmp_path / "private" / "k"
    assert (
        started(
            guarded, COMMAND, "init", str(workspace), "--plan", str(PLAN), "--pseudonym-key", str(key)
        ).returncode
        == 0
    )
    for name, path in logs.items():
        path.rename(workspace / "inbox" / f"{name}.csv")
    done = started(guarded, FLOW, str(workspace), str(key))
    assert done.returncode == 0, done.stderr[-3000:]
    assert "telemetry" not in done.stderr.lower()
    assert attempts(guarded) == []
