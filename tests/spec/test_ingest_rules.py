"""Which rows are refused, and for which reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.build_plan import DROP, make_plan
from tests.ingesting import Desk, prediction


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, make_plan())


def test_a_good_row_is_stored(desk: Desk) -> None:
    report = desk.predictions(prediction())
    assert (report.rows_read, report.stored, report.rejected) == (1, 1, 0)
    assert desk.query(
        "SELECT site, score, day::VARCHAR, cohort, covariate_age, covariate_view, line FROM predictions"
    ) == [("north", 0.5, "2026-03-01", "2026-03-01", 60.0, "PA", 2)]


@pytest.mark.parametrize(
    ("score", "reason"),
    [
        ("", "missing_score"),
        ("  ", "missing_score"),
        ("-1", "sentinel_score"),
        ("-1.0", "sentinel_score"),
        ("1.0000001", "score_out_of_range"),
        ("-0.1", "score_out_of_range"),
        ("1e400", "score_out_of_range"),
        ("nan", "score_not_a_number"),
        ("NaN", "score_not_a_number"),
        ("inf", "score_not_a_number"),
        ("0x1F", "score_not_a_number"),
        ("1_000", "score_not_a_number"),
        ("0.5%", "score_not_a_number"),
        ("half", "score_not_a_number"),
    ],
)
def test_a_score_must_be_a_number_in_zero_to_one(desk: Desk, score: str, reason: str) -> None:
    assert desk.refused(prediction(score=score)) == {reason: 1}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("0", 0.0),
        ("1", 1.0),
        ("1.", 1.0),
        (".5", 0.5),
        ("5e-1", 0.5),
        ("2.5E-05", 2.5e-5),
        (" 0.25 ", 0.25),
        ("+0.5", 0.5),
    ],
)
def test_decimal_and_scientific_scores_are_exact(desk: Desk, written: str, value: float) -> None:
    assert desk.predictions(prediction(score=written)).stored == 1
    assert desk.query("SELECT score FROM predictions") == [(value,)]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (prediction(study=""), "missing_study"),
        (prediction(patient=" "), "missing_patient"),
        (prediction(site=""), "missing_site"),
        (prediction(rest=("m0", "60", "PA")), "wrong_model_version"),
        (prediction(rest=("", "60", "PA")), "wrong_model_version"),
        (prediction(at=""), "missing_time"),
        (prediction(at="01.03.2026"), "unparseable_time"),
        (prediction(at="2026-02-30"), "unparseable_time"),
        (prediction(at="2026-03"), "unparseable_time"),
        (prediction(at="2026-07-01"), "in_the_future"),
        (prediction(site="x" * 201), "label_too_long"),
        (prediction(site="no\trth"), "control_character"),
        (prediction(site="no\u202erth"), "control_character"),
        (prediction() + ",extra", "wrong_field_count"),
        ("S1,P1", "wrong_field_count"),
    ],
)
def test_a_row_is_refused_for_the_first_rule_it_breaks(desk: Desk, line: str, reason: str) -> None:
    assert desk.refused(line) == {reason: 1}


def test_the_day_of_receipt_is_not_the_future(desk: Desk) -> None:
    assert desk.predictions(prediction(at="2026-06-30")).stored == 1


def test_a_finding_must_be_in_the_plan(tmp_path: Path) -> None:
    plan = make_plan(
        logs__predictions__columns__finding="finding", logs__outcomes__columns__finding="finding"
    )
    desk = Desk(tmp_path, plan)
    header = "study_id,patient_id,site,predicted_at,model_version,score,age,view,finding"
    report = desk.predictions(
        f"{prediction()},fracture", f"{prediction('S2')},lesion", f"{prediction('S3')},", header=header
    )
    assert (report.stored, dict(report.reasons)) == (1, {"unknown_finding": 2})


def test_missing_tokens_of_the_plan_mean_no_value(tmp_path: Path) -> None:
    desk = Desk(tmp_path, make_plan(logs__predictions__missing=["NA", "?"]))
    report = desk.predictions(
        prediction("S1", score="NA"), prediction("S2", score="?"), prediction("S3", score="")
    )
    assert report.reasons == {"missing_score": 3}


def test_constants_stand_for_columns_the_log_lacks(tmp_path: Path) -> None:
    plan = make_plan(
        logs__predictions__columns__site=DROP,
        logs__predictions__columns__model_version=DROP,
        logs__predictions__constants={"site": "all", "model_version": "m1"},
        logs__covariates=[],
    )
    desk = Desk(tmp_path, plan)
    desk.predictions("S1,P1,2026-03-01,0.5", header="study_id,patient_id,predicted_at,score")
    assert desk.query("SELECT site, model_version, finding FROM predictions") == [("all", "m1", "lesion")]


def test_categories_are_trimmed_and_take_the_spelling_of_the_plan(desk: Desk) -> None:
    report = desk.predictions(
        prediction("S1", rest=("m1", "60", " pa ")),
        prediction("S2", rest=("m1", "60", "AP")),
        prediction("S3", rest=("m1", "60", "Lateral")),
        prediction("S4", rest=("m1", "60", "")),
    )
    assert report.stored == 4
    assert report.notes == {"unlisted_level:view": 1}
    assert desk.query("SELECT covariate_view FROM predictions ORDER BY line") == [
        ("PA",),
        ("AP",),
        ("Lateral",),
        (None,),
    ]


def test_implausible_continuous_covariates_become_missing_and_are_counted(desk: Desk) -> None:
    report = desk.predictions(
        *(
            prediction(f"S{i}", rest=("m1", age, "PA"))
            for i, age in enumerate(["60", "-1", "130", "old", "", "0x10"])
        )
    )
    assert report.stored == 6
    assert report.notes == {"invalid:age": 4}
    assert desk.query("SELECT covariate_age FROM predictions ORDER BY line")[:2] == [(60.0,), (None,)]


@pytest.mark.parametrize(
    ("value", "stored"),
    [("1", 1), ("0", 0), ("1.0", 1), ("0.0", 0), ("", None)],
)
def test_outcomes_are_one_zero_or_indeterminate(desk: Desk, value: str, stored: int | None) -> None:
    desk.predictions(prediction())
    assert desk.outcomes(f"S1,north,{value},2026-03-05").stored == 1
    assert desk.query("SELECT outcome FROM outcomes") == [(stored,)]


@pytest.mark.parametrize("value", ["true", "false", "yes", "No", "2", "-1", "0.5", "positive", "01", "1e0"])
def test_nothing_else_is_taken_for_an_outcome(desk: Desk, value: str) -> None:
    assert desk.outcomes(f"S1,north,{value},2026-03-05").reasons == {"outcome_not_0_1": 1}


def test_ai_influence_is_one_of_four_words(tmp_path: Path) -> None:
    plan = make_plan(
        logs__outcomes__columns__ai_influence="influence",
        logs__outcomes__constants={"label_source": "pathology", "label_version": "1"},
    )
    desk = Desk(tmp_path, plan)
    report = desk.outcomes(
        "S1,north,1,2026-03-05,blinded",
        "S2,north,1,2026-03-05,maybe",
        "S3,north,1,2026-03-05,",
        header="study_id,site,outcome,observed_at,influence",
    )
    assert (report.waiting, dict(report.reasons)) == (2, {"unknown_ai_influence": 1})
    assert desk.query("SELECT ai_influence FROM outcomes ORDER BY line") == [("blinded",), ("unknown",)]


def test_history_may_lie_after_the_day_of_receipt(desk: Desk) -> None:
    assert desk.predictions(prediction(at="2030-01-01"), as_history=True).stored == 1
