"""Rounding for the page and texts made visible."""

from __future__ import annotations

import pytest

from monitor.documentation.html import css_text
from monitor.documentation.numbers import Interval, Number, Share, faithful_decimals, rounded
from monitor.documentation.sections.criteria import criterion_decimals, limit_text
from monitor.documentation.visible import visible


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (Number(None), "—"),
        (Number(0), "0"),
        (Number(12345), "12,345"),
        (Number(-0.0004, 3), "0.000"),
        (Number(-0.0006, 3), "−0.001"),
        (Number(0.16049, 1, percent=True), "16.0\xa0%"),
        (Number(249, unit="events"), "249 events"),
        (Number(0.0752, 4, before="SE"), "SE 0.0752"),
    ],
)
def test_a_number_is_shown_with_its_digits_and_unit(number: Number, text: str) -> None:
    assert number.text == text


def test_an_interval_uses_the_same_digits_throughout() -> None:
    assert [part.text for part in Interval(1.0, 0.5, 1.5, 2).parts] == ["1.00", "0.50", "1.50"]


def test_a_tiny_p_value_is_bounded_and_never_zero() -> None:
    assert Share(7e-193).text == "< 0.0001"
    assert Share(0.0001).text == "0.0001"


@pytest.mark.parametrize(
    ("low", "limit", "decimals"), [(0.00004, 0.0, 5), (0.7547, 0.75, 3), (-0.003, 0.0, 4), (0.0, 0.0, 4)]
)
def test_rounding_never_moves_a_bound_onto_its_limit(low: float, limit: float, decimals: int) -> None:
    least = 2 if limit else 4
    assert faithful_decimals([low], [limit], least) == decimals


def test_a_criterion_shows_enough_digits_to_be_checked_by_eye() -> None:
    row = {
        "metric": "calibration_slope",
        "estimate": {"low": 0.7501, "high": 1.0},
        "limits": [0.75, 1.33],
        "limit": None,
    }
    assert criterion_decimals(row) == 4
    assert rounded(0.7501, 4) == "0.7501"


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ({"pre_specified": {"limit": 0.0}, "limit": 0.0}, "above 0"),
        ({"pre_specified": {"limit": -0.005}, "limit": None}, "above −0.005"),
        ({"pre_specified": {"limits": [0.75, 1.33]}, "limit": None}, "0.75 to 1.33"),
        (
            {"pre_specified": {"margin_relative": -0.01}, "limit": None, "against": "original"},
            "above −1 % of the original calibrator's log loss",
        ),
    ],
)
def test_limits_stand_as_the_plan_fixed_them(row: dict[str, object], text: str) -> None:
    assert limit_text(row) == text


@pytest.mark.parametrize("name", ["St Mary", "Krankenhaus Nürnberg", "东京病院", "בית חולים", "مستشفى"])
def test_names_in_any_script_stay_as_they_are(name: str) -> None:
    assert visible(name) == name


def test_no_text_can_leave_a_css_string() -> None:
    assert css_text('x"; } </style> \\A /* 1.0-2_b') == "x  style A  1.0-2_b"
