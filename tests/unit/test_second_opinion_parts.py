"""Parts of the second opinion: what is handed over, what is said of it, and a page that does nothing."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from monitor.drift.second_opinion import OurFinding, SecondOpinion, asking, compare, second_opinion
from monitor.drift.second_opinion.definitions import (
    chi_square_p,
    frozen_stability_index,
    jensen_shannon_distance,
    kolmogorov_smirnov_p,
    normed_wasserstein,
    population_stability_index,
    recomputed,
    shares,
    two_shares_p,
)
from monitor.drift.second_opinion.given import give
from monitor.drift.second_opinion.page import inert, legend, save
from monitor.drift.second_opinion.reading import opinion_of
from monitor.drift.second_opinion.records import ColumnOpinion, LeftOut, Sample, Statistic
from monitor.hashing import canonical_json

LEVELS = np.array(["a", "b"] * 20, dtype=object)
NUMBERS = np.arange(40.0)


def statistic(method: str, value: float, *, limit: float = 0.1, flagged: bool = False) -> Statistic:
    return Statistic(method, value, value, limit, flagged)


def column(**changes: Any) -> ColumnOpinion:
    quiet = ColumnOpinion(
        feature="age",
        kind="continuous",
        reference=Sample(2000, 0, 0, 0),
        current=Sample(2000, 0, 0, 0),
        default=statistic("wasserstein", 0.05),
        statistics=(statistic("psi", 0.01), statistic("wasserstein", 0.05)),
        unseen_levels=0,
        fullest_bin=0.2,
        expected_psi=0.01,
        frozen_psi=0.01,
    )
    return replace(quiet, **changes)


def said_of(found: ColumnOpinion, ours: OurFinding | None) -> Any:
    (pair,) = compare({"age": ours} if ours else {}, SecondOpinion("0.7.23", (found,), ()))
    return pair


# The definitions.


def test_bins_are_single_values_up_to_twenty_and_of_equal_width_above() -> None:
    single, _ = shares(np.arange(20.0), np.arange(20.0), "continuous")
    assert len(single) == 20
    wide, _ = shares(np.arange(21.0), np.arange(21.0), "continuous")
    assert len(wide) == 7  # Sturges: the next whole number above log2(42) + 1 = 6.39


def test_a_categorical_column_has_no_bins_of_several_levels() -> None:
    found, _ = shares(np.arange(30.0), np.arange(30.0), "categorical")
    assert len(found) == 30


def test_an_empty_bin_counts_as_a_small_share() -> None:
    # (1 - .0001) ln(1 / .0001) from each of two bins that have nothing in common.
    expected = 2 * (1 - 1e-4) * np.log(1e4)
    assert population_stability_index(np.array([1.0, 0.0]), np.array([0.0, 1.0])) == pytest.approx(expected)
    # A share of .0001 or less makes the small share a millionth of it.
    left, right = np.array([1e-4, 1 - 1e-4, 0.0]), np.array([1e-4, 0.5, 0.5 - 1e-4])
    by_hand = (1 - 1e-4 - 0.5) * np.log((1 - 1e-4) / 0.5) + (1e-10 - right[2]) * np.log(1e-10 / right[2])
    assert population_stability_index(left, right) == pytest.approx(by_hand)


def test_distances_are_zero_for_the_same_sample_and_p_values_one() -> None:
    same = np.array([0.0, 1, 1, 2])
    assert jensen_shannon_distance(*shares(same, same, "categorical")) == 0
    assert normed_wasserstein(same, same) == 0
    assert kolmogorov_smirnov_p(same, same) == chi_square_p(same, same) == 1
    assert two_shares_p(np.array([0.0, 1.0]), np.array([0.0, 1.0])) == 1


def test_a_constant_reference_divides_by_the_floor() -> None:
    assert normed_wasserstein(np.ones(5), np.full(5, 2.0)) == pytest.approx(1000)


def test_a_level_the_reference_does_not_have_makes_the_p_value_zero() -> None:
    assert chi_square_p(np.zeros(10), np.array([0.0, 1.0])) == 0


def test_no_number_is_none_and_an_unknown_method_is_none() -> None:
    assert recomputed("chisquare", np.zeros(5), np.zeros(5), "categorical") is None
    assert recomputed("wasserstein", np.array([0.0, 1]), np.array([1e308, 1e308]), "continuous") is None
    assert recomputed("anderson", np.zeros(5), np.zeros(5), "continuous") is None


def test_frozen_deciles_do_not_move_with_the_current_window() -> None:
    rng = np.random.default_rng(1)
    reference, current = rng.normal(size=2000), rng.normal(0.5, 1, 500)
    near, far = (frozen_stability_index(reference, np.append(current, x)) for x in (5.0, 1e12))
    assert near == far > 0.2


# What is handed over.


@pytest.mark.parametrize(
    ("reference", "current", "kind", "reason"),
    [
        (NUMBERS, np.full(9, np.nan), "continuous", "no value in the current window"),
        (np.array([]), NUMBERS, "continuous", "no value in the reference"),
        (NUMBERS, np.array([1.0, np.nan]), "continuous", "a single value in the current window"),
        (NUMBERS, np.array([np.inf, -np.inf, 1.0]), "continuous", "a single value in the current window"),
        (np.ones(40), NUMBERS, "continuous", "constant in the reference"),
        (NUMBERS, np.array(["secret"], dtype=object), "continuous", "it holds something that is no number"),
        (LEVELS, np.array([None, "", np.nan], dtype=object), "categorical", "no value in the current window"),
        (np.array(["a"] * 9), np.array(["a"] * 9), "categorical", "one level in both windows"),
        (
            NUMBERS.astype(str).repeat(3),
            np.arange(40, 110).astype(str),
            "categorical",
            "more than 100 levels",
        ),
    ],
)
def test_what_evidently_cannot_take_is_left_out_with_its_reason(
    reference: Any, current: Any, kind: Any, reason: str
) -> None:
    columns, (left_out,) = give({"x": reference}, {"x": current}, {"x": kind})
    assert columns == ()
    assert left_out.reason.startswith(reason)
    assert "secret" not in left_out.reason


def test_a_feature_missing_from_a_window_is_left_out_and_an_extra_one_never_looked_at() -> None:
    _, left_out = give({"x": NUMBERS}, {"y": NUMBERS}, {"x": "continuous", "y": "continuous"})
    assert [found.reason for found in left_out] == ["not in the current window", "not in the reference"]
    assert give({"x": NUMBERS}, {"x": NUMBERS}, {}) == ((), ())


def test_a_kind_that_does_not_exist_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="'continuous' or 'categorical'"):
        give({"x": NUMBERS}, {"x": NUMBERS}, {"x": "text"})  # type: ignore[dict-item]


def test_levels_are_the_same_whether_read_as_numbers_or_texts() -> None:
    (found,), _ = give({"x": np.array([1, 2])}, {"x": np.array(["1", "2"])}, {"x": "categorical"})
    assert found.levels == ("1", "2")


def test_plain_names_go_as_they_are_and_others_as_codes() -> None:
    hostile = np.array(["GE", "<b>", "level #1", "a" * 41], dtype=object)
    features = {"age": NUMBERS, "<img src=x>": NUMBERS, "vendor": hostile}
    kinds: Any = {"age": "continuous", "<img src=x>": "continuous", "vendor": "categorical"}
    columns, _ = give(features, features, kinds)
    assert [found.name for found in columns] == ["c1 age", "c2", "c3 vendor"]
    assert columns[2].levels == ("<b>", "GE", "a" * 41, "level #1")
    assert columns[2].level_names == ("level #1", "GE", "level #3", "level #4")


def test_values_are_sorted_so_that_no_study_can_be_put_together() -> None:
    (found,), _ = give({"x": NUMBERS[::-1]}, {"x": [3.0, np.nan, -np.inf, 1.0]}, {"x": "continuous"})
    assert found.reference.tolist() == NUMBERS.tolist()
    assert found.current[:3].tolist() == [-np.inf, 1.0, 3.0]
    assert np.isnan(found.current[3])


def test_the_values_go_through_a_pipe_and_not_through_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}

    def run(command: list[str], **options: Any) -> Any:
        seen.update(options, command=command)
        return subprocess.CompletedProcess(command, 0, stdout=b"no JSON", stderr=b"")

    monkeypatch.setattr(asking.subprocess, "run", run)
    secret = np.array(["<secret>"] * 9 + ["b"], dtype=object)
    found = second_opinion({"<name>": secret}, {"<name>": secret}, {"<name>": "categorical"}, None)
    assert found.missing_because == "no second opinion: its answer cannot be read"
    assert seen["command"][1:] == ["-P", "-m", "monitor.drift.second_opinion"]
    assert seen["capture_output"]
    assert seen["env"]["DO_NOT_TRACK"] == "1"
    assert seen["env"]["PYTHONHASHSEED"] == "0"
    assert seen["timeout"] == 300
    assert b"secret" not in seen["input"]
    assert b"name>" not in seen["input"]


# What is made of the answer.


def test_an_answer_becomes_records_with_our_numbers_beside() -> None:
    windows = {"x": np.append(NUMBERS, [np.inf, np.nan, 1e9])}
    columns, _ = give({"x": NUMBERS}, windows, {"x": "continuous"})
    said = {"method": "wasserstein", "value": None, "limit": 0.1, "flagged": True}
    known = {"method": "psi", "value": 0.25, "limit": 0.1, "flagged": True}
    answer = {"evidently": "0", "refused": {}, "columns": {"c1 x": {"default": said, "statistics": [known]}}}
    (found,) = opinion_of(columns, answer, ()).columns
    assert (found.reference, found.current) == (Sample(40, 0, 0, 0), Sample(41, 1, 1, 1))
    assert found.default.difference is None
    assert found.statistics[0].difference == pytest.approx(abs(0.25 - found.statistics[0].recomputed))
    assert found.fullest_bin == pytest.approx(80 / 81)
    canonical_json(found.as_record())


def test_a_refused_column_joins_those_left_out() -> None:
    columns, _ = give({"x": NUMBERS}, {"x": NUMBERS}, {"x": "continuous"})
    answer = {"evidently": "0", "refused": {"c1 x": "ValueError"}, "columns": {}}
    found = opinion_of(columns, answer, (LeftOut("y", "not in the reference"),))
    assert [one.feature for one in found.left_out] == ["y", "x"]
    assert found.left_out[1].reason == "Evidently failed (ValueError)"


# Agreement.


@pytest.mark.parametrize(
    ("ours", "flagged", "agree", "words"),
    [
        ("alarm", True, True, "Both see a change."),
        ("quiet", False, True, "Neither sees a change."),
        ("alarm", False, False, "Ours adds up every night since the reference"),
        ("quiet", True, False, "knows neither the plan's tolerance nor how often it is asked"),
        ("insufficient", True, None, "Ours has too little data to say"),
        ("insufficient", False, None, "Ours has too little data to say"),
    ],
)
def test_the_two_states_side_by_side(ours: Any, flagged: bool, agree: bool | None, words: str) -> None:
    pair = said_of(column(default=statistic("wasserstein", 0.2, flagged=flagged)), OurFinding(ours))
    assert (pair.ours, pair.theirs.flagged, pair.agree) == (ours, flagged, agree)
    assert words in pair.because


def test_a_feature_of_ours_alone_or_of_theirs_alone_has_no_agreement() -> None:
    assert said_of(column(), None).agree is None
    theirs = SecondOpinion("0.7.23", (), (LeftOut("age", "constant in the reference"),))
    by_feature = {pair.feature: pair for pair in compare({"kvp": OurFinding("alarm")}, theirs)}
    assert by_feature["kvp"].agree is None
    assert by_feature["kvp"].because == "Evidently was not given this feature."
    assert "constant in the reference" in by_feature["age"].because


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"current": Sample(200, 0, 0, 1), "fullest_bin": 0.999, "frozen_psi": 0.3},
            "An extreme value hides what PSI could see: its bins span both samples, and 99.9 % of the values",
        ),
        (
            {
                "reference": Sample(200, 0, 0, 1),
                "statistics": (statistic("psi", 0.4), statistic("wasserstein", 9.0, flagged=True)),
            },
            "An extreme value alone can carry the Wasserstein distance",
        ),
        ({"expected_psi": 0.12}, "PSI does not know the sample size: at these it is expected to be 0.12"),
        ({"default": statistic("ks", 0.01, limit=0.05, flagged=True)}, "A p-value flags 5 %"),
        ({"current": Sample(50, 150, 0, 0)}, "drops missing and infinite values (0 of the reference, 150 of"),
        ({"current": Sample(50, 0, 2, 0)}, "keeps infinite values and may show an infinite score"),
        (
            {"kind": "categorical", "frozen_psi": None, "unseen_levels": 1},
            "1 level(s) the reference does not",
        ),
    ],
)
def test_why_they_may_differ_is_said_only_where_it_applies(changes: dict[str, Any], words: str) -> None:
    assert words in said_of(column(**changes), OurFinding("quiet")).because
    assert words not in said_of(column(), OurFinding("quiet")).because


def test_records_are_plain_json_and_keep_our_finding_as_it_was() -> None:
    pair = said_of(column(), OurFinding("alarm"))
    record = json.loads(canonical_json(pair.as_record()))
    assert record["ours"] == "alarm"
    assert record["theirs"]["difference"] == 0
    assert record["largest_difference"] == 0


# The page.


def test_addresses_lead_nowhere_but_names_of_standards_stay() -> None:
    page = (
        "<head></head><body><script>a='https://cdn.plot.ly/';b='http://www.w3.org/2000/svg'</script></body>"
    )
    made = inert(page, "<p>top</p>")
    assert "https://" not in made
    assert "http://www.w3.org/2000/svg" in made
    assert made.index("Content-Security-Policy") < made.index("<body><p>top</p>")


def test_random_names_become_numbers_so_that_bytes_repeat() -> None:
    first, second = (f"<head><body>metric_{c * 32} {c * 8}-{c * 4}-{c * 4}-{c * 4}-{c * 12}" for c in "ab")
    assert inert(first, "") == inert(second, "")


def test_the_legend_shows_real_names_as_text() -> None:
    hostile = {"<script>alert(1)</script>": np.array(["<i>", "b"] * 9, dtype=object), "null": [np.nan]}
    kinds: Any = {"<script>alert(1)</script>": "categorical", "null": "continuous"}
    columns, left_out = give(hostile, hostile, kinds)
    one = statistic("psi", 0.0)
    found = column(feature="<script>alert(1)</script>", kind="categorical", default=one, statistics=())
    shown = legend(columns, SecondOpinion("0.7.23", (found,), left_out))
    assert "<script>" not in shown
    assert "<i>" not in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    assert "level #1: &lt;i&gt;" in shown
    assert "null: no value in the reference" in shown


def test_a_page_that_cannot_be_written_is_a_remark(tmp_path: Path) -> None:
    opinion = SecondOpinion("0.7.23", (), ())
    found = save(tmp_path / "nowhere" / "page.html", "<head><body>", (), opinion)
    assert found.page_missing_because == "no page: FileNotFoundError"
    assert found.page_sha256 is None
    (tmp_path / "taken").mkdir()
    assert save(tmp_path / "taken", "<head><body>", (), opinion).page_missing_because
    assert [file.name for file in tmp_path.iterdir()] == ["taken"]
