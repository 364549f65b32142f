"""The logistic fit where there is nothing to fit."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from monitor.logistic import SeparationError, fit_logistic, logit
from monitor.performance import recalibration_estimates
from monitor.simulation import undated_cohort


@pytest.mark.parametrize("risk", [0.001, 0.05, 0.123, 0.3, 0.9])
@pytest.mark.parametrize("n", [30, 200, 100_000])
def test_a_score_that_does_not_vary_has_no_slope(risk: float, n: int) -> None:
    """Whatever rounding makes of the singular information matrix."""
    x = logit(np.full(n, risk))
    with pytest.raises(SeparationError, match="does not vary"):
        fit_logistic(np.column_stack([np.ones(n), x]), (np.arange(n) % 7 == 0).astype(float))


def test_a_score_that_does_not_vary_still_has_an_intercept_and_a_ratio() -> None:
    """45 events of 1000 where 50 were predicted: the slope alone has no estimate."""
    x = logit(np.full(1000, 0.05))
    who = np.arange(1000).astype(str).astype(object)
    found = recalibration_estimates(x, (np.arange(1000) < 45).astype(float), who)
    assert found["slope"].value is None
    assert found["slope"].method == "no finite fit: the score does not vary"
    assert found["intercept"].value == pytest.approx(np.log(45 / 955) - np.log(50 / 950))
    assert found["observed_expected"].value == pytest.approx(0.9)


def test_a_score_that_varies_little_keeps_its_slope() -> None:
    """Scores within a thousandth of each other are still scores."""
    x = -1.0 + 1e-3 * np.linspace(-1.0, 1.0, 400)
    outcome = np.tile([0.0, 0.0, 1.0, 0.0], 100)
    fit = fit_logistic(np.column_stack([np.ones(400), x]), outcome, offset=x)
    assert np.isfinite(fit.coefficients).all()
    assert (np.diag(fit.covariance) > 0).all()


@pytest.mark.parametrize("rows", [300, 5000])
def test_every_ordinary_site_has_a_fit(rows: int) -> None:
    """Undamped Newton steps from the identity map end in NaN at some of 550 such sites."""
    for seed in range(550 if rows == 5000 else 100):
        cohort = undated_cohort(rows, 0.5, seed=seed, prevalence=0.1)
        design = np.column_stack([np.ones(len(cohort)), cohort.log_odds])
        fit = fit_logistic(design, cohort.outcome)
        residual = cohort.outcome - 1 / (1 + np.exp(-design @ fit.coefficients))
        assert np.abs(design.T @ residual).max() < 1e-3


@pytest.mark.parametrize("drawn", ["normal", "standard_cauchy", "exponential"])
def test_a_fit_ends_at_the_limits_of_the_arithmetic(drawn: str) -> None:
    """Wherever it starts: another Newton step would move no coefficient by a billionth of its error."""
    for seed in range(40):
        rng = np.random.default_rng(seed)
        x = getattr(rng, drawn)(size=500)
        outcome = (rng.random(500) < 1 / (1 + np.exp(1.5 - np.tanh(x)))).astype(float)
        for weight, offset in ((1.0, 0.0), (rng.uniform(0.1, 10.0, 500), 0.0), (1.0, x / 2)):
            design = np.column_stack([np.ones(500), x])
            fit = fit_logistic(design, outcome, offset, weight)
            missed = outcome - 1 / (1 + np.exp(-(design @ fit.coefficients + offset)))
            step = fit.covariance @ (design.T @ (weight * missed))
            assert (np.abs(step) < 1e-9 * np.sqrt(np.diag(fit.covariance))).all()


@pytest.mark.parametrize("start", [[0.3, -1.0], [-5.0, 4.0], [29.0, 29.0], [1e9, 0.0]])
def test_where_a_fit_starts_does_not_matter(start: list[float]) -> None:
    cohort = undated_cohort(2000, 0.5, seed=1, prevalence=0.1)
    design = np.column_stack([np.ones(len(cohort)), cohort.log_odds])
    for offset in (0.0, cohort.log_odds / 3):
        expected = fit_logistic(design, cohort.outcome, offset)
        found = fit_logistic(design, cohort.outcome, offset, start=np.array(start))
        assert found.coefficients == pytest.approx(expected.coefficients, rel=1e-12)
        assert found.covariance == pytest.approx(expected.covariance, rel=1e-12)


THREADS = """
import numpy as np
from monitor.logistic import fit_logistic, numbered_covariance
rng = np.random.default_rng(1)
for n, k in ((9_000, 1), (60_000, 2), (300_000, 5)):
    design, outcome = rng.normal(size=(n, k)), (rng.random(n) < 0.3).astype(float)
    fit = fit_logistic(design, outcome)
    sandwich = numbered_covariance(design, outcome - 0.3, fit.covariance, np.arange(n) // 2)
    print(fit.coefficients.tobytes().hex(), sandwich.tobytes().hex(), fit.log_likelihood.hex())
"""


def test_no_digit_depends_on_the_number_of_threads() -> None:
    found = {
        subprocess.run(
            [sys.executable, "-c", THREADS],
            env={**os.environ, "OPENBLAS_NUM_THREADS": threads},
            capture_output=True,
            check=True,
        ).stdout
        for threads in ("1", "2")
    }
    assert len(found) == 1


def test_scores_that_separate_the_outcomes_have_no_fit() -> None:
    """However far the classes lie apart, and wherever a guess from their means would start."""
    for width in (1e-3, 0.1, 1.0):
        x = width * np.linspace(-1.0, 1.0, 50)
        for outcome in (x > 0, x < 0, x > 0.9 * width):
            with pytest.raises(SeparationError, match="no finite fit"):
                fit_logistic(np.column_stack([np.ones(50), x]), outcome.astype(float))


@pytest.mark.parametrize("gap", [0.2, 0.5, 1.0, 2.0, 4.0])
def test_classes_that_a_gap_separates_have_no_fit(gap: float) -> None:
    """The loss of such data falls below any tolerance long before the coefficients are large."""
    for seed in range(40):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=int(rng.integers(8, 60)))
        outcome = (x > 0).astype(float)
        x += gap * np.sign(x)
        with pytest.raises(SeparationError, match="no finite fit"):
            fit_logistic(np.column_stack([np.ones(len(x)), x]), outcome)


def test_classes_that_meet_in_one_score_alone_have_no_slope_and_no_error_of_it() -> None:
    score = np.array([0.9, 0.3, 0.9, 0.3, 0.0, 1.0, 0.1, 0.8, 0.3, 0.7])
    outcome = np.array([1.0, 1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0])
    found = recalibration_estimates(logit(score), outcome, np.arange(10))
    assert found["slope"].value is None
    assert found["slope"].method.startswith("no finite fit: the score separates the outcomes")
    assert found["intercept"].value is not None


def test_log_odds_too_large_for_an_exponential_still_have_a_loss() -> None:
    """One row at odds of e^1000 against what happened costs 1000 nats and moves no other row."""
    offset = np.append(np.zeros(300), -1000.0)
    outcome = np.append(np.tile([1.0, 0.0, 0.0], 100), 1.0)
    fit = fit_logistic(np.ones((301, 1)), outcome, offset)
    assert fit.coefficients[0] == pytest.approx(np.log(101 / 199))
    assert fit.log_likelihood < -999.0
