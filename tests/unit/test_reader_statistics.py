"""Reader and device: shares and kappa known by hand, how often their intervals hold the truth, the queue."""

from __future__ import annotations

import math
from dataclasses import fields
from itertools import pairwise

import numpy as np
import pytest

from monitor.intervals import normal_quantile
from monitor.performance.cohens_kappa import cohens_kappa
from monitor.performance.reader_shares import agreement, alerts
from monitor.performance.readers import against_outcome, decisions_from_text, reader_statistics
from monitor.performance.review_queue import ReviewCase, disagreements
from monitor.records import BoolArray, Estimate, FloatArray, Place, Rows, TextArray

NAN = math.nan


def people(n: int) -> TextArray:
    return np.arange(n).astype(str).astype(object)


def rows(score: list[float], outcome: list[float], day: list[str] | None = None) -> Rows:
    n = len(score)
    text = np.full(n, "", dtype=object)
    study = np.array([f"{at:02d}" * 16 for at in range(n)], dtype=object)
    days = np.array(day if day else ["2026-03-01"] * n, dtype="datetime64[D]")
    return Rows(
        Place("north", "lesion"),
        text.copy(),
        study,
        people(n),
        days,
        np.array(score),
        np.array(outcome),
        text.copy(),
        np.zeros(n, dtype=bool),
    )


class TestKappa:
    @pytest.mark.parametrize(
        ("table", "expected"),
        [
            ((20, 5, 10, 15), 0.4),  # Cohen's own kind of table: 35/50 agree, 25/50 by chance
            ((45, 15, 25, 15), 0.1304),  # 60/100 and .54
            ((10, 0, 0, 10), 1.0),
            ((0, 10, 10, 0), -1.0),
            ((25, 25, 25, 25), 0.0),
        ],
    )
    def test_known_tables(self, table: tuple[int, int, int, int], expected: float) -> None:
        first = np.repeat([True, True, False, False], table)
        second = np.repeat([True, False, True, False], table)
        assert cohens_kappa(first, second, people(sum(table))).value == pytest.approx(expected, abs=5e-5)

    def test_equals_scikit_learn(self) -> None:
        from sklearn.metrics import cohen_kappa_score

        rng = np.random.default_rng(3)
        for _ in range(20):
            first, second = rng.random(80) < 0.3, rng.random(80) < 0.4
            found = cohens_kappa(first, second, people(80)).value
            assert found == pytest.approx(cohen_kappa_score(first, second), abs=1e-12)

    def test_its_error_is_that_of_fleiss_cohen_and_everitt_for_single_studies(self) -> None:
        rng = np.random.default_rng(4)
        first = rng.random(4000) < 0.3
        second = np.where(rng.random(4000) < 0.7, first, rng.random(4000) < 0.2)
        found = cohens_kappa(first, second, people(4000))
        assert found.low is not None
        assert found.high is not None
        error = (found.high - found.low) / 2 / normal_quantile(0.975)
        assert error == pytest.approx(_large_sample_error(first, second), rel=0.01)

    def test_rows_that_a_patient_repeats_carry_no_news(self) -> None:
        rng = np.random.default_rng(5)
        first, second, who = rng.random(60) < 0.4, rng.random(60) < 0.4, people(60)
        once = cohens_kappa(first, second, who)
        twice = cohens_kappa(np.repeat(first, 2), np.repeat(second, 2), np.repeat(who, 2))
        assert (twice.value, twice.low, twice.high) == pytest.approx((once.value, once.low, once.high))
        assert twice.n == 2 * once.n

    def test_no_value_where_nothing_could_differ(self) -> None:
        assert cohens_kappa(np.zeros(5, bool), np.zeros(5, bool), people(5)).value is None
        assert cohens_kappa(np.zeros(0, bool), np.zeros(0, bool), people(0)).value is None

    def test_perfect_agreement_and_a_single_patient_have_no_interval(self) -> None:
        perfect = np.array([True, True, False])
        assert cohens_kappa(perfect, perfect, people(3)).low is None
        one = cohens_kappa(perfect, ~perfect, np.array(["a"] * 3, dtype=object))
        assert (one.low, one.high) == (None, None)

    def test_events_are_studies_with_the_rarer_answer(self) -> None:
        found = cohens_kappa(
            np.array([True, False, False, False]), np.array([False, True, False, False]), people(4)
        )
        assert found.events == 2


def _large_sample_error(first: BoolArray, second: BoolArray) -> float:
    """Fleiss, Cohen and Everitt (1969), Psychological Bulletin 72:323-327, equation 14."""
    n, table = len(first), np.zeros((2, 2))
    np.add.at(table, (first.astype(int), second.astype(int)), 1 / n)
    row, column = table.sum(axis=1), table.sum(axis=0)
    chance, same = float(row @ column), float(np.trace(table))
    kappa = (same - chance) / (1 - chance)
    diagonal = sum(table[i, i] * (1 - (row[i] + column[i]) * (1 - kappa)) ** 2 for i in (0, 1))
    rest = (1 - kappa) ** 2 * sum(table[i, 1 - i] * (column[i] + row[1 - i]) ** 2 for i in (0, 1))
    return math.sqrt((diagonal + rest - (kappa - chance * (1 - kappa)) ** 2) / n) / (1 - chance)


class TestByHand:
    """Ten studies: four flagged, of which one is dismissed; six others, of which two are called positive."""

    flagged = np.array([True] * 4 + [False] * 6)
    said = np.array([1.0, 1, 1, 0, 1, 1, 0, 0, 0, NAN])
    ill = np.array([1.0, 1, 0, 0, 1, 0, 0, 0, NAN, 1])

    def test_agreement(self) -> None:
        found = agreement(self.flagged, self.said, people(10), least=1)
        assert found.same.value == pytest.approx(6 / 9)
        assert found.dismissed.value == pytest.approx(1 / 4)
        assert found.added.value == pytest.approx(2 / 5)
        assert found.kappa.value == pytest.approx(14 / 41)  # 54/81 agree, 40/81 by chance
        assert (found.same.n, found.dismissed.n, found.added.n) == (9, 4, 5)

    def test_alerts(self) -> None:
        found = alerts(self.flagged, self.ill, people(10), least=1)
        assert (found.flagged.value, found.flagged.n) == (40.0, 10)
        assert found.false_positives.value == pytest.approx(100 * 2 / 9)
        assert found.false_positives.n == 9

    def test_against_the_outcome(self) -> None:
        found = against_outcome(self.flagged, self.said, self.ill, people(10), least=1)
        assert found.device_sensitivity.value == pytest.approx(2 / 3)
        assert found.reader_sensitivity.value == pytest.approx(3 / 3)
        assert found.device_specificity.value == pytest.approx(3 / 5)
        assert found.reader_specificity.value == pytest.approx(3 / 5)
        assert found.differ_with_outcome.value == pytest.approx(1 / 3)
        assert found.differ_without_outcome.value == pytest.approx(2 / 5)
        assert found.dismissed_rightly.value == pytest.approx(1 / 1)
        assert found.added_rightly.value == pytest.approx(1 / 2)

    def test_together(self) -> None:
        score = np.where(self.flagged, 0.6, 0.4).tolist()
        found = reader_statistics(rows(score, self.ill.tolist()), 0.6, self.said, least=1)
        assert (found.studies, found.read) == (10, 9)
        assert found.agreement == agreement(self.flagged, self.said, people(10), least=1)
        assert found.alerts == alerts(self.flagged, self.ill, people(10), least=1)
        assert found.against_outcome == against_outcome(self.flagged, self.said, self.ill, people(10), 1)

    def test_an_unread_study_is_no_agreement_and_an_unknown_outcome_no_false_positive(self) -> None:
        found = agreement(self.flagged, np.full(10, NAN), people(10), least=0)
        assert {estimate.value for estimate in estimates(found)} == {None}
        rates = alerts(self.flagged, np.full(10, NAN), people(10), least=0)
        assert (rates.flagged.value, rates.false_positives.value) == (40.0, None)

    def test_one_decision_per_row_is_needed(self) -> None:
        with pytest.raises(ValueError, match="one decision per row"):
            reader_statistics(rows([0.1], [NAN]), 0.5, np.zeros(2), least=1)
        with pytest.raises(ValueError, match="one decision per row"):
            disagreements(rows([0.1], [NAN]), 0.5, np.zeros(2), most=1)


def estimates(record: object) -> list[Estimate]:
    return [getattr(record, field.name) for field in fields(record)]  # type: ignore[arg-type]


def test_too_few_studies_have_no_value_and_a_sentence() -> None:
    flagged, said = np.array([True] * 9 + [False] * 11), np.array([1.0] * 20)
    found = agreement(flagged, said, people(20), least=10)
    assert found.same.value == pytest.approx(9 / 20)
    assert found.dismissed.value is None
    assert found.dismissed.method == "insufficient: 9 flagged studies with a definite decision, 10 needed"
    assert found.added.n == 11
    none = agreement(flagged, said, people(20), least=21)
    assert none.kappa.method == "insufficient: 20 definite decisions, 21 needed"
    told = against_outcome(flagged, said, np.ones(20), people(20), least=10)
    assert told.device_specificity.method == (
        "insufficient: 0 read studies with a known outcome, without the finding, 10 needed"
    )


def test_words_are_read_without_case_and_padding_and_unknown_ones_are_counted() -> None:
    texts = np.array(["PTX", " ptx ", "none", "None\u00a0", "ptx?", None, ""], dtype=object)
    found = decisions_from_text(texts, ("Ptx",), ("none",))
    assert found.value.tolist() == pytest.approx([1, 1, 0, 0, NAN, NAN, NAN], nan_ok=True)
    assert (found.silent, found.unknown) == (1, 2)
    empty = decisions_from_text(np.empty(0, dtype=object), ("a",), ("b",))
    assert (len(empty.value), empty.silent, empty.unknown) == (0, 0, 0)


class TestQueue:
    def test_plainest_contradiction_first_then_the_newest(self) -> None:
        score = [0.9, 0.01, 0.5, 0.6, 0.6, 0.6]
        day = ["2026-03-01", "2026-03-01", "2026-03-09", "2026-03-02", "2026-03-08", "NaT"]
        said = np.array([0.0, 1, 1, 0, 0, 0])
        found = disagreements(rows(score, [NAN] * 6, day), 0.5, said, most=9)
        assert found.total == 5, "a reader who agrees with the flag is no case"
        assert [case.score for case in found.cases] == [0.01, 0.9, 0.6, 0.6, 0.6]
        assert [case.day for case in found.cases[2:]] == ["2026-03-08", "2026-03-02", None]

    def test_a_case_holds_what_a_review_needs_and_nothing_that_identifies(self) -> None:
        found = disagreements(rows([0.9, 0.1], [0.0, NAN]), 0.5, np.array([0.0, 1.0]), most=1)
        assert found.total == 2
        assert found.cases == (ReviewCase("0" * 16, "2026-03-01", 0.9, True, False, False),)
        named = {field.name for field in fields(ReviewCase)}
        assert named == {"study", "day", "score", "flagged", "called_positive", "outcome"}

    def test_the_whole_list_is_never_more_than_was_asked_for(self) -> None:
        made = rows([0.9] * 30, [NAN] * 30)
        assert len(disagreements(made, 0.5, np.zeros(30), most=0).cases) == 0
        assert len(disagreements(made, 0.5, np.zeros(30), most=7).cases) == 7
        assert disagreements(made, 0.5, np.full(30, NAN), most=7).total == 0
        with pytest.raises(ValueError, match="from 0 on"):
            disagreements(made, 0.5, np.zeros(30), most=-1)

    def test_the_order_does_not_depend_on_the_order_of_the_rows(self) -> None:
        made, said = rows([0.9] * 9, [NAN] * 9), np.zeros(9)
        turned = made.where(np.arange(9)[::-1])  # type: ignore[arg-type]
        assert disagreements(made, 0.5, said, 9) == disagreements(turned, 0.5, said, 9)

    def test_a_study_on_the_threshold_is_flagged_and_comes_last(self) -> None:
        found = disagreements(rows([0.5, 0.51], [NAN] * 2), 0.5, np.zeros(2), most=2)
        assert [(case.score, case.flagged) for case in found.cases] == [(0.51, True), (0.5, True)]


def reading_room(rng: np.random.Generator, patients: int) -> tuple[BoolArray, FloatArray, TextArray]:
    """Flags and decisions of patients with one to three studies that resemble each other."""
    who = np.repeat(np.arange(patients), rng.integers(1, 4, patients))
    shared = rng.standard_normal((2, patients))[:, who]
    seen = rng.standard_normal(len(who))
    device = 0.7 * shared[0] + 0.5 * seen + 0.5 * rng.standard_normal(len(who))
    reader = 0.7 * (0.8 * shared[0] + 0.6 * shared[1]) + 0.5 * seen + 0.5 * rng.standard_normal(len(who))
    return device > 0.7, (reader > 0.5).astype(float), who.astype(str).astype(object)


def test_intervals_hold_the_truth_where_patients_come_back() -> None:
    """Two-sided 95 %, 500 rooms of 150 patients; Monte Carlo standard error .01."""
    rng, runs = np.random.default_rng(11), 500
    flagged, said, who = reading_room(rng, 400_000)
    truth = agreement(flagged, said, np.arange(len(who)), least=1)  # type: ignore[arg-type]
    held, naive = np.zeros((runs, 4), bool), np.zeros((runs, 4), bool)
    for run in range(runs):
        flagged, said, who = reading_room(rng, 150)
        for found, names in ((held, who), (naive, people(len(who)))):
            shares = estimates(agreement(flagged, said, names, least=1))
            found[run] = [holds(mine, true) for mine, true in zip(shares, estimates(truth), strict=True)]
    coverage = held.mean(axis=0)
    assert (coverage >= 0.92).all(), coverage
    assert (naive.mean(axis=0)[:2] < coverage[:2]).all(), (
        "rows taken for independent are too sure of themselves"
    )


def holds(found: Estimate, truth: Estimate) -> bool:
    assert truth.value is not None
    return found.low is not None and found.high is not None and found.low <= truth.value <= found.high


def test_more_studies_give_shorter_intervals() -> None:
    rng, widths = np.random.default_rng(12), []
    for patients in (100, 400, 1600):
        found = agreement(*reading_room(rng, patients), least=1)
        widths.append([(part.high or 0.0) - (part.low or 0.0) for part in estimates(found)])
    assert all(now < before for pair in pairwise(widths) for before, now in zip(*pair, strict=True))
