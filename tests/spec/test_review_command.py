"""`pccp review`: what a quality lead reads of alarms that were opened, closed and came back."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from flows import cli
from monitor.operation.people.closure import close_alarm
from monitor.operation.reading.monitoring import largest_effect, monitoring_report
from monitor.operation.reading.remembered import Remembered
from monitor.operation.reading.status import status
from monitor.registry import read_chain
from monitor.registry.ledger import next_entry
from tests.evidence import ROLES, Scene, undrawn
from tests.watching import ISLAND, NORTH, RIVERSIDE, watched

TODAY = date(2026, 3, 3)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    with undrawn():
        found = watched(tmp_path_factory.mktemp("review"), NORTH, RIVERSIDE, ISLAND)
    opened = next(
        alarm["alarm"]
        for site in status(found.path)["sites"]
        for alarm in site["alarms"]
        if alarm["stream"] == "score_mean"
    )
    close_alarm(
        found.path,
        opened,
        found.who(ROLES[1]),
        cause="population",
        reason="a <b>merger</b> brought other patients",
        key_file=found.key,
    )
    return found


@pytest.fixture(scope="module")
def report(scene: Scene) -> dict[str, Any]:
    return monitoring_report(scene.path, today=TODAY, evidently=False)


def site(report: dict[str, Any], name: str) -> dict[str, Any]:
    return next(item for item in report["sites"] if item["site"] == name)


def test_it_is_plain_data(report: dict[str, Any]) -> None:
    assert json.loads(json.dumps(report, allow_nan=False))["plan"]["id"] == "PCCP-PTX-CAL"


def test_alarms_are_told_open_or_closed_with_who_ended_them_and_why(report: dict[str, Any]) -> None:
    by_state = {alarm["stream"]: alarm for alarm in report["alarms"] if alarm["site"] == "Riverside"}
    closed = by_state["score_mean"]
    assert closed["state"] == "closed"
    assert (closed["closed"]["cause"], closed["closed"]["role"]) == ("population", ROLES[1])
    assert "merger" in closed["closed"]["reason"]
    assert by_state["score_shape"]["state"] == "open"
    assert "reference 0.500, tolerated" in by_state["score_shape"]["effect"]
    assert closed["recurrence"] == 1


def test_an_open_alarm_is_asked_for_its_causes_and_a_quiet_site_is_not(report: dict[str, Any]) -> None:
    asked, quiet = site(report, "Riverside"), site(report, "North")
    assert asked["explanations"]["p_values"].keys() == {
        "none",
        "covariate",
        "label",
        "concept",
        "acquisition",
    }
    assert asked["domain"]["p"] >= 1 / 200
    assert "only while an alarm" in quiet["explanations"]["reason"]
    assert "only while an alarm" in quiet["domain"]["reason"]


def test_what_is_expected_without_outcomes_says_so(report: dict[str, Any]) -> None:
    found = site(report, "North")["expected_performance"]
    assert found["marked"] == "an estimate without outcomes"
    assert found["sensitivity"]["low"] < found["sensitivity"]["value"] < found["sensitivity"]["high"]
    assert found["realised"]["sensitivity"]["as_expected"] in (True, False)
    prevalence = site(report, "North")["prevalence_without_outcomes"]
    assert prevalence["shown"] or prevalence["reason"]


def test_the_calibrator_in_use_is_held_against_the_outcomes_since_it_is(report: dict[str, Any]) -> None:
    place = site(report, "North")
    found = place["calibration_in_use"]
    assert found["version"] == "v0"
    assert sum(group["n"] for group in found["groups"]) == found["n"]
    assert sum(group["events"] for group in found["groups"]) <= found["events"]
    assert sum(found["histogram"]["positives"]) + sum(found["histogram"]["negatives"]) == found["n"]
    for name, estimate in found["estimates"].items():
        assert estimate["value"] == pytest.approx(place["calibration"][name]["value"])
    island = site(report, "Island")["calibration_in_use"]
    assert "20 are needed" in island["reason"]


def test_a_site_below_the_minima_says_what_is_missing(report: dict[str, Any]) -> None:
    found = site(report, "Island")
    assert found["status"] == "insufficient"
    assert "more of the rarer class are needed" in found["reason"]
    assert found["prevalence_without_outcomes"]["shown"] is False


def test_missed_nights_and_expected_false_alarms_are_counted(report: dict[str, Any]) -> None:
    assert report["freshness"] == {"last_night": "2026-02-27", "missed_nights": 3}
    assert report["expected_false_alarms"] == pytest.approx(3 * 0.05)


def test_the_score_is_audited_for_what_it_gives_away(report: dict[str, Any]) -> None:
    audits = {item["told"]: item for item in report["shortcuts"]}
    assert audits.keys() == {"site", "view", "scanner_vendor"}
    assert audits["site"]["state"] in ("told_overall", "told_within_outcome")


def test_the_surest_effect_is_named_not_the_largest(report: dict[str, Any]) -> None:
    sure = {"value": 3.0, "low": 2.0, "high": 4.0}
    loose = {"value": 9.0, "low": -1.0, "high": 19.0}
    streams = [
        {
            "stream": name,
            "label": name,
            "effects": [{"functional": "rate", "tolerances": tolerances, **tolerances}],
        }
        for name, tolerances in (("sure", sure), ("loose", loose))
    ]
    assert largest_effect(streams)["stream"] == "sure"
    assert largest_effect([]) is None


def test_the_command_writes_pages_that_open_offline(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["review", str(scene.path), "--no-evidently", "--as-of", TODAY.isoformat()]
    assert cli.run(arguments) == 0
    assert "index.html" in capsys.readouterr().out
    pages = {page.name: page.read_bytes() for page in (scene.path / "review").glob("*.html")}
    assert len(pages) == 6 + 3
    text = pages["index.html"].decode()
    assert not re.search(r"(src|href)=\"https?://", text)
    alarms = pages["alarms.html"].decode()
    assert "pccp close" in alarms
    assert "a <b>merger</b>" not in alarms
    assert "&lt;b&gt;merger" in alarms
    assert cli.run(arguments) == 0
    assert {page.name: page.read_bytes() for page in (scene.path / "review").glob("*.html")} == pages


def test_what_depends_on_rows_alone_is_computed_once_and_is_the_same(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, remembered = scene.copy(tmp_path / "workspace").path, Remembered()
    first = monitoring_report(path, today=TODAY, evidently=False, remembered=remembered)
    opened = next(item for item in first["alarms"] if item["state"] == "open" and item["site"] == "Riverside")
    who = scene.who(ROLES[1])
    close_alarm(path, opened["alarm"], who, cause="device", reason="recalled", key_file=scene.key)
    fresh = monitoring_report(path, today=TODAY, evidently=False)
    monkeypatch.setattr("monitor.operation.reading.monitoring.shortcuts", lambda *_: 1 / 0)
    again = monitoring_report(path, today=TODAY, evidently=False, remembered=remembered)
    assert again == fresh != first


@pytest.mark.parametrize(
    "kind", ["approval", "dossier", "alarm_closed", "night", "batch", "amended", "other"]
)
def test_only_a_decision_leaves_what_was_computed(scene: Scene, kind: str) -> None:
    entries, remembered = read_chain(scene.path / "ledger.jsonl"), Remembered()
    remembered.at(entries)
    remembered.once("number", lambda: 1)
    remembered.at([*entries, next_entry(entries[-1], kind, "2026-03-03", {})])
    kept = kind in ("approval", "dossier", "alarm_closed")
    assert remembered.once("number", lambda: 2) == (1 if kept else 2)


def test_nothing_in_the_workspace_but_the_pages_changes(scene: Scene) -> None:
    before = (scene.path / "ledger.jsonl").read_bytes()
    assert cli.run(["review", str(scene.path), "--no-evidently", "--no-power"]) == 0
    assert (scene.path / "ledger.jsonl").read_bytes() == before


def test_status_tells_the_streams_and_what_to_expect(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["status", str(scene.path)]) == 0
    said = capsys.readouterr().out
    assert "at most 0.15 false alarms in 365 looks over all sites (0.05 at each)" in said
    assert "look into it: pccp review" in said


def test_intervals_of_status_are_wider_than_those_of_a_single_look(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slope() -> dict[str, Any]:
        return site(status(scene.path), "North")["calibration"]["slope"]

    nightly_read = slope()
    monkeypatch.setattr("monitor.operation.reading.status.level_of_a_sequence", lambda *_: 0.95)
    once = slope()
    assert "confidence sequence" in nightly_read["method"]
    assert nightly_read["high"] - nightly_read["low"] > 1.4 * (once["high"] - once["low"])
