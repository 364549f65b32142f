"""The calibration stream's promise: e-values of mean at most one inside the band, however rows arrive."""

from __future__ import annotations

import math

import numpy as np
import pytest

from monitor.calibrators import calibrated_log_odds, log_odds_error, straight_line
from monitor.drift import (
    Detector,
    change_point,
    choose_bets,
    log_e_of_cohort,
    log_e_values,
    log_limit,
    look,
    start,
)
from monitor.logistic import expit
from monitor.records import IDENTITY

REFERENCE = np.linspace(-6.0, 2.0, 100)
BETS = choose_bets(REFERENCE)


@pytest.mark.parametrize("half_width", [0.1, 0.35])
def test_no_bet_gains_on_average_for_any_truth_inside_the_band(half_width: float) -> None:
    log_odds = np.linspace(-8.0, 8.0, 321)
    width = np.full(log_odds.shape, half_width)
    if_event = np.exp(log_e_values(log_odds, width, np.ones(321), BETS))
    if_none = np.exp(log_e_values(log_odds, width, np.zeros(321), BETS))
    for offset in np.linspace(-half_width, half_width, 9):
        truth = expit(log_odds + offset)[:, None]
        mean = truth * if_event + (1 - truth) * if_none
        assert mean.max() <= 1.0 + 1e-12


def test_the_mean_is_one_at_the_edge_that_a_bet_leans_on() -> None:
    upward = [index for index, bet in enumerate(BETS) if bet.name == "intercept +1.0"]
    truth = expit(np.array([-2.0 + 0.1]))[0]
    e = np.exp([log_e_values(np.array([-2.0]), np.array([0.1]), np.array([y]), BETS)[0] for y in (0.0, 1.0)])
    assert (1 - truth) * e[0][upward[0]] + truth * e[1][upward[0]] == pytest.approx(1.0, abs=1e-12)


def test_at_the_band_edge_the_detector_counts_looks() -> None:
    """E[R_20] = 20 exactly; 5 studies a night, 20,000 runs."""
    rng = np.random.default_rng(11)
    bet = tuple(item for item in BETS if item.name == "intercept +0.3")
    log_odds, runs, nights, studies = -2.944, 20_000, 20, 5
    truth = expit(np.array([log_odds + 0.1]))[0]
    outcome = (rng.random(runs * nights * studies) < truth).astype(float)
    flat = np.full(outcome.shape, log_odds)
    log_e = (
        log_e_values(flat, np.full(outcome.shape, 0.1), outcome, bet).reshape(runs, nights, studies).sum(2)
    )
    log_r = np.full(runs, -np.inf)
    for night in range(nights):
        log_r = log_e[:, night] + np.logaddexp(log_r, 0.0)
    r = np.exp(log_r)
    assert abs(r.mean() - 20.0) < 3.5 * r.std() / math.sqrt(runs)


def test_neither_order_nor_batches_of_a_night_matter() -> None:
    rng = np.random.default_rng(3)
    log_odds = rng.normal(-3, 1.5, 200)
    outcome = (rng.random(200) < expit(log_odds)).astype(float)
    patient = np.array([f"p{k // 2}" for k in range(200)], dtype=object)
    rows = log_e_values(log_odds, np.full(200, 0.1), outcome, BETS)
    whole = log_e_of_cohort(rows, patient)
    order = rng.permutation(200)
    assert log_e_of_cohort(rows[order], patient[order]) == pytest.approx(whole, abs=1e-9)
    parts = log_e_of_cohort(rows[:80], patient[:80]) + log_e_of_cohort(rows[80:], patient[80:])
    assert parts == pytest.approx(whole, abs=1e-9)


def test_a_patients_rows_count_as_one_e_value_whatever_their_dependence() -> None:
    log_e = np.log(np.array([[4.0], [0.5], [0.5]]))
    patient = np.array(["a", "a", "b"], dtype=object)
    assert math.exp(log_e_of_cohort(log_e, patient)[0]) == pytest.approx((4.0 + 0.5) / 2 * 0.5)


def test_the_limit_does_not_depend_on_what_was_seen() -> None:
    """A daily plan over a year with weight .4 alarms at 18,250; sixty-five months at 3,250."""
    assert math.exp(log_limit(365, 1, 0.05, 0.4)) == pytest.approx(18_250)
    assert math.exp(log_limit(65, 1, 0.05, 0.4)) == pytest.approx(3_250)
    assert math.exp(log_limit(365, 3, 0.05, 0.4)) == pytest.approx(3 * 18_250)


def test_the_band_widens_by_the_calibrators_own_error() -> None:
    calibrator = straight_line("v1", "platt", 0.2, 0.9, ((0.04, -0.01), (-0.01, 0.01)))
    x = np.array([0.0, 2.0])
    log_odds, error = calibrated_log_odds(calibrator, x), log_odds_error(calibrator, x)
    assert log_odds == pytest.approx([0.2, 2.0])
    assert error == pytest.approx([0.2, math.sqrt(0.04 - 0.04 + 0.04)])
    assert log_odds_error(IDENTITY, x).tolist() == [0.0, 0.0]


def test_slope_bets_keep_the_mean_risk_of_the_reference() -> None:
    for bet in BETS[6:]:
        moved = expit(bet.intercept + bet.slope * REFERENCE).mean()
        assert moved == pytest.approx(expit(REFERENCE).mean(), abs=1e-9)


def test_the_change_is_dated_to_where_evidence_began_and_no_later_than_the_likeliest_look() -> None:
    history = np.array([[-9.0], [0.4], [-0.6], [3.0], [4.0]])
    point = change_point(history, np.zeros(1))
    assert (point.likeliest, point.earliest) == (3, 1)


def test_a_look_refuses_a_value_that_is_not_a_number() -> None:
    with pytest.raises(ValueError, match="finite"):
        look(start(2), np.array([0.0, np.nan]))
    assert isinstance(look(start(2), np.zeros(2)), Detector)
