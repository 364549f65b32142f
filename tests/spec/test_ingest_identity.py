"""Duplicates, conflicts, revisions, waiting and ambiguous outcomes; the same file twice."""

from __future__ import annotations

import random
from datetime import date
from pathlib import Path

import pytest

from monitor import store
from monitor.records import BatchReport
from monitor.store import study_keys
from tests.build_plan import DROP, make_plan
from tests.ingesting import OUTCOMES, RECEIVED, Desk, prediction


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, make_plan())


def account(report: BatchReport) -> dict[str, int]:
    names = ("stored", "duplicates", "revisions", "rejected", "waiting")
    assert report.reconciles()
    return {name: count for name in names if (count := getattr(report, name))}


def test_the_same_prediction_again_is_a_duplicate(desk: Desk) -> None:
    assert account(desk.predictions(prediction(), prediction())) == {"stored": 1, "duplicates": 1}
    assert account(desk.predictions(prediction(), prediction("S2"))) == {"stored": 1, "duplicates": 1}


@pytest.mark.parametrize("changed", [{"score": "0.6"}, {"patient": "P2"}, {"at": "2026-03-02"}])
def test_the_same_key_with_other_content_is_a_conflict_and_the_first_stands(
    desk: Desk, changed: dict[str, str]
) -> None:
    report = desk.predictions(prediction(), prediction(**changed), prediction())
    assert account(report) == {"stored": 1, "duplicates": 1, "rejected": 1}
    assert report.reasons == {"conflicting_prediction": 1}
    again = desk.predictions(prediction(**changed), prediction("S2"))
    assert account(again) == {"stored": 1, "rejected": 1}
    assert desk.query("SELECT score FROM predictions WHERE line = 2") == [(0.5,)]


@pytest.mark.parametrize("most", [0, 2, 500])
def test_what_was_stored_long_ago_is_known_whatever_day_the_row_names(
    desk: Desk, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(study_keys, "MOST_BATCHES", most)
    for number in range(4):
        desk.predictions(prediction(f"S{number}", at=f"2026-01-0{number + 1}"))
        desk.outcomes(f"S{number},north,1,2026-01-2{number}")
    again = desk.predictions(
        prediction("S0", at="2026-01-01"),
        prediction("S1", at="2026-06-01"),
        prediction("S3", at="2026-01-04"),
        prediction("S9"),
    )
    assert account(again) == {"stored": 1, "duplicates": 2, "rejected": 1}
    revised = desk.outcomes("S0,north,0,2026-06-01", "S2,north,1,2026-01-22", "S9,north,1,2026-06-01")
    assert account(revised) == {"stored": 1, "duplicates": 1, "revisions": 1}


@pytest.mark.parametrize(
    "earlier",
    [
        "DROP TABLE batch_links; DROP TABLE study_keys; DELETE FROM migrations WHERE version >= 5",
        "UPDATE study_keys SET study = (SELECT md5_number_lower(study) FROM predictions); "
        "DROP TABLE batch_links; DELETE FROM migrations WHERE version >= 6",
        "DROP TABLE batch_links; DELETE FROM migrations WHERE version >= 7",
    ],
    ids=["without keys", "keys are digests of pseudonyms", "without links"],
)
def test_a_store_of_an_earlier_version_knows_its_studies(desk: Desk, earlier: str) -> None:
    import duckdb

    desk.predictions(prediction("S1"))
    desk.outcomes("S1,north,1,2026-03-20")
    with duckdb.connect(str(desk.workspace / store.DATABASE)) as connection:
        connection.execute(earlier).fetchall()
    assert account(desk.predictions(prediction("S1"), prediction("S2"))) == {"stored": 1, "duplicates": 1}
    assert account(desk.outcomes("S1,north,0,2026-03-21")) == {"revisions": 1}
    assert desk.query("SELECT batch, count(*) FROM study_keys GROUP BY batch ORDER BY batch") == [
        (1, 1),
        (2, 1),
        (3, 1),
        (4, 1),
    ]
    assert desk.query("SELECT * FROM batch_links ORDER BY ALL") == [(2, 1), (3, 1), (3, 2), (4, 1), (4, 2)]


@pytest.mark.parametrize("seed", range(4))
def test_a_cohort_has_its_outcomes_in_whatever_order_the_files_came(
    desk: Desk, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outcomes before their prediction, revised, repeated and of studies in several files."""
    chance, days = random.Random(seed), range(1, 9)
    for _ in range(16):
        numbers = chance.sample(range(40), 12)
        if chance.random() < 0.5:
            desk.predictions(*(prediction(f"S{n}", f"P{n % 9}", at=f"2026-01-0{n % 8 + 1}") for n in numbers))
        else:
            day = chance.choice(days)
            desk.outcomes(*(f"S{n},north,{chance.randint(0, 1)},2026-02-0{day}" for n in numbers))
    with desk.open() as opened:

        def outcomes(number: int) -> dict[str, float]:
            cohort, late = f"2026-01-0{number}", date(2026, 12, 1)
            found = opened.mature_rows(matured_by=late, known_by=late, first=cohort, last=cohort)
            return {s: y for rows in found.values() for s, y in zip(rows.study, rows.outcome, strict=True)}

        by_links = [outcomes(number) for number in days]
        monkeypatch.setattr(study_keys, "MOST_BATCHES", -1)
        of_all = [outcomes(number) for number in days]
    assert str(by_links) == str(of_all)
    assert sum(y == y for found in of_all for y in found.values()) > 3


def test_study_numbers_repeat_across_sites(desk: Desk) -> None:
    assert account(desk.predictions(prediction(site="a"), prediction(site="b"))) == {"stored": 2}


def test_a_refused_row_does_not_take_the_key(desk: Desk) -> None:
    assert account(desk.predictions(prediction(score="x"), prediction())) == {"stored": 1, "rejected": 1}


def test_the_same_file_twice_changes_nothing(desk: Desk) -> None:
    first = desk.predictions(prediction(), prediction("S2", score="7"))
    tables = "SELECT * FROM predictions ORDER BY ALL", "SELECT * FROM batches", "SELECT * FROM outbox"
    before = [desk.query(statement) for statement in tables]
    second = desk.predictions(prediction(), prediction("S2", score="7"))
    assert second.already_ingested
    assert not first.already_ingested
    assert second.as_record() == first.as_record()
    assert [desk.query(statement) for statement in tables] == before
    assert len(desk.ledger) == 1


def test_an_outcome_before_its_prediction_waits_and_is_joined_later(desk: Desk) -> None:
    assert account(desk.outcomes("S1,north,1,2026-03-05")) == {"waiting": 1}
    with desk.open() as opened:
        assert opened.counts()["waiting"] == 1
    desk.predictions(prediction())
    with desk.open() as opened:
        assert opened.counts() == {
            "predictions": 1,
            "outcomes": 1,
            "rejected": 0,
            "duplicates": 0,
            "waiting": 0,
        }


def test_an_outcome_of_another_site_is_not_this_study(desk: Desk) -> None:
    desk.predictions(prediction(site="north"))
    assert account(desk.outcomes("S1,south,1,2026-03-05")) == {"waiting": 1}


def test_a_changed_outcome_is_a_revision(desk: Desk) -> None:
    desk.predictions(prediction())
    assert account(desk.outcomes("S1,north,1,2026-03-05")) == {"stored": 1}
    assert account(desk.outcomes("S1,north,1,2026-03-05", "")) == {"duplicates": 1}
    assert account(desk.outcomes("S1,north,0,2026-03-05")) == {"revisions": 1}
    assert account(desk.outcomes("S1,north,0,2026-03-09")) == {"revisions": 1}
    assert account(desk.outcomes("S1,north,,2026-03-09")) == {"revisions": 1}
    assert desk.query("SELECT outcome, revision FROM outcomes ORDER BY revision") == [
        (1, 1),
        (0, 2),
        (0, 3),
        (None, 4),
    ]


def test_several_lines_of_one_study_are_revisions_in_file_order(desk: Desk) -> None:
    desk.predictions(prediction())
    report = desk.outcomes(
        "S1,north,1,2026-03-05", "S1,north,1,2026-03-05", "S2,north,0,2026-03-05", "S1,north,0,2026-03-06"
    )
    assert account(report) == {"stored": 1, "duplicates": 1, "revisions": 1, "waiting": 1}
    assert desk.query("SELECT outcome, revision, line FROM outcomes ORDER BY line") == [
        (1, 1, 2),
        (0, 1, 4),
        (0, 2, 5),
    ]


def test_taking_a_correction_back_is_a_revision_so_that_the_last_word_stands(desk: Desk) -> None:
    desk.predictions(prediction())
    desk.outcomes("S1,north,1,2026-03-05", "S1,north,0,2026-03-05")
    assert account(desk.outcomes("S1,north,1,2026-03-05")) == {"revisions": 1}
    assert desk.query("SELECT outcome FROM outcomes ORDER BY revision") == [(1,), (0,), (1,)]


def test_each_reader_has_own_revisions(tmp_path: Path) -> None:
    desk = Desk(tmp_path, make_plan(logs__outcomes__columns__reader_id="reader"))
    header = "study_id,site,outcome,observed_at,reader"
    desk.predictions(prediction())
    report = desk.outcomes(
        "S1,north,1,2026-03-05,A", "S1,north,0,2026-03-05,B", "S1,north,1,2026-03-05,B", header=header
    )
    assert account(report) == {"stored": 2, "revisions": 1}


@pytest.fixture
def without_site(tmp_path: Path) -> Desk:
    plan = make_plan(logs__outcomes__columns__site=DROP, logs__outcomes__study_id_globally_unique=True)
    return Desk(tmp_path, plan)


HEADER = "study_id,outcome,observed_at"


def test_without_a_site_the_study_alone_joins(without_site: Desk) -> None:
    without_site.predictions(prediction())
    assert account(without_site.outcomes("S1,1,2026-03-05", "S2,1,2026-03-05", header=HEADER)) == {
        "stored": 1,
        "waiting": 1,
    }
    assert account(without_site.outcomes("S1,0,2026-03-05", header=HEADER)) == {"revisions": 1}


def test_without_a_site_two_matches_are_ambiguous(without_site: Desk) -> None:
    without_site.predictions(prediction(site="a"), prediction(site="b"))
    report = without_site.outcomes("S1,1,2026-03-05", header=HEADER)
    assert (account(report), dict(report.reasons)) == ({"rejected": 1}, {"ambiguous_study": 1})


def test_a_failed_ledger_record_stores_nothing(desk: Desk) -> None:
    def fail(report: BatchReport) -> tuple[int, str]:
        raise RuntimeError("the ledger is full")

    with pytest.raises(RuntimeError), desk.open() as opened:
        opened.ingest(desk.file(f"{OUTCOMES}\nS1,north,1,2026-03-05"), received_on=RECEIVED, record=fail)
    assert desk.query("SELECT count(*) FROM batches") == [(0,)]
    assert desk.query("SELECT count(*) FROM outcomes") == [(0,)]
    assert account(desk.outcomes("S1,north,1,2026-03-05")) == {"waiting": 1}
