"""The smallest change the data support, fitted on the raw score's log-odds."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.calibration import RankingLostError, SaturatedScoreError, choose, winsorised_logit
from monitor.calibrators import straight_line
from monitor.logistic import SeparationError, expit, fit_logistic
from monitor.records import IDENTITY


def people(n: int) -> np.ndarray:
    return np.array([f"p{k}" for k in range(n)], dtype=object)


def drawn(seed: int, n: int, intercept: float, slope: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(-1.5, 1.4, n)
    return x, (rng.random(n) < expit(intercept + slope * x)).astype(float)


def test_a_shift_of_the_log_odds_is_answered_by_the_intercept_alone() -> None:
    x, y = drawn(1, 4000, 0.8, 1.0)
    choice = choose(x, y, people(4000), IDENTITY)
    assert choice.kind == "intercept"
    assert choice.parameters["slope"] == 1.0
    assert choice.parameters["intercept"] == pytest.approx(0.8, abs=0.15)


def test_a_flatter_score_is_answered_by_platt() -> None:
    x, y = drawn(2, 4000, -0.3, 0.6)
    choice = choose(x, y, people(4000), IDENTITY)
    assert choice.kind == "platt"
    assert choice.parameters["slope"] == pytest.approx(0.6, abs=0.1)


def test_a_calibrated_site_is_kept_in_all_but_one_of_twenty() -> None:
    kept = sum(
        choose(*drawn(100 + seed, 1200, 0.0, 1.0), people(1200), IDENTITY).kind == "keep"
        for seed in range(200)
    )
    assert kept >= 200 * 0.95 - 3 * (200 * 0.05 * 0.95) ** 0.5


def test_versions_never_stack_the_refit_answers_the_raw_score() -> None:
    x, y = drawn(3, 5000, 0.5, 0.7)
    current = straight_line("v1", "platt", -2.0, 1.9, ((0.0, 0.0), (0.0, 0.0)))
    again = choose(x, y, people(5000), current)
    direct = fit_logistic(np.column_stack([np.ones(5000), x]), y)
    assert tuple(again.parameters.values()) == pytest.approx(tuple(direct.coefficients))


def test_an_intercept_move_keeps_the_current_slope_and_its_uncertainty() -> None:
    x, y = drawn(4, 4000, 0.9, 1.3)
    current = straight_line("v1", "platt", 0.1, 1.3, ((0.02, 0.0), (0.0, 0.01)))
    choice = choose(x, y, people(4000), current)
    assert choice.kind == "intercept"
    assert choice.parameters["slope"] == 1.3
    assert choice.covariance[1][1] == 0.01
    assert choice.covariance[0][0] > 0.0


def test_repeated_patients_widen_the_covariance() -> None:
    x, y = drawn(5, 1000, 0.8, 0.7)
    single = choose(x, y, people(1000), IDENTITY)
    twins = choose(np.repeat(x, 2), np.repeat(y, 2), np.repeat(people(1000), 2), IDENTITY)
    assert twins.covariance[0][0] == pytest.approx(single.covariance[0][0], rel=0.15)


def test_a_score_without_ranking_is_no_candidate() -> None:
    rng = np.random.default_rng(6)
    x, y = rng.normal(0, 1, 500), (rng.random(500) < 0.3).astype(float)
    with pytest.raises(RankingLostError, match="lost its ranking"):
        choose(x, y, people(500), IDENTITY)


def test_outcomes_all_alike_or_separated_are_refused_in_words() -> None:
    x = np.linspace(-2, 2, 50)
    with pytest.raises(SeparationError, match="every outcome is alike"):
        choose(x, np.zeros(50), people(50), IDENTITY)
    with pytest.raises(SeparationError, match="no finite fit"):
        choose(x, (x > 0).astype(float), people(50), IDENTITY)


def test_newton_converges_on_small_ordinary_sites() -> None:
    """Undamped Newton from the identity map diverges on one site in fifty."""
    failed = 0
    for seed in range(550):
        x, y = drawn(1000 + seed, 400, -1.0, 0.9)
        fit = fit_logistic(np.column_stack([np.ones(400), x]), y)
        failed += not np.isfinite(fit.coefficients).all()
    assert failed == 0


def test_logistic_fit_equals_scikit_learn() -> None:
    from sklearn.linear_model import LogisticRegression

    x, y = drawn(7, 3000, -0.4, 0.8)
    ours = fit_logistic(np.column_stack([np.ones(3000), x]), y).coefficients
    theirs = LogisticRegression(C=np.inf, tol=1e-12, max_iter=1000).fit(x[:, None], y)
    assert ours == pytest.approx([theirs.intercept_[0], theirs.coef_[0, 0]], abs=1e-5)


def test_a_saturated_export_is_refused_and_a_few_extremes_are_limited() -> None:
    scores = np.concatenate([np.full(20, 1.0), np.linspace(0.1, 0.9, 980)])
    with pytest.raises(SaturatedScoreError, match="saturated export"):
        winsorised_logit(scores)
    x, (low, high) = winsorised_logit(np.concatenate([[0.0, 1.0], np.linspace(0.1, 0.9, 5000)]))
    assert low > -2.3
    assert high < 2.3
    assert (x.min(), x.max()) == (low, high)
