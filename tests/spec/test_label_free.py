"""Prevalence and performance before the outcomes are known: what they say, and when they stay silent."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from monitor.calibrators import straight_line
from monitor.drift.prevalence import PrevalenceEstimate, estimate_prevalence
from monitor.drift.prevalence_samples import LabelledScores, UnlabelledScores
from monitor.logistic import expit, fit_logistic, logit
from monitor.performance import measured
from monitor.performance.expected import ALERTS, Window, expected_performance
from monitor.performance.expected_realised import compare_expected
from monitor.records import IDENTITY, Calibrator
from monitor.simulation import calibrated_night, intercept_keeping_prevalence, shifted_outcomes

SEED = 20261129
USUAL, AREA = 0.05, 0.85
THRESHOLD = 0.1
RATES = ("sensitivity", "specificity", "ppv", "npv")


def people(n: int) -> np.ndarray:
    return np.arange(n).astype(str).astype(object)


def reference_of(events: int, seed: int = 1) -> LabelledScores:
    log_odds, outcome = calibrated_night(np.random.default_rng([SEED, seed]), events * 20, USUAL, AREA)
    return LabelledScores(expit(log_odds), outcome, people(len(outcome)))


def window_of(prevalence: float, n: int = 5600, seed: int = 2) -> UnlabelledScores:
    """Scores of each class as they were; only the mix changed."""
    log_odds, _ = calibrated_night(np.random.default_rng([SEED, seed]), n, prevalence, AREA)
    moved = math.log(USUAL / (1 - USUAL)) - math.log(prevalence / (1 - prevalence))
    return UnlabelledScores(expit(log_odds + moved), people(n))


def estimated(reference: LabelledScores, target: UnlabelledScores, **settings: Any) -> PrevalenceEstimate:
    given = {"level": 0.95, "resamples": 200, "rng": np.random.default_rng(SEED), **settings}
    return estimate_prevalence(reference, target, **given)


def width(found: PrevalenceEstimate) -> float:
    assert found.mlls.low is not None
    assert found.mlls.high is not None
    return found.mlls.high - found.mlls.low


class TestPrevalence:
    @pytest.mark.parametrize("prevalence", [0.025, 0.05, 0.10, 0.40])
    def test_is_found_when_only_the_mix_of_classes_changed(self, prevalence: float) -> None:
        found = estimated(reference_of(400), window_of(prevalence))
        assert found.shown
        for estimate in (found.mlls, found.bbse):
            assert estimate is not None
            assert estimate.low is not None
            assert estimate.high is not None
            assert estimate.low <= prevalence <= estimate.high

    def test_does_not_depend_on_the_scale_of_the_score(self) -> None:
        """A score that says the same on another scale of log-odds."""
        reference, target = reference_of(400), window_of(0.1)

        def distorted(score: np.ndarray) -> np.ndarray:
            return expit(2.0 + 0.5 * logit(score))

        there = estimated(
            replace(reference, score=distorted(reference.score)),
            replace(target, score=distorted(target.score)),
        )
        here = estimated(reference, target)
        assert there.mlls.value == pytest.approx(here.mlls.value, abs=1e-6)

    def test_counts_the_windows_studies_and_the_references_events(self) -> None:
        reference, target = reference_of(400), window_of(0.1)
        found = estimated(reference, target)
        assert (found.mlls.n, found.mlls.events) == (5600, reference.events)
        assert (found.reference.n, found.reference.events) == (8000, reference.events)
        assert found.reference.value == pytest.approx(float(reference.outcome.mean()))

    def test_the_interval_knows_that_the_reference_is_a_sample(self) -> None:
        """Twenty times the reference, the same window: the interval shrinks."""
        target = window_of(0.1)
        few, many = estimated(reference_of(120), target), estimated(reference_of(2400), target)
        assert width(few) > 1.4 * width(many)

    def test_patients_count_not_their_studies(self) -> None:
        reference, target = reference_of(150), window_of(0.1, 2000)
        thrice = LabelledScores(
            np.repeat(reference.score, 3),
            np.repeat(reference.outcome, 3),
            np.repeat(reference.patient, 3),
        )
        studies = UnlabelledScores(np.repeat(target.score, 3), np.repeat(target.patient, 3))
        as_strangers = estimated(
            replace(thrice, patient=people(len(thrice.score))),
            replace(studies, patient=people(len(studies.score))),
        )
        once, by_patient = estimated(reference, target), estimated(thrice, studies)
        assert width(by_patient) == pytest.approx(width(once), rel=0.2)
        assert width(as_strangers) < 0.7 * width(by_patient)

    def test_is_the_same_for_the_same_generator(self) -> None:
        reference, target = reference_of(150), window_of(0.1)
        assert estimated(reference, target) == estimated(reference, target)

    def test_no_event_among_the_scores_leaves_an_upper_bound(self) -> None:
        reference = reference_of(400)
        none = reference.score[reference.outcome == 0]
        lowest = np.sort(none)[: len(none) // 2]
        found = estimated(reference, UnlabelledScores(lowest, people(len(lowest)))).mlls
        assert (found.value, found.low) == (0.0, 0.0)
        assert found.high is not None
        assert 0.0 < found.high < 0.1

    def test_scores_of_exactly_zero_and_one_are_read(self) -> None:
        reference, target = reference_of(400), window_of(0.1)
        rounded = estimated(
            replace(reference, score=np.round(reference.score, 2)),
            replace(target, score=np.round(target.score, 2)),
        )
        assert np.round(target.score, 2).min() == 0.0
        assert rounded.mlls.value is not None


class TestPrevalenceIsShownOnlyUnderItsConditions:
    def test_without_outcomes_it_says_what_it_assumes(self) -> None:
        found = estimated(reference_of(400), window_of(0.1))
        assert found.shown
        assert any("cannot be checked without outcomes" in sentence for sentence in found.conditions)
        assert any("never deploys" in sentence for sentence in found.conditions)

    def test_a_test_that_saw_no_change_of_the_classes_is_named(self) -> None:
        found = estimated(reference_of(400), window_of(0.1), label_shift_p=0.051)
        assert found.shown
        assert any("tested on outcomes, p = 0.051" in sentence for sentence in found.conditions)

    def test_changed_scores_of_a_class_withhold_it(self) -> None:
        found = estimated(reference_of(400), window_of(0.1), label_shift_p=0.05)
        assert not found.shown
        assert found.refusals == ("the scores of a class changed, p = 0.05: they do not tell the prevalence",)

    def test_two_estimates_that_differ_withhold_it(self) -> None:
        """Scores .4 higher with outcomes to match: prevalence 6.9 %, which both estimates miss by far."""
        log_odds, _ = calibrated_night(np.random.default_rng([SEED, 3]), 11_200, USUAL, AREA)
        raised = UnlabelledScores(expit(log_odds + 0.4), people(11_200))
        found = estimated(reference_of(2000), raised)
        assert found.mlls.low is not None
        assert found.mlls.low > 0.10
        assert not found.shown
        assert "differ by more than their common error allows" in found.refusals[0]

    def test_fewer_than_100_events_are_insufficient(self) -> None:
        reference = reference_of(400)
        events = np.flatnonzero(reference.outcome == 1)
        left = np.ones(len(reference.score), dtype=bool)
        left[events[93:]] = False
        few = LabelledScores(reference.score[left], reference.outcome[left], reference.patient[left])
        found = estimated(few, window_of(0.1))
        assert found.refusals == ("insufficient: the reference has 93 events, 7 more are needed",)
        assert (found.mlls.value, found.mlls.low, found.mlls.high, found.bbse) == (None, None, None, None)
        assert found.mlls.method == found.refusals[0]

    def test_events_are_the_rarer_class(self) -> None:
        """Where outcomes are the rule, the studies without one are counted."""
        reference = reference_of(60)
        common = LabelledScores(1.0 - reference.score, 1.0 - reference.outcome, reference.patient)
        found = estimated(common, window_of(0.1))
        assert found.refusals[0].startswith(f"insufficient: the reference has {reference.events} events")

    @pytest.mark.parametrize("outcome", [0.0, 1.0])
    def test_one_class_is_insufficient(self, outcome: float) -> None:
        reference = reference_of(400)
        alike = replace(reference, outcome=np.full(len(reference.score), outcome))
        found = estimated(alike, window_of(0.1))
        assert found.refusals == ("insufficient: the reference has 0 events, 100 more are needed",)
        assert found.reference.value is None

    def test_an_empty_reference_is_insufficient(self) -> None:
        nobody = LabelledScores(np.zeros(0), np.zeros(0), people(0))
        assert "0 events" in estimated(nobody, window_of(0.1)).refusals[0]

    @pytest.mark.parametrize("n", [0, 1, 29])
    def test_a_window_of_hardly_anybody_is_insufficient(self, n: int) -> None:
        found = estimated(reference_of(400), window_of(0.1, n))
        assert found.refusals == ("insufficient: fewer than 30 patients in the window",)
        assert found.mlls.value is None

    def test_many_studies_of_few_patients_are_hardly_anybody(self) -> None:
        target = window_of(0.1, 290)
        found = estimated(reference_of(400), replace(target, patient=np.repeat(people(29), 10)))
        assert found.refusals == ("insufficient: fewer than 30 patients in the window",)

    def test_a_score_that_does_not_tell_the_classes_apart_estimates_nothing(self) -> None:
        reference = reference_of(400)
        rng = np.random.default_rng(SEED)
        found = estimated(replace(reference, score=rng.permutation(reference.score)), window_of(0.1))
        assert found.refusals == ("not estimable: sensitivity less than 0.1 above the false-positive rate",)
        assert found.mlls.value is None

    def test_a_reference_that_two_studies_keep_from_being_separated_has_no_interval(self) -> None:
        """Either study between the classes is left out of 6 draws in 10; then no line fits."""
        score = np.repeat([0.2, 0.3, 0.7, 0.8], [1000, 1, 1, 150])
        reference = LabelledScores(score, np.repeat([0.0, 1.0, 0.0, 1.0], [1000, 1, 1, 150]), people(1152))
        found = estimated(reference, UnlabelledScores(np.repeat([0.2, 0.8], [700, 300]), people(1000)))
        assert "of the resampled references have no finite fit" in found.refusals[0]
        assert (found.mlls.low, found.mlls.high) == (None, None)

    def test_one_score_for_everybody_estimates_nothing(self) -> None:
        reference = reference_of(400)
        found = estimated(replace(reference, score=np.full(len(reference.score), 0.3)), window_of(0.1))
        assert found.refusals == ("not estimable: on the reference, no finite fit: the score does not vary",)

    @pytest.mark.parametrize("score", [0.0, 0.001, 0.3, 1.0])
    def test_one_score_for_the_whole_window_is_no_label_shift(self, score: float) -> None:
        target = UnlabelledScores(np.full(500, score), people(500))
        assert not estimated(reference_of(400), target).shown

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("level", 1.0),
            ("level", 0.0),
            ("resamples", 49),
            ("label_shift_p", 1.1),
            ("label_shift_p", math.nan),
        ],
    )
    def test_a_setting_outside_its_range_is_a_mistake(self, name: str, value: float) -> None:
        with pytest.raises(ValueError, match=name):
            estimated(reference_of(400), window_of(0.1), **{name: value})

    @pytest.mark.parametrize("unknown", [math.nan, 0.5, -1.0])
    def test_an_unknown_outcome_is_never_a_negative(self, unknown: float) -> None:
        with pytest.raises(ValueError, match="leave unknown outcomes out"):
            LabelledScores(np.array([0.1, 0.2]), np.array([1.0, unknown]), people(2))

    @pytest.mark.parametrize("score", [math.nan, -0.1, 1.1])
    def test_a_score_outside_its_range_is_a_mistake(self, score: float) -> None:
        with pytest.raises(ValueError, match="score must lie"):
            UnlabelledScores(np.array([score]), people(1))
        with pytest.raises(ValueError, match="score must lie"):
            Window(np.array([score]), people(1))


def fitted_on(events: int, seed: int = 5) -> Calibrator:
    reference = reference_of(events, seed)
    x = logit(reference.score)
    fit = fit_logistic(np.column_stack([np.ones_like(x), x]), reference.outcome)
    (a, b), (c, d) = fit.covariance.tolist()
    intercept, slope = (float(number) for number in fit.coefficients)
    return straight_line("v1", "platt", intercept, slope, ((a, b), (c, d)))


def night_of(intercept: float = 0.0, slope: float = 1.0, n: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    """(scores, outcomes) of studies whose true log-odds are a straight line in the score's."""
    rng = np.random.default_rng([SEED, 6])
    log_odds, _ = calibrated_night(rng, n, USUAL, AREA)
    return expit(log_odds), shifted_outcomes(rng, log_odds, intercept, slope)


SLOPE = intercept_keeping_prevalence(0.7, USUAL, AREA), 0.7


class TestExpectedPerformance:
    def test_is_what_the_outcomes_show_when_the_calibrator_is_right(self) -> None:
        score, outcome = night_of()
        who = people(len(score))
        expected = expected_performance(Window(score, who), fitted_on(250), THRESHOLD, level=0.95)
        realised = measured(score >= THRESHOLD, outcome, who)
        compared = compare_expected(expected, realised, level=0.95)
        assert set(compared) == set(RATES)
        assert all(item.inside for item in compared.values())

    def test_is_marked_as_an_estimate(self) -> None:
        score, _ = night_of()
        found = expected_performance(Window(score, people(len(score))), IDENTITY, THRESHOLD, level=0.95)
        rates = [item.estimate for name, item in found.items() if name != ALERTS]
        assert {rate.method for rate in rates} == {
            "expected without outcomes, assumes the calibrator is right"
        }

    def test_alerts_are_counted(self) -> None:
        score, outcome = night_of()
        who = people(len(score))
        found = expected_performance(Window(score, who), IDENTITY, THRESHOLD, level=0.95)[ALERTS]
        counted = measured(score >= THRESHOLD, outcome, who)[ALERTS]
        assert (found.estimate.value, found.estimate.low, found.estimate.high) == (
            counted.value,
            counted.low,
            counted.high,
        )
        assert (found.outcome_error, found.calibrator_error) == (0.0, 0.0)

    def test_a_score_at_the_threshold_is_flagged(self) -> None:
        four = Window(np.array([0.1, 0.1, 0.05, 0.05]), people(4))
        assert expected_performance(four, IDENTITY, 0.1, level=0.95)[ALERTS].estimate.value == 50.0

    def test_the_interval_holds_the_calibrators_own_error(self) -> None:
        score, _ = night_of()
        window, fitted = Window(score, people(len(score))), fitted_on(100)
        exact = replace(fitted, covariance=((0.0, 0.0), (0.0, 0.0)))
        for name in ("sensitivity", "ppv"):
            wide = expected_performance(window, fitted, THRESHOLD, level=0.95)[name]
            narrow = expected_performance(window, exact, THRESHOLD, level=0.95)[name]
            assert narrow.calibrator_error == 0.0
            assert wide.calibrator_error > wide.outcome_error
            assert wide.estimate.value == narrow.estimate.value
            assert wide.estimate.low is not None
            assert narrow.estimate.low is not None
            assert wide.estimate.low < narrow.estimate.low

    def test_the_calibrators_error_is_that_of_drawing_its_parameters(self) -> None:
        score, _ = night_of(n=2000)
        window, fitted = Window(score, people(2000)), fitted_on(1000)
        lines = np.random.default_rng(SEED).multivariate_normal(
            [fitted.parameters["intercept"], fitted.parameters["slope"]], np.array(fitted.covariance), 300
        )
        drawn = [
            expected_performance(
                window, replace(fitted, parameters={"intercept": a, "slope": b}), THRESHOLD, level=0.95
            )
            for a, b in lines
        ]
        found = expected_performance(window, fitted, THRESHOLD, level=0.95)
        for name in RATES:
            spread = np.std([rates[name].estimate.value or 0.0 for rates in drawn])
            assert found[name].calibrator_error == pytest.approx(float(spread), rel=0.15), name

    def test_the_outcomes_error_is_that_of_drawing_outcomes(self) -> None:
        score, _ = night_of(n=4000)
        who, rng = people(4000), np.random.default_rng(SEED)
        drawn = [
            measured(score >= THRESHOLD, (rng.random(4000) < score).astype(float), who) for _ in range(300)
        ]
        found = expected_performance(Window(score, who), IDENTITY, THRESHOLD, level=0.95)
        for name in RATES:
            spread = np.std([rates[name].value or 0.0 for rates in drawn])
            assert found[name].outcome_error == pytest.approx(float(spread), rel=0.15), name

    def test_studies_of_one_patient_do_not_narrow_it(self) -> None:
        score, _ = night_of(n=5600)
        often = Window(np.repeat(score, 3), np.repeat(people(5600), 3))
        once = expected_performance(Window(score, people(5600)), fitted_on(250), THRESHOLD, level=0.95)
        thrice = expected_performance(often, fitted_on(250), THRESHOLD, level=0.95)
        for name in RATES:
            assert thrice[name].estimate.low == pytest.approx(once[name].estimate.low, abs=1e-9)

    def test_outcomes_of_one_patient_may_move_together_or_apart(self) -> None:
        """A flagged study and another one: of one patient each pair, or of two; the first knows no less."""
        score = np.tile([0.4, 0.05], 500)
        pairs = expected_performance(Window(score, np.repeat(people(500), 2)), IDENTITY, 0.1, level=0.95)
        alone = expected_performance(Window(score, people(1000)), IDENTITY, 0.1, level=0.95)
        assert pairs["sensitivity"].outcome_error > 1.05 * alone["sensitivity"].outcome_error

    def test_its_interval_is_also_for_other_patients_the_comparisons_is_for_these(self) -> None:
        score, outcome = night_of()
        who, fitted = people(len(score)), fitted_on(250)
        expected = expected_performance(Window(score, who), fitted, THRESHOLD, level=0.95)
        compared = compare_expected(expected, measured(score >= THRESHOLD, outcome, who), level=0.95)
        for name in RATES:
            item = expected[name]
            assert item.sampling_error > 0.0
            assert item.estimate.value is not None
            for found, errors in (
                (item.estimate, (item.sampling_error, item.outcome_error, item.calibrator_error)),
                (compared[name].difference, (item.outcome_error, item.calibrator_error)),
            ):
                assert found.low is not None
                assert found.high is not None
                assert found.high - found.low == pytest.approx(2 * 1.96 * math.hypot(*errors), rel=0.02)

    def test_fewer_than_20_expected_events_give_no_interval(self) -> None:
        score, outcome = night_of(n=200)
        found = expected_performance(Window(score, people(200)), IDENTITY, THRESHOLD, level=0.95)
        events = found["ppv"].estimate.events
        assert events < 20
        assert found["ppv"].estimate.value is not None
        assert (found["ppv"].estimate.low, found["ppv"].estimate.high) == (None, None)
        assert f"insufficient: {events} events expected, 20 needed" in found["ppv"].estimate.method
        realised = measured(score >= THRESHOLD, outcome, people(200))
        assert compare_expected(found, realised, level=0.95)["ppv"].inside is None

    def test_an_empty_window_says_nothing(self) -> None:
        found = expected_performance(Window(np.zeros(0), people(0)), IDENTITY, THRESHOLD, level=0.95)
        assert all(item.estimate.value is None for item in found.values())

    def test_nobody_flagged_has_no_predictive_value(self) -> None:
        score, outcome = night_of()
        who = people(len(score))
        found = expected_performance(Window(score, who), IDENTITY, 1.0, level=0.95)
        assert found["ppv"].estimate.value is None
        assert (found["sensitivity"].estimate.value, found["sensitivity"].estimate.low) == (0.0, None)
        compared = compare_expected(found, measured(score >= 1.0, outcome, who), level=0.95)
        assert compared["ppv"].inside is None
        assert compared["sensitivity"].inside is None
        assert compared["npv"].inside

    @pytest.mark.parametrize("shift", [(0.5, 1.0), SLOPE])
    def test_a_concept_shift_is_not_noticed_until_the_outcomes_arrive(
        self, shift: tuple[float, float]
    ) -> None:
        """The scores are alike, so the expectation is the same; only the comparison tells."""
        score, before = night_of()
        same, after = night_of(*shift)
        assert (score == same).all()
        who = people(len(score))
        expected = expected_performance(Window(score, who), fitted_on(250), THRESHOLD, level=0.95)
        inside = [
            compare_expected(expected, measured(score >= THRESHOLD, outcome, who), level=0.95)["ppv"].inside
            for outcome in (before, after)
        ]
        assert inside == [True, False]

    def test_outcomes_of_other_studies_are_a_mistake(self) -> None:
        score, outcome = night_of()
        who = people(len(score))
        expected = expected_performance(Window(score, who), IDENTITY, THRESHOLD, level=0.95)
        known = np.arange(len(score)) < 10_000
        fewer = measured(score[known] >= THRESHOLD, outcome[known], who[known])
        elsewhere = measured(score >= 2 * THRESHOLD, outcome, who)
        for other in (fewer, elsewhere):
            with pytest.raises(ValueError, match="same studies and flags"):
                compare_expected(expected, other, level=0.95)
