"""The command line: help at once, sentences instead of tracebacks, and exit codes scripts can rely on."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import monitor
from flows import cli
from monitor.operation.workspace import initialise

PLANS = Path(__file__).resolve().parents[2] / "change_plans"
PLAN = PLANS / "chest_xray_pneumothorax.yaml"
HEAVY = ("prefect", "evidently", "matplotlib", "sklearn", "pandas")
COMMANDS = [
    "archive",
    "demo",
    "init",
    "ingest",
    "nightly",
    "replay",
    "status",
    "changes",
    "find",
    "close",
    "convert dicom",
    "convert fhir",
    "document",
    "approve",
    "decline",
    "rollback",
    "amend",
    "deviation",
    "apply",
    "key new",
    "key protect",
    "key show",
    "metrics",
    "verify",
    "plan check",
    "plan schema",
    "plan power",
    "plan rehearse",
    "serve",
    "review",
]

PREDICTIONS = (
    "accession,mrn,hospital,inference_time,model_version,ptx_score,age,kvp,view,scanner_vendor\n"
    "A1,P1,North,2026-01-01T08:00:00+01:00,ptx-3.2.0,0.2,50,120,PA,A\n"
    "A2,P2,North,2026-01-02T08:00:00+01:00,ptx-3.2.0,-1,51,120,PA,A\n"
)


@pytest.fixture
def workspace(tmp_path: Path, key_file: Path) -> Path:
    folder = tmp_path / "network"
    initialise(folder, PLAN, key_file, at="2026-01-01")
    return folder


@pytest.fixture
def predictions(tmp_path: Path) -> Path:
    file = tmp_path / "predictions.csv"
    file.write_text(PREDICTIONS)
    return file


def run(*arguments: object) -> int:
    return cli.run([str(argument) for argument in arguments])


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*command.split(), "--help") == 0
    shown = capsys.readouterr().out
    assert f"Usage: pccp {command}" in shown
    assert f"Example: pccp {command}" in " ".join(shown.split())


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    shown = capsys.readouterr().out
    assert all(f"\n  {command.split()[0]} " in shown for command in COMMANDS)


def test_help_is_instant_and_imports_nothing_heavy() -> None:
    """At most 0.3 s of processor time, so that a busy machine does not decide the test."""
    code = (
        "import sys, time; from flows.cli import run; run(['--help']); "
        "print(time.process_time(), *[name for name in sys.modules if '.' not in name], file=sys.stderr)"
    )
    seconds: list[float] = []
    for _ in range(3):
        found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        spent, *modules = found.stderr.split()
        assert not set(HEAVY) & set(modules)
        seconds.append(float(spent))
    assert min(seconds) < 0.3


@pytest.mark.parametrize("command", ["nightly", "replay"])
def test_nights_run_without_prefect(
    command: str, workspace: Path, key_file: Path, predictions: Path, tmp_path: Path
) -> None:
    outcomes = tmp_path / "outcomes.csv"
    outcomes.write_text("accession,hospital,ptx_confirmed,confirmed_at,source\n")
    arguments = {
        "nightly": ["--as-of", "2026-01-03"],
        "replay": ["--predictions", str(predictions), "--outcomes", str(outcomes)],
    }
    code = "import sys; from flows.cli import run; c = run(sys.argv[1:]); print(c, 'prefect' in sys.modules)"
    line = [command, str(workspace), *arguments[command], "--pseudonym-key", str(key_file)]
    found = subprocess.run([sys.executable, "-c", code, *line], capture_output=True, text=True, check=True)
    assert found.stdout.split("\n")[-2] == "0 False"


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version") == 0
    assert capsys.readouterr().out == f"pccp-monitor {monitor.__version__}\n"


@pytest.mark.parametrize("command", ["", "nothing", "status", "status --what w", "plan"])
def test_wrong_usage_is_exit_code_2(command: str) -> None:
    assert run(*command.split()) == 2


def test_an_edited_plan_is_exit_code_10(
    workspace: Path, key_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = workspace / "plan.yaml"
    plan.write_text(plan.read_text().replace("limits: [0.80, 1.25]", "limits: [0.50, 2.00]"))
    assert run("nightly", workspace, "--pseudonym-key", key_file) == 10
    message = capsys.readouterr().err
    assert "not the plan this workspace is bound to" in message
    assert "Traceback" not in message


def test_a_wrong_column_is_exit_code_11(
    workspace: Path, key_file: Path, predictions: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    predictions.write_text(PREDICTIONS.replace("ptx_score", "score"))
    assert run("ingest", workspace, predictions, "--pseudonym-key", key_file) == 11
    message = capsys.readouterr().err
    assert "predictions.csv" in message
    assert "ptx_score" in message


def test_a_second_writer_is_exit_code_15_and_named(
    workspace: Path, key_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (workspace / ".lock").open("w") as lock:
        lock.write(json.dumps({"pid": 4711, "command": "pccp nightly", "since": "2026-01-01T02:00:00"}))
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert run("nightly", workspace, "--pseudonym-key", key_file) == 15
    assert "process 4711 (pccp nightly)" in capsys.readouterr().err


def test_a_cut_ledger_line_is_exit_code_14(workspace: Path, key_file: Path) -> None:
    ledger = workspace / "ledger.jsonl"
    ledger.write_text(ledger.read_text().replace('"kind":"bound"', '"kind":"bount"'))
    assert run("verify", workspace) == 14


def test_no_workspace_is_exit_code_2(tmp_path: Path, key_file: Path) -> None:
    assert run("nightly", tmp_path, "--pseudonym-key", key_file) == 2
    assert run("status", tmp_path) == 2


def test_a_wrong_date_is_exit_code_2(workspace: Path, key_file: Path) -> None:
    assert run("nightly", workspace, "--as-of", "1.3.2026", "--pseudonym-key", key_file) == 2


def test_the_unexpected_is_told_without_its_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The text of a library's error may quote a patient's row."""

    def broken(*_: object) -> None:
        raise RuntimeError("row of patient P1")

    monkeypatch.setattr(cli, "repeat_options", broken)
    monkeypatch.delenv("PCCP_DEBUG", raising=False)
    assert run("status", "w") == 1
    message = capsys.readouterr().err
    assert "unexpected RuntimeError at test_cli.py:" in message
    assert "PCCP_DEBUG=1" in message
    assert "P1" not in message
    monkeypatch.setenv("PCCP_DEBUG", "1")
    assert run("status", "w") == 1
    assert "Traceback" in capsys.readouterr().err


def test_ingest_prints_the_reconciliation_and_the_reasons(
    workspace: Path, key_file: Path, predictions: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("ingest", workspace, predictions, "--pseudonym-key", key_file) == 0
    shown = capsys.readouterr().out
    assert "2 rows read = 1 stored + 0 duplicates + 0 revisions + 1 rejected + 0 waiting" in shown
    assert "1  sentinel_score" in shown
    assert run("ingest", workspace, predictions, "--pseudonym-key", key_file) == 0
    assert "was stored before, nothing changed" in capsys.readouterr().out


def test_a_dry_run_shows_where_and_why_and_stores_nothing(
    workspace: Path, key_file: Path, predictions: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (workspace / "ledger.jsonl").read_text()
    assert run("ingest", workspace, "--dry-run", predictions, "--pseudonym-key", key_file) == 0
    shown = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["sentinel_score", "3", "ptx_score", "number"] in shown
    assert (workspace / "ledger.jsonl").read_text() == before


def test_plan_check_prints_every_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = tmp_path / "plan.yaml"
    text = PLAN.read_text().replace("maturity_days: 14", "maturity_days: soon")
    plan.write_text(text.replace("  cadence: daily", "  cadence: hourly"))
    assert run("plan", "check", plan) == 10
    message = capsys.readouterr().err
    assert "monitoring.cadence" in message
    assert "maturity_days" in message
    assert "2 faults" in message


def test_plan_check_says_what_a_sound_plan_holds(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("plan", "check", PLANS / "ist_stroke_strict.yaml") == 0
    shown = capsys.readouterr().out
    assert "strict (demonstrated: G1, G2, G3, G6)" in shown
    assert "sha256 " in shown
    assert run("plan", "check", PLANS / "ist_stroke.yaml") == 0
    assert "benefit-first (demonstrated: G1, G6, not contradicted: G2, G3)" in capsys.readouterr().out


def test_plan_schema_is_the_shipped_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("plan", "schema") == 0
    assert json.loads(capsys.readouterr().out) == json.loads((PLANS / "plan.schema.json").read_text())


def test_characters_that_steer_a_terminal_are_shown_not_sent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("plan", "check", tmp_path / "a\x1b[2J.yaml") == 10
    message = capsys.readouterr().err
    assert "\x1b" not in message
    assert "a[U+001B][2J.yaml" in message


@pytest.mark.parametrize(
    ("cron", "zone", "why"),
    [
        ("0 2 * *", "UTC", "five fields"),
        ("0 25 * * *", "UTC", "--cron '0 25 * * *'"),
        ("@daily", "UTC", "five fields"),
        ("0 2 * * *", "Mars/Olympus", "IANA name"),
    ],
)
def test_a_wrong_schedule_is_refused_before_anything_starts(
    cron: str, zone: str, why: str, workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("serve", workspace, "--cron", cron, "--timezone", zone) == 2
    assert why in capsys.readouterr().err


def test_a_wrong_schedule_of_the_packet_is_refused_by_its_own_option(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("serve", workspace, "--cron", "0 2 * * *", "--review-cron", "mondays") == 2
    assert "--review-cron 'mondays': expected five fields" in capsys.readouterr().err


def test_serve_needs_a_server(workspace: Path, key_file: Path) -> None:
    command = [sys.executable, "-c", "from flows.cli import main; main()", "serve", str(workspace)]
    command += ["--cron", "0 2 * * *", "--pseudonym-key", str(key_file)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    environment = {**kept, "PREFECT_HOME": str(workspace.parent / "prefect")}
    found = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert found.returncode == 2
    assert "PREFECT_API_URL" in found.stderr
    environment["PREFECT_API_URL"] = "http://127.0.0.1:9/api"
    found = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert found.returncode == 2
    assert "no Prefect server answers" in found.stderr


def test_a_demo_never_overwrites(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine").write_text("")
    assert run("demo", "--out", tmp_path) == 2
    assert "new or empty folder" in capsys.readouterr().err
