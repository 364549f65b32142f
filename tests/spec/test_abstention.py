""" "I don't know": for which studies, how often, and never more often than the plan allows."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.calibrators import calibrated_log_odds, log_odds_error, straight_line
from monitor.logistic import expit, fit_logistic, logit
from monitor.operation.attempt.operating_points import require_abstention_cap
from monitor.operation.reading.live import Live, answers
from monitor.performance import abstains, outside, straddles
from monitor.records import IDENTITY, Calibrator, Place

SEED = 20261121
THRESHOLD = 0.10


def fitted(rng: np.random.Generator, n: int) -> Calibrator:
    x = rng.normal(-3.0, 1.5, n)
    outcome = (rng.random(n) < expit(x)).astype(float)
    fit = fit_logistic(np.column_stack([np.ones_like(x), x]), outcome)
    covariance = tuple(tuple(row) for row in fit.covariance.tolist())
    return straight_line("v1", "platt", float(fit.coefficients[0]), float(fit.coefficients[1]), covariance)


def test_exactly_where_the_interval_contains_the_threshold_or_the_score_was_never_seen() -> None:
    rng = np.random.default_rng(SEED)
    calibrator, x = fitted(rng, 1000), np.linspace(-9, 4, 500)
    cut, limits = float(logit(np.array([THRESHOLD]))[0]), (-7.0, 1.5)
    line, error = calibrated_log_odds(calibrator, x), log_odds_error(calibrator, x)
    inside = (line - 1.959964 * error < cut) & (cut < line + 1.959964 * error)
    expected = inside | (x < -7.0) | (x > 1.5)
    assert np.array_equal(abstains(calibrator, x, cut, limits), expected)
    assert inside.any()
    assert not inside.all()
    assert np.array_equal(straddles(calibrator, x, cut), inside)


def test_the_authorised_original_knows_every_side() -> None:
    x = np.linspace(-9, 9, 101)
    assert not abstains(IDENTITY, x, 0.0, None).any()
    assert not outside(x, None).any()


def test_the_more_studies_a_fit_has_the_less_it_abstains() -> None:
    rng = np.random.default_rng(SEED)
    x = rng.normal(-3.0, 1.5, 20_000)
    cut = float(logit(np.array([THRESHOLD]))[0])
    rates = [
        float(np.mean([straddles(fitted(rng, n), x, cut).mean() for _ in range(20)]))
        for n in (300, 1000, 4000, 16_000)
    ]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < rates[0] / 4


def test_an_abstaining_calibrator_is_seldom_on_the_wrong_side() -> None:
    rng = np.random.default_rng(SEED)
    x, cut = rng.normal(-3.0, 1.5, 20_000), float(logit(np.array([THRESHOLD]))[0])
    wrong, silent_or_right = 0.0, 0.0
    for _ in range(30):
        calibrator = fitted(rng, 1000)
        differs = (calibrated_log_odds(calibrator, x) >= cut) != (x >= cut)
        wrong += differs.mean()
        silent_or_right += (differs & ~straddles(calibrator, x, cut)).mean()
    assert silent_or_right < wrong / 10


def body(rate: float, verdict: str = "accept") -> dict[str, object]:
    found = {"abstention": {"rate": {"value": rate}, "maximum_rate": 0.05}}
    return {"verdict": verdict, "reasons": ["as judged"], "operating_point": found}


class TestTheCap:
    def test_above_it_an_accept_becomes_insufficient(self) -> None:
        found = body(0.0612)
        require_abstention_cap(found)
        reason = "the candidate abstains for 6.1% of the validation studies, the plan allows 5.0%"
        assert (found["verdict"], found["reasons"]) == ("insufficient", [reason])

    def test_a_reject_stays_a_reject_with_one_more_reason(self) -> None:
        found = body(0.0612, "reject")
        require_abstention_cap(found)
        assert found["verdict"] == "reject"
        assert found["reasons"][1:] == ["as judged"]

    @pytest.mark.parametrize(
        "found", [body(0.05), {"operating_point": None}, {"operating_point": {"abstention": None}}]
    )
    def test_at_it_or_without_a_plan_for_it_nothing_changes(self, found: dict[str, object]) -> None:
        before = dict(found)
        require_abstention_cap(found)
        assert found == before


class TestAnswers:
    def live(self, *, may_abstain: bool = True) -> Live:
        fitted = straight_line("v1", "intercept", 1.0, 1.0, ((0.01, 0.0), (0.0, 0.0)))
        point = float(expit(logit(np.array([0.2])) + 1.0)[0])
        return Live(Place("North", "nodule"), fitted, 0.2, point, may_abstain, (-4.0, 4.0))

    def test_side_and_silence(self) -> None:
        given = answers(self.live(), [0.05, 0.199, 0.2, 0.21, 0.5, 0.999])
        assert [answer.flagged for answer in given] == [False, False, True, True, True, True]
        assert [answer.abstains for answer in given] == [False, True, True, True, False, True]

    def test_a_plan_without_them_says_neither(self) -> None:
        found = answers(Live(Place("North", "nodule"), IDENTITY, None, None, False, None), [0.3])[0]
        assert (found.flagged, found.abstains) == (None, None)
        assert found.probability == pytest.approx(0.3)
        assert answers(self.live(may_abstain=False), [0.2])[0].abstains is None
