"""Input quality, workflow and readers as streams, and what the pages say of readers and of exclusions."""

from __future__ import annotations

import random
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from monitor.operation.reading.monitoring import monitoring_report
from monitor.operation.replay import replay
from monitor.registry import fold, read_chain
from tests.evidence import Scene, bound, undrawn
from tests.watching import EDITS, NORTH, Row, rewrite

CHANGE = "2026-01-25"
FEATURE = "{standardized_difference: 0.1, logit: 0.2, standard_errors: 2}"
PEOPLE = {
    "      score: ptx_score\n": "      score: ptx_score\n      reader_decision: sex\n"
    "      exclusion: reason\n",
    "    sentinels: [-1] ": "    reader_decisions: {positive: [present], negative: [absent]}\n"
    "    sentinels: [-1] ",
    "unit: kV, range: [60, 150]}": "unit: kV, range: [60, 150], role: workflow}",
    "levels: [PA, AP]}": "levels: [PA, AP], role: quality}",
    "  streams:\n": EDITS["  streams:\n"].replace("covariates: {weight: 0.30", "covariates: {weight: 0.20")
    + f"    quality: {{weight: 0.03, tolerance: {FEATURE}}}\n"
    + f"    workflow: {{weight: 0.03, tolerance: {FEATURE}}}\n"
    + "    agreement: {weight: 0.03, tolerance: {logit: 0.2, standard_errors: 2}}\n",
    "      alert_limit_per_100_studies: 65\n": "      alert_limit_per_100_studies: 65\n"
    "      false_positive_limit_per_100_studies: 5\n",
}


def decided(row: Row) -> Row:
    """Readers follow the flag in nine of ten studies until the change, then in six; AP films take over."""
    chance = random.Random(row["accession"] + row["hospital"])
    late = row["inference_time"] >= CHANGE
    flagged = float(row["ptx_score"]) >= 0.08
    follows = chance.random() < (0.6 if late else 0.9)
    row["sex"] = "present" if flagged == follows else " Absent "
    row["kvp"] = str(min(150, int(float(row["kvp"] or 90)) + (25 if late else 0)))
    row["view"] = "AP" if late and chance.random() < 0.8 else row["view"]
    row["reason"] = "motion" if chance.random() < (0.25 if row["view"] == "AP" else 0.02) else ""
    return row


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    with undrawn():
        found = bound(tmp_path_factory.mktemp("people"), NORTH, nights=44, edits=PEOPLE)
        files = found.made.write(found.logs)
        add_column(files.predictions[0], "reason")
        rewrite(files.predictions[0], decided)
        replay(
            found.path, files.predictions, files.outcomes, until=found.made.complete_on, key_file=found.key
        )
    return found


def add_column(file: Path, name: str) -> None:
    lines = file.read_text().splitlines()
    file.write_text("\n".join([f"{lines[0]},{name}", *(f"{line}," for line in lines[1:])]) + "\n")


@pytest.fixture(scope="module")
def north(scene: Scene) -> dict[str, Any]:
    return monitoring_report(scene.path, today=date(2026, 2, 28), evidently=False)["sites"][0]


def test_each_of_them_alarms_after_its_change(scene: Scene) -> None:
    alarms = fold(read_chain(scene.path / "ledger.jsonl")).alarms.values()
    found = {alarm.stream: alarm.body["night"] for alarm in alarms}
    for stream in ("quality:view", "workflow:kvp", "agreement"):
        assert CHANGE < found[stream] <= "2026-02-05", stream
    assert not {"covariate:age", "covariate:scanner_vendor", "calibration"} & found.keys()


def test_readers_are_told_beside_the_device(north: dict[str, Any]) -> None:
    found = north["readers"]
    assert found["agreement"]["low"] < 0.75 < 0.9
    assert found["flags_dismissed"]["value"] == pytest.approx(0.3, abs=0.12)
    assert found["not_understood"] == 0
    assert found["limit"] == 5
    assert found["false_positives_per_100"]["above_limit"]
    assert north["status"] == "alarm"


def test_disagreements_are_queued_by_pseudonym(north: dict[str, Any]) -> None:
    found = north["readers"]
    assert found["disagreements_in_all"] >= len(found["disagreements"]) == 50
    first = found["disagreements"][0]
    assert len(first["study"]) == 16
    assert first["ai"] != first["reader"]
    assert not any(case["study"].startswith("ACC") for case in found["disagreements"])


def test_exclusions_are_counted_and_held_against_subgroups(north: dict[str, Any]) -> None:
    found = north["exclusions"]
    assert 2 < found["rate"]["value"] < 25
    assert [item["reason"] for item in found["by_reason"]] == ["motion"]
    dependence = {item["on"]: item for item in found["dependence"]}
    assert any(item["status"] == "differs" for name, item in dependence.items() if "view" in name)
