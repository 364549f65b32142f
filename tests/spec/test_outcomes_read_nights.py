"""From the plan's reference standard to the record of a look, `pccp verify` and the dossier."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from monitor.documentation import write_dossier
from monitor.documentation.content.outcomes_read import without_small_outcomes
from monitor.hashing import sha256_text
from monitor.operation.evidence.verify import verify
from monitor.operation.replay import replay
from monitor.registry import read_chain
from tests.browser.page import parse
from tests.evidence import Scene, bound, shifted, undrawn

READERS = {
    "      label_source: source\n": "      label_source: source\n      reader_id: reader\n",
    '        version: "2"\n': '        version: "2"\n        readers: 1\n        consensus: majority\n'
    "        indeterminate: exclude_and_report\n        band_minimum_reads: 20\n",
}
LOW = {
    "      minimum_ascertainment: 0.90\n": "      minimum_ascertainment: 0.30\n      verification: {rule}\n"
}
CASES = {
    "      on_unresolvable_failure:": "      challenging_cases: {where: age >= 70 or view = 'AP'}\n"
    "      on_unresolvable_failure:"
}
WEIGHTED = "{score_bins: 5, weights: inverse_probability}"
BOUNDED = "{score_bins: 5, weights: none, maximum_spread: 0.15}"


def chance(*words: str) -> float:
    """A number from 0 to 1 that belongs to some words."""
    return int(sha256_text(":".join(words))[:8], 16) / 16**8


def read_again(files: tuple[Path, ...], scores: dict[str, float], least_known: float) -> None:
    """A second reader for two of five studies, who errs now and then; low scores are often not verified."""
    for file in files:
        with file.open(newline="") as handle:
            rows = list(csv.DictReader(handle))
        kept: list[dict[str, str]] = []
        for row in rows:
            study = row["accession"]
            known = 1.0 if scores.get(study, 0.0) >= 0.1 else least_known
            if chance("known", study) >= known:
                continue
            kept.append({**row, "reader": "A"})
            if chance("second", study) < 0.4:
                errs = row["ptx_confirmed"] in ("0", "1") and chance("errs", study) < 0.05
                said = "10"[int(row["ptx_confirmed"])] if errs else row["ptx_confirmed"]
                kept.append({**row, "ptx_confirmed": said, "reader": "B"})
        with file.open("w", newline="") as handle:
            writer = csv.DictWriter(handle, [*rows[0], "reader"])
            writer.writeheader()
            writer.writerows(kept)


def scene_with(folder: Path, rule: str, least_known: float) -> Scene:
    edits = {**READERS, **CASES, **{old: new.replace("{rule}", rule) for old, new in LOW.items()}}
    scene = bound(folder, shifted("Harbour"), nights=44, edits=edits)
    files = scene.made.write(scene.logs)
    scores: dict[str, float] = {}
    for file in files.predictions:
        with file.open(newline="") as handle:
            scores |= {row["accession"]: float(row["ptx_score"] or 0) for row in csv.DictReader(handle)}
    read_again(tuple(files.outcomes), scores, least_known)
    with undrawn():
        replay(
            scene.path,
            files.predictions,
            files.outcomes,
            until=scene.made.complete_on,
            key_file=scene.key,
        )
    return scene


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return scene_with(tmp_path_factory.mktemp("read"), WEIGHTED, 0.6)


def verdict(scene: Scene) -> dict[str, Any]:
    entries = read_chain(scene.path / "ledger.jsonl")
    return next(entry.body for entry in entries if entry.kind == "verdict" and entry.body["look"])


def test_the_look_says_who_read_its_outcomes_and_how_far_they_agreed(scene: Scene) -> None:
    found = verdict(scene)["reference_standard"]
    assert (found["source"], found["version"]) == ("ct_or_two_readers", "2")
    assert found["influences"] == {"blinded": found["known"]}
    readers = found["readers"]
    assert readers["read_twice"] / readers["studies_read"] == pytest.approx(0.4, abs=0.06)
    assert readers["disagreed"] / readers["read_twice"] == pytest.approx(0.05, abs=0.03)
    kappa = readers["kappa"]
    assert kappa["low"] < kappa["value"] < kappa["high"] <= 1
    assert kappa["n"] == readers["read_twice"]
    assert readers["band"]["readers"] == 2
    assert 0.5 < readers["band"]["sensitivity"][0] <= readers["band"]["sensitivity"][1] < 1
    assert readers["indeterminate"] > 0, "a reader who cannot tell is counted, never a negative"
    assert found["known"] <= found["studies"] - readers["disagreed"], "a tie has no usable outcome"


def test_outcomes_known_mostly_for_high_scores_are_weighted(scene: Scene) -> None:
    body = verdict(scene)
    bins = body["verification"]["bins"]
    assert body["verification"]["spread"] > 0.2
    assert bins[0]["share"] < 0.7 < bins[-1]["share"]
    assert sum(item["known"] for item in bins) == body["validation"]["n"]
    assert sum(item["n"] for item in bins) > body["validation"]["n"]
    assert all("weighted by verification" in item["estimate"]["method"] for item in body["criteria"])
    assert body["performance"]["auc"]["value"] is None
    assert body["verdict"] == "accept", body["reasons"]


def test_challenging_cases_are_reported_by_themselves(scene: Scene) -> None:
    body = verdict(scene)
    cases = body["challenging_cases"]
    assert 0 < cases["n"] < body["validation"]["n"]
    for name in ("last_deployed", "original"):
        gain = cases["gain"][name]
        assert gain["low"] <= gain["value"] <= gain["high"]
    assert set(cases["shown"].values()) <= {"better", "worse", "not_powered"}


def test_it_can_all_be_derived_again(scene: Scene) -> None:
    assert verify(scene.path).nights > 0


def test_without_weights_a_spread_beyond_the_bound_accepts_nothing(tmp_path: Path) -> None:
    body = verdict(scene_with(tmp_path, BOUNDED, 0.6))
    assert body["verdict"] == "insufficient"
    assert "between ranges of scores, the plan allows 15.0%" in body["reasons"][0]
    assert all("weighted" not in item["estimate"]["method"] for item in body["criteria"])


def test_a_range_of_scores_that_nobody_verified_accepts_nothing(tmp_path: Path) -> None:
    body = verdict(scene_with(tmp_path, WEIGHTED, 0.0))
    assert body["verification"]["bins"][0]["known"] == 0
    assert body["verdict"] == "insufficient"
    assert "no outcome is known for any study with a score from 0.0" in body["reasons"][0]


@pytest.fixture(scope="module")
def record(scene: Scene) -> dict[str, Any]:
    return json.loads((scene.path / "dossiers" / "CHG-0001" / "dossier.json").read_text(encoding="utf-8"))


class TestTheDossier:
    def test_shows_them_in_a_section_of_its_own(self, record: dict[str, Any], tmp_path: Path) -> None:
        page = parse(write_dossier(tmp_path, record)["html"].read_text(encoding="utf-8"))
        assert "outcomes-read" in page.sections
        outcomes = record["outcomes_read"]
        values = {value for value, _ in page.numbers}
        readers = outcomes["found"]["readers"]
        assert {readers["kappa"]["value"], readers["kappa"]["low"], *readers["band"]["sensitivity"]} <= values
        assert {item["share"] for item in outcomes["verification"]["bins"]} <= values
        assert outcomes["challenging_cases"]["gain"]["original"]["value"] in values
        assert record["operating_point"]["found"]["after"]["sensitivity"]["value"] in values
        assert "no difference" not in page.text
        assert record["items"][6]["where"]["sections"] == ["data", "outcomes-read"]

    def test_withholds_them_whole_where_one_count_is_small(self, record: dict[str, Any]) -> None:
        outcomes = record["outcomes_read"]
        assert without_small_outcomes(outcomes, record, 2) == outcomes
        disagreed = outcomes["found"]["readers"]["disagreed"]
        withheld = without_small_outcomes(outcomes, record, disagreed + 1)
        assert withheld["withheld"]
        assert [withheld[key] for key in ("found", "verification", "challenging_cases")] == [None] * 3
