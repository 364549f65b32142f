"""The logistic fit where there is nothing to fit."""

from __future__ import annotations

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
