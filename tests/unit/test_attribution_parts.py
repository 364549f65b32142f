"""The parts of an attribution against formulas, other programs and answers known by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import chi2, mannwhitneyu, ncx2

from monitor.calibrators import calibrated_log_odds, straight_line
from monitor.drift.attribution import EXPLANATIONS, Labelled, attribute
from monitor.drift.attribution.calibration_test import calibration_contrast, calibrator_covariance
from monitor.drift.attribution.contrast import Contrast, Side, chi_square_tail, mean_contrast
from monitor.drift.attribution.hypotheses import mid_rank, sides_of
from monitor.drift.attribution.power import events_needed, growth_needed, noncentrality
from monitor.drift.attribution.vendors import OTHER_VENDORS, interaction, pool_small_vendors
from monitor.drift.attribution.verdict import judge
from monitor.drift.decomposition import decompose
from monitor.drift.labelled import labelled
from monitor.drift.partial_labels import (
    PostStratification,
    manski_bounds,
    post_stratified_prevalence,
    score_bins,
)
from monitor.logistic import expit, fit_logistic, log_loss, logit
from monitor.records import IDENTITY, FloatArray, Place, Rows
from tests.recalibrating import KINDS, calibrator_of, people, window

EXACT = 1e-12


def sample(
    seed: int = 1, n: int = 900, intercept: float = 0.0, *, missing: float = 0.0, per_patient: int = 1
) -> Labelled:
    """Scores about -1.5 in log-odds; some outcomes missing, more of them at low scores."""
    x, outcome = window(seed, n, intercept)
    chance = missing * np.where(x < -1.5, 1.0, 0.3)
    hidden = np.random.default_rng(seed + 100).random(n) < chance
    who = people(n)[np.arange(n) // per_patient]
    return Labelled(expit(x), np.where(hidden, np.nan, outcome), who)


class TestChiSquare:
    @pytest.mark.parametrize("freedom", [1, 2, 4, 6])
    @pytest.mark.parametrize("statistic", [0.0, 0.3, 3.84, 40.0, 900.0])
    def test_tail_is_that_of_scipy(self, freedom: int, statistic: float) -> None:
        assert chi_square_tail(statistic, freedom) == pytest.approx(chi2.sf(statistic, freedom), rel=1e-9)

    @pytest.mark.parametrize("freedom", [1, 2])
    @pytest.mark.parametrize("level", [0.05, 0.025, 0.0125, 0.001])
    def test_noncentrality_rejects_in_eight_of_ten(self, freedom: int, level: float) -> None:
        power = ncx2.sf(chi2.isf(level, freedom), freedom, noncentrality(freedom, level))
        assert power == pytest.approx(0.8, abs=1e-6)


class TestMeanContrast:
    def test_of_outcomes_is_the_two_proportion_test(self) -> None:
        before, after = sample(1, 3000), sample(2, 700, 0.5)
        test = mean_contrast(*(sides_of(each, before.score).outcome[0] for each in (before, after)))
        a, b, m, n = before.outcome.sum(), after.outcome.sum(), 3000, 700
        pooled = (a + b) / (m + n)
        z = (b / n - a / m) / math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
        assert test is not None
        assert test.statistic == pytest.approx(z**2, rel=EXACT)

    def test_of_ranks_is_nearly_the_rank_sum_test(self) -> None:
        before, after = sample(1, 3000), sample(2, 700)
        after = replace(after, score=expit(logit(after.score) + 0.15))
        test = mean_contrast(*(sides_of(each, before.score).overall[0] for each in (before, after)))
        other = mannwhitneyu(after.score, before.score, method="asymptotic")
        assert test is not None
        assert test.p == pytest.approx(other.pvalue, rel=0.1)
        assert test.difference[0] == pytest.approx(other.statistic / (3000 * 700) - 0.5, abs=EXACT)

    def test_by_hand(self) -> None:
        """u = 0, 1 against 0, 0, 1, 1 as values .25 and .75: no difference; all at .75: .25 apart."""
        before = Side(0.5, 4.0, np.array([0.25, 0.25, 0.75, 0.75]))
        assert mean_contrast(before, Side(0.5, 2.0, np.array([0.25, 0.75]))).statistic == 0.0
        moved = mean_contrast(before, Side(0.75, 2.0, np.array([0.75, 0.75])))
        variance = 1 / 18  # of .25, .25 and four times .75
        assert moved.statistic == pytest.approx(0.25**2 / (variance * (1 / 2 + 1 / 4)), rel=EXACT)

    def test_of_two_constants_that_agree_is_no_difference(self) -> None:
        one = Side(0.5, 3.0, np.full(3, 0.5))
        assert mean_contrast(one, one).p == 1.0

    def test_of_two_constants_that_differ_is_not_infinitely_certain(self) -> None:
        test = mean_contrast(Side(0.0, 3.0, np.zeros(3)), Side(1.0, 3.0, np.ones(3)))
        assert test.statistic == pytest.approx(1.0 / (0.25 * (1 / 3 + 1 / 3)), rel=EXACT)

    def test_without_a_mean_does_not_exist(self) -> None:
        nothing = Side(float("nan"), 0.0, np.empty(0))
        assert mean_contrast(nothing, Side(0.5, 3.0, np.full(3, 0.5))) is None

    def test_counts_a_patient_once(self) -> None:
        """Each study five times in one patient: the variance is that of the studies, not of the copies."""
        single = sample(1, 500)
        copies = Labelled(*(np.tile(column, 5) for column in (single.score, single.outcome, single.patient)))
        for kind in ("overall", "outcome", "by_class"):
            for side, one in zip(
                getattr(sides_of(copies, single.score), kind),
                getattr(sides_of(single, single.score), kind),
                strict=True,
            ):
                assert side.robust == pytest.approx(one.values.var() / one.size, rel=1e-9)
                assert side.size == 5 * one.size


def test_sides_hold_rank_and_distance_from_the_middle_in_each_class() -> None:
    """Scores .1 to .4 have u = 1/8, 3/8, 5/8, 7/8, so |2u - 1| = 3/4, 1/4, 1/4, 3/4."""
    scores, outcomes = np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.0, 1.0, np.nan, 1.0])
    sides = sides_of(Labelled(scores, outcomes, people(4)), scores)
    assert [side.values.tolist() for side in sides.by_class] == [
        [0.125],
        [0.75],
        [0.375, 0.875],
        [0.25, 0.75],
    ]
    assert [side.mean for side in sides.overall] == [0.5, 0.5]


def test_mid_ranks_of_the_reference_itself_have_mean_one_half() -> None:
    scores = np.round(sample().score, 2)
    assert mid_rank(scores, scores).mean() == pytest.approx(0.5, abs=EXACT)


class TestCalibrationContrast:
    def test_is_the_likelihood_ratio_where_all_is_known(self) -> None:
        found = sample(3, 1200, -0.4)
        x = logit(found.score)

        def loss(at: FloatArray) -> float:
            return float(log_loss(at[0] + at[1] * x, found.outcome).sum())

        best = minimize(loss, [0.0, 1.0], method="BFGS", options={"gtol": 1e-9})
        test = calibration_contrast(found, IDENTITY)
        assert test is not None
        assert test.statistic == pytest.approx(2 * (loss(np.array([0.0, 1.0])) - best.fun), rel=1e-6)
        assert test.difference == pytest.approx(best.x - [0.0, 1.0], abs=1e-4)

    def test_adds_the_calibrators_covariance_by_hand(self) -> None:
        found = sample(3, 1200, -0.4)
        own = np.array([[0.02, 0.005], [0.005, 0.01]])
        known = calibration_contrast(found, IDENTITY)
        unsure = calibration_contrast(found, straight_line("v1", "platt", 0.0, 1.0, _pairs(own)))
        assert known is not None
        assert unsure is not None
        total = known.moving + own
        assert unsure.statistic == pytest.approx(
            known.difference @ np.linalg.inv(total) @ known.difference, rel=1e-9
        )

    def test_is_the_sandwich_where_patients_repeat(self) -> None:
        single = sample(3, 600, -0.4)
        twice = Labelled(*(np.tile(column, 2) for column in (single.score, single.outcome, single.patient)))
        design = np.column_stack([np.ones(600), logit(single.score)])
        fit = fit_logistic(design, single.outcome)
        scores = design * (single.outcome - expit(design @ fit.coefficients))[:, None]
        test = calibration_contrast(twice, IDENTITY)
        assert test is not None
        sandwich, patients = fit.covariance @ (scores.T @ scores) @ fit.covariance, single.outcome.sum()
        assert test.moving == pytest.approx(sandwich * patients / (patients - 2), rel=1e-6)

    def test_does_not_exist_where_two_patients_have_all_events(self) -> None:
        found = sample(3, 600)
        who = np.where(found.outcome == 1, np.where(np.arange(600) % 2 == 0, "a", "b"), found.patient)
        assert calibration_contrast(replace(found, patient=who.astype(object)), IDENTITY) is None

    def test_reads_studies_with_an_outcome_only(self) -> None:
        part = sample(3, 1200, missing=0.5)
        full, known = calibration_contrast(part, IDENTITY), part.where(part.known)
        assert full is not None
        assert full.statistic == calibration_contrast(known, IDENTITY).statistic

    @pytest.mark.parametrize("outcome", [0.0, 1.0])
    def test_does_not_exist_for_one_class(self, outcome: float) -> None:
        assert calibration_contrast(replace(sample(), outcome=np.full(900, outcome)), IDENTITY) is None


class TestCalibratorCovariance:
    def test_of_a_platt_map_is_the_delta_method(self) -> None:
        """a = alpha - beta * alpha_hat / beta_hat and b = beta / beta_hat, at the truth."""
        alpha, beta = -0.7, 0.8
        own = np.array([[0.03, 0.01], [0.01, 0.02]])
        jacobian = np.array([[-1.0, alpha / beta], [0.0, -1.0 / beta]])
        fitted = straight_line("v1", "platt", alpha, beta, _pairs(own))
        assert calibrator_covariance(fitted, logit(sample().score)) == pytest.approx(
            jacobian @ own @ jacobian.T, rel=1e-9
        )

    @pytest.mark.parametrize("kind", KINDS)
    def test_of_every_kind_is_a_covariance(self, kind: str) -> None:
        found = calibrator_covariance(calibrator_of(kind), logit(sample().score))
        assert found == pytest.approx(found.T, abs=EXACT)
        assert (np.linalg.eigvalsh(found) >= -1e-12).all()
        assert found.any() == (kind != "identity")


class TestEventsNeeded:
    def off(self, z: float, fixed: float = 0.0) -> Contrast:
        return Contrast(np.array([z]), np.array([[1.0 - fixed]]), np.array([[fixed]]), z**2)

    @pytest.mark.parametrize("fixed", [0.0, 0.1])
    def test_at_the_growth_found_the_test_rejects_in_eight_of_ten(self, fixed: float) -> None:
        test = self.off(1.8, fixed)
        reached = test.wald(growth_needed(test, 0.05))
        assert ncx2.sf(chi2.isf(0.05, 1), 1, reached) == pytest.approx(0.8, abs=1e-6)

    def test_are_never_enough_where_the_reference_is_too_small(self) -> None:
        assert growth_needed(self.off(1.8, 0.9), 0.05) == math.inf

    def test_are_never_enough_where_the_effect_is_no_larger_than_chance(self) -> None:
        assert growth_needed(self.off(1.0), 0.05) == math.inf

    def test_leave_the_best_fitting_explanation_alone(self) -> None:
        tests = {
            "label": (self.off(1.5),) * 4,
            "concept": (self.off(1.9),) * 2,
            "acquisition": (self.off(1.2),),
        }
        second = growth_needed(self.off(1.2), 0.05), growth_needed(self.off(1.5), 0.0125)
        assert events_needed(["label", "concept", "acquisition"], tests, 80, 0.05) == math.ceil(
            80 * sorted([*second, growth_needed(self.off(1.9), 0.025)])[-2]
        )

    def test_do_not_exist_where_both_fit(self) -> None:
        tests = {"concept": (self.off(0.5),) * 2, "acquisition": (self.off(0.2),)}
        assert events_needed(["concept", "acquisition"], tests, 80, 0.05) is None


class TestJudging:
    def test_an_explanation_that_could_not_be_rejected_is_not_the_only_one(self) -> None:
        p_values = dict.fromkeys(EXPLANATIONS, 1e-6) | {"acquisition": None}
        found = judge(p_values, {}, 80, 0.05)
        assert (found.status, found.explanations, found.remedy) == ("cannot_tell", ("acquisition",), None)

    def test_no_change_is_not_claimed_where_half_of_it_could_not_be_tested(self) -> None:
        p_values = dict.fromkeys(EXPLANATIONS, 0.5) | {"covariate": None}
        assert judge(p_values, {}, 80, 0.05).status == "cannot_tell"


class TestPostStratification:
    def test_of_complete_outcomes_is_the_plain_mean(self) -> None:
        found = sample()
        mean = PostStratification(found).mean(found.outcome)
        assert mean.value == pytest.approx(found.outcome.mean(), abs=EXACT)
        assert mean.variance(None) == pytest.approx(found.outcome.var() / 900, rel=1e-9)

    def test_by_hand_with_its_variance(self) -> None:
        """Bins of 4 with 1 of 2 and 3 of 4: within .25 * .25 / 2 and .25 * .1875 / 4, between .125^2 / 8."""
        scores = np.array([0.1] * 4 + [0.9] * 4)
        outcomes = np.array([1.0, 0.0, np.nan, np.nan, 1.0, 1.0, 1.0, 0.0])
        found = Labelled(scores, outcomes, people(8))
        mean = PostStratification(found, 2).mean(outcomes)
        assert mean.value == 0.625
        assert mean.variance(None) == pytest.approx(
            0.25 * 0.25 / 2 + 0.25 * 0.1875 / 4 + 0.125**2 / 8, rel=EXACT
        )
        interval = post_stratified_prevalence(found, bins=2)
        assert interval.high == min(1.0, 0.625 + 1.959963984540054 * math.sqrt(mean.variance(None)))

    def test_interval_holds_the_truth_that_verified_outcomes_miss(self) -> None:
        rng, runs, held = np.random.default_rng(3), 400, 0
        for _ in range(runs):
            x = rng.normal(-1.5, 1.4, 1500)
            outcome = (rng.random(1500) < expit(x)).astype(float)
            seen = rng.random(1500) < np.where(x > -1.5, 0.9, 0.3)
            found = post_stratified_prevalence(
                Labelled(expit(x), np.where(seen, outcome, np.nan), people(1500))
            )
            held += found.low <= 0.2477 <= found.high
        assert abs(held / runs - 0.95) <= 0.04

    def test_does_not_speak_for_a_bin_without_outcomes(self) -> None:
        scores, outcomes = np.array([0.1, 0.1, 0.9, 0.9]), np.array([np.nan, np.nan, 0.0, 1.0])
        found = post_stratified_prevalence(Labelled(scores, outcomes, people(4)), bins=2)
        assert (found.value, found.low, found.high) == (None, None, None)
        assert found.method == "no outcome in some score bin"

    def test_of_nothing_has_no_value(self) -> None:
        nothing = sample().where(np.zeros(900, dtype=bool))
        assert post_stratified_prevalence(nothing).value is None
        assert score_bins(np.empty(0), 10).tolist() == []

    def test_keeps_tied_scores_in_one_bin(self) -> None:
        assert set(score_bins(np.full(50, 0.2), 10).tolist()) == {0}


class TestManskiBounds:
    def test_by_hand(self) -> None:
        outcomes = np.array([1.0, 1.0, 0.0, np.nan, np.nan])
        found = manski_bounds(Labelled(np.full(5, 0.5), outcomes, people(5)))
        assert (found.value, found.low, found.high, found.n, found.events) == (None, 0.4, 0.8, 5, 1)

    def test_hold_every_prevalence_that_could_be(self) -> None:
        found = sample(missing=0.6)
        bounds = manski_bounds(found)
        assert bounds.low < post_stratified_prevalence(found).value < bounds.high

    def test_are_not_needed_where_nothing_is_missing(self) -> None:
        assert manski_bounds(sample()) is None


class TestDecomposition:
    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("missing", [0.0, 0.6])
    def test_is_an_identity(self, kind: str, missing: float) -> None:
        before, after = sample(1, 2000, missing=missing), sample(2, 700, 0.6, missing=missing)
        found = decompose(before, after, calibrator_of(kind))
        assert found.change.value == pytest.approx(found.explained.value + found.unexplained.value, abs=EXACT)
        assert found.change.value == pytest.approx(
            found.window_prevalence.value - found.reference_prevalence.value, abs=EXACT
        )

    def test_takes_p_from_the_deployed_calibrator(self) -> None:
        calibrator = straight_line("v1", "platt", 0.3, 0.8, ((0.0, 0.0), (0.0, 0.0)))
        before, after = sample(1, 2000), sample(2, 700, 0.6)
        means = [expit(calibrated_log_odds(calibrator, logit(each.score))).mean() for each in (before, after)]
        found = decompose(before, after, calibrator)
        assert found.explained.value == pytest.approx(means[1] - means[0], abs=EXACT)

    def test_has_intervals_by_patient(self) -> None:
        before, after = sample(1, 2000), sample(2, 700, 0.6)
        twice = Labelled(*(np.tile(column, 2) for column in (after.score, after.outcome, after.patient)))
        one, other = decompose(before, after, IDENTITY), decompose(before, twice, IDENTITY)
        width = 2 * 1.959963984540054 * math.sqrt(before.outcome.var() / 2000 + after.outcome.var() / 700)
        assert one.change.high - one.change.low == pytest.approx(width, rel=1e-9)
        assert other.change.high - other.change.low == pytest.approx(width, rel=1e-9)

    def test_has_narrower_intervals_at_a_larger_level(self) -> None:
        before, after = sample(1, 2000), sample(2, 700, 0.6)
        wide, narrow = (decompose(before, after, IDENTITY, level=level).explained for level in (0.01, 0.2))
        assert wide.low < narrow.low < narrow.high < wide.high


class TestVendors:
    def named(self, vendors: list[str | None], found: Labelled | None = None) -> Labelled:
        found = found or sample()
        vendor = np.array([vendors[k % len(vendors)] for k in range(len(found))], dtype=object)
        return replace(found, stratum=vendor)

    def test_of_twenty_events_stand_alone(self) -> None:
        outcome = np.concatenate([np.arange(100) < 20, np.arange(100) < 19]).astype(float)
        vendor = np.repeat(np.array(["A", "B"], dtype=object), 100)
        both = Labelled(np.linspace(0.1, 0.9, 200), outcome, people(200), vendor)
        _, pooled = pool_small_vendors(both, both)
        assert (pooled.stratum == np.repeat(["A", OTHER_VENDORS], 100)).all()

    def test_are_needed_on_both_sides(self) -> None:
        with pytest.raises(ValueError, match="both samples must have vendors"):
            pool_small_vendors(sample(), self.named(["A"]))

    def test_interaction_is_the_gain_of_separate_fits(self) -> None:
        found = self.named(["A", "B", "C"], sample(4, 1500))
        pooled = pool_small_vendors(found, found)[1]
        x, y = logit(found.score), found.outcome
        line = np.column_stack([np.ones_like(x), x])
        apart = [fit_logistic(line[k::3], y[k::3]).log_likelihood for k in range(3)]
        test = interaction(pooled, IDENTITY)
        assert test is not None
        assert test.statistic == pytest.approx(2 * (sum(apart) - fit_logistic(line, y).log_likelihood))
        assert test.degrees_of_freedom == 4
        assert test.p == pytest.approx(chi2.sf(test.statistic, 4))

    def test_interaction_leaves_out_pools_that_are_too_small(self) -> None:
        found = self.named(["A"] * 40 + ["B"] * 40 + ["C"], sample(4, 1500))
        test = interaction(pool_small_vendors(found, found)[1], IDENTITY)
        assert test is not None
        assert test.vendors == ("A", "B")

    def test_interaction_by_wald_is_near_the_likelihood_ratio(self) -> None:
        found = self.named(["A", "B"], sample(4, 6000))
        moved = replace(found, score=expit(logit(found.score) + 0.25 * (found.stratum == "A")))
        twice = Labelled(
            *(np.tile(column, 2) for column in (moved.score, moved.outcome, moved.patient, moved.stratum))
        )
        ratio, wald = interaction(moved, IDENTITY), interaction(twice, IDENTITY)
        assert ratio is not None
        assert wald is not None
        assert wald.statistic == pytest.approx(ratio.statistic, rel=0.15)


def test_rows_of_the_store_become_a_sample() -> None:
    n, who = 4, people(4)
    names = np.array([""] * n, dtype=object)
    day = np.full(n, np.datetime64("2026-01-01"))
    score, outcome = np.linspace(0.1, 0.4, n), np.array([0.0, 1.0, np.nan, 0.0])
    rows = Rows(Place("s", "f"), names, names, who, day, score, outcome, names, np.zeros(n, dtype=bool))
    found = labelled(rows, names)
    assert found.score is rows.score
    assert (found.events, len(found), found.repeats) == (1, 4, False)


def test_a_sample_cannot_be_changed_after_it_was_made() -> None:
    found = sample()
    with pytest.raises(ValueError, match="read-only"):
        found.score[0] = 0.9


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_calibrator_can_be_deployed(kind: str) -> None:
    found = attribute(sample(1, 2000), sample(2, 900), calibrator_of(kind))
    assert all(p is not None and 0.0 <= p <= 1.0 for p in found.p_values.values())


def _pairs(matrix: FloatArray) -> tuple[tuple[float, float], tuple[float, float]]:
    (a, b), (c, d) = matrix.tolist()
    return (a, b), (c, d)
