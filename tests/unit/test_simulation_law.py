"""The generators follow the law they state, within four standard errors."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.logistic import expit, fit_logistic
from monitor.simulation import calibrated_night, event_rate, intercept_keeping_prevalence, shifted_outcomes
from monitor.simulation.law import separation

PREVALENCE, AUC = 0.05, 0.85


def logistic_line(log_odds: np.ndarray, outcome: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Intercept and slope of the outcome on the score's log-odds, with their standard errors."""
    fit = fit_logistic(np.column_stack([np.ones(len(log_odds)), log_odds]), outcome)
    return fit.coefficients, np.sqrt(np.diag(fit.covariance))


def test_the_score_is_calibrated_at_the_stated_prevalence_and_auc() -> None:
    log_odds, outcome = calibrated_night(np.random.default_rng(11), 200_000, PREVALENCE, AUC)
    coefficients, error = logistic_line(log_odds, outcome)
    assert (np.abs(coefficients - [0.0, 1.0]) < 4 * error).all()
    assert abs(outcome.mean() - PREVALENCE) < 4 * np.sqrt(PREVALENCE * (1 - PREVALENCE) / 200_000)
    events, others = log_odds[outcome == 1][:9000], log_odds[outcome == 0][:9000]
    assert abs((events > others).mean() - AUC) < 4 * np.sqrt(AUC * (1 - AUC) / 9000)


@pytest.mark.parametrize(("intercept", "slope"), [(0.5, 1.0), (-0.8, 1.0), (0.2, 0.7)])
def test_a_shift_is_the_stated_line(intercept: float, slope: float) -> None:
    rng = np.random.default_rng(12)
    log_odds, _ = calibrated_night(rng, 200_000, PREVALENCE, AUC)
    coefficients, error = logistic_line(log_odds, shifted_outcomes(rng, log_odds, intercept, slope))
    assert (np.abs(coefficients - [intercept, slope]) < 4 * error).all()


def test_redrawing_outcomes_without_a_shift_leaves_the_score_calibrated() -> None:
    rng = np.random.default_rng(13)
    log_odds, _ = calibrated_night(rng, 200_000, PREVALENCE, AUC)
    outcome = shifted_outcomes(rng, log_odds)
    assert abs((outcome - expit(log_odds)).sum()) < 4 * np.sqrt((expit(log_odds) * expit(-log_odds)).sum())


def test_many_sites_are_drawn_at_once() -> None:
    rng = np.random.default_rng(14)
    log_odds, outcome = calibrated_night(rng, (1000, 200), PREVALENCE, AUC)
    assert log_odds.shape == outcome.shape == (1000, 200)
    assert outcome.mean(axis=1).std() == pytest.approx(np.sqrt(PREVALENCE * (1 - PREVALENCE) / 200), rel=0.15)


@pytest.mark.parametrize("slope", [0.55, 0.7, 1.3])
def test_the_mean_keeping_intercept_keeps_the_mean(slope: float) -> None:
    intercept = intercept_keeping_prevalence(slope, PREVALENCE, AUC)
    assert event_rate(intercept, slope, PREVALENCE, AUC) == pytest.approx(PREVALENCE, abs=1e-12)
    log_odds, _ = calibrated_night(np.random.default_rng(15), 400_000, PREVALENCE, AUC)
    assert expit(intercept + slope * log_odds).mean() == pytest.approx(PREVALENCE, rel=0.02)


def test_the_separation_of_the_simulation_model() -> None:
    assert separation(AUC) == pytest.approx(1.466, abs=5e-4)


@pytest.mark.parametrize(("prevalence", "auc"), [(0.0, 0.8), (1.0, 0.8), (0.1, 0.4), (0.1, 1.0)])
def test_impossible_laws_are_refused(prevalence: float, auc: float) -> None:
    with pytest.raises(ValueError, match="must"):
        calibrated_night(np.random.default_rng(1), 10, prevalence, auc)
