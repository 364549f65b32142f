"""Every method of recalibration: what it equals in its limits, what it never does, and when it is used."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import kendalltau

from monitor.calibration import Policy, RankingLostError, SiteRows, choose
from monitor.calibration.beta import fit_beta
from monitor.calibration.closed_test import closed_test, fit_intercept, fit_platt
from monitor.calibration.cross_validation import choose_by_cross_validation
from monitor.calibration.empirical_bayes import estimate_prior
from monitor.calibration.isotonic import fit_isotonic, isotonic_blocks
from monitor.calibration.pooled import UNCHANGED, fit_near_current, fit_pooled
from monitor.calibration.prior import Prior, fit_with_prior
from monitor.calibrators import beta_columns, calibrated_log_odds, log_odds_error, read_calibrator
from monitor.logistic import SeparationError, expit, fit_logistic, log_loss, logit
from monitor.performance import area_under_curve
from monitor.records import IDENTITY, Calibrator, FloatArray
from monitor.simulation import calibrated_night
from tests.recalibrating import KINDS, calibrator_of, people, window

FLEXIBLE = ("intercept", "platt", "beta", "isotonic")


def line(x: FloatArray) -> FloatArray:
    return np.column_stack([np.ones_like(x), x])


def hessian(function: Callable[[FloatArray], float], at: FloatArray, step: float = 1e-3) -> FloatArray:
    """Second derivatives by central differences."""
    found, shifts = np.empty((len(at), len(at))), np.eye(len(at)) * step
    for i, one in enumerate(shifts):
        for j, other in enumerate(shifts):
            corners = [function(at + a * one + b * other) * a * b for a in (1, -1) for b in (1, -1)]
            found[i, j] = sum(corners) / (4 * step**2)
    return found


class TestAPriorOnInterceptAndSlope:
    def test_that_says_nothing_leaves_the_maximum_likelihood_fit(self) -> None:
        x, y = window(1, 800, -0.3, 0.8)
        nothing = Prior(np.array([0.0, 1.0]), np.array([np.inf, np.inf]))
        assert fit_with_prior(line(x), y, nothing).coefficients == pytest.approx(
            fit_logistic(line(x), y).coefficients, abs=1e-6
        )

    def test_that_says_all_leaves_the_pooled_fit(self) -> None:
        sites = [window(seed, 300, -0.3, 0.8) for seed in range(6)]
        pooled = fit_logistic(
            line(np.concatenate([x for x, _ in sites])), np.concatenate([y for _, y in sites])
        ).coefficients
        fits = [fit_with_prior(line(x), y, Prior(pooled, np.full(2, 1e-10))) for x, y in sites]
        assert np.abs(np.array([fit.coefficients for fit in fits]) - pooled).max() < 1e-6

    def test_keeps_a_fit_finite_when_all_positives_lie_on_top(self) -> None:
        x = np.linspace(-3.0, 1.0, 60)
        y = (x > 0.5).astype(float)
        with pytest.raises(SeparationError):
            fit_logistic(line(x), y)
        choice = fit_near_current(x, y, people(60), IDENTITY)
        assert abs(choice.parameters["intercept"]) < 2.0
        assert 1.0 < choice.parameters["slope"] < 2.5

    def test_gives_the_optimum_that_scipy_finds(self) -> None:
        x, y = window(2, 120, 0.7, 0.6)

        def loss(at: FloatArray) -> float:
            distance = (at - UNCHANGED.mean) ** 2 / UNCHANGED.variance
            return float(log_loss(line(x) @ at, y).sum() + distance.sum() / 2)

        found = minimize(loss, UNCHANGED.mean, method="BFGS", options={"gtol": 1e-9}).x
        choice = fit_near_current(x, y, people(120), IDENTITY)
        assert list(choice.parameters.values()) == pytest.approx(found, abs=1e-6)
        assert np.array(choice.covariance) == pytest.approx(np.linalg.inv(hessian(loss, found)), rel=1e-4)


class TestPoolingAcrossSites:
    def sites(self, seed: int, rows: int, number: int = 8) -> list[SiteRows]:
        return [SiteRows(*window(seed * 100 + k, rows, 0.6, 0.8)) for k in range(number)]

    def test_sites_that_agree_are_shrunk_to_their_common_line(self) -> None:
        sites = self.sites(1, 60)
        law = estimate_prior(sites, UNCHANGED)
        everything = np.concatenate([s.x for s in sites]), np.concatenate([s.outcome for s in sites])
        common = fit_logistic(line(everything[0]), everything[1]).coefficients
        assert np.abs(law.mean - common).max() < 0.15
        assert law.variance.max() < 0.05

    def test_one_round_is_the_formula_written_out(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("monitor.calibration.empirical_bayes.ITERATIONS", 1)
        sites = self.sites(2, 80, 5)
        fits = [fit_with_prior(line(site.x), site.outcome, UNCHANGED) for site in sites]
        modes = np.array([fit.coefficients for fit in fits])
        spread = np.array([np.diag(fit.covariance) for fit in fits])
        law = estimate_prior(sites, UNCHANGED)
        assert law.mean == pytest.approx(modes.mean(axis=0), abs=1e-6)
        expected = (spread + (modes - modes.mean(axis=0)) ** 2).mean(axis=0)
        assert law.variance == pytest.approx(expected, abs=1e-6)

    def test_the_same_rows_give_the_same_law(self) -> None:
        first, again = (estimate_prior(self.sites(3, 50), UNCHANGED) for _ in range(2))
        assert (first.mean == again.mean).all()
        assert (first.variance == again.variance).all()

    def test_needs_five_sites_with_events_and_a_hundred_events(self) -> None:
        own = SiteRows(*window(40, 90, 0.6, 0.8))
        enough = self.sites(4, 90)
        assert sum(site.events for site in enough[:4]) + own.events >= 100

        def estimator(others: list[SiteRows]) -> str:
            choice = fit_pooled(own.x, own.outcome, people(90), IDENTITY, others)
            return choice.grounds["estimator"]

        silent = SiteRows(np.zeros(50), np.zeros(50))
        few = [SiteRows(site.x[:15], site.outcome[:15]) for site in enough]
        assert estimator(enough[:4]) == "empirical_bayes"
        assert estimator(enough[:3]) == "map"
        assert estimator([*enough[:3], silent]) == "map"
        assert own.events + sum(site.events for site in few) < 100
        assert estimator(few) == "map"

    def test_a_pool_without_sites_is_a_caller_s_mistake(self) -> None:
        with pytest.raises(ValueError, match="at least one site"):
            estimate_prior([], UNCHANGED)


class TestBeta:
    def test_equals_the_optimum_that_scipy_finds(self) -> None:
        x, y = window(5, 3000, -0.4, 0.7)
        assert self.by_scipy(x, y) == pytest.approx(self.ours(x, y), abs=1e-6)

    def test_a_negative_slope_moves_to_zero_and_the_rest_is_refitted(self) -> None:
        x = np.random.default_rng(6).normal(0.0, 1.5, 4000)
        y = (np.random.default_rng(7).random(4000) < expit(-1.0 + 1.2 * beta_columns(x)[:, 1])).astype(float)
        y[x < -2.0] = np.arange((x < -2.0).sum()) % 2  # risk falls at the low end
        found = self.ours(x, y)
        assert found[1] == 0.0
        assert self.by_scipy(x, y) == pytest.approx(found, abs=1e-6)

    def ours(self, x: FloatArray, y: FloatArray) -> list[float]:
        parameters = fit_beta(x, y, people(len(x)), IDENTITY).parameters
        return [parameters["intercept"], parameters["a"], parameters["b"]]

    def by_scipy(self, x: FloatArray, y: FloatArray) -> FloatArray:
        design = np.column_stack([np.ones_like(x), beta_columns(x)])
        return minimize(
            lambda at: float(log_loss(design @ at, y).mean()),
            np.array([0.0, 1.0, 1.0]),
            jac=lambda at: design.T @ (expit(design @ at) - y) / len(y),
            bounds=[(None, None), (0, None), (0, None)],
            method="L-BFGS-B",
            options={"ftol": 1e-16, "gtol": 1e-11, "maxiter": 10_000, "maxls": 60},
        ).x


class TestIsotonic:
    def test_equals_scikit_learn_before_it_is_centred(self) -> None:
        from sklearn.isotonic import IsotonicRegression

        x, y = window(8, 2000, -0.4, 0.7)
        x = x.round(1)  # ties
        blocks = isotonic_blocks(x, y)
        assert blocks.share[blocks.of] == pytest.approx(IsotonicRegression().fit(x, y).predict(x), abs=1e-12)
        assert blocks.size.sum() == 2000

    def test_joins_the_centres_and_mixes_one_part_of_platt_in(self) -> None:
        x = np.array([-2.0, -1.0, 0.0, 1.0, 2.0, 3.0])
        y = np.array([0.0, 1.0, 0.0, 1.0, 0.0, 1.0])
        parameters = fit_isotonic(x, y, people(6), IDENTITY).parameters
        assert parameters["knots"] == (-2.0, 0.5, 3.0)
        assert parameters["probabilities"] == (0.0, 0.5, 1.0)
        between = Calibrator("", "isotonic", parameters, ())
        line = expit(np.array([parameters["platt_intercept"] - 0.75 * parameters["platt_slope"]]))
        assert expit(calibrated_log_odds(between, np.array([-0.75]))) == pytest.approx(
            0.99 * 0.25 + 0.01 * line
        )

    def test_the_error_at_a_knot_is_that_of_its_block_and_is_interpolated(self) -> None:
        calibrator = calibrator_of("isotonic")
        knots = np.array(calibrator.parameters["knots"])
        errors = np.array(calibrator.parameters["standard_errors"])
        assert log_odds_error(calibrator, knots) == pytest.approx(errors)
        middle = (knots[1:] + knots[:-1]) / 2
        assert log_odds_error(calibrator, middle) == pytest.approx((errors[1:] + errors[:-1]) / 2)

    def test_a_block_s_error_is_the_binomial_one_with_half_an_event_added(self) -> None:
        x, y = np.repeat([-1.0, 1.0], 50), np.array([1.0] * 10 + [0.0] * 40 + [1.0] * 30 + [0.0] * 20)
        errors = fit_isotonic(x, y, people(100), IDENTITY).parameters["standard_errors"]
        by_hand = [(50 * share * (1 - share)) ** -0.5 for share in (10.5 / 51, 30.5 / 51)]
        assert errors == pytest.approx(by_hand)

    def test_patients_with_several_rows_widen_the_errors(self) -> None:
        x, y = np.repeat([-1.0, 1.0], 50), np.array([1.0] * 10 + [0.0] * 40 + [1.0] * 30 + [0.0] * 20)
        single = fit_isotonic(x, y, people(100), IDENTITY).parameters["standard_errors"]
        fourfold = fit_isotonic(
            *(np.repeat(column, 4) for column in (x, y, people(100))), IDENTITY
        ).parameters["standard_errors"]
        assert fourfold == pytest.approx(single, rel=0.03)


class TestEveryKind:
    @pytest.mark.parametrize("kind", KINDS)
    def test_keeps_the_order_of_the_raw_score(self, kind: str) -> None:
        score = np.sort(np.random.default_rng(9).random(3000))
        mapped = calibrated_log_odds(calibrator_of(kind), logit(score))
        assert kendalltau(score, mapped).statistic == 1.0
        assert (np.diff(expit(mapped)) > 0).all()

    @pytest.mark.parametrize("kind", KINDS)
    def test_leaves_the_area_under_the_curve_as_it_is(self, kind: str) -> None:
        x, y = window(10, 2000)
        mapped = expit(calibrated_log_odds(calibrator_of(kind), x))
        raw, after = (area_under_curve(score, y, people(2000)).value for score in (expit(x), mapped))
        assert raw == after

    @pytest.mark.parametrize("kind", KINDS)
    def test_survives_its_record(self, kind: str) -> None:
        calibrator = calibrator_of(kind)
        again = read_calibrator(json.loads(json.dumps(calibrator.as_record())))
        assert again == calibrator

    @pytest.mark.parametrize("kind", ["platt", "beta"])
    def test_has_the_covariance_of_the_numerical_hessian(self, kind: str) -> None:
        x, y = window(12, 3000, -0.4, 0.7)
        fit, names = {
            "platt": (fit_platt, ("intercept", "slope")),
            "beta": (fit_beta, ("intercept", "a", "b")),
        }[kind]
        choice = fit(x, y, people(3000), IDENTITY)
        at = np.array([choice.parameters[name] for name in names])

        def loss(values: FloatArray) -> float:
            moved = {**choice.parameters, **dict(zip(names, values, strict=True))}
            return float(log_loss(calibrated_log_odds(Calibrator("", kind, moved, ()), x), y).sum())

        estimated = [0, 1] if kind == "platt" else [0, 2, 3]
        covariance = np.array(choice.covariance)[np.ix_(estimated, estimated)]
        assert covariance == pytest.approx(np.linalg.inv(hessian(loss, at)), rel=1e-3)

    @pytest.mark.parametrize("kind", ["platt", "beta", "isotonic"])
    def test_on_a_calibrated_score_leaves_it_calibrated(self, kind: str) -> None:
        """Platt on probabilities bends a calibrated model; on log-odds it does not."""
        x, y = calibrated_night(np.random.default_rng(13), 60_000, 0.2, 0.85)
        fit = {"platt": fit_platt, "beta": fit_beta, "isotonic": fit_isotonic}[kind]
        mapped = expit(calibrated_log_odds(fit(x, y, people(60_000), IDENTITY).calibrator("v1"), x))
        assert float(np.abs(mapped - expit(x)).mean()) < 0.010
        on_probabilities = fit_logistic(line(expit(x)), y).coefficients
        assert float(np.abs(expit(line(expit(x)) @ on_probabilities) - expit(x)).mean()) > 0.015


class TestTheClosedTest:
    def test_keeps_a_calibrated_site_in_all_but_one_of_twenty(self) -> None:
        changed = 0
        for seed in range(400):
            x, y = calibrated_night(np.random.default_rng([14, seed]), 1000, 0.05, 0.85)
            changed += closed_test(x, y, np.arange(1000), IDENTITY).kind != "keep"
        assert changed / 400 <= 0.07

    @pytest.mark.parametrize("kind", ["beta", "isotonic"])
    def test_starts_from_a_bent_calibrator_too(self, kind: str) -> None:
        current, (x, _) = calibrator_of(kind), window(15, 6000)
        chance = np.random.default_rng(16).random(6000)
        shape = calibrated_log_odds(current, x)

        def chosen(log_odds: FloatArray) -> tuple[str, Calibrator]:
            choice = closed_test(x, (chance < expit(log_odds)).astype(float), people(6000), current)
            return choice.kind, Calibrator("", choice.map_kind, choice.parameters, choice.covariance)

        assert chosen(shape) == ("keep", Calibrator("", kind, current.parameters, current.covariance))
        method, moved = chosen(shape + 0.8)
        assert (method, moved.kind) == ("intercept", kind)
        assert calibrated_log_odds(moved, x) - shape == pytest.approx(0.8, abs=0.15)
        method, refitted = chosen(0.3 + 0.6 * shape)
        assert (method, refitted.kind) == ("platt", kind)
        assert refitted.parameters["slope"] == pytest.approx(0.6, abs=0.08)

    def test_a_moved_intercept_answers_the_error_of_what_is_kept(self) -> None:
        """The joint covariance, against refits of the intercept with b moved by a little."""
        current, (x, y) = calibrator_of("beta"), window(17, 5000, 0.9)
        choice = fit_intercept(x, y, people(5000), current)

        kept, step = np.array(current.covariance)[1:, 1:], 1e-4
        moved = {}
        for name in ("a", "b"):
            at = current.parameters[name]
            pair = [
                fit_intercept(
                    x,
                    y,
                    people(5000),
                    Calibrator(
                        "", "beta", {**current.parameters, name: at + sign * step}, current.covariance
                    ),
                ).parameters["intercept"]
                for sign in (1, -1)
            ]
            moved[name] = (pair[0] - pair[1]) / (2 * step)
        answer = np.array([0.0, moved["a"], moved["b"]])  # the slope of a beta map is exact
        assert np.array(choice.covariance)[0, 1:] == pytest.approx(answer @ kept, rel=1e-3, abs=1e-9)
        assert np.array(choice.covariance)[1:, 1:] == pytest.approx(kept)

    def test_a_pooled_fit_near_a_bent_calibrator_keeps_its_bend(self) -> None:
        current, (x, _) = calibrator_of("isotonic"), window(18, 400)
        y = (np.random.default_rng(19).random(400) < expit(calibrated_log_odds(current, x))).astype(float)
        choice = fit_near_current(x, y, people(400), current)
        assert (choice.kind, choice.map_kind) == ("pooled", "isotonic")
        assert choice.parameters["knots"] == current.parameters["knots"]


class TestTheMethodFollowsTheEvents:
    POLICY = Policy((*FLEXIBLE, "pooled"), closed_test=100, pooled=10, flexible=1000)

    def rows(self, events: int) -> tuple[FloatArray, FloatArray, np.ndarray]:
        """A window with exactly so many of the rarer class, whose log-odds are shifted by a half."""
        x, y = window(20, 12_000, 0.5)
        chosen = np.concatenate([np.flatnonzero(y == 1.0)[:events], np.flatnonzero(y == 0.0)[: 5 * events]])
        return x[chosen], y[chosen], people(len(chosen))

    @pytest.mark.parametrize(
        ("events", "kinds"),
        [
            (9, {"keep"}),
            (10, {"pooled"}),
            (99, {"pooled"}),
            (100, {"keep", "intercept", "platt"}),
            (999, {"keep", "intercept", "platt"}),
        ],
    )
    def test_below_cross_validation(self, events: int, kinds: set[str]) -> None:
        choice = choose(*self.rows(events), IDENTITY, self.POLICY)
        assert choice.kind in kinds
        assert bool(choice.steps) == (events >= 100)

    def test_many_events_compare_all_listed_methods(self) -> None:
        choice = choose(*self.rows(1000), IDENTITY, self.POLICY)
        assert [score["method"] for score in choice.grounds["scores"]] == ["keep", *FLEXIBLE]

    def test_the_rarer_class_counts(self) -> None:
        x, y, who = self.rows(99)
        assert choose(-x, 1.0 - y, who, IDENTITY, self.POLICY).kind == "pooled"

    def test_a_method_the_plan_does_not_list_is_never_compared(self) -> None:
        choice = choose(*self.rows(1000), IDENTITY, Policy(("platt", "beta"), 100, None, 1000))
        assert [score["method"] for score in choice.grounds["scores"]] == ["keep", "platt", "beta"]

    def test_without_pooling_few_events_keep(self) -> None:
        assert choose(*self.rows(50), IDENTITY, Policy(("platt",), 100)).kind == "keep"


class TestCrossValidation:
    def test_takes_the_simplest_within_one_standard_error(self) -> None:
        x, y = window(21, 8000, 0.5)
        choice = choose_by_cross_validation(x, y, people(8000), IDENTITY, FLEXIBLE)
        scores = {score["method"]: score for score in choice.grounds["scores"]}
        near = [name for name, score in scores.items() if score["distance"] <= score["standard_error"]]
        assert choice.kind == near[0] == "intercept"

    def test_finds_a_step_that_no_line_follows(self) -> None:
        x = np.random.default_rng(22).normal(0.0, 1.5, 20_000)
        truth = np.where(x < 0.0, 0.1, np.where(x < 1.0, 0.45, 0.5))
        y = (np.random.default_rng(23).random(20_000) < truth).astype(float)
        choice = choose_by_cross_validation(x, y, people(20_000), IDENTITY, FLEXIBLE)
        assert (choice.kind, choice.map_kind) == ("isotonic", "isotonic")

    def test_a_patient_is_in_one_fold(self) -> None:
        """Copies of rows under one patient change no held-out loss; under other names they would."""
        x, y = window(24, 3000, 0.3, 0.8)
        single = choose_by_cross_validation(x, y, people(3000), IDENTITY, FLEXIBLE)
        twice = [np.repeat(column, 2) for column in (x, y, people(3000))]
        double = choose_by_cross_validation(*twice, IDENTITY, FLEXIBLE)
        for one, other in zip(single.grounds["scores"], double.grounds["scores"], strict=True):
            assert one["log_loss"] == pytest.approx(other["log_loss"], abs=1e-7)
            assert one["standard_error"] == pytest.approx(other["standard_error"], rel=1e-3, abs=1e-9)

    def test_a_refit_that_flattens_the_current_map_is_no_candidate(self) -> None:
        """The raw score still ranks; over a map in use that is far too steep, the refit hardly rises."""
        x, y = window(24, 3000, 0.3, 0.8)
        parameters = {"intercept": 0.0, "slope": 1.0, "a": 12.0, "b": 12.0}
        current = Calibrator("v1", "beta", parameters, ((0.0,) * 4,) * 4)
        with pytest.raises(RankingLostError, match="lost its ranking"):
            choose_by_cross_validation(x, y, people(3000), current, ("platt",))

    def test_a_score_without_ranking_is_no_candidate(self) -> None:
        rng = np.random.default_rng(25)
        x, y = rng.normal(0, 1, 4000), (rng.random(4000) < 0.3).astype(float)
        with pytest.raises(RankingLostError, match="lost its ranking"):
            choose_by_cross_validation(x, y, people(4000), IDENTITY, FLEXIBLE)
