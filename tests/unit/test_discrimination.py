"""The area under the curve against a brute-force count and its interval against DeLong's own formula."""

from __future__ import annotations

import math

import numpy as np
import pytest

from monitor.performance import area_under_curve


def brute_force(score: np.ndarray, outcome: np.ndarray) -> tuple[float, float]:
    """Area and DeLong standard error from every pair."""
    high, low = score[outcome == 1], score[outcome == 0]
    wins = (high[:, None] > low[None, :]) + 0.5 * (high[:, None] == low[None, :])
    of_high, of_low = wins.mean(axis=1), wins.mean(axis=0)
    return float(wins.mean()), math.sqrt(of_high.var(ddof=1) / len(high) + of_low.var(ddof=1) / len(low))


@pytest.mark.parametrize("seed", range(5))
def test_area_and_error_equal_every_pair_counted(seed: int) -> None:
    rng = np.random.default_rng(seed)
    score = rng.integers(0, 12, 80) / 12
    outcome = (rng.random(80) < 0.35).astype(float)
    who = np.arange(80).astype(str).astype(object)
    found = area_under_curve(score, outcome, who)
    area, error = brute_force(score, outcome)
    assert found.value == pytest.approx(area, abs=1e-12)
    assert found.low is not None
    assert found.high is not None
    half = (math.log(found.high / (1 - found.high)) - math.log(found.low / (1 - found.low))) / 2
    independent = half * area * (1 - area) / 1.959964
    assert independent == pytest.approx(error, rel=0.03)


def test_repeating_every_row_of_a_patient_does_not_narrow_the_interval() -> None:
    rng = np.random.default_rng(9)
    score, outcome = rng.random(200), (rng.random(200) < 0.4).astype(float)
    who = np.arange(200).astype(str).astype(object)
    once = area_under_curve(score, outcome, who)
    often = area_under_curve(np.repeat(score, 3), np.repeat(outcome, 3), np.repeat(who, 3))
    assert often.low == pytest.approx(once.low, rel=1e-9)


def test_one_class_has_no_area_and_a_perfect_one_no_interval() -> None:
    who = np.array(["a", "b", "c", "d"], dtype=object)
    assert area_under_curve(np.array([0.1, 0.2, 0.3, 0.4]), np.zeros(4), who).value is None
    perfect = area_under_curve(np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.0, 0, 1, 1]), who)
    assert (perfect.value, perfect.low) == (1.0, None)
