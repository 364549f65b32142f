"""The command line over a whole change: replay, status, approval, dossier, live scores, verification."""

from __future__ import annotations

import json
import shutil
from dataclasses import astuple
from datetime import date
from pathlib import Path

import pytest

from flows import arguments, cli
from monitor.registry import public_key_text
from monitor.simulation import SITES, network

PLAN = Path(__file__).resolve().parents[1] / "plans" / "chest_xray.yaml"
STATUS_KEYS = {"as_of", "plan", "counts", "sites", "changes"}
SITE_KEYS = {
    *("site", "finding", "n", "events", "matured", "status", "alarms", "explanations"),
    *("calibrator", "calibration", "discrimination"),
}
CHANGE_KEYS = {
    *("id", "site", "finding", "kind", "verdict", "reasons", "state", "alarm", "fit"),
    *("validation", "needed", "look", "alpha", "criteria"),
}


def run(*words: object) -> int:
    return cli.run([str(word) for word in words])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, pseudonym_key: bytes) -> Path:
    """A key, a signing key, and a workspace whose plan lists it, with one accepted, undecided change."""
    folder = tmp_path_factory.mktemp("changes")
    key = folder / "pseudonym.key"
    key.write_text(pseudonym_key.hex())
    key.chmod(0o600)
    assert run("key", "new", folder / "signing.key") == 0
    plan = folder / "plan.yaml"
    plan.write_text(one_signer(PLAN.read_text(), public_key_text(folder / "signing.key")))
    simulated = network(110, 20260101, (SITES[2],))
    (predictions,), (outcomes,) = astuple(simulated.write(folder / "logs"))
    late = folder / "logs" / "late.csv"
    late.write_text(outcomes.read_text().split("\n")[0] + "\n")
    workspace = folder / "network"
    assert run("init", workspace, "--plan", plan, "--pseudonym-key", key) == 0
    logs = ["--predictions", predictions, "--outcomes", outcomes, late]
    until = simulated.complete_on.isoformat()
    assert run("replay", workspace, *logs, "--until", until, "--pseudonym-key", key) == 0
    return folder


def one_signer(plan: str, public: str) -> str:
    """The plan with the clinical lead's key, whose signature alone approves."""
    kept, approvals = plan.split("\napprovals:\n")
    line = next(line for line in approvals.split("\n") if "clinical_lead" in line)
    return kept + "\napprovals:\n" + line.replace("keys: []", f'keys: ["{public}"]') + "\n"


@pytest.fixture
def workspace(folder: Path, tmp_path: Path) -> Path:
    """A copy of it, so that a decision in one test is none in another."""
    return Path(shutil.copytree(folder / "network", tmp_path / "network"))


def sign(folder: Path, **changed: str) -> list[str]:
    options = {"signer": "A. Person", "role": "clinical_lead", "meaning": "I approve", **changed}
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    return [*words, "--key", str(folder / "signing.key"), "--pseudonym-key", str(folder / "pseudonym.key")]


def answer(capsys: pytest.CaptureFixture[str]) -> tuple[float, str]:
    """What `pccp apply` says of one score: its probability and the side of the threshold."""
    probability, side = capsys.readouterr().out.rstrip("\n").split("\t")
    return float(probability), side


def status(workspace: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    capsys.readouterr()
    assert run("status", workspace, "--json") == 0
    return json.loads(capsys.readouterr().out)


def test_status_has_the_stable_form(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = status(workspace, capsys)
    assert set(found) >= STATUS_KEYS
    assert all(set(site) >= SITE_KEYS for site in found["sites"])
    assert all(set(change) >= CHANGE_KEYS for change in found["changes"])
    assert run("changes", workspace, "--json") == 0
    assert json.loads(capsys.readouterr().out) == found["changes"]


def test_people_read_tables(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("status", workspace) == 0
    shown = capsys.readouterr().out
    assert "Harbour" in shown
    assert "CHG-0001 proposed" in shown
    assert "pccp approve" in shown
    assert "\x1b" not in shown
    assert run("changes", workspace) == 0
    assert "every criterion of the plan is met" in capsys.readouterr().out


def test_an_approval_deploys_and_the_dossier_follows(
    folder: Path, workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("apply", workspace, "--site", "Harbour", "--score", "0.3") == 0
    assert [*answer(capsys)] == [pytest.approx(0.3), "above"]
    assert run("approve", workspace, "CHG-0001", *sign(folder)) == 0
    assert "CHG-0001: deployed" in capsys.readouterr().out
    assert run("apply", workspace, "--site", "Harbour", "--score", "0.3") == 0
    probability, side = answer(capsys)
    assert probability > 0.4
    assert side == "above"
    assert run("document", workspace, "CHG-0001", "--format", "all") == 0
    page, archival, record = map(Path, capsys.readouterr().out.split())
    assert archival.read_bytes().startswith(b"%PDF-")
    assert "A. Person" in page.read_text()
    assert json.loads(record.read_text())["document"]["change"] == "CHG-0001"
    assert run("verify", workspace) == 0
    record.write_text(record.read_text() + " ")
    assert run("verify", workspace) == 14
    assert run("approve", workspace, "CHG-0001", *sign(folder)) == 2


def test_a_decline_is_signed_too(folder: Path, workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("decline", workspace, "CHG-0001", *sign(folder, meaning="The scanner is replaced")) == 0
    assert "CHG-0001: declined" in capsys.readouterr().out
    close = ["close", workspace, "ALM-0001", "--signer", "B", "--role", "clinical_lead"]
    close += ["--key", str(folder / "signing.key")]
    key = ["--cause", "device", "--pseudonym-key", folder / "pseudonym.key"]
    assert run(*close, "--reason", "scanner", *key) == 0
    assert status(workspace, capsys)["sites"][0]["alarms"] == []
    assert run(*close, "--reason", "again", *key) == 2


def test_who_may_not_sign_is_exit_code_13(folder: Path, workspace: Path, tmp_path: Path) -> None:
    assert run("approve", workspace, "CHG-0001", *sign(folder, role="janitor")) == 13
    assert run("key", "new", tmp_path / "other.key") == 0
    assert run("approve", workspace, "CHG-0001", *sign(folder), "--key", tmp_path / "other.key") == 13


def test_an_unknown_change_is_exit_code_2(folder: Path, workspace: Path) -> None:
    assert run("approve", workspace, "CHG-0009", *sign(folder)) == 2
    assert run("document", workspace, "CHG-0009") == 2
    assert run("document", workspace, "CHG-0001", "--format", "docx") == 2


def test_the_exit_code_tells_alarms_and_missed_nights(
    folder: Path, workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    last = date.fromisoformat(str(status(workspace, capsys)["as_of"]))
    monkeypatch.setattr("flows.commands.reading.today", lambda: last)
    assert run("status", workspace, "--exit-code") == 3
    assert run("approve", workspace, "CHG-0001", *sign(folder)) == 0
    assert run("status", workspace, "--exit-code") == 4, "the logs ended two weeks before the last night"
    assert "stale data" in capsys.readouterr().err
    monkeypatch.setattr("flows.commands.reading.today", lambda: last.replace(year=last.year + 1))
    assert run("status", workspace, "--exit-code") == 4
    assert "nights missed" in capsys.readouterr().err


def test_a_quiet_workspace_is_exit_code_0(
    tmp_path: Path, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulated = network(20, 3, (SITES[0],))
    files = simulated.write(tmp_path / "logs")
    workspace = tmp_path / "quiet"
    key = ["--pseudonym-key", key_file]
    assert run("init", workspace, "--plan", PLAN, *key) == 0
    for file in (*files.predictions, *files.outcomes):
        shutil.copy(file, workspace / "inbox")
    assert run("nightly", workspace, "--as-of", simulated.last_day, *key) == 0
    assert sorted(path.name for path in (workspace / "inbox" / "done").iterdir()) == [
        "outcomes.csv",
        "predictions.csv",
    ]
    before = (workspace / "ledger.jsonl").read_text()
    assert run("nightly", workspace, "--as-of", simulated.last_day, *key) == 0
    assert (workspace / "ledger.jsonl").read_text() == before, "the same night twice changes nothing"
    monkeypatch.setattr("flows.commands.reading.today", lambda: simulated.last_day)
    assert run("status", workspace, "--exit-code") == 0


def test_scores_of_a_file_come_back_in_order(
    workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scores = tmp_path / "scores.txt"
    scores.write_text("0.1\n0.9\n0.5\n")
    assert run("apply", workspace, "--site", "Harbour", "--scores", scores) == 0
    given = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [float(probability) for probability, _ in given] == pytest.approx([0.1, 0.9, 0.5])
    assert [side for _, side in given] == ["above", "above", "above"]
    scores.write_text("0.1\nMRN 7\n")
    assert run("apply", workspace, "--site", "Harbour", "--scores", scores) == 2
    message = capsys.readouterr().err
    assert "value 2" in message
    assert "MRN" not in message
    assert run("apply", workspace, "--site", "Harbour") == 2
    assert run("apply", workspace, "--site", "Nowhere", "--score", "0.5") == 2
    assert run("apply", workspace, "--site", "Harbour", "--score", "1.5") == 2


def test_keys_are_made_once_and_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = tmp_path / "signing.key"
    assert run("key", "new", key) == 0
    public = capsys.readouterr().out
    assert public.startswith("ed25519:")
    assert key.stat().st_mode & 0o077 == 0
    assert run("key", "new", key) == 2
    assert run("key", "show", key) == 0
    assert capsys.readouterr().out == public


def test_options_may_be_repeated_instead() -> None:
    """Both ways of naming several files mean the same."""
    once = arguments.repeat_options(["replay", "w", "--predictions", "a", "b", "--outcomes", "c"])
    again = ["replay", "w", "--predictions", "a", "--predictions", "b", "--outcomes", "c"]
    assert once == again
    assert arguments.repeat_options(again) == again
