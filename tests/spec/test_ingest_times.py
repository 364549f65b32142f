"""How times are read at each precision, and which cohort a day belongs to."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from monitor.errors import PlanError
from monitor.plan.model import ChangePlan
from tests.build_plan import make_plan, undated_plan
from tests.ingesting import Desk, prediction


def with_precision(precision: str, cadence: str = "daily", **more: Any) -> ChangePlan:
    return make_plan(
        logs__predictions__time_precision=precision,
        monitoring__cadence=cadence,
        **{f"logs__predictions__{name}": value for name, value in more.items()},
    )


def day_of(tmp_path: Path, plan: ChangePlan, written: str) -> str:
    desk = Desk(tmp_path, plan)
    report = desk.predictions(prediction(at=written))
    if report.rejected:
        return next(iter(report.reasons))
    return str(desk.query("SELECT day FROM predictions")[0][0])


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2026-03-01T23:30:00", "2026-03-01"),
        ("2026-03-01 23:30", "2026-03-01"),
        ("2026-03-01T23:30:00Z", "2026-03-02"),
        ("2026-03-01T23:30:00+00:00", "2026-03-02"),
        ("2026-03-01T23:30:00.123456+0200", "2026-03-01"),
        ("2026-03-01T00:30:00+03", "2026-02-28"),
        ("2026-03-01", "unparseable_time"),
        ("2026-03-01T25:00:00", "unparseable_time"),
        ("2026-03-01T12:00:00 Europe/Berlin", "unparseable_time"),
        ("01/03/2026 12:00", "unparseable_time"),
    ],
)
def test_a_second_is_a_local_day_in_the_zone_of_the_plan(tmp_path: Path, written: str, day: str) -> None:
    assert day_of(tmp_path, with_precision("second", timezone="Europe/Berlin"), written) == day


def test_without_a_zone_in_plan_or_cell_the_time_is_refused(tmp_path: Path) -> None:
    assert day_of(tmp_path, with_precision("second"), "2026-03-01T12:00:00") == "time_without_zone"


def test_an_offset_needs_no_zone_in_the_plan(tmp_path: Path) -> None:
    assert day_of(tmp_path, with_precision("second"), "2026-03-01T23:30:00-05:00") == "2026-03-02"


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2026-03", "2026-03-01"),
        ("2026-13", "unparseable_time"),
        ("2026-03-01", "unparseable_time"),
        ("Mar 2026", "unparseable_time"),
    ],
)
def test_a_month_stands_for_its_first_day(tmp_path: Path, written: str, day: str) -> None:
    assert day_of(tmp_path, with_precision("month", "monthly"), written) == day


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("0", "2026-03-01"),
        ("31", "2026-04-01"),
        ("4.9", "2026-03-05"),
        ("-0.5", "2026-02-28"),
        ("1e2", "unparseable_time"),
        ("nan", "unparseable_time"),
        ("99999999", "unparseable_time"),
    ],
)
def test_an_integer_day_counts_from_day_zero(tmp_path: Path, written: str, day: str) -> None:
    assert day_of(tmp_path, with_precision("integer_day", day_zero="2026-03-01"), written) == day


@pytest.mark.parametrize(
    ("cadence", "written", "cohort", "end"),
    [
        ("daily", "2026-03-01", "2026-03-01", "2026-03-01"),
        ("weekly", "2026-03-01", "2026-W09", "2026-03-01"),
        ("weekly", "2025-12-29", "2026-W01", "2026-01-04"),
        ("monthly", "2026-02-10", "2026-02", "2026-02-28"),
    ],
)
def test_the_cadence_cuts_days_into_cohorts(
    tmp_path: Path, cadence: str, written: str, cohort: str, end: str
) -> None:
    desk = Desk(tmp_path, with_precision("day", cadence))
    desk.predictions(prediction(at=written))
    assert desk.query("SELECT cohort, cohort_end::VARCHAR FROM predictions") == [(cohort, end)]


def test_months_cannot_be_cut_into_days(tmp_path: Path) -> None:
    desk = Desk(tmp_path, with_precision("month", "daily"))
    with pytest.raises(PlanError, match="cadence"):
        desk.predictions(prediction(at="2026-03"))


HEADER = "study_id,patient_id,site,model_version,score,age,view"


def test_without_times_one_file_is_one_cohort(tmp_path: Path) -> None:
    desk = Desk(tmp_path, undated_plan())
    desk.predictions("S1,P1,a,m1,0.5,60,PA", header=HEADER)
    desk.predictions("S2,P1,a,m1,0.5,60,PA", header=HEADER)
    assert desk.query("SELECT cohort, day, cohort_end FROM predictions ORDER BY cohort") == [
        ("cohort-1", None, None),
        ("cohort-2", None, None),
    ]
    with desk.open() as opened:
        assert [(c.key, c.end) for c in opened.cohorts(date(1900, 1, 1))] == [
            ("cohort-1", None),
            ("cohort-2", None),
        ]
        assert opened.first_day() is None


def test_without_times_the_cohort_column_names_the_cohort(tmp_path: Path) -> None:
    desk = Desk(tmp_path, undated_plan(logs__predictions__columns__cohort="wave"))
    desk.predictions("S1,P1,a,m1,0.5,60,PA,second", "S2,P1,a,m1,0.5,60,PA,", header=HEADER + ",wave")
    assert desk.query("SELECT cohort FROM predictions ORDER BY line") == [("second",), ("cohort-1",)]


def observed(tmp_path: Path, plan: ChangePlan, written: str) -> str:
    desk = Desk(tmp_path, plan)
    report = desk.outcomes(f"S1,north,1,{written}")
    if report.rejected:
        return next(iter(report.reasons))
    return str(desk.query("SELECT observed_on FROM outcomes")[0][0])


@pytest.mark.parametrize("written", ["2026-03-05", "2026-03-05T10:00:00", "2026-03-05T10:00:00+01:00"])
@pytest.mark.parametrize("precision", ["day", "second"])
def test_an_outcome_may_give_a_day_or_a_second(tmp_path: Path, precision: str, written: str) -> None:
    assert observed(tmp_path, with_precision(precision, timezone="Europe/Berlin"), written) == "2026-03-05"


def test_an_outcome_of_a_month_is_known_at_its_end(tmp_path: Path) -> None:
    assert observed(tmp_path, with_precision("month", "monthly"), "2026-02") == "2026-02-28"


def test_an_outcome_of_a_fractional_day_is_floored(tmp_path: Path) -> None:
    assert observed(tmp_path, with_precision("integer_day", day_zero="2020-01-01"), "4.275") == "2020-01-05"


def test_an_outcome_is_not_observed_tomorrow(tmp_path: Path) -> None:
    assert observed(tmp_path, make_plan(), "2026-07-01") == "in_the_future"
