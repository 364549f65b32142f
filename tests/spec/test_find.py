"""`pccp find`: who holds the key learns where a person is stored; the identifier is never told."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from flows import cli
from monitor import store
from monitor.errors import UsageError
from monitor.operation.night import ingest
from monitor.operation.reading.finding import find
from monitor.operation.reading.status import status
from monitor.operation.workspace import initialise
from tests.evidence import PLAN, Scene

HEAD = "accession,mrn,hospital,inference_time,model_version,ptx_score,age,kvp,view,scanner_vendor"
OUTCOMES = "accession,hospital,ptx_confirmed,confirmed_at,source"
RECEIVED = date(2026, 3, 1)
ARCHIVED_BEFORE = date(2026, 1, 10)


def prediction(study: str, patient: str, site: str = "North", score: str = "0.2", day: str = "01") -> str:
    return f"{study},{patient},{site},2026-01-{day}T08:00:00+01:00,ptx-3.2.0,{score},50,120,PA,A"


def outcome(study: str, value: str = "1", site: str = "North", day: str = "05") -> str:
    return f"{study},{site},{value},2026-01-{day},adjudicated_ct_read"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, pseudonym_key: bytes) -> Path:
    """Two patients at two sites, one of whom has two studies, an outcome that waits, refused rows."""
    folder = tmp_path_factory.mktemp("find")
    key = folder / "pseudonym.key"
    key.write_text(pseudonym_key.hex())
    key.chmod(0o600)
    source = next(line for line in PLAN.read_text().splitlines() if "source:" in line and "{" not in line)
    label = source.split("source:")[1].split("#")[0].strip()
    logs = {
        "p1.csv": [HEAD, prediction(" WOMBAT-1 ", "QUOKKA-1"), prediction("WOMBAT-2", "QUOKKA-1", day="02")],
        "p2.csv": [
            HEAD,
            prediction("WOMBAT-1", "QUOKKA-9", site="South"),
            prediction("WOMBAT-7", "QUOKKA-7", score="7"),
            prediction("20", "30", score="7") + ",WOMBAT-8",
        ],
        "p3.csv": [HEAD + ",remark", prediction("20", "30", score="7") + ",WOMBAT-8"],
        "o.csv": [OUTCOMES, outcome("WOMBAT-1"), outcome("WOMBAT-3"), outcome("WOMBAT-2", "")],
    }
    for name, lines in logs.items():
        (folder / name).write_text("\n".join(lines).replace("adjudicated_ct_read", label) + "\n")
    initialise(folder / "network", PLAN, key, at="2026-01-01")
    ingest(folder / "network", [folder / name for name in logs], RECEIVED, key_file=key)
    return folder / "network"


@pytest.fixture
def key(workspace: Path) -> Path:
    return workspace.parent / "pseudonym.key"


def run(*words: object) -> int:
    return cli.run([str(word) for word in words])


def test_a_patient_is_found_with_every_study_at_every_site(workspace: Path, key: Path) -> None:
    found = find(workspace, "patient", "QUOKKA-1", key)
    secret = bytes.fromhex(key.read_text())
    assert found["pseudonym"] == store.pseudonym(secret, "patient", "QUOKKA-1")
    studies = {store.pseudonym(secret, "study", f"WOMBAT-{number}"): number for number in (1, 2)}
    rows = {studies[item["study"]]: item for item in found["predictions"]}
    assert {number: (item["site"], item["finding"]) for number, item in rows.items()} == {
        1: ("North", "pneumothorax"),
        2: ("North", "pneumothorax"),
    }
    assert [rows[number]["cohort"] for number in (1, 2)] == ["2026-01-01", "2026-01-02"]
    assert {item["model_version"] for item in rows.values()} == {"ptx-3.2.0"}
    assert (rows[1]["outcome"]["known"], rows[2]["outcome"]["known"]) == (True, False)
    assert rows[1]["outcome"]["label_sources"] == rows[2]["outcome"]["label_sources"] != []
    assert not found["waiting"]


def test_files_are_named_by_the_first_digits_of_their_hashes(workspace: Path, key: Path) -> None:
    from monitor.hashing import sha256_file

    (first, second) = find(workspace, "patient", "QUOKKA-1", key)["predictions"]
    assert first["batch"]["source_sha256"] == sha256_file(workspace.parent / "p1.csv")[:16]
    assert second["outcome"]["batches"][0]["source_sha256"] == sha256_file(workspace.parent / "o.csv")[:16]
    archived = [path.stem[:16] for path in (workspace / "archive").glob("*.parquet")]
    assert first["batch"]["archive_sha256"] in archived


def test_a_study_number_that_two_sites_gave_is_found_at_both(workspace: Path, key: Path) -> None:
    found = find(workspace, "study", "WOMBAT-1", key)
    known = {item["site"]: item["outcome"]["known"] for item in found["predictions"]}
    assert known == {"North": True, "South": False}


def test_another_patients_outcome_of_the_same_study_number_is_not_told(workspace: Path, key: Path) -> None:
    found = find(workspace, "patient", "QUOKKA-9", key)
    assert [item["outcome"]["revisions"] for item in found["predictions"]] == [0]
    assert found["waiting"] == []


def test_an_outcome_that_waits_for_its_prediction_is_found(workspace: Path, key: Path) -> None:
    found = find(workspace, "study", "WOMBAT-3", key)
    assert found["predictions"] == []
    assert [(item["site"], item["outcome"]["known"]) for item in found["waiting"]] == [("North", True)]


@pytest.mark.parametrize(
    ("by", "who"), [("study", "WOMBAT-7"), ("patient", "QUOKKA-7"), ("study", "WOMBAT-8")]
)
def test_refused_rows_are_found_also_where_the_number_slipped_into_another_column(
    workspace: Path, key: Path, by: Any, who: str
) -> None:
    found = find(workspace, by, who, key)
    assert found["predictions"] == []
    assert [item["rows"] for item in found["refused"]] == [1]
    assert (workspace / "rejected" / f"{found['refused'][0]['file']}.jsonl").exists()


def test_white_space_around_an_identifier_does_not_count(workspace: Path, key: Path) -> None:
    assert find(workspace, "study", "\t WOMBAT-1\u00a0", key) == find(workspace, "study", "WOMBAT-1", key)


@pytest.mark.parametrize("option", ["--study", "--patient"])
def test_not_found_says_so_and_ends_with_two(
    workspace: Path, key: Path, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("find", workspace, option, "NUMBAT", "--pseudonym-key", key) == 2
    shown = capsys.readouterr()
    assert f"no such {option[2:]} under this key" in shown.err
    assert shown.out == ""
    assert run("find", workspace, option, "NUMBAT", "--pseudonym-key", key, "--json") == 2
    assert json.loads(capsys.readouterr().out)["found"] is False


def test_another_key_is_refused(workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.key"
    other.write_text("ab" * 32)
    other.chmod(0o600)
    assert run("find", workspace, "--study", "WOMBAT-1", "--pseudonym-key", other) == 2
    assert "bound with another pseudonym key" in capsys.readouterr().err
    with pytest.raises(UsageError, match="no pseudonym key can be read"):
        find(workspace, "study", "WOMBAT-1", tmp_path / "none.key")


@pytest.mark.parametrize("identifier", ["", "  ", "\udcff"])
def test_no_identifier_is_no_question(workspace: Path, key: Path, identifier: str) -> None:
    with pytest.raises(UsageError, match="expected an identifier"):
        find(workspace, "study", identifier, key)


def test_the_identifier_may_come_on_standard_input(
    workspace: Path, key: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("find", workspace, "--study", "WOMBAT-1", "--pseudonym-key", key, "--json") == 0
    named = capsys.readouterr().out
    monkeypatch.setattr(sys, "stdin", io.StringIO("WOMBAT-1\n"))
    assert run("find", workspace, "--study", "-", "--pseudonym-key", key, "--json") == 0
    assert capsys.readouterr().out == named


@pytest.mark.parametrize(
    "words",
    [
        ["--study", "WOMBAT-1"],
        ["--patient", "QUOKKA-1"],
        ["--patient", "QUOKKA-1", "--json"],
        ["--study", "WOMBAT-3"],
        ["--study", "WOMBAT-7"],
        ["--study", "WOMBAT"],
        ["--patient", "Rosa", "QUOKKA"],
        ["--patient", "QUOKKA", "--WOMBAT"],
        ["--patient", "QUOKKA", "--study", "WOMBAT"],
        ["--study"],
    ],
)
def test_the_identifier_is_written_nowhere(
    workspace: Path, key: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.read_bytes() for path in workspace.rglob("*") if path.is_file()}
    run("find", workspace, *words, "--pseudonym-key", key)
    shown = capsys.readouterr()
    for needle in ("WOMBAT", "QUOKKA"):
        assert needle not in shown.out + shown.err
    assert {path: path.read_bytes() for path in workspace.rglob("*") if path.is_file()} == before


def test_research_numbers_are_found_as_they_are_and_not_repeated(
    tmp_path: Path, key_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = tmp_path / "plan.yaml"
    text = PLAN.read_text()
    plan.write_text(text.replace("    time_precision:", "    research_id: true\n    time_precision:", 1))
    (tmp_path / "p.csv").write_text(f"{HEAD}\n{prediction('WOMBAT-1', 'QUOKKA-1')}\n")
    initialise(tmp_path / "w", plan, key_file, at="2026-01-01")
    ingest(tmp_path / "w", [tmp_path / "p.csv"], RECEIVED, key_file=key_file)
    found = find(tmp_path / "w", "study", "WOMBAT-1", key_file)
    assert found["pseudonym"] is None
    assert [(item["site"], item["study"]) for item in found["predictions"]] == [("North", None)]
    assert run("find", tmp_path / "w", "--study", "WOMBAT-1", "--pseudonym-key", key_file) == 0
    assert "WOMBAT" not in capsys.readouterr().out
    (of_patient,) = find(tmp_path / "w", "patient", "QUOKKA-1", key_file)["predictions"]
    assert of_patient["study"] == "WOMBAT-1"


def test_the_changes_that_used_a_row_are_those_of_the_ledger(replayed_scene: Scene) -> None:
    """For some studies from every part of the log, by the cohorts of the windows on record."""
    change = next(item for item in status(replayed_scene.path)["changes"] if item["verdict"])
    with next(replayed_scene.logs.glob("predictions*.csv")).open(newline="") as lines:
        delivered = [row for row in csv.DictReader(lines) if row["hospital"] == change["site"]]
    uses: dict[str, list[str]] = {"fit": [], "validation": [], "none": []}
    for row in delivered[::97]:
        (item,) = find(replayed_scene.path, "study", row["accession"], replayed_scene.key)["predictions"]
        for use in item["used"] or [{"as": "none"}]:
            uses[use["as"]].append(item["cohort"])
    for role in ("fit", "validation"):
        window = change[role]
        assert uses[role]
        assert window["from"] <= min(uses[role]) <= max(uses[role]) <= window["to"]
    assert max(uses["fit"]) < min(uses["validation"])
    assert uses["none"]


def test_as_many_studies_were_used_as_the_ledger_counts(replayed_scene: Scene, tmp_path: Path) -> None:
    from monitor.operation.reading.uses import uses_of
    from monitor.operation.workspace import open_workspace

    scene = replayed_scene.copy(tmp_path / "copy")
    with open_workspace(scene.path, scene.key) as workspace:
        every = workspace.store.mature_rows(matured_by=date.max, known_by=date.max)
        wanted = {place: set(rows.study.tolist()) for place, rows in every.items()}
        found = uses_of(workspace, wanted)
    told = Counter(use for uses in found.of.values() for use in uses)
    recorded = {
        (change["id"], role): change[role]["n"]
        for change in status(scene.path)["changes"]
        for role in ("fit", "validation")
    }
    assert told == {use: count for use, count in recorded.items() if count}
    assert found.untold == []


def test_rows_that_left_the_database_are_found_all_the_same(lived_scene: Scene, tmp_path: Path) -> None:
    from monitor.operation.archiving import archive

    scene = lived_scene.copy(tmp_path / "copy")
    row = scene.logs.joinpath("predictions-40.csv").read_text().splitlines()[1].split(",")
    before = find(scene.path, "patient", row[1], scene.key)
    assert archive(scene.path, ARCHIVED_BEFORE, key_file=scene.key).places
    after = find(scene.path, "patient", row[1], scene.key)
    assert before["predictions"][0]["cohort"] < ARCHIVED_BEFORE.isoformat()
    for found in (before, after):
        del found["use_not_told"]
        for item in found["predictions"]:
            del item["used"]
    assert after == before


def test_a_window_that_cannot_be_read_again_is_named_instead_of_guessed(
    replayed_scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    from monitor.operation.reading import uses

    change = next(item for item in status(replayed_scene.path)["changes"] if item["verdict"])
    with next(replayed_scene.logs.glob("predictions*.csv")).open(newline="") as lines:
        row = next(row for row in csv.DictReader(lines) if row["hospital"] == change["site"])
    monkeypatch.setattr(uses, "rows_sha256", lambda _: "of other rows")
    found = find(replayed_scene.path, "study", row["accession"], replayed_scene.key)
    assert [item["used"] for item in found["predictions"]] == [[]]
    told = {(item["change"], item["as"]) for item in found["use_not_told"]}
    assert {(change["id"], "fit"), (change["id"], "validation")} <= told
