"""`pccp archive`: old rows leave the working database, and nothing that was decided or counted is lost."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from flows.cli import app, run
from monitor import store
from monitor.errors import EvidenceError, UsageError
from monitor.operation.archiving import archive, first_held
from monitor.operation.evidence.verify import verify
from monitor.operation.night import ingest, nightly
from monitor.operation.reading.status import status
from monitor.operation.workspace import open_workspace
from monitor.records import Place
from monitor.registry import read_chain
from monitor.store import Store
from tests.evidence import Scene, contents, forge

BEFORE = date(2026, 1, 10)
BAY = Place("Bay", "pneumothorax")
ARCHIVED = ("archived_cohorts", "archived_outcomes", "archived_predictions", "first_scores")


@pytest.fixture
def scene(lived_scene: Scene, tmp_path: Path) -> Scene:
    return lived_scene.copy(tmp_path / "workspace")


@pytest.fixture
def archived(scene: Scene) -> Scene:
    archive(scene.path, BEFORE, key_file=scene.key)
    return scene


def rows(scene: Scene, statement: str) -> list[Any]:
    with duckdb.connect(str(scene.path / store.DATABASE), read_only=True) as connection:
        return connection.execute(statement).fetchall()


class TestWhatLeaves:
    def test_rows_of_whole_cohorts_before_the_date_leave_and_later_ones_stay(self, archived: Scene) -> None:
        kept = rows(archived, "SELECT min(cohort) FROM predictions WHERE site IN ('Bay', 'Harbour')")
        assert kept == [("2026-01-10",)]
        assert rows(archived, "SELECT max(cohort) FROM archived_cohorts") == [("2026-01-09",)]

    def test_outcomes_leave_with_their_predictions(self, archived: Scene) -> None:
        alone = "SELECT count(*) FROM outcomes o JOIN archived_predictions p "
        alone += "ON p.site = o.site AND p.finding = o.finding AND p.study = md5_number_lower(o.study)"
        assert rows(archived, alone) == [(0,)]

    def test_the_entry_says_what_left(self, archived: Scene) -> None:
        entry = read_chain(archived.path / "ledger.jsonl")[-1]
        assert entry.kind == "archived"
        assert entry.at == entry.body["last_night"] == "2026-02-27"
        assert entry.body["before"] == BEFORE.isoformat()
        assert [(p["site"], p["from"], p["to"], p["cohorts"]) for p in entry.body["places"]] == [
            ("Bay", "2026-01-01", "2026-01-09", 9),
            ("Harbour", "2026-01-01", "2026-01-09", 9),
        ]
        left = rows(archived, "SELECT count(*) FROM archived_predictions")[0][0]
        assert entry.body["predictions"] == left == sum(p["predictions"] for p in entry.body["places"])
        assert len(entry.body["rows_sha256"]) == 64

    def test_no_pseudonym_of_a_patient_stays_of_them(self, archived: Scene) -> None:
        columns = rows(
            archived, f"SELECT DISTINCT column_name FROM duckdb_columns() WHERE table_name IN {ARCHIVED}"
        )
        assert "patient" not in {name for (name,) in columns}

    def test_the_archived_batches_are_not_touched(self, lived_scene: Scene, archived: Scene) -> None:
        before, after = (
            {f.name: f.read_bytes() for f in (s.path / "archive").iterdir()} for s in (lived_scene, archived)
        )
        assert before == after

    def test_files_shrink(self, scene: Scene) -> None:
        before = {name: (scene.path / name).stat().st_size for name in (store.DATABASE, store.SNAPSHOT)}
        done = archive(scene.path, BEFORE, key_file=scene.key)
        after = {name: (scene.path / name).stat().st_size for name in before}
        assert all(after[name] < before[name] for name in before)
        assert done.bytes_after == after[store.DATABASE]
        assert (scene.path / store.DATABASE).stat().st_mode & 0o777 == 0o600

    def test_no_file_keeps_what_readers_had_before(self, scene: Scene) -> None:
        for _ in range(2):
            with open_workspace(scene.path, scene.key) as workspace:
                workspace.store.publish_snapshot()
        archive(scene.path, BEFORE, key_file=scene.key)
        assert {found.name for found in scene.path.glob("*.duckdb*")} == {store.DATABASE, store.SNAPSHOT}

    def test_a_dry_run_says_the_same_and_changes_nothing(self, scene: Scene, tmp_path: Path) -> None:
        before, ledger = contents(scene.path, tmp_path / "a"), (scene.path / "ledger.jsonl").read_bytes()
        said = archive(scene.path, BEFORE, dry_run=True, key_file=scene.key)
        assert contents(scene.path, tmp_path / "b") == before
        assert (scene.path / "ledger.jsonl").read_bytes() == ledger
        done = archive(scene.path, BEFORE, key_file=scene.key)
        assert (said.places, said.predictions, said.outcomes) == (
            done.places,
            done.predictions,
            done.outcomes,
        )

    def test_twice_changes_nothing(self, archived: Scene, tmp_path: Path) -> None:
        before, ledger = (
            contents(archived.path, tmp_path / "a"),
            (archived.path / "ledger.jsonl").read_bytes(),
        )
        assert archive(archived.path, BEFORE, key_file=archived.key).places == ()
        assert contents(archived.path, tmp_path / "b") == before
        assert (archived.path / "ledger.jsonl").read_bytes() == ledger


class TestWhatStays:
    def test_the_rows_of_an_open_change_are_refused_by_its_name_and_cohort(self, scene: Scene) -> None:
        with pytest.raises(
            UsageError, match=r"CHG-0001 .*from cohort 2026-01-10 on.*found cohort 2026-01-10"
        ):
            archive(scene.path, date(2026, 1, 20), key_file=scene.key)

    def test_a_place_whose_floor_was_never_checked_keeps_its_rows_and_says_why(self, scene: Scene) -> None:
        done = archive(scene.path, BEFORE, key_file=scene.key)
        assert [(k.place.site, k.first, k.cohorts) for k in done.kept] == [("North", "2026-01-01", 9)]
        assert "floor" in done.kept[0].why
        assert rows(scene, "SELECT min(cohort) FROM predictions WHERE site = 'North'") == [("2026-01-01",)]

    def test_status_counts_the_same_and_says_from_where_it_estimates(self, scene: Scene) -> None:
        before = status(scene.path)
        archive(scene.path, BEFORE, key_file=scene.key)
        after = status(scene.path)
        assert after["counts"] == before["counts"]
        counted = ("n", "events", "matured", "status", "needed", "log_r")
        for old, new in zip(before["sites"], after["sites"], strict=True):
            assert [new[key] for key in counted] == [old[key] for key in counted]
        assert [site["estimates_after"] for site in after["sites"]] == ["2026-01-09", "2026-01-09", None]
        smaller = after["sites"][0]["discrimination"]["auc"]["n"]
        assert smaller < before["sites"][0]["discrimination"]["auc"]["n"]

    def test_the_first_scores_of_a_place_stay_those_it_had(self, scene: Scene) -> None:
        with open_workspace(scene.path, scene.key) as workspace:
            before = workspace.store.first_scores(BAY, 100, date.max).tolist()
        archive(scene.path, BEFORE, key_file=scene.key)
        with open_workspace(scene.path, scene.key) as workspace:
            assert workspace.store.first_scores(BAY, 100, date.max).tolist() == before
            assert len(before) == 100

    def test_a_window_of_which_a_part_has_left_is_refused(self, archived: Scene) -> None:
        night = date(2026, 2, 27)
        with open_workspace(archived.path, archived.key) as workspace:
            for first in (None, "2026-01-05"):
                with pytest.raises(UsageError, match="rows up to cohort 2026-01-09 have left"):
                    workspace.store.mature_rows(matured_by=night, known_by=night, place=BAY, first=first)
            later = workspace.store.mature_rows(
                matured_by=night, known_by=night, place=BAY, first=first_held(workspace, BAY)
            )
        assert min(later[BAY].cohort) == "2026-01-10"


class TestWhatComesLate:
    def test_a_repeated_prediction_is_still_a_duplicate_and_a_changed_one_a_contradiction(
        self, archived: Scene, tmp_path: Path
    ) -> None:
        log = archived.logs / "predictions-40.csv"
        header, *lines = log.read_text().splitlines()
        names = header.split(",")
        day, score = names.index("inference_time"), names.index("ptx_score")
        old = [line for line in lines if line.split(",")[day][:10] == "2026-01-04" and "North" not in line]
        changed = old[0].split(",")
        changed[score] = "0.123456"
        file = tmp_path / "again.csv"
        file.write_text("\n".join([header, *old[1:], ",".join(changed)]) + "\n")
        (report,) = ingest(archived.path, [file], date(2026, 2, 28), key_file=archived.key)
        assert (report.stored, report.revisions, report.waiting) == (0, 0, 0)
        assert report.reasons.get("conflicting_prediction") == 1
        assert report.duplicates + report.rejected == len(old)

    def test_late_outcomes_are_revisions_or_duplicates_counted_kept_and_never_waiting(
        self, archived: Scene, tmp_path: Path
    ) -> None:
        log = archived.logs / "outcomes-40.csv"
        header, *lines = log.read_text().splitlines()
        with open_workspace(archived.path, archived.key) as workspace:
            waiting = workspace.store.counts()["waiting"]
        early = [cells for cells in (line.split(",") for line in lines) if cells[1] == "Bay"][:60]
        once = [cells for cells in early if sum(cells[0] in line for line in lines if "Bay" in line) == 1]
        turned = [[*c[:2], "1" if c[2] == "0" else "0", *c[3:]] for c in once if c[2] in ("0", "1")][:5]
        file = tmp_path / "late.csv"
        file.write_text("\n".join([header, *(",".join(cells) for cells in turned)]) + "\n")
        (report,) = ingest(archived.path, [file], date(2026, 2, 28), key_file=archived.key)
        assert (report.revisions, report.waiting, report.stored) == (5, 0, 0)
        assert report.notes["of_archived_studies"] == 5
        assert report.archive_sha256 is not None
        kept = archived.path / "archive" / f"{report.archive_sha256}.parquet"
        assert duckdb.sql(f"SELECT revision FROM '{kept}'").fetchall() == [(2,)] * 5
        (again,) = ingest(archived.path, [_copy_of(file)], date(2026, 3, 1), key_file=archived.key)
        assert again.duplicates == 5
        with open_workspace(archived.path, archived.key) as workspace:
            assert workspace.store.counts()["waiting"] == waiting
        verify(archived.path)

    def test_late_rows_of_archived_cohorts_leave_with_the_next_archive(
        self, archived: Scene, tmp_path: Path
    ) -> None:
        header, *lines = (archived.logs / "predictions-40.csv").read_text().splitlines()
        names = header.split(",")
        line = next(
            c for c in (line.split(",") for line in lines) if "Bay" in c and "2026-01-03" in ",".join(c)
        )
        line[names.index("accession")] = "a-study-nobody-sent"
        file = tmp_path / "late.csv"
        file.write_text("\n".join([header, ",".join(line)]) + "\n")
        (report,) = ingest(archived.path, [file], date(2026, 2, 28), key_file=archived.key)
        assert (report.stored, report.notes["of_archived_cohorts"]) == (1, 1)
        before = status(archived.path)
        done = archive(archived.path, BEFORE, key_file=archived.key)
        assert (done.predictions, done.places[0]["to"]) == (1, "2026-01-03")
        after = status(archived.path)
        assert after["counts"] == before["counts"]
        assert after["sites"][0]["estimates_after"] == "2026-01-09"
        verify(archived.path)


class TestEvidence:
    def test_verify_passes_and_further_nights_go_on(self, archived: Scene) -> None:
        assert verify(archived.path).tables
        nightly(archived.path, date(2026, 3, 5), key_file=archived.key)
        verify(archived.path)

    def test_nights_after_it_record_what_they_would_have_recorded(self, scene: Scene, tmp_path: Path) -> None:
        other = scene.copy(tmp_path / "other")
        archive(other.path, BEFORE, key_file=other.key)
        for found in (scene, other):
            nightly(found.path, date(2026, 3, 5), key_file=found.key)
        bodies = [
            [(e.kind, e.body) for e in read_chain(found.path / "ledger.jsonl") if e.kind != "archived"]
            for found in (scene, other)
        ]
        assert bodies[0] == bodies[1]

    def test_a_deleted_database_comes_back_with_the_same_tables(
        self, archived: Scene, tmp_path: Path
    ) -> None:
        before = contents(archived.path, tmp_path / "a")
        for name in (store.DATABASE, store.SNAPSHOT):
            (archived.path / name).unlink()
        with open_workspace(archived.path, archived.key):
            pass
        assert contents(archived.path, tmp_path / "b") == before

    @pytest.mark.parametrize(
        ("key", "forged"), [("before", "2026-01-08"), ("rows_sha256", "0" * 64), ("predictions", 7)]
    )
    def test_a_forged_entry_is_told(self, archived: Scene, key: str, forged: Any) -> None:
        forge(
            archived.path,
            lambda entries: [
                (e.kind, e.at, {**e.body, key: forged} if e.kind == "archived" else e.body) for e in entries
            ],
        )
        with pytest.raises(EvidenceError, match=r"\(archived\)"):
            verify(archived.path)

    def test_rows_that_left_without_an_entry_are_told(self, scene: Scene) -> None:
        with duckdb.connect(str(scene.path / store.DATABASE)) as connection:
            connection.execute("DELETE FROM predictions WHERE cohort < '2026-01-05'")
        with pytest.raises(EvidenceError, match="table predictions"):
            verify(scene.path)

    @pytest.mark.parametrize("where", ["remove_rows", "compact", "publish_snapshot"])
    def test_a_stop_in_the_middle_is_made_up_for_by_the_next_run(
        self, scene: Scene, archived_twin: Scene, tmp_path: Path, where: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(Store, where, _stop)
            with pytest.raises(KeyboardInterrupt):
                archive(scene.path, BEFORE, key_file=scene.key)
        archive(scene.path, BEFORE, key_file=scene.key)
        assert contents(scene.path, tmp_path / "a") == contents(archived_twin.path, tmp_path / "b")
        same = [(s.path / "ledger.jsonl").read_bytes() for s in (scene, archived_twin)]
        assert same[0] == same[1]
        assert (scene.path / store.DATABASE).stat().st_size < 4_500_000


class TestCommand:
    def test_help_has_an_example(self) -> None:
        shown = CliRunner().invoke(app, ["archive", "--help"])
        assert "Example: pccp archive" in shown.output

    def test_it_says_what_left_what_stays_and_how_large_the_file_is(
        self, scene: Scene, capsys: pytest.CaptureFixture[str]
    ) -> None:
        words = ["archive", str(scene.path), "--before", "2026-01-10", "--pseudonym-key", str(scene.key)]
        assert run(words) == 0
        said = capsys.readouterr().out
        assert "Bay pneumothorax: 9 cohorts (2026-01-01 to 2026-01-09)" in said
        assert "North pneumothorax: 9 cohorts from 2026-01-01 on stay" in said
        assert "MB before" in said

    def test_a_date_that_is_none_is_refused(self, scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["archive", str(scene.path), "--before", "last year"]) == 2
        assert "YYYY-MM-DD" in capsys.readouterr().err

    def test_status_as_json_keeps_its_shape(
        self, archived: Scene, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run(["status", str(archived.path), "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["sites"][0]["estimates_after"] == "2026-01-09"


@pytest.fixture
def archived_twin(lived_scene: Scene, tmp_path: Path) -> Scene:
    twin = lived_scene.copy(tmp_path / "twin")
    archive(twin.path, BEFORE, key_file=twin.key)
    return twin


def _stop(*_: Any, **__: Any) -> None:
    raise KeyboardInterrupt


def _copy_of(file: Path) -> Path:
    """The same lines and one blank one, so that the bytes are new."""
    copy = file.with_name("copy.csv")
    shutil.copyfile(file, copy)
    copy.write_text(copy.read_text() + "\n")
    return copy
