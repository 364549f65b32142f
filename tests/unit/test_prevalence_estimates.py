"""The two prevalences without outcomes against slower ways to the same number."""

from __future__ import annotations

import math

import numpy as np
import pytest

from monitor.drift.prevalence_estimators import (
    black_box_shift,
    bounded,
    likelihood_maxima,
    maximum_likelihood_prevalence,
)
from monitor.drift.prevalence_resampling import cells, draw, prevalence_draws, refitted
from monitor.drift.prevalence_samples import LabelledScores, UnlabelledScores
from monitor.logistic import expit, fit_logistic, logit
from monitor.simulation import calibrated_night

REFERENCE = 0.05


def people(n: int) -> np.ndarray:
    return np.arange(n).astype(str).astype(object)


def risks(seed: int, n: int, prevalence: float) -> np.ndarray:
    """Risks that are right at a prevalence of 5 %, in a window with another one."""
    log_odds, _ = calibrated_night(np.random.default_rng(seed), n, prevalence, 0.85)
    return expit(log_odds + math.log(REFERENCE / (1 - REFERENCE)) - math.log(prevalence / (1 - prevalence)))


def expectation_maximisation(risk: np.ndarray, reference: float, steps: int) -> float:
    """Saerens' steps: risks moved to the present prevalence, then averaged."""
    at = reference
    for _ in range(steps):
        event, none = risk * at / reference, (1 - risk) * (1 - at) / (1 - reference)
        at = float((event / (event + none)).mean())
    return at


def two_samples(seed: int, n: int = 4000, prevalence: float = 0.1) -> tuple[LabelledScores, UnlabelledScores]:
    log_odds, outcome = calibrated_night(np.random.default_rng(seed), n, REFERENCE, 0.85)
    target = risks(seed + 1, n, prevalence)
    return LabelledScores(expit(log_odds), outcome, people(n)), UnlabelledScores(target, people(n))


class TestMaximumLikelihood:
    @pytest.mark.parametrize(("seed", "prevalence"), [(1, 0.1), (2, 0.05), (3, 0.02), (4, 0.6)])
    def test_is_where_five_thousand_steps_of_expectation_maximisation_end(
        self, seed: int, prevalence: float
    ) -> None:
        risk = risks(seed, 3000, prevalence)
        found = maximum_likelihood_prevalence(risk, REFERENCE)
        assert found == pytest.approx(expectation_maximisation(risk, REFERENCE, 5000), abs=1e-6)

    def test_rows_and_counted_values_give_the_same(self) -> None:
        risk = np.round(risks(5, 3000, 0.1), 2)
        value, count = np.unique(risk, return_counts=True)
        by_row = maximum_likelihood_prevalence(risk, REFERENCE)
        by_value = maximum_likelihood_prevalence(value, REFERENCE, count.astype(float))
        assert by_row == pytest.approx(by_value, abs=1e-10)

    def test_many_at_once_are_the_same_as_one_by_one(self) -> None:
        windows = np.stack([risks(seed, 500, 0.1) for seed in (6, 7, 8)])
        prevalence = np.array([0.04, 0.05, 0.06])
        found = np.clip(likelihood_maxima(windows, np.ones_like(windows), prevalence), 0.0, 1.0)
        alone = [
            maximum_likelihood_prevalence(window, at) for window, at in zip(windows, prevalence, strict=True)
        ]
        assert found == pytest.approx(alone, abs=1e-10)

    def test_no_risk_no_maximum(self) -> None:
        windows = np.array([[0.8, 0.2], [math.nan, math.nan]])
        found = likelihood_maxima(windows, np.full((2, 2), 50.0), np.array([0.4, 0.4]))
        assert np.isfinite(found).tolist() == [True, False]

    def test_a_study_that_occurs_no_time_says_nothing(self) -> None:
        risk = np.array([0.8, 0.2, 0.99])
        without = maximum_likelihood_prevalence(risk[:2], 0.5, np.array([56.0, 44.0]))
        assert maximum_likelihood_prevalence(risk, 0.5, np.array([56.0, 44.0, 0.0])) == without

    def test_lies_at_a_limit_where_every_score_speaks_for_one_class(self) -> None:
        assert maximum_likelihood_prevalence(np.full(50, 0.01), 0.1) == 0.0
        assert maximum_likelihood_prevalence(np.full(50, 0.3), 0.1) == 1.0

    def test_nothing_speaks(self) -> None:
        assert maximum_likelihood_prevalence(np.zeros(0), 0.1) is None
        assert maximum_likelihood_prevalence(np.full(50, 0.1), 0.1) is None
        assert maximum_likelihood_prevalence(np.array([0.9]), 0.1, np.zeros(1)) is None

    def test_saturated_scores_are_clipped(self) -> None:
        """Risks of 1e-6 and 1 - 1e-6 name their class but for a millionth."""
        found = maximum_likelihood_prevalence(np.repeat([0.0, 1.0], [70, 30]), 0.5)
        assert found == pytest.approx(0.3, abs=1e-6)

    @pytest.mark.parametrize("reference", [0.0, 1.0, math.nan])
    def test_a_reference_of_one_class_is_a_mistake(self, reference: float) -> None:
        with pytest.raises(ValueError, match="strictly between"):
            maximum_likelihood_prevalence(np.array([0.5]), reference)


class TestBlackBoxShift:
    @pytest.mark.parametrize("prevalence", [0.1, 0.6])
    def test_its_error_is_that_of_drawing_both_samples_anew(self, prevalence: float) -> None:
        reference, target = two_samples(11, 2500, prevalence)
        found = black_box_shift(reference, target, REFERENCE)
        assert found is not None
        rng, n = np.random.default_rng(12), len(target.score)
        again = []
        for _ in range(600):
            mine, theirs = rng.integers(n, size=n), rng.integers(n, size=n)
            drawn = black_box_shift(
                LabelledScores(reference.score[mine], reference.outcome[mine], people(n)),
                UnlabelledScores(target.score[theirs], people(n)),
                REFERENCE,
            )
            assert drawn is not None
            again.append(drawn.unbounded)
        assert np.std(again) == pytest.approx(found.standard_error, rel=0.1)

    def test_repeating_every_study_of_a_patient_does_not_narrow_it(self) -> None:
        reference, target = two_samples(13)
        once = black_box_shift(reference, target, REFERENCE)
        often = black_box_shift(
            LabelledScores(
                *(np.repeat(part, 3) for part in (reference.score, reference.outcome, people(4000)))
            ),
            UnlabelledScores(np.repeat(target.score, 3), np.repeat(people(4000), 3)),
            REFERENCE,
        )
        assert once is not None
        assert often is not None
        assert often.standard_error == pytest.approx(once.standard_error, rel=1e-9)

    def test_cannot_be_estimated(self) -> None:
        reference, target = two_samples(14)
        one_class = LabelledScores(reference.score, np.zeros(4000), reference.patient)
        nobody = UnlabelledScores(np.zeros(0), people(0))
        assert black_box_shift(one_class, target, REFERENCE) is None
        assert black_box_shift(reference, nobody, REFERENCE) is None
        assert black_box_shift(reference, target, 0.9) is None

    def test_at_a_limit_the_interval_is_one_sided(self) -> None:
        assert bounded(1.2, 0.1, 0.95) == pytest.approx((1.0, 1.0 - 0.1645, 1.0), abs=1e-4)
        assert bounded(0.01, 0.1, 0.95)[:2] == (0.01, 0.0)


class TestDraws:
    def test_the_refitted_line_is_that_of_the_drawn_rows(self) -> None:
        reference, _ = two_samples(21)
        sample = cells(reference.score, reference.patient, reference.outcome)
        counts = draw(np.random.default_rng(22), sample, 5)
        found = refitted(sample, counts, np.array([0.0, 1.0]))
        for line, drawn in zip(found, counts, strict=True):
            kept = drawn > 0
            design = np.column_stack([np.ones(int(kept.sum())), sample.value[kept]])
            fit = fit_logistic(design, sample.outcome[kept], weight=drawn[kept])
            assert line == pytest.approx(fit.coefficients, abs=1e-4)

    def test_the_line_of_the_cells_is_that_of_the_rows(self) -> None:
        reference, _ = two_samples(23)
        x = logit(reference.score)
        rows = fit_logistic(np.column_stack([np.ones_like(x), x]), reference.outcome).coefficients
        sample = cells(reference.score, reference.patient, reference.outcome)
        whole = np.bincount(sample.code).astype(float)[None]
        assert refitted(sample, whole, np.array([0.0, 1.0]))[0] == pytest.approx(rows, abs=1e-3)

    def test_patients_are_drawn_whole(self) -> None:
        """Everybody has one low and one high score, so both cells are always equally full."""
        sample = cells(np.tile([0.1, 0.9], 50), np.repeat(people(50), 2))
        counts = draw(np.random.default_rng(24), sample, 20)
        assert (counts[:, 0] == counts[:, 1]).all()
        assert (counts.sum(axis=1) == 100).all()

    def test_single_studies_are_drawn_alike_by_count_and_by_patient(self) -> None:
        """Two patients more, who bring two studies each, force the slower way; the spread stays."""
        score = np.repeat([0.1, 0.9], [300, 100])
        by_count = draw(np.random.default_rng(25), cells(score, people(400)), 4000)
        names = people(400)
        names[0], names[399] = names[1], names[398]
        by_patient = draw(np.random.default_rng(26), cells(score, names), 4000)
        assert by_count.mean(axis=0) == pytest.approx([300, 100], rel=0.01)
        assert by_patient.mean(axis=0) == pytest.approx([300, 100], rel=0.01)
        assert by_patient[:, 1].std() == pytest.approx(by_count[:, 1].std(), rel=0.06)

    def test_a_draw_without_a_fit_is_no_number(self) -> None:
        sample = cells(np.array([0.2, 0.8]), people(2), np.array([0.0, 1.0]))
        with np.errstate(all="ignore"):
            found = refitted(sample, np.ones((1, 2)), np.array([0.0, 1.0]))
        assert np.isnan(found).all()

    def test_are_the_same_whether_many_or_few_at_once(self) -> None:
        """More draws than are made at once continue; the first ones keep their law."""
        reference, target = two_samples(27)
        x = logit(reference.score)
        line = fit_logistic(np.column_stack([np.ones_like(x), x]), reference.outcome).coefficients
        found = prevalence_draws(reference, target, line, 600, np.random.default_rng(28))
        assert found.maximum_likelihood.shape == found.black_box_shift.shape == (600,)
        thirds = found.maximum_likelihood.reshape(3, 200)
        assert thirds.std(axis=1) == pytest.approx(np.full(3, thirds.std()), rel=0.25)
        assert len(np.unique(found.maximum_likelihood)) == 600
