"""The workspace around the tables: lock, transactions, outbox, streams, snapshot, migrations."""

from __future__ import annotations

import contextlib
import json
import math
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from monitor import store
from monitor.errors import BusyError, EvidenceError, PlanError, UsageError
from monitor.records import Place
from monitor.store import StreamRow
from monitor.store.lock import writing
from tests.build_plan import make_plan
from tests.ingesting import KEY, RECEIVED, Desk, prediction

NIGHT = date(2026, 3, 1)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, make_plan())


def look(cohort: str = "2026-03-01", epoch: int = 0, site: str = "north", mixture: float = 0.5) -> StreamRow:
    place = Place(site, "lesion")
    return StreamRow(
        place, "calibration", epoch, cohort, NIGHT, 10, 2, (0.1, -math.inf), (0.0, 1e-300), mixture
    )


def test_a_workspace_is_made_once(desk: Desk) -> None:
    with pytest.raises(UsageError, match="exists"):
        store.create(desk.workspace, desk.plan)


def test_a_missing_or_damaged_database_is_broken_evidence(tmp_path: Path) -> None:
    plan = make_plan()
    with pytest.raises(EvidenceError, match="missing"), store.open_store(tmp_path, plan, KEY):
        pass
    (tmp_path / "monitor.duckdb").write_bytes(b"not a database" * 1000)
    with pytest.raises(EvidenceError), store.open_store(tmp_path, plan, KEY):
        pass


def test_the_file_can_be_read_by_the_previous_duckdb(desk: Desk) -> None:
    import duckdb

    with duckdb.connect(str(desk.workspace / "monitor.duckdb"), read_only=True) as connection:
        (tags,) = connection.execute(
            "SELECT tags FROM duckdb_databases() WHERE database_name = 'monitor'"
        ).fetchall()[0]
    assert tags["storage_version"].startswith("v1.5")


def test_a_migration_commits_with_its_record(desk: Desk) -> None:
    assert desk.query("SELECT version, name FROM migrations") == [
        (1, "schema.sql"),
        (2, "working_rows.sql"),
        (3, "streams.sql"),
        (4, "exclusions.sql"),
        (5, "study_keys.sql"),
        (6, "study_keys_of_pseudonyms.sql"),
        (7, "batch_links.sql"),
    ]
    with desk.open():
        pass
    assert desk.query("SELECT count(*) FROM migrations") == [(7,)]


def test_a_database_of_a_newer_version_is_left_alone(desk: Desk) -> None:
    import duckdb

    with duckdb.connect(str(desk.workspace / "monitor.duckdb")) as connection:
        connection.execute("INSERT INTO migrations VALUES (99, 'later.sql', '')").fetchall()
    with pytest.raises(EvidenceError, match="found 99: a newer"), desk.open():
        pass


def test_a_snapshot_of_an_earlier_version_waits_for_the_next_night(desk: Desk) -> None:
    import duckdb

    with desk.open() as opened:
        opened.publish_snapshot()
    snapshot = desk.workspace / "snapshot.duckdb"
    with duckdb.connect(str(snapshot)) as connection:
        connection.execute("DELETE FROM migrations WHERE version = 7").fetchall()
    with (
        pytest.raises(EvidenceError, match="found 6: an earlier"),
        store.open_snapshot(desk.workspace, desk.plan),
    ):
        pass


def test_covariates_become_typed_columns(tmp_path: Path) -> None:
    covariates = [
        {
            "name": "odd-name.1",
            "column": 'odd "name"; DROP',
            "kind": "continuous",
            "unit": "mm",
            "range": [0.0, 1.0],
        },
        {"name": "score", "kind": "categorical", "levels": ["it's"]},
    ]
    desk = Desk(tmp_path, make_plan(logs__covariates=covariates))
    header = 'study_id,patient_id,site,predicted_at,model_version,score,"odd ""name""; DROP"'
    assert desk.predictions("S1,P1,north,2026-03-01,m1,0.5,0.25", header=header).stored == 1
    assert desk.query('SELECT "covariate_odd-name.1", covariate_score FROM predictions') == [(0.25, "0.5")]


def test_covariates_that_differ_in_case_only_are_refused(tmp_path: Path) -> None:
    one = {"kind": "continuous", "unit": "year", "range": [0.0, 1.0]}
    with pytest.raises(PlanError, match="case"):
        Desk(tmp_path, make_plan(logs__covariates=[{"name": "age", **one}, {"name": "Age", **one}]))


def test_a_plan_with_another_covariate_does_not_fit_the_store(desk: Desk) -> None:
    plan = make_plan(
        logs__covariates=[{"name": "kvp", "kind": "continuous", "unit": "kV", "range": [0.0, 1.0]}]
    )
    with pytest.raises(EvidenceError, match="kvp"), store.open_store(desk.workspace, plan, KEY):
        pass


HOLD = """
import sys
from pathlib import Path
from monitor.store.lock import writing
with writing(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_writer_is_told_who_writes(desk: Desk) -> None:
    command = [sys.executable, "-c", HOLD, str(desk.workspace)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(BusyError, match=rf"process {holder.pid} \(.*\) since 20"), desk.open():
            pass
    with desk.open() as opened:
        assert opened.watermark() is None


def test_the_lock_does_not_show_later_arguments(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["/usr/bin/pccp", "find", "--patient", "ROSA"])
    with writing(desk.workspace):
        signed = json.loads((desk.workspace / ".lock").read_text())
    assert (signed["command"], signed["pid"]) == ("pccp find", os.getpid())


def test_rows_and_ledger_line_commit_as_one(desk: Desk) -> None:
    desk.predictions(prediction())
    with desk.open() as opened:
        assert opened.outbox() == [(0, desk.ledger[0])]
        opened.mark_flushed(0)
        assert opened.outbox() == []


def test_a_transaction_is_all_or_nothing(desk: Desk) -> None:
    with desk.open() as opened:
        with contextlib.suppress(KeyError), opened.transaction():
            opened.put_outbox(7, "line")
            opened.set_watermark(NIGHT)
            raise KeyError("stop")
        assert (opened.outbox(), opened.watermark()) == ([], None)
        with opened.transaction():
            opened.put_outbox(7, "line")
            opened.set_watermark(NIGHT)
        assert (opened.outbox(), opened.watermark()) == ([(7, "line")], NIGHT)
        opened.set_watermark(date(2026, 3, 2))
        assert opened.watermark() == date(2026, 3, 2)


def test_one_sequence_has_one_line(desk: Desk) -> None:
    with desk.open() as opened:
        opened.put_outbox(0, "a")
        with pytest.raises(EvidenceError, match="outbox"):
            opened.put_outbox(0, "b")


def test_streams_come_back_as_they_were_put(desk: Desk) -> None:
    looks = [look(), look("2026-03-02"), look("2026-03-02", site="a"), look("2026-03-03", epoch=1)]
    with desk.open() as opened:
        opened.put_stream(looks)
        opened.put_stream([])
        opened.put_stream([look("2026-03-02", mixture=-math.inf)])
        found = opened.streams()
        assert [(s.place.site, s.epoch, s.cohort, s.log_r_mixture) for s in found] == [
            ("a", 0, "2026-03-02", 0.5),
            ("north", 0, "2026-03-01", 0.5),
            ("north", 0, "2026-03-02", -math.inf),
            ("north", 1, "2026-03-03", 0.5),
        ]
        assert found[1] == looks[0]
        assert [s.cohort for s in opened.streams(latest=True)] == ["2026-03-02", "2026-03-03"]


def test_a_snapshot_is_the_committed_state_and_read_only(desk: Desk) -> None:
    with pytest.raises(EvidenceError, match="no night"), store.open_snapshot(desk.workspace, desk.plan):
        pass
    desk.predictions(prediction())
    with desk.open() as opened:
        opened.publish_snapshot()
        with store.open_snapshot(desk.workspace, desk.plan) as reader:
            assert reader.counts() == opened.counts()
            opened.set_watermark(NIGHT)
            assert reader.watermark() is None
            with pytest.raises(EvidenceError):
                reader.set_watermark(NIGHT)
            with pytest.raises(EvidenceError, match="read-only"):
                reader.ingest(desk.file("x"), received_on=RECEIVED, record=desk.record)
            opened.publish_snapshot()
            assert reader.watermark() is None
    with store.open_snapshot(desk.workspace, desk.plan) as reader:
        assert reader.watermark() == NIGHT
    assert not list(desk.workspace.glob("*.part"))


def test_an_empty_store_answers(desk: Desk) -> None:
    with desk.open() as opened:
        assert opened.mature_rows(matured_by=NIGHT, known_by=NIGHT) == {}
        assert opened.cohorts(NIGHT) == []
        assert opened.first_day() is None
        assert opened.last_cohort_end() is None
        assert opened.counts() == dict.fromkeys(
            ("predictions", "outcomes", "rejected", "duplicates", "waiting"), 0
        )
        assert opened.first_scores(Place("a", "b"), 3, NIGHT).tolist() == []
