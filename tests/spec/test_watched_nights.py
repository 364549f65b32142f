"""Nights with every stream: what is frozen, what is looked at, what alarms, and what a person ends."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from monitor.errors import EvidenceError
from monitor.operation.archiving import archive
from monitor.operation.evidence.verify import verify
from monitor.operation.night import nightly
from monitor.operation.people.closure import close_alarm
from monitor.operation.reading.monitoring import monitoring_report
from monitor.operation.reading.status import status
from monitor.operation.replay import replay
from monitor.operation.workspace import initialise, open_workspace
from monitor.records import Place
from monitor.registry import Entry, RegistryState, fold, read_chain
from tests.evidence import ROLES, Scene, bound, contents, undrawn
from tests.watching import EDITS, ISLAND, NORTH, RIVERSIDE, Row, watched

SHIFT_NIGHT = date(2026, 1, 1) + timedelta(days=22)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    with undrawn():
        return watched(tmp_path_factory.mktemp("watched"), NORTH, RIVERSIDE, ISLAND)


def entries(scene: Scene) -> list[Entry]:
    return read_chain(scene.path / "ledger.jsonl")


def state(scene: Scene) -> RegistryState:
    return fold(entries(scene))


def stored(scene: Scene, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(scene.path / "snapshot.duckdb"), read_only=True) as connection:
        return connection.execute(query).fetchall()


def alarms(scene: Scene, site: str) -> list[str]:
    return [alarm.stream for alarm in state(scene).alarms.values() if alarm.place.site == site]


def stream_of(scene: Scene, site: str, stream: str) -> dict[str, Any]:
    found = next(item for item in status(scene.path)["sites"] if item["site"] == site)
    return next(item for item in found["streams"] if item["stream"] == stream)


def test_a_reference_is_frozen_once_from_the_first_looks_and_its_hash_is_on_the_ledger(scene: Scene) -> None:
    frozen = state(scene).references
    assert {(place.site, of) for place, of in frozen} == {
        (site, of) for site in ("North", "Riverside") for of in ("predictions", "outcomes")
    }
    north = frozen[Place("North", "pneumothorax"), "predictions"]
    assert (north["looks"], north["rows"] >= 300, len(north["sha256"])) == (10, True, 64)
    assert Counter(entry.kind for entry in entries(scene))["reference_frozen"] == 4


def test_every_prediction_is_looked_at_once(scene: Scene) -> None:
    looked = (
        "SELECT site, sum(rows)::INT FROM mean_looks WHERE stream = 'arrivals' GROUP BY site ORDER BY site"
    )
    there = "SELECT site, count(*)::INT FROM predictions GROUP BY site ORDER BY site"
    assert stored(scene, looked) == stored(scene, there)


def test_an_unchanged_site_has_no_alarm_on_any_stream(scene: Scene) -> None:
    assert alarms(scene, "North") == []
    looked = stored(scene, "SELECT count(DISTINCT stream) FROM mean_looks WHERE site = 'North'")
    assert looked == [(1 + 1 + 4 + 4 + 2 + 1,)]


def test_a_shift_that_stays_calibrated_opens_an_investigation_and_no_change(scene: Scene) -> None:
    found = alarms(scene, "Riverside")
    assert {"score_mean", "score_shape"} <= set(found)
    assert "calibration" not in found
    assert state(scene).changes == {}
    first = min(a.body["night"] for a in state(scene).alarms.values() if a.place.site == "Riverside")
    assert date.fromisoformat(first) > SHIFT_NIGHT


def test_a_site_below_the_minima_is_insufficient_and_never_quiet(scene: Scene) -> None:
    site = next(item for item in status(scene.path)["sites"] if item["site"] == "Island")
    states = {item["stream"]: item["state"] for item in site["streams"]}
    del states["calibration"]
    assert set(states.values()) == {"insufficient"}
    assert "of 300 studies" in stream_of(scene, "Island", "covariate:age")["reason"]


def test_an_alarm_says_which_reading_moved_and_by_how_much(scene: Scene) -> None:
    body = next(a.body for a in state(scene).alarms.values() if a.stream == "score_mean")
    low, high = body["effect"]["band"]
    assert low < body["effect"]["reference"] < high < body["effect"]["value"]
    assert body["log_r"] >= body["log_limit"]


def test_the_ledger_of_a_replay_is_the_same_twice_and_verifies(scene: Scene, tmp_path: Path) -> None:
    found = verify(scene.path)
    assert (found.derived, found.nights) == (len(entries(scene)) - 3, 58)
    logs = [sorted(scene.logs.glob(f"{role}*")) for role in ("predictions", "outcomes")]
    initialise(tmp_path / "again", scene.path / "plan.yaml", scene.key, at="2026-01-01")
    replay(tmp_path / "again", *logs, until=scene.made.complete_on, key_file=scene.key)
    assert (tmp_path / "again" / "ledger.jsonl").read_bytes() == (scene.path / "ledger.jsonl").read_bytes()


def test_a_deleted_database_is_rebuilt_with_every_look(scene: Scene, tmp_path: Path) -> None:
    copied = scene.copy(tmp_path / "workspace")
    before = contents(copied.path, tmp_path / "before")["monitor.duckdb"].tables
    (copied.path / "monitor.duckdb").unlink()
    nightly(copied.path, date.fromisoformat(str(state(scene).last_night)), key_file=copied.key)
    after = contents(copied.path, tmp_path / "after")["monitor.duckdb"].tables
    names = ("reference_features", "mean_looks", "detector_states", "cohort_counts", "stream_state")
    assert {name: after[name] for name in names} == {name: before[name] for name in names}


def test_the_same_night_twice_changes_nothing(scene: Scene, tmp_path: Path) -> None:
    """Lesson 12."""
    copied = scene.copy(tmp_path / "workspace")
    before = (copied.path / "ledger.jsonl").read_bytes()
    nightly(copied.path, date.fromisoformat(str(state(scene).last_night)), key_file=copied.key)
    assert (copied.path / "ledger.jsonl").read_bytes() == before


def test_closing_an_alarm_restarts_its_stream_alone(scene: Scene, tmp_path: Path) -> None:
    copied = scene.copy(tmp_path / "workspace")
    opened = {a.stream: name for name, a in state(copied).alarms.items() if a.place.site == "Riverside"}
    close_alarm(
        copied.path,
        opened["score_mean"],
        copied.who(ROLES[1]),
        cause="population",
        reason="an older clientele since the merger",
        key_file=copied.key,
    )
    after = state(copied)
    place = Place("Riverside", "pneumothorax")
    assert after.epoch_of(place, "score_mean") == 1
    assert after.epoch_of(place, "score_shape") == after.epoch.get(place, 0) == 0
    assert after.open_alarm(place, "score_mean") is None
    assert after.open_alarm(place, "score_shape") == opened["score_shape"]
    assert stream_of(copied, "Riverside", "score_mean")["state"] == "no_rows"


def test_stored_sums_that_are_not_those_of_the_rows_stop_the_night(scene: Scene, tmp_path: Path) -> None:
    copied = scene.copy(tmp_path / "workspace")
    before = (copied.path / "ledger.jsonl").read_bytes()
    with duckdb.connect(str(copied.path / "monitor.duckdb")) as connection:
        connection.execute(
            "UPDATE mean_looks SET sums = list_transform(sums, lambda s: s + 1) "
            "WHERE stream = 'covariate:age'"
        )
    last = date.fromisoformat(str(state(scene).last_night))
    with pytest.raises(EvidenceError, match=r"self-check of the night .* covariate:age"):
        nightly(copied.path, last + timedelta(days=30), key_file=copied.key)
    kept = (copied.path / "ledger.jsonl").read_bytes()
    assert kept.startswith(before)
    assert len(entries(copied)) < len(entries(scene)) + 31


def vendors(row: Row) -> Row:
    """From the shift on: one shared new vendor at North, one name that only a single patient has."""
    if row["hospital"] == "North" and row["inference_time"] >= "2026-01-25":
        row["scanner_vendor"] = "Zeta"
        if row["mrn"].endswith("7"):
            row["scanner_vendor"] = f"JANE DOE {row['mrn'][-3:]}"
    if row["hospital"] == "Riverside" and row["inference_time"] >= "2026-01-20":
        row["age"] = ""
    return row


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    with undrawn():
        return watched(tmp_path_factory.mktemp("odd"), NORTH, RIVERSIDE, edit=vendors)


def test_a_level_never_seen_is_found_the_night_it_comes(odd: Scene) -> None:
    found = [a.body for a in state(odd).alarms.values() if a.stream == "unseen_category:scanner_vendor"]
    assert found[0]["night"] == "2026-01-26"
    assert found[0]["levels"] == ["Zeta"]
    assert found[0]["log_limit"] is None


def test_a_level_of_a_single_patient_is_counted_and_not_told(odd: Scene) -> None:
    found = [a.body for a in state(odd).alarms.values() if a.stream == "unseen_category:scanner_vendor"]
    assert sum(body["levels_untold"] for body in found) >= 1
    assert "JANE DOE" not in (odd.path / "ledger.jsonl").read_text()


def test_a_level_is_told_once(odd: Scene, tmp_path: Path) -> None:
    copied = odd.copy(tmp_path / "workspace")
    name = next(n for n, a in state(copied).alarms.items() if a.stream == "unseen_category:scanner_vendor")
    close_alarm(
        copied.path, name, copied.who(ROLES[1]), cause="device", reason="a new scanner", key_file=copied.key
    )
    before = len(state(copied).alarms)
    head, row = (copied.logs / "predictions.csv").read_text().splitlines()[:2]
    cells = dict(zip(head.split(","), row.split(","), strict=True))
    new = [
        {
            **cells,
            "accession": f"NEW{number}",
            "mrn": f"NEW{number}",
            "hospital": "North",
            "scanner_vendor": vendor,
        }
        for number, vendor in enumerate(["Zeta"] * 6 + ["Omega"] * 6)
    ]
    lines = [",".join({**item, "inference_time": "2026-03-05T08:00:00+01:00"}.values()) for item in new]
    (copied.path / "inbox" / "more.csv").write_text("\n".join([head, *lines]) + "\n")
    nightly(copied.path, date(2026, 3, 8), key_file=copied.key)
    later = [alarm.body for alarm in list(state(copied).alarms.values())[before:]]
    assert [body["levels"] for body in later if body["stream"] == "unseen_category:scanner_vendor"] == [
        ["Omega"]
    ]


def test_a_column_that_goes_empty_alarms_as_missing_and_breaks_nothing(odd: Scene) -> None:
    """Lesson 15, Evidently #1764."""
    assert "missingness:age" in alarms(odd, "Riverside")
    rows = stored(
        odd,
        "SELECT count(*) FROM mean_looks WHERE stream = 'covariate:age' AND night > '2026-01-22' "
        "AND site = 'Riverside'",
    )
    assert rows == [(0,)]


def test_rows_that_come_late_are_looked_at_when_they_come(tmp_path: Path) -> None:
    scene = bound(tmp_path, NORTH, nights=44, edits=EDITS)
    files = scene.made.write(scene.logs)
    lines = files.predictions[0].read_text().splitlines(keepends=True)
    early, late = scene.path / "inbox" / "early.csv", scene.path / "inbox" / "late.csv"
    early.write_text("".join(lines[:1] + [line for k, line in enumerate(lines[1:]) if k % 5]))
    nightly(scene.path, date(2026, 2, 20), key_file=scene.key)
    late.write_text("".join(lines[:1] + [line for k, line in enumerate(lines[1:]) if not k % 5]))
    nightly(scene.path, date(2026, 2, 21), key_file=scene.key)
    nightly(scene.path, date(2026, 2, 22), key_file=scene.key)
    looked = stored(scene, "SELECT sum(rows)::INT FROM mean_looks WHERE stream = 'arrivals'")
    by_batch = dict(stored(scene, "SELECT batch, count(*)::INT FROM predictions GROUP BY batch"))
    assert looked == [(sum(by_batch.values()),)]
    by_night = dict(stored(scene, "SELECT night, rows::INT FROM mean_looks WHERE stream = 'arrivals'"))
    assert by_night[date(2026, 2, 21)] == by_batch[2] > 400
    assert verify(scene.path).derived > 0


def test_streams_with_outcomes_say_so_when_too_few_are_known(tmp_path: Path) -> None:
    """Half of the outcomes never come: what needs them is degraded, what does not goes on."""
    scene = bound(tmp_path, NORTH, nights=44, edits=EDITS)
    files = scene.made.write(scene.logs)
    lines = files.outcomes[0].read_text().splitlines(keepends=True)
    files.outcomes[0].write_text("".join(lines[:1] + lines[1::2]))
    replay(scene.path, files.predictions, files.outcomes, until=scene.made.complete_on, key_file=scene.key)
    for stream in ("calibration", "prevalence"):
        found = stream_of(scene, "North", stream)
        assert found["state"] == "degraded", stream
        assert "where the plan asks for 90%" in found["reason"]
    assert stream_of(scene, "North", "covariate:age")["state"] == "quiet"
    report = monitoring_report(scene.path, today=date(2026, 2, 28), evidently=False)["sites"][0]
    assert report["status"] == "watch"
    known = report["outcomes_known"]
    assert known["degraded"]
    assert known["bounds"]["prevalence"]["low"] < 0.15 < known["bounds"]["prevalence"]["high"]
    assert len(known["by_score"]) == 5


def test_the_rows_of_a_reference_never_leave_and_nights_go_on(scene: Scene, tmp_path: Path) -> None:
    copied = scene.copy(tmp_path / "workspace")
    before = {
        site["site"]: site["explanations"]
        for site in monitoring_report(copied.path, today=date(2026, 2, 28), evidently=False)["sites"]
    }
    with open_workspace(copied.path, copied.key) as opened:
        last = max(body["last"] for body in opened.state.references.values())
    # Repeat visits and outcomes hold the rows of the last six weeks; so many nights later they may leave.
    nightly(copied.path, date(2026, 4, 30), key_file=copied.key)
    found = archive(copied.path, date(2026, 2, 10), key_file=copied.key)
    assert found.predictions > 0
    assert {(kept.place.site, kept.why) for kept in found.kept} >= {
        ("Island", "the reference of the place is still to be made"),
        ("North", "the reference is made of them"),
        ("Riverside", "the reference is made of them"),
    }
    assert min(place["from"] for place in found.places) > last
    nightly(copied.path, date(2026, 5, 3), key_file=copied.key)
    after = {
        site["site"]: site["explanations"]
        for site in monitoring_report(copied.path, today=date(2026, 5, 3), evidently=False)["sites"]
    }
    assert after["North"] == before["North"]
    assert "reference" not in after["Riverside"].get("reason", "")
    assert verify(copied.path).derived > 0
