"""From the plan's operating point to the ledger, `pccp verify`, `pccp apply` and the dossier."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flows import cli
from monitor.documentation import write_dossier
from monitor.documentation.content.operating_point import without_small_cells
from monitor.documentation.withheld import with_parts_withheld
from monitor.errors import EvidenceError
from monitor.operation.evidence.verify import verify
from monitor.operation.reading.live import live
from monitor.operation.reading.status import status
from monitor.registry import Entry, read_chain
from tests import evidence
from tests.browser.page import parse
from tests.evidence import Scene, bound, forge, replayed, shifted, undrawn

POINT = "operating_point: {{threshold: 0.23, frozen: {frozen}, alert_limit_per_100_studies: 12}}"
SENSITIVITY = POINT.format(frozen="sensitivity, floor: 0.85, confidence: 0.95")


def scene_with(folder: Path, *lines: str) -> Scene:
    """The replayed demonstration plan with more keys for its finding."""
    plan = folder / "with.yaml"
    text = evidence.PLAN.read_text()
    start, end = text.index("findings:"), text.index("\nlogs:")
    finding = "".join(f"    {line}\n" for line in lines)
    plan.write_text(f"{text[:start]}findings:\n  - id: pneumothorax\n{finding}{text[end:]}")
    with pytest.MonkeyPatch.context() as patch, undrawn():
        patch.setattr(evidence, "PLAN", plan)
        return replayed(bound(folder, shifted("Harbour"), nights=34))


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return scene_with(tmp_path_factory.mktemp("point"), SENSITIVITY, "abstention: {maximum_rate: 0.6}")


def bodies(scene: Scene, kind: str) -> list[dict[str, Any]]:
    return [entry.body for entry in read_chain(scene.path / "ledger.jsonl") if entry.kind == kind]


def verdict(scene: Scene) -> dict[str, Any]:
    return next(body for body in bodies(scene, "verdict") if body["look"])


def test_the_operating_point_is_frozen_with_the_candidate(scene: Scene) -> None:
    frozen = bodies(scene, "candidate_frozen")[0]["operating_point"]
    assert frozen["frozen"] == "sensitivity"
    assert (frozen["previous_raw_threshold"], frozen["error"]) == (0.23, 0.05)
    assert frozen["raw_threshold"] <= 0.23, "a threshold is never raised to give sensitivity away"
    assert frozen["probability_threshold"] > frozen["raw_threshold"], "the site's probabilities went up"
    assert frozen["n"] >= 100


def test_the_verdict_says_what_the_change_does_to_patients(scene: Scene) -> None:
    found = verdict(scene)["operating_point"]
    before, after = found["before"], found["after"]
    assert (before["version"], before["raw_threshold"]) == ("v0", 0.23)
    assert before["probability_threshold"] == pytest.approx(0.23)
    assert after["raw_threshold"] == bodies(scene, "candidate_frozen")[0]["operating_point"]["raw_threshold"]
    for point in (before, after, found["probability_unmoved"]):
        for name in ("sensitivity", "specificity", "ppv", "npv", "alerts_per_100_studies"):
            assert point[name]["low"] <= point[name]["value"] <= point[name]["high"]
    moved = found["reclassified"]
    assert moved["down"]["with_outcome"]["studies"] == 0
    up = sum(moved["up"][kind]["studies"] for kind in ("with_outcome", "without_outcome"))
    assert up == found["alerts"]["after"] - found["alerts"]["before"]
    assert (
        found["probability_unmoved"]["alerts_per_100_studies"]["value"]
        > before["alerts_per_100_studies"]["value"]
    )


def test_net_benefit_has_an_interval_and_a_curve_around_the_plans_threshold(scene: Scene) -> None:
    found = verdict(scene)["operating_point"]["net_benefit"]
    assert found["threshold"] == 0.23
    change = found["after"]["value"] - found["before"]["value"]
    assert found["change"]["value"] == pytest.approx(change)
    assert found["change"]["low"] <= change <= found["change"]["high"]
    assert [point["threshold"] for point in found["curve"]][19] == pytest.approx(0.23)
    assert found["curve"][19]["after"] == pytest.approx(found["after"]["value"])


def test_abstention_is_counted_by_reason(scene: Scene) -> None:
    found = verdict(scene)["operating_point"]["abstention"]
    total = found["rate"]["value"] * found["rate"]["n"]
    parts = found["interval_contains_threshold"], found["outside_fitting_range"]
    assert max(parts) - 1e-9 <= total <= sum(parts) + 1e-9
    assert total > 0


def test_it_can_all_be_derived_again(scene: Scene) -> None:
    assert verify(scene.path).nights > 0


def test_a_threshold_that_was_changed_afterwards_is_named(scene: Scene, tmp_path: Path) -> None:
    copy = scene.copy(tmp_path / "copy")

    def lower(entries: list[Entry]) -> list[tuple[str, str, dict[str, Any]]]:
        found = [(entry.kind, entry.at, dict(entry.body)) for entry in entries]
        for kind, _, body in found:
            if kind == "candidate_frozen":
                body["operating_point"] = {**body["operating_point"], "raw_threshold": 0.01}
        return found

    forge(copy.path, lower)
    with pytest.raises(EvidenceError, match=r"operating_point raw_threshold: recorded 0\.01, re-derived"):
        verify(copy.path)


def test_a_deployment_brings_its_threshold(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    frozen = bodies(scene, "candidate_frozen")[0]["operating_point"]
    in_use = live(scene.path, "Harbour")
    assert in_use.calibrator.version == "v1"
    assert in_use.raw_threshold == frozen["raw_threshold"]
    assert in_use.probability_threshold == pytest.approx(frozen["probability_threshold"])
    arguments = ["apply", str(scene.path), "--site", "Harbour"]
    assert cli.run([*arguments, "--score", str(frozen["raw_threshold"])]) == 0
    assert capsys.readouterr().out.rstrip("\n").split("\t")[1:] == ["above", "unknown"]
    scores = scene.logs / "scores.txt"
    scores.write_text("0.005\n0.9\n")
    assert cli.run([*arguments, "--scores", str(scores), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [answer["flagged"] for answer in found["scores"]] == [False, True]
    assert found["raw_threshold"] == frozen["raw_threshold"]


def test_more_alerts_than_the_limit_put_a_site_on_watch(scene: Scene) -> None:
    site = status(scene.path)["sites"][0]
    found = site["alert_rate"]
    assert found["limit_per_100_studies"] == 12
    assert found["low"] > 12
    assert found["above_limit"]
    assert site["status"] in ("watch", "alarm")


def test_a_candidate_that_abstains_too_often_is_not_accepted(tmp_path: Path) -> None:
    scene = scene_with(tmp_path, SENSITIVITY, "abstention: {maximum_rate: 0.001}")
    found = verdict(scene)
    assert found["verdict"] == "insufficient"
    assert "the plan allows 0.1%" in found["reasons"][0]
    assert bodies(scene, "deployed") == []


@pytest.fixture(scope="module")
def record(scene: Scene) -> dict[str, Any]:
    return json.loads((scene.path / "dossiers" / "CHG-0001" / "dossier.json").read_text(encoding="utf-8"))


class TestTheDossier:
    def test_shows_the_operating_point_before_and_after_in_words_tables_and_a_figure(
        self, record: dict[str, Any], tmp_path: Path
    ) -> None:
        files = write_dossier(tmp_path, record)
        page = parse(files["html"].read_text(encoding="utf-8"))
        found = record["operating_point"]["found"]
        shown = {value for value, _ in page.numbers}
        for point in (found["before"], found["after"], found["probability_unmoved"]):
            for name in ("sensitivity", "specificity", "ppv", "npv", "alerts_per_100_studies"):
                assert {point[name][key] for key in ("value", "low", "high")} <= shown
        assert "Fixed with the candidate, before any validation study was read." in page.text
        assert "the probability threshold belongs to its calibrator" in page.text
        assert "The candidate says “I don't know” no more often than the plan allows." in page.text
        svg = files["figures/decision-curve"].read_text(encoding="utf-8")
        assert f"candidate {found['net_benefit']['curve'][19]['after']:.4f}" in svg
        assert "alerts before and after" in record["items"][3]["text"]

    def test_leaves_out_what_rests_on_a_small_count(self, record: dict[str, Any], tmp_path: Path) -> None:
        point = record["operating_point"]
        counts = point["found"]["abstention"]
        small = {**point, "found": {**point["found"], "abstention": {**counts, "outside_fitting_range": 3}}}
        shared = without_small_cells(small, 5)
        assert shared["found"] is None
        page = write_dossier(tmp_path, {**record, "operating_point": shared})["html"]
        assert "it rests on counts too small to be shown" in page.read_text(encoding="utf-8")

    def test_shares_no_decision_curve(self, record: dict[str, Any], tmp_path: Path) -> None:
        files = write_dossier(tmp_path, with_parts_withheld(record, 5))
        assert "figures/decision-curve" not in files
        assert "The decision curve is withheld" in files["html"].read_text(encoding="utf-8")
