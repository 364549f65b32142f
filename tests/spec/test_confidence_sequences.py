"""Intervals that may be read every night: simulated at every look, and their ends known by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from monitor.drift import error_multiplier, mean_sequence, rate_sequence

ALPHA, STUDIES = 0.1, 600


def share_ever_missed(draws: np.ndarray, truth: float, sequence: object) -> float:
    missed = 0
    for run in draws:
        sums, squares = np.cumsum(run), np.cumsum(run**2)
        ends = (sequence(n, float(sums[n - 1]), float(squares[n - 1])) for n in range(20, len(run) + 1, 5))  # type: ignore[operator]
        missed += any(not low <= truth <= high for low, high in ends)
    return missed / len(draws)


@pytest.mark.parametrize("rate", [0.02, 0.3])
def test_a_rate_is_missed_at_any_look_with_probability_alpha_at_most(rate: float) -> None:
    draws = (np.random.default_rng(1).random((300, STUDIES)) < rate).astype(float)
    share = share_ever_missed(draws, rate, lambda n, total, _: rate_sequence(n, total, ALPHA))
    assert share <= ALPHA + 3 * math.sqrt(ALPHA * (1 - ALPHA) / 300)


def test_fractional_readings_hold_as_well() -> None:
    draws = np.random.default_rng(2).random((300, STUDIES))
    assert share_ever_missed(draws, 0.5, lambda n, total, _: rate_sequence(n, total, ALPHA)) <= ALPHA


def test_a_mean_is_missed_at_any_look_with_probability_about_alpha_at_most() -> None:
    draws = np.random.default_rng(3).beta(2, 5, (300, STUDIES))
    share = share_ever_missed(draws, 2 / 7, lambda n, *sums: mean_sequence(n, *sums, ALPHA))
    assert share <= ALPHA + 3 * math.sqrt(ALPHA * (1 - ALPHA) / 300)


def test_a_fixed_interval_read_every_night_does_not_hold() -> None:
    """What the sequences are for: at 1.645 standard errors most runs leave the interval some night."""
    draws = np.random.default_rng(4).random((300, STUDIES))

    def wald(n: int, total: float, squares: float) -> tuple[float, float]:
        half = 1.645 * math.sqrt((squares / n - (total / n) ** 2) / n)
        return total / n - half, total / n + half

    assert share_ever_missed(draws, 0.5, wald) > 2 * ALPHA


def test_ends_known_by_hand() -> None:
    assert rate_sequence(0, 0.0, 0.05) == (0.0, 1.0)
    low, high = rate_sequence(10, 0.0, 0.05)
    assert low == 0.0
    assert (1 - high) ** 10 * 11 == pytest.approx(0.05)  # mixture 1/11 against (1 - m)^10
    mirrored = rate_sequence(10, 10.0, 0.05)
    assert mirrored == (pytest.approx(1 - high), 1.0)
    assert mean_sequence(1, 0.3, 0.09, 0.05) == (-math.inf, math.inf)
    assert mean_sequence(50, 25.0, 12.5, 0.05) == (pytest.approx(0.5), pytest.approx(0.5))


def test_the_multiplier_exceeds_that_of_a_single_look_at_any_size() -> None:
    assert all(error_multiplier(n, 0.05) > 2.6 for n in (10, 100, 1000, 100_000))
