"""Metrics for Prometheus: its own parser reads them, they say what the status says, nothing of a patient."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from flows import cli
from monitor.operation.reading.metrics import Family, exposition
from monitor.operation.reading.status import status
from tests.evidence import Scene, bound, lived, shifted, undrawn

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    with undrawn():
        return lived(bound(tmp_path_factory.mktemp("metrics"), shifted("Harbour"), shifted('St "Mary"')))


def samples(text: str) -> Samples:
    """Every sample by name and labels; a name or a series that occurs twice is a fault."""
    found: Samples = {}
    names: list[str] = []
    for family in text_string_to_metric_families(text):
        assert family.documentation
        assert family.type == "gauge"
        names.append(family.name)
        for sample in family.samples:
            key = (sample.name, frozenset(sample.labels.items()))
            assert key not in found
            found[key] = sample.value
    assert len(names) == len(set(names))
    return found


def of(found: Samples, name: str, **labels: str) -> float:
    return found[name, frozenset(labels.items())]


def printed(scene: Scene, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert cli.run(["metrics", str(scene.path), *options]) == 0
    return capsys.readouterr().out


def test_they_say_what_the_status_says(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    told: dict[str, Any] = status(scene.path)
    found = samples(printed(scene, capsys))
    night = datetime.fromisoformat(told["as_of"]).replace(tzinfo=UTC).timestamp()
    assert of(found, "pccp_last_night_timestamp_seconds") == night
    assert of(found, "pccp_predictions") == told["counts"]["predictions"]
    assert of(found, "pccp_rejected_rows") == told["counts"]["rejected"]
    assert of(found, "pccp_waiting_outcomes") == told["counts"]["waiting"]
    assert of(found, "pccp_plan_info", **told["plan"]) == 1
    for site in told["sites"]:
        place = {"site": site["site"], "finding": site["finding"]}
        assert of(found, "pccp_site_studies", **place) == site["n"]
        assert of(found, "pccp_site_events", **place) == site["events"]
        assert of(found, "pccp_calibration_slope", **place) == site["calibration"]["slope"]["value"]
        assert of(found, "pccp_site_status", **place, status=site["status"]) == 1
        for stream in site["streams"]:
            opened = [alarm for alarm in site["alarms"] if alarm["stream"] == stream["stream"]]
            assert of(found, "pccp_open_alarms", **place, stream=stream["stream"]) == len(opened)
    assert any(site["alarms"] for site in told["sites"])


def test_missed_nights_are_counted_up_to_the_day_asked_for(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    last = status(scene.path)["as_of"]
    day = datetime.fromisoformat(last).toordinal()
    asked = [datetime.fromordinal(day + days).date().isoformat() for days in (0, 1, 4)]
    missed = [of(samples(printed(scene, capsys, "--as-of", on)), "pccp_missed_nights") for on in asked]
    assert missed == [0, 0, 3]


def test_a_label_is_escaped_and_read_back(scene: Scene) -> None:
    hostile = 'a"b\\c\nd{e="f"} 1'
    text = Family("pccp_x", "What.", [({"site": hostile}, 0.1)]).text()
    assert len(text.splitlines()) == 3
    assert of(samples(text), "pccp_x", site=hostile) == 0.1


def test_counts_below_the_plan_s_least_are_left_out(scene: Scene) -> None:
    told = status(scene.path)
    told["sites"][0]["events"] = 4
    place = {"site": told["sites"][0]["site"], "finding": told["sites"][0]["finding"]}
    shown = samples(exposition(told, missed_nights=None, least_count=10))
    assert ("pccp_site_events", frozenset(place.items())) not in shown
    assert of(samples(exposition(told, missed_nights=None)), "pccp_site_events", **place) == 4


def test_what_is_not_known_is_absent_and_no_zero(scene: Scene) -> None:
    told = {**status(scene.path), "as_of": None, "sites": [], "changes": []}
    names = {name for name, _ in samples(exposition(told, missed_nights=None))}
    assert names == {
        "pccp_plan_info",
        "pccp_predictions",
        "pccp_outcomes",
        "pccp_rejected_rows",
        "pccp_duplicate_rows",
        "pccp_waiting_outcomes",
    }


def test_nothing_of_a_patient_is_in_them(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    shown = printed(scene, capsys)
    lines = [path.read_text().splitlines()[1:] for path in Path(scene.logs).rglob("predictions*.csv")]
    identifiers = {cell for rows in lines for row in rows for cell in row.split(",")[:2]}
    assert identifiers
    assert not any(identifier in shown for identifier in identifiers if len(identifier) > 4)
    assert json.dumps(shown)
