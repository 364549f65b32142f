"""What was known on a night: maturity, late outcomes, revisions, readers, and history replayed."""

from __future__ import annotations

import math
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from monitor.records import Place
from tests.build_plan import DROP, make_plan, undated_plan
from tests.ingesting import Desk, prediction

NORTH = Place("north", "lesion")
FAR = date(2100, 1, 1)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Maturity is 28 days after the day of prediction."""
    return Desk(tmp_path, make_plan())


def outcome(desk: Desk, known_by: date = FAR, matured_by: date = FAR, **options: Any) -> float | None:
    """The one study's outcome; None when it is not among the mature rows."""
    with desk.open() as opened:
        found = opened.mature_rows(matured_by=matured_by, known_by=known_by, **options)
    return float(found[NORTH].outcome[0]) if NORTH in found else None


def test_a_cohort_is_mature_after_the_days_of_the_plan(desk: Desk) -> None:
    desk.predictions(prediction(at="2026-03-01"))
    assert outcome(desk, matured_by=date(2026, 3, 28)) is None
    assert math.isnan(outcome(desk, matured_by=date(2026, 3, 29)) or 0.0)
    with desk.open() as opened:
        assert opened.cohorts(date(2026, 3, 28)) == []
        assert [cohort.key for cohort in opened.cohorts(date(2026, 3, 29))] == ["2026-03-01"]


def test_a_month_matures_after_its_last_day(tmp_path: Path) -> None:
    desk = Desk(tmp_path, make_plan(monitoring__cadence="monthly", logs__predictions__time_precision="month"))
    desk.predictions(prediction(at="2026-02"))
    assert outcome(desk, matured_by=date(2026, 3, 27)) is None
    assert outcome(desk, matured_by=date(2026, 3, 28)) is not None


def test_rows_are_unknown_before_they_arrive(desk: Desk) -> None:
    desk.predictions(prediction(), received=date(2026, 4, 10))
    desk.outcomes("S1,north,1,2026-03-05", received=date(2026, 4, 20))
    assert outcome(desk, known_by=date(2026, 4, 9)) is None
    assert math.isnan(outcome(desk, known_by=date(2026, 4, 19)) or 0.0)
    assert outcome(desk, known_by=date(2026, 4, 20)) == 1.0


@pytest.mark.parametrize(("observed", "known"), [("2026-03-29", True), ("2026-03-30", False)])
def test_an_outcome_observed_after_maturity_is_missing_but_kept(
    desk: Desk, observed: str, known: bool
) -> None:
    desk.predictions(prediction())
    desk.outcomes(f"S1,north,1,{observed}")
    assert (outcome(desk) == 1.0) is known
    assert desk.query("SELECT count(*) FROM outcomes") == [(1,)]


def test_the_latest_revision_known_at_maturity_counts(desk: Desk) -> None:
    desk.predictions(prediction(), received=date(2026, 3, 1))
    desk.outcomes("S1,north,1,2026-03-05", received=date(2026, 4, 1))
    desk.outcomes("S1,north,0,2026-03-09", received=date(2026, 5, 1))
    desk.outcomes("S1,north,1,2026-04-09", received=date(2026, 6, 1))
    assert outcome(desk, known_by=date(2026, 4, 30)) == 1.0
    assert outcome(desk) == 0.0


def test_an_indeterminate_revision_is_not_a_negative(desk: Desk) -> None:
    desk.predictions(prediction())
    desk.outcomes("S1,north,1,2026-03-05", "S1,north,,2026-03-06")
    assert math.isnan(outcome(desk) or 0.0)


def test_an_outcome_without_its_day_counts_from_its_arrival(desk: Desk) -> None:
    desk.predictions(prediction("S1"), prediction("S2"))
    desk.outcomes("S1,north,1,", received=date(2026, 3, 29))
    desk.outcomes("S2,north,1,", received=date(2026, 3, 30))
    with desk.open() as opened:
        rows = opened.mature_rows(matured_by=FAR, known_by=FAR)[NORTH]
    assert sorted(rows.outcome.tolist(), key=str) == [1.0, pytest.approx(math.nan, nan_ok=True)]


def test_rows_are_ordered_and_complete(desk: Desk) -> None:
    desk.predictions(
        prediction("S2", at="2026-03-02"),
        prediction("S1", at="2026-03-02"),
        prediction("S9", at="2026-03-01"),
        prediction("S3", site="south", score="0.25"),
    )
    desk.outcomes("S9,north,1,2026-03-05")
    with desk.open() as opened:
        found = opened.mature_rows(matured_by=FAR, known_by=FAR)
        window = opened.mature_rows(matured_by=FAR, known_by=FAR, first="2026-03-02", last="2026-03-02")
        one = opened.mature_rows(matured_by=FAR, known_by=FAR, place=Place("south", "lesion"))
    assert list(found) == [NORTH, Place("south", "lesion")]
    rows = found[NORTH]
    assert rows.cohort.tolist() == ["2026-03-01", "2026-03-02", "2026-03-02"]
    assert rows.study.tolist()[1:] == sorted(rows.study.tolist()[1:])
    assert rows.ai_influence.tolist() == ["blinded", "", ""]
    assert rows.day.dtype == np.dtype("datetime64[D]")
    assert [str(day) for day in rows.day] == ["2026-03-01", "2026-03-02", "2026-03-02"]
    assert {place: len(rows) for place, rows in window.items()} == {NORTH: 2}
    assert {place: rows.score.tolist() for place, rows in one.items()} == {Place("south", "lesion"): [0.25]}


def with_columns(tmp_path: Path, *columns: str) -> Desk:
    constants = {"label_source": "pathology", "label_version": "1", "ai_influence": "blinded"}
    dotted: dict[str, Any] = {f"logs__outcomes__columns__{name}": name for name in columns}
    kept = {name: value for name, value in constants.items() if name not in columns}
    return Desk(tmp_path, make_plan(logs__outcomes__constants=kept, **dotted))


@pytest.mark.parametrize(
    ("column", "value", "usable"),
    [
        ("label_source", "pathology", True),
        ("label_source", "radiology", False),
        ("label_source", "", False),
        ("label_version", "2", False),
        ("ai_influence", "aware", True),
        ("ai_influence", "prefilled", False),
        ("ai_influence", "", False),
    ],
)
def test_only_the_reference_standard_of_the_plan_is_used(
    tmp_path: Path, column: str, value: str, usable: bool
) -> None:
    desk = with_columns(tmp_path, column)
    desk.predictions(prediction())
    desk.outcomes(f"S1,north,1,2026-03-05,{value}", header=f"study_id,site,outcome,observed_at,{column}")
    assert (outcome(desk) == 1.0) is usable


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["S1,north,1,2026-03-05,A", "S1,north,1,2026-03-06,B"], 1.0),
        (["S1,north,1,2026-03-05,A", "S1,north,0,2026-03-06,B"], math.nan),
        (["S1,north,1,2026-03-05,A", "S1,north,,2026-03-06,B"], math.nan),
        (["S1,north,0,2026-03-05,A", "S1,north,1,2026-03-06,B", "S1,north,1,2026-03-07,A"], 1.0),
        (["S1,north,1,2026-03-05,A", "S1,north,0,2026-05-06,B"], 1.0),
    ],
)
def test_several_readers_must_agree(tmp_path: Path, lines: list[str], expected: float) -> None:
    desk = with_columns(tmp_path, "reader_id")
    desk.predictions(prediction())
    desk.outcomes(*lines, header="study_id,site,outcome,observed_at,reader_id")
    assert outcome(desk) == pytest.approx(expected, nan_ok=True)


def test_an_outcome_that_became_ambiguous_is_not_used(tmp_path: Path) -> None:
    plan = make_plan(logs__outcomes__columns__site=DROP, logs__outcomes__study_id_globally_unique=True)
    desk = Desk(tmp_path, plan)
    desk.predictions(prediction(site="north"))
    desk.outcomes("S1,1,2026-03-05", header="study_id,outcome,observed_at")
    assert outcome(desk) == 1.0
    desk.predictions(prediction(site="south"))
    assert math.isnan(outcome(desk) or 0.0)


def known_days(desk: Desk) -> list[str]:
    tables = "SELECT known_on, 1 AS t FROM predictions UNION ALL SELECT known_on, 2 FROM outcomes"
    return [day for (day,) in desk.query(f"SELECT known_on::VARCHAR FROM ({tables}) ORDER BY t, known_on")]


def test_history_is_known_on_its_own_day(desk: Desk) -> None:
    desk.predictions(prediction(at="2026-01-05"), as_history=True)
    desk.outcomes("S1,north,1,2026-01-09", as_history=True)
    assert known_days(desk) == ["2026-01-05", "2026-01-09"]


def test_history_of_months_is_known_at_their_ends(tmp_path: Path) -> None:
    plan = make_plan(
        monitoring__cadence="monthly",
        logs__predictions__time_precision="month",
        logs__outcomes__columns__observed_at=DROP,
    )
    desk = Desk(tmp_path, plan)
    desk.predictions(prediction(at="2026-01"), as_history=True)
    desk.outcomes("S1,north,1", "S2,north,1", header="study_id,site,outcome", as_history=True)
    assert known_days(desk) == ["2026-01-31", "2026-02-28", "2026-06-30"]
    assert outcome(desk, known_by=date(2026, 2, 27), matured_by=date(2026, 2, 28)) is not None
    assert outcome(desk, known_by=date(2026, 2, 28), matured_by=date(2026, 2, 28)) == 1.0


def test_undated_rows_are_known_and_mature_at_once(tmp_path: Path) -> None:
    desk = Desk(tmp_path, undated_plan())
    header = "study_id,patient_id,site,model_version,score,age,view"
    desk.predictions("S1,P1,north,m1,0.5,60,PA", header=header, as_history=True)
    desk.outcomes("S1,north,1", header="study_id,site,outcome", as_history=True)
    assert known_days(desk) == ["2026-06-30", "2026-06-30"]
    assert outcome(desk, matured_by=date(1900, 1, 1)) == 1.0
    with desk.open() as opened:
        rows = opened.mature_rows(matured_by=FAR, known_by=FAR)[NORTH]
    assert np.isnat(rows.day).all()


def test_first_scores_by_day_then_study(desk: Desk) -> None:
    desk.predictions(
        prediction("S3", at="2026-03-02", score="0.3"),
        prediction("S1", at="2026-03-01", score="0.1"),
        prediction("S2", at="2026-03-03", score="0.2"),
    )
    with desk.open() as opened:
        assert opened.first_scores(NORTH, 2, FAR).tolist() == [0.1, 0.3]
        assert opened.first_scores(NORTH, 9, FAR).tolist() == [0.1, 0.3, 0.2]
        assert opened.first_scores(NORTH, 2, date(2026, 6, 29)).tolist() == []
        assert opened.site_counts(FAR) == {NORTH: 3}
        assert opened.first_day() == date(2026, 3, 1)
        assert opened.last_cohort_end() == date(2026, 3, 3)
