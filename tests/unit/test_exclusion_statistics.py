"""Exclusion rates, what exclusion depends on, and what it could hide."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.performance.exclusion_dependence import (
    dependence_on_outcome,
    dependence_on_score,
    dependence_on_subgroups,
    holm_adjusted,
)
from monitor.performance.exclusions import (
    Studies,
    by_reason,
    exclusion_rate,
    rates_in,
    sensitivity_range,
    side_by_side,
)
from monitor.performance.share_difference import equal_shares_p_value, share_difference
from monitor.records import Estimate, Place, Rows, TextArray
from monitor.store import Exclusions

NAN = float("nan")
LEAST = 10


def texts(*words: str | None) -> TextArray:
    return np.array(words, dtype=object)


def people(count: int) -> TextArray:
    return np.arange(count).astype(str).astype(object)


def studies(
    counted: int, excluded: int, score: NDArray[np.float64] | None = None, outcome: object = None
) -> Studies:
    """Counted studies, then excluded ones, each of a patient of its own."""
    n = counted + excluded
    reason = texts(*[""] * counted, *["motion"] * excluded)
    scores = np.full(n, 0.5) if score is None else np.asarray(score, dtype=np.float64)
    outcomes = np.full(n, NAN) if outcome is None else np.asarray(outcome, dtype=np.float64)
    return Studies(people(n), scores, outcomes, reason)


def interval(found: Estimate) -> tuple[float, float]:
    assert found.low is not None
    assert found.high is not None
    return found.low, found.high


class TestDifferenceOfShares:
    @pytest.mark.parametrize(
        ("a", "m", "b", "n", "low", "high"),
        [
            (56, 70, 48, 80, 0.0524, 0.3339),
            (9, 10, 3, 10, 0.1705, 0.8090),
            (6, 7, 2, 7, 0.0582, 0.8062),
            (5, 56, 0, 29, -0.0381, 0.1926),
            (0, 10, 0, 20, -0.1611, 0.2775),
            (10, 10, 0, 20, 0.6791, 1.0000),
            (10, 10, 0, 10, 0.6075, 1.0000),
        ],
    )
    def test_newcombes_own_examples(self, a: int, m: int, b: int, n: int, low: float, high: float) -> None:
        """Newcombe (1998), table II, method 10."""
        hit = np.concatenate([np.arange(m) < a, np.arange(n) < b])
        found = share_difference(hit, np.arange(m + n) < m, people(m + n))
        assert found.value == pytest.approx(a / m - b / n)
        assert interval(found) == pytest.approx((low, high), abs=6e-5)

    def test_the_p_value_is_pearsons_when_patients_have_one_study_each(self) -> None:
        from scipy.stats import chi2_contingency

        hit = np.concatenate([np.arange(150) < 30, np.arange(400) < 45])
        group = np.arange(550) < 150
        table = [[30, 120], [45, 355]]
        expected = chi2_contingency(table, correction=False).pvalue
        assert equal_shares_p_value(hit, group, people(550)) == pytest.approx(expected, rel=1e-12)

    def test_repeated_rows_of_a_patient_carry_no_more_than_one(self) -> None:
        hit = np.concatenate([np.arange(60) < 20, np.arange(60) < 8])
        group, who = np.arange(120) < 60, people(120)
        once = share_difference(hit, group, who)
        four_times = share_difference(np.repeat(hit, 4), np.repeat(group, 4), np.repeat(who, 4))
        assert interval(four_times) == pytest.approx(interval(once))
        assert equal_shares_p_value(np.repeat(hit, 4), np.repeat(group, 4), np.repeat(who, 4)) == (
            pytest.approx(equal_shares_p_value(hit, group, who))
        )

    def test_one_excluded_of_each_pair_widens_the_interval(self) -> None:
        """Where one image of a patient is excluded whenever the other is not, the two shares move apart."""
        one_of_two = np.tile([True, False, False, True], 100)
        group = np.tile([True, False], 200)
        apart = interval(share_difference(one_of_two, group, people(400)))
        paired = interval(share_difference(one_of_two, group, np.repeat(people(200), 2)))
        ratio = (paired[1] - paired[0]) / (apart[1] - apart[0])
        assert ratio == pytest.approx(np.sqrt(2.0), rel=0.01)

    @pytest.mark.parametrize("inside", [0, 30])
    def test_a_side_without_a_study_gives_no_value(self, inside: int) -> None:
        found = share_difference(np.arange(30) < 3, np.arange(30) < inside, people(30))
        assert (found.value, found.low, found.high) == (None, None, None)


class TestRates:
    def test_they_are_per_100_studies_by_place_and_subgroup(self) -> None:
        some = studies(90, 10)
        found = exclusion_rate(some.excluded, some.patient)
        assert (found.value, found.n, found.events) == (10.0, 100, 10)
        assert interval(found) == pytest.approx((4.9005, 17.6223), abs=1e-4)  # Clopper and Pearson
        last = np.arange(100) >= 80
        assert {name: rate.value for name, rate in rates_in(some, {"AP": last, "PA": ~last}).items()} == {
            "AP": 50.0,
            "PA": 0.0,
        }

    def test_without_a_study_there_is_no_rate(self) -> None:
        assert exclusion_rate(np.zeros(0, dtype=bool), texts()).value is None

    def test_reasons_are_counted_before_and_after_scoring(self) -> None:
        score = np.array([0.5] * 6 + [NAN, 0.2, NAN, NAN])
        some = Studies(people(10), score, np.zeros(10), texts(*[""] * 6, "dark", "dark", "motion", "dark"))
        told = [(item.reason, item.before_scoring, item.after_scoring) for item in by_reason(some)]
        assert told == [("dark", 2, 1), ("motion", 1, 0)]
        assert [item.per_100_studies.value for item in by_reason(some)] == [30.0, 10.0]
        assert by_reason(some)[0].as_record()["per_100_studies"]["n"] == 10

    def test_a_study_that_was_excluded_after_it_counted_is_there_once(self) -> None:
        place = Place("north", "lesion")
        day = np.full(2, "2026-03-01", dtype="datetime64[D]")
        cohort = texts("2026-03-01", "2026-03-01")
        rows = Rows(
            place,
            cohort,
            texts("s1", "s2"),
            texts("p1", "p2"),
            day,
            np.array([0.1, 0.2]),
            np.array([0.0, 1.0]),
            texts("blinded", "blinded"),
            np.zeros(2, dtype=bool),
        )
        dropped = Exclusions(
            place,
            cohort,
            texts("s2", "s3"),
            texts("p2", "p3"),
            day,
            np.array([0.2, NAN]),
            np.array([1.0, NAN]),
            texts("motion", "dark"),
            np.array([True, False]),
            {},
        )
        both = side_by_side(rows, dropped)
        assert both.patient.tolist() == ["p1", "p2", "p3"]
        assert both.excluded.tolist() == [False, True, True]
        assert both.score[:2].tolist() == [0.1, 0.2]


class TestDependence:
    def test_poor_images_with_high_scores_are_seen(self) -> None:
        rng = np.random.default_rng(1)
        score = np.concatenate([rng.uniform(0, 0.8, 400), rng.uniform(0.3, 1.0, 40)])
        found = dependence_on_score(studies(400, 40, score), LEAST)
        assert (found.on, found.status) == ("score", "differs")
        assert found.sentence.startswith("Excluded studies score higher than counted ones: ")
        assert "40 excluded and 400 counted studies with a score" in found.sentence

    def test_alike_scores_are_not_called_independent(self) -> None:
        score = np.concatenate([np.linspace(0.1, 0.9, 400), np.linspace(0.1, 0.9, 40)])
        found = dependence_on_score(studies(400, 40, score), LEAST)
        assert (found.status, found.estimate.value) == ("not_shown", pytest.approx(0.5))
        assert found.sentence.startswith("No dependence on the score is shown, which leaves open")

    def test_scores_that_separate_are_the_strongest_dependence(self) -> None:
        score = np.concatenate([np.full(30, 0.9), np.full(20, 0.1)])
        found = dependence_on_score(studies(30, 20, score), LEAST)
        assert (found.status, found.estimate.value) == ("differs", 0.0)
        assert found.sentence.startswith("Excluded studies score lower")

    def test_studies_excluded_before_scoring_say_nothing_about_scores(self) -> None:
        score = np.concatenate([np.linspace(0.1, 0.9, 400), np.full(31, NAN), np.full(9, 0.9)])
        found = dependence_on_score(studies(400, 40, score), LEAST)
        assert found.status == "insufficient"
        assert found.sentence == (
            "insufficient: 9 excluded and 400 counted studies with a score; 10 of each are needed"
        )

    def test_events_among_the_excluded_are_seen(self) -> None:
        outcome = np.concatenate([np.arange(400) < 20, np.arange(30) < 9, [NAN] * 10]).astype(float)
        found = dependence_on_outcome(studies(400, 40, outcome=outcome), LEAST)
        assert (found.status, found.estimate.value) == ("differs", pytest.approx(0.25))
        assert found.sentence.startswith("The outcome is more frequent among excluded studies: ")
        assert "30 excluded and 400 counted studies with a known outcome" in found.sentence

    def test_few_known_outcomes_are_insufficient(self) -> None:
        outcome = np.concatenate([np.arange(400) < 20, [1.0] * 9, [NAN] * 31]).astype(float)
        assert dependence_on_outcome(studies(400, 40, outcome=outcome), LEAST).status == "insufficient"

    def test_without_any_event_the_interval_says_what_is_open(self) -> None:
        found = dependence_on_outcome(studies(400, 40, outcome=np.zeros(440)), LEAST)
        assert found.status == "not_shown"
        assert interval(found.estimate)[1] > 0.05

    def test_a_subgroup_that_is_excluded_more_often_is_named(self) -> None:
        some = studies(900, 60)
        old = np.concatenate([np.arange(900) < 200, np.arange(60) < 40])
        women = np.arange(960) % 2 == 0
        first, second = dependence_on_subgroups(some, {"age >= 70": old, "sex = F": women}, LEAST)
        assert (first.status, second.status) == ("differs", "not_shown")
        assert first.estimate.value == pytest.approx(40 / 240 - 20 / 720)
        assert first.sentence.startswith("More studies are excluded in age >= 70: +13.9 in 100 (")
        assert first.sentence.endswith("p < .001 after Holm.")
        assert second.sentence.startswith("No dependence on sex = F is shown")

    def test_claims_share_their_error(self) -> None:
        """A p-value of .03 is a claim alone and none among two."""
        some = studies(400, 40)
        inside = np.concatenate([np.arange(400) < 100, np.arange(40) < 16])
        other = np.concatenate([np.arange(400) < 100, np.arange(40) < 10])
        alone = dependence_on_subgroups(some, {"a": inside}, 5)[0]
        among = dependence_on_subgroups(some, {"a": inside, "b": other}, 5)[0]
        assert alone.p_value is not None
        assert 0.025 < alone.p_value < 0.05
        assert (alone.status, among.status) == ("differs", "not_shown")
        assert among.p_value == pytest.approx(2 * alone.p_value)

    @pytest.mark.parametrize("members", [0, 50, 440])
    def test_a_subgroup_too_small_to_expect_exclusions_in_is_insufficient(self, members: int) -> None:
        found = dependence_on_subgroups(studies(400, 40), {"a": np.arange(440) < members}, LEAST)
        assert [item.status for item in found] == ["insufficient"]
        assert found[0].p_value is None
        assert "10 are needed" in found[0].sentence

    def test_without_exclusions_nothing_is_claimed(self) -> None:
        none = studies(400, 0, outcome=np.zeros(400))
        found = [
            dependence_on_score(none, 0),
            dependence_on_outcome(none, 0),
            *dependence_on_subgroups(none, {"a": np.arange(400) < 100}, 0),
        ]
        assert {item.status for item in found} == {"insufficient"}

    def test_holm_in_any_order_and_without_a_hypothesis(self) -> None:
        assert holm_adjusted([]) == []
        assert holm_adjusted([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
        assert holm_adjusted([0.9, 0.8]) == [1.0, 1.0]


class TestWhatExclusionsCouldHide:
    def test_the_worst_case_counts_every_excluded_event_as_missed(self) -> None:
        outcome = np.concatenate([np.arange(100) < 20, [1.0] * 4, [0.0] * 3, [NAN] * 3]).astype(float)
        found = sensitivity_range(studies(100, 10, outcome=outcome), np.arange(110) < 18)
        assert found.counted.value == pytest.approx(18 / 20)
        assert found.known_missed.value == pytest.approx(18 / 24)
        assert found.all_missed.value == pytest.approx(18 / 27)
        assert (found.events, found.unknown) == (4, 3)
        assert "0.900" in found.sentence
        assert "if the 4 events known among excluded studies had all been missed" in found.sentence

    def test_an_alert_about_an_excluded_study_does_not_help(self) -> None:
        outcome = np.concatenate([np.arange(100) < 20, [1.0] * 4]).astype(float)
        found = sensitivity_range(studies(100, 4, outcome=outcome), np.ones(104, dtype=bool))
        assert found.known_missed.value == pytest.approx(20 / 24)

    def test_without_exclusions_all_three_are_one(self) -> None:
        outcome = (np.arange(100) < 20).astype(float)
        found = sensitivity_range(studies(100, 0, outcome=outcome), np.arange(100) < 15)
        assert found.counted == found.known_missed == found.all_missed

    def test_without_a_known_event_it_is_insufficient(self) -> None:
        found = sensitivity_range(studies(100, 10, outcome=np.zeros(110)), np.ones(110, dtype=bool))
        assert found.sentence == "insufficient: no event is known among the studies that count"
