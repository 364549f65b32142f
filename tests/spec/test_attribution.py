"""What is said of the cause of a shift: only what outcomes support, and no more than they can."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from monitor.calibrators import straight_line
from monitor.drift.attribution import EXPLANATIONS, Attribution, Labelled, attribute
from monitor.drift.attribution.calibration_test import calibration_contrast
from monitor.drift.attribution.hypotheses import contrasts_of, p_values_of, sides_of
from monitor.hashing import canonical_json
from monitor.logistic import expit, logit
from monitor.records import IDENTITY, BoolArray, TextArray
from monitor.simulation import calibrated_night, shifted_outcomes
from tests.simulation.attribution_truths import TRUTHS, acquisition, calibrated, repeated, studies

NIGHT = 200
TRUE_ALONE = ("none", "label 5 -> 10 %", "covariate", "concept, intercept +.5", "acquisition")
REFERENCE = studies(*calibrated(np.random.default_rng(1), 18_000))


def window_of(name: str, nights: int = 28, seed: int = 7) -> Labelled:
    """A window whose cause is known; one in twenty seeds would reject it."""
    return studies(*TRUTHS[name][1](np.random.default_rng(seed), nights * NIGHT))


def answer(window: Labelled, reference: Labelled = REFERENCE) -> Attribution:
    return attribute(reference, window, IDENTITY)


def with_outcomes(sample: Labelled, known: BoolArray) -> Labelled:
    return replace(sample, outcome=np.where(known, sample.outcome, np.nan))


def with_events(count: int) -> Labelled:
    """A calibrated window cut so that it has so many events."""
    window = window_of("none")
    keep = (window.outcome == 0) | (np.cumsum(window.outcome) <= count)
    return window.where(keep)


class TestOneExplanationIsLeft:
    @pytest.mark.parametrize(
        ("truth", "remedy"),
        [
            ("label 5 -> 10 %", "move the intercept"),
            ("covariate", "no recalibration"),
            ("acquisition", "per vendor"),
        ],
    )
    def test_when_a_month_of_outcomes_refutes_the_others(self, truth: str, remedy: str) -> None:
        found = answer(window_of(truth))
        name = truth.split()[0]
        assert (found.status, found.explanations) == ("single", (name,))
        assert found.verdict == f"consistent only with {name}"
        assert found.remedy is not None
        assert remedy in found.remedy

    def test_and_concept_is_named_when_outcomes_moved_far_at_unchanged_scores(self) -> None:
        rng = np.random.default_rng(3)
        log_odds, _ = calibrated(rng, 56 * NIGHT)
        found = answer(studies(log_odds, shifted_outcomes(rng, log_odds, 1.2)))
        assert found.verdict == "consistent only with concept"
        assert found.remedy == "refit the calibrator"


class TestSeveralExplanationsAreLeft:
    def test_and_the_events_that_would_tell_them_apart_are_said(self) -> None:
        found = answer(window_of("concept, intercept +.5", 7))
        assert (found.status, found.explanations) == ("cannot_tell", ("label", "concept"))
        assert found.events_needed is not None
        assert found.events_needed > found.events
        assert found.verdict == (
            "cannot tell: {label, concept}; telling them apart needs about "
            f"{found.events_needed} events in the window, it has {found.events}"
        )
        assert found.remedy is None

    def test_and_both_say_refit_after_a_turn_of_the_slope_that_keeps_the_mean(self) -> None:
        """P(score) and P(outcome) are both as they were: two explanations, and both are true."""
        found = answer(window_of("concept, slope .7", 56))
        assert found.explanations == ("concept", "acquisition")
        assert found.remedy == "refit the calibrator: each of them calls for it"
        assert found.verdict.endswith("more events will not tell them apart")
        assert found.events_needed is None

    def test_and_none_comes_first_where_no_change_is_needed(self) -> None:
        found = answer(window_of("none"))
        assert found.status == "none"
        assert found.explanations == EXPLANATIONS
        assert found.verdict.startswith("consistent with none: no change is needed")
        assert found.verdict.endswith("not excluded either: covariate, label, concept, acquisition")


def test_no_explanation_is_left_when_two_things_moved() -> None:
    found = answer(window_of("mixed"))
    assert (found.status, found.explanations) == ("mixed", ())
    assert found.verdict == "mixed: no single explanation fits the window"
    assert found.remedy is None


class TestALabelShiftKeepsTheScoresOfBothClasses:
    """So scores that move in one class alone, or only spread, refute it."""

    def moved(self, by: float, outcome: float) -> Attribution:
        window = window_of("label 5 -> 10 %")
        return answer(replace(window, score=expit(logit(window.score) + by * (window.outcome == outcome))))

    @pytest.mark.parametrize("outcome", [0.0, 1.0])
    def test_moved_in_one_class(self, outcome: float) -> None:
        assert self.moved(0.0, outcome).explanations == ("label",)
        assert "label" not in self.moved(0.8, outcome).explanations

    def test_spread_about_the_middle_of_the_reference(self) -> None:
        window, middle = window_of("none"), np.median(logit(REFERENCE.score))
        x = logit(window.score)
        found = answer(replace(window, score=expit(middle + 1.3 * (x - middle))))
        assert not {"label", "concept", "none"} & set(found.explanations)


def test_the_level_decides_what_is_kept() -> None:
    window = window_of("concept, intercept +.5", 7)
    p = answer(window).p_values["label"]
    assert p is not None
    assert "label" in attribute(REFERENCE, window, IDENTITY, level=p * 0.99).explanations
    assert "label" not in attribute(REFERENCE, window, IDENTITY, level=p).explanations


@pytest.mark.parametrize("level", [0.0, 1.0, -0.1, float("nan")])
def test_a_level_that_is_none_is_refused(level: float) -> None:
    with pytest.raises(ValueError, match="level must lie strictly between 0 and 1"):
        attribute(REFERENCE, REFERENCE, IDENTITY, level=level)


class TestTooFewEvents:
    def test_of_the_rarer_class_are_insufficient_with_the_number_missing(self) -> None:
        found = answer(with_events(49))
        assert (found.status, found.explanations, found.remedy) == ("insufficient", (), None)
        assert found.verdict == "insufficient, needs 1 more event in the window"
        assert found.events_needed == 50

    def test_still_have_their_p_values(self) -> None:
        found = answer(with_events(20))
        assert all(found.p_values[name] is not None for name in EXPLANATIONS)

    def test_is_fewer_than_fifty(self) -> None:
        assert answer(with_events(50)).status != "insufficient"

    def test_are_counted_as_the_rarer_class_where_the_outcome_is_common(self) -> None:
        window = with_events(49)
        found = answer(replace(window, outcome=1.0 - window.outcome))
        assert (found.events, found.status) == (49, "insufficient")

    def test_in_the_reference_are_insufficient_too(self) -> None:
        found = answer(window_of("none"), with_events(30))
        assert found.verdict == "insufficient, needs 20 more events in the reference"
        assert found.events_needed is None

    def test_of_one_class_alone_are_insufficient_and_leave_calibration_untested(self) -> None:
        found = answer(with_events(0))
        assert found.verdict == "insufficient, needs 50 more events in the window"
        assert found.p_values["covariate"] is None
        assert found.p_values["acquisition"] is not None


class TestBeforeOutcomesAreKnown:
    def unlabelled(self, name: str) -> Attribution:
        window = window_of(name)
        return answer(with_outcomes(window, np.zeros(len(window), dtype=bool)))

    @pytest.mark.parametrize("name", ["label 5 -> 10 %", "covariate", "acquisition"])
    def test_a_shift_has_no_cause(self, name: str) -> None:
        found = self.unlabelled(name)
        assert (found.status, found.explanations, found.remedy) == ("unresolved", (), None)
        assert found.verdict.startswith("shift, cause unresolved: the scores moved")
        assert "label" not in found.verdict

    def test_only_the_scores_are_tested(self) -> None:
        p_values = self.unlabelled("label 5 -> 10 %").p_values
        assert [name for name in EXPLANATIONS if p_values[name] is None] == [
            "covariate",
            "label",
            "acquisition",
        ]

    def test_unmoved_scores_are_no_all_clear(self) -> None:
        """A concept shift cannot be seen without outcomes."""
        found = self.unlabelled("concept, intercept +.5")
        assert found.status == "unresolved"
        assert found.verdict.startswith("cause unresolved: no shift of the scores seen")
        assert found.remedy is None

    def test_the_prevalence_may_be_anything(self) -> None:
        decomposition = self.unlabelled("none").decomposition
        assert decomposition is not None
        assert decomposition.window_prevalence.value is None
        bounds = decomposition.window_bounds
        assert bounds is not None
        assert (bounds.low, bounds.high) == (0.0, 1.0)


class TestNothingCanBeCompared:
    @pytest.mark.parametrize("value", [0.0, 0.05, 1.0, 1e-9])
    def test_when_the_score_is_constant(self, value: float) -> None:
        window = window_of("none")
        found = answer(replace(window, score=np.full(len(window), value)))
        assert found.status == "not_estimable"
        assert found.verdict == "not estimable: the score does not vary in the window"
        assert set(found.p_values.values()) == {None}

    def test_when_the_score_was_constant(self) -> None:
        frozen = replace(REFERENCE, score=np.full(len(REFERENCE), 0.3))
        assert answer(window_of("none"), frozen).verdict.endswith("does not vary in the reference")

    @pytest.mark.parametrize("which", ["reference", "window"])
    def test_when_there_is_no_study(self, which: str) -> None:
        nothing = REFERENCE.where(np.zeros(len(REFERENCE), dtype=bool))
        found = answer(nothing) if which == "window" else answer(REFERENCE, nothing)
        assert (found.status, found.decomposition) == ("not_estimable", None)
        assert found.verdict == f"not estimable: no study in the {which}"


class TestScoresAtTheEnds:
    def test_are_clipped_and_do_not_break_a_test(self) -> None:
        window = window_of("none")
        ends = np.where(window.score > 0.3, 1.0, np.where(window.score < 0.005, 0.0, window.score))
        found = answer(replace(window, score=ends))
        assert all(0.0 <= p <= 1.0 for p in found.p_values.values() if p is not None)
        assert "covariate" not in found.explanations

    @pytest.mark.parametrize("score", [float("nan"), -0.1, 1.1])
    def test_outside_of_them_there_is_no_score(self, score: float) -> None:
        with pytest.raises(ValueError, match="every score must lie in"):
            Labelled(np.array([score]), np.array([1.0]), np.array(["a"], dtype=object))


def test_an_outcome_is_0_or_1_or_not_known() -> None:
    with pytest.raises(ValueError, match="every outcome must be 0, 1 or NaN"):
        Labelled(np.array([0.5]), np.array([2.0]), np.array(["a"], dtype=object))


def test_columns_of_one_sample_have_one_length() -> None:
    with pytest.raises(ValueError, match="must have one shape"):
        Labelled(np.array([0.5]), np.array([1.0, 0.0]), np.array(["a"], dtype=object))


def test_scores_that_split_the_outcomes_leave_the_calibration_untested_and_unclaimed() -> None:
    """No finite line exists; an explanation without a test is kept, and never as the only one."""
    window = window_of("acquisition", 56)
    score = np.where(window.outcome == 1, 0.51, 0.5) + 0.005 * window.score
    found = answer(replace(window, score=score))
    assert found.p_values["covariate"] is None
    assert "covariate" in found.explanations
    assert found.status == "cannot_tell"
    assert "too few outcomes are known to test covariate" in found.verdict


class TestMissingOutcomes:
    """Where high scores are verified more often, and where nothing else happened."""

    def verified_by_score(self, share_of_low: float = 0.2) -> Labelled:
        window = window_of("none", 56)
        chance = np.where(window.score > np.median(window.score), 1.0, share_of_low)
        return with_outcomes(window, np.random.default_rng(5).random(len(window)) < chance)

    def test_do_not_pass_for_a_higher_prevalence(self) -> None:
        window = self.verified_by_score()
        known = window.outcome[window.known]
        assert known.mean() > 1.4 * REFERENCE.outcome.mean()
        found = answer(window)
        assert found.status == "none"
        assert found.decomposition is not None
        prevalence = found.decomposition.window_prevalence
        assert prevalence.low is not None
        assert prevalence.high is not None
        assert prevalence.low < 0.05 < prevalence.high

    def test_are_named_as_an_assumption(self) -> None:
        found = answer(self.verified_by_score())
        assert found.assumption is not None
        assert "depends on the score alone" in found.assumption
        assert answer(window_of("none")).assumption is None

    def test_of_a_whole_range_of_scores_leave_what_needs_them_untested(self) -> None:
        found = answer(self.verified_by_score(share_of_low=0.0))
        untested = [name for name in EXPLANATIONS if found.p_values[name] is None]
        assert untested == ["label", "acquisition"]
        assert found.p_values["covariate"] is not None
        assert found.decomposition is not None
        assert found.decomposition.change.value is None
        assert found.decomposition.change.method == "no outcome in some score bin"

    def test_are_bounded_whatever_they_depend_on(self) -> None:
        window = self.verified_by_score()
        found = answer(window)
        assert found.decomposition is not None
        bounds = found.decomposition.window_bounds
        assert bounds is not None
        positives, missing = np.nansum(window.outcome), (~window.known).sum()
        assert (bounds.low, bounds.high) == (
            positives / len(window),
            (positives + missing) / len(window),
        )
        assert found.decomposition.reference_bounds is None

    def test_are_never_negatives(self) -> None:
        """Studies without an outcome change nothing that is learned of outcomes at a score."""
        window = window_of("none")
        more = np.concatenate([window.score, window.score])
        unknown = np.full(len(window), np.nan)
        outcome, who = np.concatenate([window.outcome, unknown]), np.arange(2 * len(window)).astype(str)
        found = answer(Labelled(more, outcome, who.astype(object)))
        assert found.p_values["covariate"] == pytest.approx(answer(window).p_values["covariate"])
        assert found.p_values["acquisition"] == pytest.approx(
            answer(window).p_values["acquisition"], abs=0.15
        )


class TestPatientsAreTheUnit:
    def copied(self, window: Labelled, times: int) -> Labelled:
        columns = (window.score, window.outcome, window.patient, window.stratum)
        return Labelled(*(None if column is None else np.tile(column, times) for column in columns))

    def test_copies_of_every_study_say_no_more(self) -> None:
        window = window_of("concept, intercept +.5", 7)
        two, ten = (answer(self.copied(window, times)).p_values for times in (2, 10))
        for name in EXPLANATIONS:
            assert ten[name] == pytest.approx(two[name], rel=0.1)

    def test_and_strangers_would_say_more(self) -> None:
        ten = self.copied(window_of("concept, intercept +.5", 7), 10)
        strangers = replace(ten, patient=np.arange(len(ten)).astype(str).astype(object))
        assert answer(ten).explanations == ("label", "concept")
        assert answer(strangers).status == "mixed"

    def test_copies_say_no_more_of_vendors_that_differ(self) -> None:
        vendors = TestVendors()
        window, reference = vendors.sample(2, 28, False), vendors.sample(1, 90, False)
        two, ten = (answer(self.copied(window, times), reference).interaction for times in (2, 10))
        assert two is not None
        assert ten is not None
        assert ten.method == "Wald, cluster-robust"
        assert ten.statistic == pytest.approx(two.statistic, rel=1e-6)

    def test_no_explanation_is_rejected_too_often_where_patients_return(self) -> None:
        rng, runs = np.random.default_rng(7), 100
        rejected = np.zeros(len(EXPLANATIONS))
        for _ in range(runs):
            reference, window = repeated(rng, 6000), repeated(rng, 7 * NIGHT)
            p_values = answer(window, reference).p_values
            rejected += [p_values[name] <= 0.05 for name in EXPLANATIONS]
        assert (rejected / runs <= 0.05 + 3 * (0.05 * 0.95 / runs) ** 0.5).all()


def test_the_truth_is_rejected_in_one_of_twenty_windows() -> None:
    """The whole table, beside the figures it must reach: tests/simulation/attribution_table.py."""
    rng, runs = np.random.default_rng(8), 200
    rejected = dict.fromkeys(EXPLANATIONS, 0)
    for _ in range(runs):
        reference = studies(*calibrated(rng, 6000))
        before = sides_of(reference, reference.score)
        for truth, draw in (TRUTHS[name] for name in TRUE_ALONE):
            window = studies(*draw(rng, 7 * NIGHT))
            after = sides_of(window, reference.score)
            tests = contrasts_of(before, after, calibration_contrast(window, IDENTITY))
            rejected[truth] += p_values_of(tests)[truth] <= 0.05
    assert max(rejected.values()) / runs <= 0.05 + 3 * (0.05 * 0.95 / runs) ** 0.5, rejected


class TestTheCalibratorsOwnError:
    def test_keeps_an_explanation_that_a_known_calibrator_would_reject(self) -> None:
        window = window_of("concept, intercept +.5", 7)
        known = attribute(REFERENCE, window, IDENTITY)
        unsure = straight_line("v1", "platt", 0.0, 1.0, ((0.09, 0.0), (0.0, 0.04)))
        assert "covariate" not in known.explanations
        assert "covariate" in attribute(REFERENCE, window, unsure).explanations

    def test_leaves_the_other_explanations_as_they_are(self) -> None:
        window = window_of("concept, intercept +.5", 7)
        unsure = straight_line("v1", "platt", 0.0, 1.0, ((0.09, 0.0), (0.0, 0.04)))
        one, other = attribute(REFERENCE, window, IDENTITY), attribute(REFERENCE, window, unsure)
        for name in ("label", "concept", "acquisition"):
            assert one.p_values[name] == other.p_values[name]


class TestRanks:
    def test_make_a_monotone_map_of_every_score_no_shift(self) -> None:
        def bent(sample: Labelled) -> Labelled:
            return replace(sample, score=sample.score**0.3)

        window = window_of("acquisition")
        one, other = answer(window), answer(bent(window), bent(REFERENCE))
        for name in ("label", "concept", "acquisition"):
            assert one.p_values[name] == other.p_values[name]

    def test_keep_one_outlier_from_hiding_a_shift(self) -> None:
        window = window_of("covariate")
        score = window.score.copy()
        score[0] = 1.0
        assert answer(replace(window, score=score)).explanations == ("covariate",)

    def test_do_not_depend_on_the_order_of_the_rows(self) -> None:
        window, order = window_of("label 5 -> 7.5 %"), np.random.default_rng(9).permutation(28 * NIGHT)
        mixed = Labelled(window.score[order], window.outcome[order], window.patient[order])
        one, other = answer(window), answer(mixed)
        assert one.explanations == other.explanations
        assert [other.p_values[name] for name in EXPLANATIONS] == pytest.approx(
            [one.p_values[name] for name in EXPLANATIONS], rel=1e-8
        )


class TestVendors:
    """Vendor B's scanners give higher scores; A's are as they were; C has few studies."""

    def sample(self, seed: int, nights: int, moved: bool) -> Labelled:
        rng = np.random.default_rng(seed)
        vendor = np.repeat(np.array(["A", "B", "C"], dtype=object), [100 * nights, 90 * nights, 10 * nights])
        log_odds, outcome = calibrated_night(rng, len(vendor), 0.05, 0.85)
        return self.named(log_odds + 0.8 * (moved & (vendor == "B")), outcome, vendor)

    def named(self, log_odds: np.ndarray, outcome: np.ndarray, vendor: TextArray) -> Labelled:
        plain = studies(log_odds, outcome)
        return Labelled(plain.score, plain.outcome, plain.patient, vendor)

    def found(self) -> Attribution:
        return answer(self.sample(2, 28, True), self.sample(1, 90, False))

    def test_each_have_an_answer_of_their_own(self) -> None:
        vendors = self.found().vendors
        assert vendors["A"].status == "none"
        assert vendors["B"].explanations == ("acquisition",)

    def test_with_few_events_are_pooled(self) -> None:
        assert sorted(self.found().vendors) == ["A", "B", "other vendors"]

    def test_of_too_few_events_say_insufficient(self) -> None:
        pooled = self.found().vendors["other vendors"]
        assert pooled.status == "insufficient"
        assert pooled.events < 20

    def test_that_differ_need_lines_of_their_own(self) -> None:
        interaction = self.found().interaction
        assert interaction is not None
        assert (interaction.vendors, interaction.degrees_of_freedom) == (("A", "B"), 2)
        assert interaction.p < 0.001
        assert interaction.method == "likelihood ratio"

    def test_that_are_alike_do_not(self) -> None:
        found = answer(self.sample(2, 28, False), self.sample(1, 90, False)).interaction
        assert found is not None
        assert found.p > 0.05

    def test_new_since_the_reference_cannot_be_compared(self) -> None:
        reference = self.sample(1, 90, False)
        old = reference.where(reference.stratum == "A")
        found = answer(self.sample(2, 28, True), old).vendors["B"]
        assert found.verdict == "not estimable: no study in the reference"

    def test_without_a_name_are_other_vendors(self) -> None:
        window = self.sample(2, 28, True)
        vendor = np.where(window.stratum == "B", None, window.stratum)
        found = answer(replace(window, stratum=vendor), self.sample(1, 90, False))
        assert sorted(found.vendors) == ["A", "other vendors"]

    def test_alone_have_nothing_to_differ_from(self) -> None:
        window = self.sample(2, 28, True)
        found = answer(window.where(window.stratum == "A"), self.sample(1, 90, False))
        assert (list(found.vendors), found.interaction) == (["A"], None)

    def test_change_nothing_of_the_answer_for_the_whole(self) -> None:
        window, reference = self.sample(2, 28, True), self.sample(1, 90, False)
        whole = answer(replace(window, stratum=None), replace(reference, stratum=None))
        assert replace(self.found(), vendors={}, interaction=None) == whole

    def test_of_one_sample_alone_are_refused_not_ignored(self) -> None:
        with pytest.raises(ValueError, match="both samples must have vendors"):
            answer(self.sample(2, 28, True), REFERENCE)

    def test_without_outcomes_have_no_events_to_stand_alone(self) -> None:
        window = self.sample(2, 28, True)
        found = answer(with_outcomes(window, np.zeros(len(window), dtype=bool)), self.sample(1, 90, False))
        assert list(found.vendors) == ["other vendors"]
        assert found.interaction is None


class TestTheRecord:
    @pytest.mark.parametrize("nights", [0, 1, 28])
    def test_is_plain_json_whatever_the_answer(self, nights: int) -> None:
        window = window_of("label 5 -> 10 %")
        found = answer(window.where(np.arange(len(window)) < nights * NIGHT))
        record = found.as_record()
        assert canonical_json(record)
        assert list(record["p_values"]) == list(EXPLANATIONS)

    def test_holds_the_vendors_and_their_comparison(self) -> None:
        record = TestVendors().found().as_record()
        assert canonical_json(record)
        assert record["vendors"]["B"]["explanations"] == ["acquisition"]
        assert record["interaction"]["vendors"] == ["A", "B"]

    def test_names_no_patient(self) -> None:
        window = window_of("acquisition")
        marked = np.array([f"patient-{number}" for number in window.patient], dtype=object)
        assert "patient-" not in canonical_json(answer(replace(window, patient=marked)).as_record())

    def test_rounds_nothing(self) -> None:
        found = answer(window_of("label 5 -> 7.5 %"))
        assert found.as_record()["p_values"]["label"] == found.p_values["label"]


def test_a_shift_of_the_scores_alone_is_seen_as_unexplained_less_and_explained_more() -> None:
    """Scores rose by .4 with the outcomes as they were: what the scores promise does not come."""
    rng = np.random.default_rng(4)
    parts = answer(studies(*acquisition(rng, 56 * NIGHT))).decomposition
    assert parts is not None
    assert parts.explained.low is not None
    assert parts.unexplained.high is not None
    assert parts.explained.low > 0.0 > parts.unexplained.high
    assert parts.explained.value + parts.unexplained.value == pytest.approx(parts.change.value, abs=1e-12)


def test_tails_come_from_survival_functions() -> None:
    """Every score far off: the p-value is tiny, not rounded to what 1 - p can hold."""
    window = window_of("none")
    found = answer(replace(window, score=expit(logit(window.score) + 0.5)))
    assert found.p_values["concept"] is not None
    assert 0.0 < found.p_values["concept"] < 1e-50
