"""Studies that the prediction log excludes: logged with their reason, and read by nothing that decides."""

from __future__ import annotations

import json
import random
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from monitor import store
from monitor.errors import EvidenceError
from monitor.operation.evidence.verify import verify
from monitor.operation.night import ingest, nightly
from monitor.operation.reading.finding import find
from monitor.operation.workspace import initialise, open_workspace
from monitor.plan.model import ChangePlan
from monitor.records import BatchReport, Place
from monitor.store import Exclusions, Store
from tests.build_plan import DROP, make_plan
from tests.evidence import PLAN, contents
from tests.ingesting import KEY, PREDICTIONS, Desk, prediction

HEADER = PREDICTIONS + ",excluded_because"
PLACE = Place("north", "lesion")
LATE = date(2026, 7, 15)
MAPPED = {"logs__predictions__columns__exclusion": "excluded_because"}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, make_plan(logs__predictions__columns__exclusion="excluded_because"))


def study(name: str = "S1", reason: str = "", score: str = "0.5", **cells: str) -> str:
    return f"{prediction(name, score=score, **cells)},{reason}"


def deliver(desk: Desk, *lines: str) -> BatchReport:
    report = desk.predictions(*lines, header=HEADER)
    assert report.reconciles()
    return report


def account(report: BatchReport) -> dict[str, int]:
    names = ("stored", "duplicates", "revisions", "rejected", "waiting")
    return {name: count for name in names if (count := getattr(report, name))}


def counted(desk: Desk) -> list[str]:
    """Pseudonyms of the studies that fits, looks and verdicts are made of."""
    with desk.open() as opened:
        found = opened.mature_rows(matured_by=LATE, known_by=LATE)
        assert sum(opened.site_counts(LATE).values()) == sum(len(rows) for rows in found.values())
    return [name for rows in found.values() for name in rows.study.tolist()]


def excluded(desk: Desk, known_by: date = LATE, **wanted: str | date) -> Exclusions:
    with desk.open() as opened:
        return opened.exclusions(known_by=known_by, **wanted)[PLACE]  # type: ignore[arg-type]


def pseudonym(name: str) -> str:
    return store.pseudonym(KEY, "study", name)


class TestWhatIsAnExclusion:
    def test_a_study_with_a_reason_is_stored_apart_and_counts_nowhere(self, desk: Desk) -> None:
        report = deliver(desk, study("S1"), study("S2", "motion"), study("S3", "motion", score=""))
        assert account(report) == {"stored": 3}
        assert report.notes == {"excluded": 2}
        assert counted(desk) == [pseudonym("S1")]
        assert desk.query("SELECT count(*) FROM predictions") == [(1,)]
        assert desk.query(
            "SELECT reason, score, cohort, covariate_age, covariate_view, line FROM exclusions ORDER BY line"
        ) == [("motion", 0.5, "2026-03-01", 60.0, "PA", 3), ("motion", None, "2026-03-01", 60.0, "PA", 4)]

    def test_the_report_does_not_repeat_the_reason(self, desk: Desk) -> None:
        assert "motion" not in json.dumps(deliver(desk, study("S1", "motion")).as_record())

    def test_without_a_reason_a_study_without_a_score_is_refused_as_before(self, desk: Desk) -> None:
        assert deliver(desk, study("S1", score="")).reasons == {"missing_score": 1}
        assert deliver(desk, study("S2", "  ", score="-1")).reasons == {"sentinel_score": 1}

    def test_a_score_that_means_none_is_no_score(self, desk: Desk) -> None:
        assert account(deliver(desk, study("S1", "motion", score="-1"))) == {"stored": 1}
        assert desk.query("SELECT score FROM exclusions") == [(None,)]

    def test_the_plans_words_for_no_value_are_no_reason(self, tmp_path: Path) -> None:
        desk = Desk(tmp_path, make_plan(**MAPPED, logs__predictions__missing=["none"]))
        assert deliver(desk, study("S1", "none"), study("S2", "motion")).notes == {"excluded": 1}

    @pytest.mark.parametrize(
        ("line", "reason"),
        [
            (study("S1", "x" * 201), "label_too_long"),
            (study("S1", "mo\u202etion"), "control_character"),
            (study("S1", "motion", score="7"), "score_out_of_range"),
            (study("S1", "motion", score="1e400"), "score_out_of_range"),
            (study("S1", "motion", score="high"), "score_not_a_number"),
            (study("", "motion", score=""), "missing_study"),
            (study("S1", "motion", score="", patient=""), "missing_patient"),
            (study("S1", "motion", score="", at=""), "missing_time"),
        ],
    )
    def test_it_needs_all_that_a_prediction_needs_but_the_score(
        self, desk: Desk, line: str, reason: str
    ) -> None:
        assert deliver(desk, line).reasons == {reason: 1}
        assert desk.query("SELECT count(*) FROM exclusions") == [(0,)]

    def test_a_refused_reason_is_kept_as_a_keyed_hash_only(self, desk: Desk) -> None:
        deliver(desk, study("S1", "Rosa is too young", score="7"))
        (row,) = desk.rejected()
        assert row["fields"]["excluded_because"].startswith("keyed hash ")
        assert b"Rosa" not in desk.bytes_kept()

    def test_a_dry_run_says_the_same(self, desk: Desk) -> None:
        lines = [HEADER, study("S1", "motion"), study("S2", "motion", score="7"), study("S3")]
        said = desk.dry_run("\n".join(lines))
        assert (said.report.stored, said.report.notes) == (2, {"excluded": 1})
        assert said.examples["score_out_of_range"][0].column == "score"
        assert desk.query("SELECT count(*) FROM exclusions") == [(0,)]


class TestTheFirstWordStands:
    def test_the_same_exclusion_again_is_a_duplicate(self, desk: Desk) -> None:
        line = study("S1", "motion", score="")
        assert account(deliver(desk, line, line)) == {"stored": 1, "duplicates": 1}
        assert account(deliver(desk, line, study("S2"))) == {"stored": 1, "duplicates": 1}

    @pytest.mark.parametrize(
        "other",
        [
            study("S1", "obstruction"),
            study("S1", "motion", score="0.6"),
            study("S1", "motion", score=""),
            study("S1", "motion", patient="P2"),
            study("S1", "motion", at="2026-03-02"),
        ],
    )
    def test_one_that_says_something_else_is_refused(self, desk: Desk, other: str) -> None:
        for report in (deliver(desk, study("S1", "motion"), other), deliver(desk, other, study("S2"))):
            assert account(report) == {"stored": 1, "rejected": 1}
            assert report.reasons == {"conflicting_exclusion": 1}
        assert desk.query("SELECT reason, score FROM exclusions") == [("motion", 0.5)]

    def test_an_excluded_study_never_becomes_a_prediction(self, desk: Desk) -> None:
        report = deliver(desk, study("S1", "motion"), study("S1"), study("S1"))
        assert (account(report), dict(report.reasons)) == (
            {"stored": 1, "rejected": 2},
            {"conflicting_exclusion": 2},
        )
        assert deliver(desk, study("S1"), study("S2")).reasons == {"conflicting_exclusion": 1}
        assert counted(desk) == [pseudonym("S2")]

    def test_a_prediction_stays_one_when_its_study_is_excluded_later(self, desk: Desk) -> None:
        deliver(desk, study("S1"))
        report = deliver(desk, study("S1", "motion"))
        assert account(report) == {"stored": 1}
        assert report.notes == {"excluded": 1, "excluded_after_prediction": 1}
        assert counted(desk) == [pseudonym("S1")]
        assert excluded(desk).counted.tolist() == [True]
        assert account(deliver(desk, study("S1"), study("S1", "motion"))) == {"duplicates": 2}

    def test_within_one_file_the_first_line_stands(self, desk: Desk) -> None:
        report = deliver(desk, study("S1"), study("S1", "motion", score=""), study("S1"))
        assert account(report) == {"stored": 2, "duplicates": 1}
        assert report.notes == {"excluded": 1, "excluded_after_prediction": 1}
        assert counted(desk) == [pseudonym("S1")]

    @pytest.mark.parametrize("differs", [{"patient": "P2"}, {"at": "2026-03-02"}, {"score": "0.6"}])
    def test_an_exclusion_must_not_contradict_the_prediction_of_its_study(
        self, desk: Desk, differs: dict[str, str]
    ) -> None:
        report = deliver(desk, study("S1"), study("S1", "motion", **differs))
        assert report.reasons == {"conflicting_exclusion": 1}
        assert deliver(desk, study("S1", "dark", **differs)).reasons == {"conflicting_exclusion": 1}

    def test_a_refused_exclusion_does_not_take_the_key(self, desk: Desk) -> None:
        assert account(deliver(desk, study("S1", "motion", score="7"), study("S1"))) == {
            "stored": 1,
            "rejected": 1,
        }

    def test_study_numbers_repeat_across_sites(self, desk: Desk) -> None:
        deliver(desk, study("S1", "motion", site="south"), study("S1"))
        assert counted(desk) == [pseudonym("S1")]

    def test_an_excluded_study_stays_excluded_under_a_plan_without_the_column(self, desk: Desk) -> None:
        deliver(desk, study("S1", "motion"))
        desk.plan = make_plan()
        report = desk.predictions(prediction("S1"), prediction("S2"))
        assert report.reasons == {"conflicting_exclusion": 1}

    def test_the_same_file_twice_changes_nothing(self, desk: Desk) -> None:
        lines = study("S1"), study("S2", "motion")
        deliver(desk, *lines)
        assert deliver(desk, *lines).already_ingested
        assert desk.query("SELECT count(*) FROM exclusions") == [(1,)]


class PlainReader:
    """The rule in a few lines: the first word about a study stands."""

    def __init__(self) -> None:
        self.predictions: dict[str, tuple[str, ...]] = {}
        self.exclusions: dict[str, tuple[str, ...]] = {}

    def read(self, name: str, patient: str, day: str, score: str, reason: str) -> str:
        """What becomes of one line."""
        said = (patient, day, score)
        if reason:
            return self._excluded(name, said, reason)
        if name in self.predictions:
            return "duplicate" if self.predictions[name] == said else "conflicting_prediction"
        if name in self.exclusions:
            return "conflicting_exclusion"
        self.predictions[name] = said
        return "stored"

    def _excluded(self, name: str, said: tuple[str, ...], reason: str) -> str:
        if name in self.exclusions:
            return "duplicate" if self.exclusions[name] == (*said, reason) else "conflicting_exclusion"
        before = self.predictions.get(name, said)
        if before[:2] != said[:2] or (said[2] and before[2] != said[2]):
            return "conflicting_exclusion"
        self.exclusions[name] = (*said, reason)
        return "stored"


@pytest.mark.parametrize("seed", range(8))
def test_ingest_equals_a_plain_reader_on_random_logs(seed: int, desk: Desk) -> None:
    """Few studies, days and reasons, so that they repeat, conflict and change their kind."""
    rng, reader = random.Random(seed), PlainReader()
    for number in range(3):
        lines: list[str] = []
        expected: Counter[str] = Counter()
        for _ in range(25):
            name, patient, day = f"S{rng.randrange(8)}", rng.choice(("P1", "P1", "P2")), rng.choice("112")
            reason = rng.choice(("", "", "motion", "dark"))
            score = rng.choice(("0.5", "0.5", "0.6", *([""] if reason else [])))
            expected[reader.read(name, patient, day, score, reason)] += 1
            lines.append(study(name, reason, score, patient=patient, at=f"2026-03-0{day}"))
        report = desk.deliver("\n".join([HEADER, *lines, *[""] * number]) + "\n")
        found = Counter(report.reasons) + Counter(stored=report.stored, duplicate=report.duplicates)
        assert found == expected
    assert sorted(counted(desk)) == sorted(map(pseudonym, reader.predictions))
    assert sorted(excluded(desk).study.tolist()) == sorted(map(pseudonym, reader.exclusions))
    told = dict(zip(excluded(desk).study, excluded(desk).counted, strict=True))
    assert told == {pseudonym(name): name in reader.predictions for name in reader.exclusions}


class TestOutcomes:
    def test_the_outcome_of_an_excluded_study_does_not_wait(self, desk: Desk) -> None:
        deliver(desk, study("S1", "motion", score=""))
        assert account(desk.outcomes("S1,north,1,2026-03-05")) == {"stored": 1}
        with desk.open() as opened:
            assert opened.counts()["waiting"] == 0
        assert excluded(desk).outcome.tolist() == [1.0]

    def test_one_that_came_first_waits_no_longer(self, desk: Desk) -> None:
        assert account(desk.outcomes("S1,north,0,2026-03-05")) == {"waiting": 1}
        deliver(desk, study("S1", "motion"))
        with desk.open() as opened:
            assert opened.counts()["waiting"] == 0
        assert excluded(desk).outcome.tolist() == [0.0]

    def test_another_sites_outcome_is_not_its_own(self, desk: Desk) -> None:
        deliver(desk, study("S1", "motion"))
        assert account(desk.outcomes("S1,south,1,2026-03-05")) == {"waiting": 1}
        assert np.isnan(excluded(desk).outcome).all()

    def test_it_is_taken_as_it_was_known_at_maturity(self, desk: Desk) -> None:
        deliver(desk, study("S1", "motion"), study("S2", "motion"), study("S3", "motion"))
        desk.outcomes("S1,north,1,2026-03-05", "S1,north,0,2026-04-20", "S2,north,1,2026-04-20")
        assert excluded(desk).study.tolist() == sorted(map(pseudonym, ("S1", "S2", "S3")))
        by_study = dict(zip(excluded(desk).study, excluded(desk).outcome, strict=True))
        assert by_study[pseudonym("S1")] == 1.0
        assert np.isnan([by_study[pseudonym("S2")], by_study[pseudonym("S3")]]).all()

    def test_before_maturity_it_is_not_told(self, desk: Desk) -> None:
        """A cohort of 1 March is mature on the 29th; of an immature one the positives would come first."""
        desk.predictions(study("S1", "motion"), header=HEADER, as_history=True)
        desk.outcomes("S1,north,1,2026-03-05", as_history=True)
        with desk.open() as opened:
            assert opened.exclusions(known_by=date(2026, 3, 28), matured_by=date(2026, 3, 28)) == {}
        assert np.isnan(excluded(desk, date(2026, 3, 28)).outcome).all()
        assert excluded(desk, date(2026, 3, 29)).outcome.tolist() == [1.0]
        assert excluded(desk, date(2026, 3, 29), matured_by=date(2026, 3, 29)).outcome.tolist() == [1.0]

    def test_an_outcome_of_a_study_that_is_excluded_at_one_site_and_predicted_at_another_is_ambiguous(
        self, tmp_path: Path
    ) -> None:
        plan = make_plan(
            **MAPPED,
            logs__outcomes__columns__site=DROP,
            logs__outcomes__study_id_globally_unique=True,
        )
        desk = Desk(tmp_path, plan)
        deliver(desk, study("S1", "motion", site="a"), study("S1", site="b"), study("S2", "motion"))
        report = desk.outcomes("S1,1,2026-03-05", "S2,1,2026-03-05", header="study_id,outcome,observed_at")
        assert (account(report), dict(report.reasons)) == (
            {"stored": 1, "rejected": 1},
            {"ambiguous_study": 1},
        )

    def test_a_study_that_is_both_predicted_and_excluded_is_not_ambiguous(self, tmp_path: Path) -> None:
        plan = make_plan(
            **MAPPED,
            logs__outcomes__columns__site=DROP,
            logs__outcomes__study_id_globally_unique=True,
        )
        desk = Desk(tmp_path, plan)
        deliver(desk, study("S1"), study("S1", "motion"))
        report = desk.outcomes("S1,1,2026-03-05", header="study_id,outcome,observed_at")
        assert account(report) == {"stored": 1}


class TestReading:
    def test_what_was_not_there_yet_is_not_told(self, desk: Desk) -> None:
        deliver(desk, study("S1", "motion"))
        desk.predictions(study("S2", "dark"), header=HEADER, received=date(2026, 7, 1))
        assert len(excluded(desk, date(2026, 6, 30))) == 1
        assert len(excluded(desk, date(2026, 7, 1))) == 2

    def test_cohorts_and_places_can_be_chosen(self, desk: Desk) -> None:
        days = ("2026-03-01", "2026-03-02", "2026-03-03")
        lines = [study(f"S{day}", "motion", at=day, site=site) for day in days for site in ("north", "south")]
        deliver(desk, *lines)
        found = excluded(desk, date(2026, 6, 30), first="2026-03-02", last="2026-03-02")
        assert found.cohort.tolist() == ["2026-03-02"]
        with desk.open() as opened:
            assert set(opened.exclusions(known_by=date(2026, 6, 30))) == {PLACE, Place("south", "lesion")}
            only = opened.exclusions(known_by=date(2026, 6, 30), place=PLACE)
        assert only.keys() == {PLACE}

    def test_records_carry_what_a_comparison_needs_and_cannot_be_changed(self, desk: Desk) -> None:
        deliver(
            desk,
            f"{prediction('S1', rest=('m1', '', 'AP'), score='')},dark",
            f"{prediction('S2', 'P2', rest=('m1', '200', ''))},motion",
        )
        found = excluded(desk)
        order = np.argsort(found.reason.astype(str))
        assert found.reason[order].tolist() == ["dark", "motion"]
        assert found.patient[order].tolist() == [store.pseudonym(KEY, "patient", p) for p in ("P1", "P2")]
        assert np.isnan(found.score[order]).tolist() == [True, False]
        assert found.covariates["view"][order].tolist() == ["AP", None]
        assert np.isnan(found.covariates["age"]).all()
        assert found.day.astype(str).tolist() == ["2026-03-01"] * 2
        assert len(found.where(found.reason == "dark").covariates["view"]) == 1
        with pytest.raises(ValueError, match="read-only"):
            found.score[0] = 0.0

    def test_a_store_without_exclusions_has_none(self, tmp_path: Path) -> None:
        desk = Desk(tmp_path, make_plan())
        desk.predictions(prediction())
        with desk.open() as opened:
            assert opened.exclusions(known_by=LATE) == {}

    def test_a_stratum_is_a_place_and_its_outcomes_name_the_hospital(self, tmp_path: Path) -> None:
        desk = Desk(tmp_path, make_plan(**MAPPED, logs__strata={"covariate": "view"}))
        deliver(desk, study("S1", "motion"), f"{prediction('S2', rest=('m1', '60', ''))},motion")
        assert account(desk.outcomes("S1,north,1,2026-03-05")) == {"stored": 1}
        with desk.open() as opened:
            found = opened.exclusions(known_by=LATE)
        assert {place.site for place in found} == {"north / PA", "north / other"}
        assert found[Place("north / PA", "lesion")].outcome.tolist() == [1.0]
        deliver(desk, f"{prediction('S1', rest=('m1', '60', 'AP'))},")  # another stratum, the same study
        assert counted(desk) == []

    def test_an_undated_log_has_them_too(self, tmp_path: Path) -> None:
        from tests.build_plan import undated_plan

        desk = Desk(tmp_path, undated_plan(**MAPPED))
        header = "study_id,patient_id,site,model_version,score,age,view,excluded_because"
        desk.predictions("S1,P1,north,m1,,60,PA,motion", "S2,P2,north,m1,0.5,60,PA,", header=header)
        desk.outcomes("S1,north,1", header="study_id,site,outcome")
        found = excluded(desk, date(2026, 6, 30))
        assert (found.cohort.tolist(), found.outcome.tolist()) == (["cohort-1"], [1.0])
        assert np.isnat(found.day).all()

    def test_when_old_rows_leave_the_database_an_excluded_study_is_still_known(self, desk: Desk) -> None:
        deliver(desk, study("S1"), study("S2", "motion"), study("S3", at="2026-03-09"))
        with desk.open() as opened:
            opened.remove_rows(opened.cohort_rows(date(2026, 3, 5)), 10)
            assert opened.exclusions(known_by=date(2026, 6, 30)) == {}  # of whole cohorts only
        assert account(deliver(desk, study("S2", "motion"), study("S2"))) == {"duplicates": 1, "rejected": 1}
        report = deliver(desk, study("S1", "motion"))
        assert report.notes == {
            "excluded": 1,
            "excluded_after_prediction": 1,
            "of_archived_cohorts": 1,
        }
        assert account(desk.outcomes("S2,north,1,2026-03-05")) == {"stored": 1}


class TestEvidence:
    def restored(self, desk: Desk, folder: Path, plan: ChangePlan) -> store.Content:
        """Another store, filled from the archived batches and the ledger's records alone."""
        workspace = folder / "again"
        store.create(workspace, plan)
        with store.open_store(workspace, plan, None) as opened:
            for number, line in enumerate(desk.ledger):
                body = {**json.loads(line), "as_history": False}
                opened.restore_batch(desk.workspace / "archive" / f"{body['archive_sha256']}.parquet", body)
                opened.put_outbox(number, line)
            return opened.content()

    @pytest.mark.parametrize("strata", [None, {"covariate": "view"}])
    def test_archive_and_records_lead_to_the_same_tables(
        self, tmp_path: Path, strata: dict[str, str] | None
    ) -> None:
        plan = make_plan(**MAPPED, logs__strata=strata)
        desk = Desk(tmp_path, plan)
        deliver(desk, study("S1"), study("S2", "motion", score=""), study("S3", "dark"))
        deliver(desk, study("S1", "dark"), study("S4"))
        deliver(desk, study("S5", "dark"))
        desk.outcomes("S2,north,1,2026-03-05", "S1,north,0,2026-03-05")
        with desk.open() as opened:
            before = opened.content()
        assert self.restored(desk, tmp_path, plan).tables == before.tables
        assert desk.query("SELECT count(*) FROM exclusions") == [(4,)]

    def test_an_archive_that_lost_an_exclusion_is_refused(self, desk: Desk, tmp_path: Path) -> None:
        deliver(desk, study("S1"), study("S2", "motion"))
        body = json.loads(desk.ledger[0])
        desk.ledger[0] = json.dumps({**body, "stored": 3})
        with pytest.raises(EvidenceError, match="3 accepted rows, its archive holds 2"):
            self.restored(desk, tmp_path, desk.plan)

    def test_a_plan_without_the_column_archives_what_it_always_did(self, tmp_path: Path) -> None:
        """The bytes of an archived batch, by which the ledger knows it, do not depend on the new column."""
        import duckdb

        desk = Desk(tmp_path, make_plan())
        report = desk.predictions(study("S1", "motion"), header=HEADER)
        assert report.notes == {"ignored_columns": 1}
        assert counted(desk) == [pseudonym("S1")]
        file = desk.workspace / "archive" / f"{report.archive_sha256}.parquet"
        described = duckdb.sql(f"DESCRIBE FROM read_parquet('{file}')").fetchall()
        assert [name for name, *_ in described][-4:] == [
            "reader_decision",
            "covariate_age",
            "covariate_view",
            "line",
        ]

    def test_an_older_store_gets_the_table_when_it_is_opened(self, desk: Desk) -> None:
        import duckdb

        deliver(desk, study("S1"))
        with duckdb.connect(str(desk.workspace / store.DATABASE)) as connection:
            connection.execute("DROP TABLE exclusions")
            connection.execute("DELETE FROM migrations WHERE name = 'exclusions.sql'")
        assert deliver(desk, study("S2", "motion")).notes == {"excluded": 1}

    def test_an_older_snapshot_is_read_as_one_without_exclusions(self, desk: Desk) -> None:
        import duckdb

        deliver(desk, study("S1"))
        with desk.open() as opened:
            opened.publish_snapshot()
        with duckdb.connect(str(desk.workspace / store.SNAPSHOT)) as connection:
            connection.execute("DROP TABLE exclusions")
        with store.open_snapshot(desk.workspace, desk.plan) as snapshot:
            assert snapshot.counts()["predictions"] == 1
            assert snapshot.exclusions(known_by=LATE) == {}
            assert [item.excluded for item in snapshot.find_predictions("study", pseudonym("S1"))] == [False]

    def test_a_person_is_found_among_the_excluded(self, desk: Desk) -> None:
        deliver(desk, study("S1"), study("S2", "motion", score=""), study("S3", patient="P3"))
        with desk.open() as opened:
            found = opened.find_predictions("patient", store.pseudonym(KEY, "patient", "P1"))
        assert {item.study: item.excluded for item in found} == {
            pseudonym("S1"): False,
            pseudonym("S2"): True,
        }


class TestInAWorkspace:
    """Through the plan's YAML, the ledger, a night, `verify`, a rebuild and `pccp find`."""

    @pytest.fixture
    def workspace(self, tmp_path: Path, key_file: Path) -> Path:
        text = PLAN.read_text(encoding="utf-8")
        plan = tmp_path / "plan.yaml"
        plan.write_text(
            text.replace("      score: ptx_score\n", "      score: ptx_score\n      exclusion: why\n")
        )
        head = "accession,mrn,hospital,inference_time,model_version,ptx_score,age,kvp,view,scanner_vendor,why"
        row = "{0},M-{0},North,2026-01-01T08:00:00+01:00,ptx-3.2.0,{1},50,120,PA,A,{2}"
        rows = [
            row.format("A-1", "0.2", ""),
            row.format("A-2", "", "motion"),
            row.format("A-3", "0.9", "dark"),
        ]
        (tmp_path / "p.csv").write_text("\n".join([head, *rows]) + "\n")
        initialise(tmp_path / "w", plan, key_file, at="2026-01-01")
        ingest(tmp_path / "w", [tmp_path / "p.csv"], date(2026, 1, 1), key_file=key_file)
        nightly(tmp_path / "w", date(2026, 1, 1) + timedelta(days=90), key_file=key_file)
        return tmp_path / "w"

    def test_it_verifies_and_is_rebuilt_to_the_same_content(
        self, workspace: Path, key_file: Path, tmp_path: Path
    ) -> None:
        assert verify(workspace, key_file=key_file).tables > 0
        before = contents(workspace, tmp_path)
        for name in (store.DATABASE, store.SNAPSHOT):
            (workspace / name).unlink()
        with open_workspace(workspace, key_file) as opened:
            assert self.reasons(opened.store) == ["dark", "motion"]
        assert contents(workspace, tmp_path) == before

    def test_no_night_saw_an_excluded_study(self, workspace: Path, key_file: Path) -> None:
        with open_workspace(workspace, key_file) as opened:
            assert sum(count.rows for count in opened.store.cohort_counts()) == 1

    def test_an_excluded_study_is_found(self, workspace: Path, key_file: Path) -> None:
        found = find(workspace, "patient", "M-A-2", key_file)
        assert [(item["site"], item["used"]) for item in found["predictions"]] == [("North", [])]

    def reasons(self, opened: Store) -> list[str]:
        (found,) = opened.exclusions(known_by=LATE).values()
        return sorted(found.reason.tolist())
