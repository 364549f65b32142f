"""The calibration stream's bets: e-values against "the deployed calibrator is right within a band".

Each bet names an alternative law of the outcome given the deployed log-odds. Its null side is the
alternative projected on the tolerance band, so that the e-value has mean at most one for *every* truth
inside the band, however the truth moves there (see `docs/statistics.md`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from monitor.logistic import cluster_numbers, expit, log_loss, numbered_sums
from monitor.records import FloatArray, IntArray, TextArray

INTERCEPT_SHIFTS = (-1.0, -0.6, -0.3, 0.3, 0.6, 1.0)
SLOPES = (0.55, 0.75, 1.3, 1.7)


class Bet(NamedTuple):
    """An alternative: log-odds of the outcome = intercept + slope * deployed log-odds."""

    name: str
    intercept: float
    slope: float


def choose_bets(reference: FloatArray) -> tuple[Bet, ...]:
    """The ten alternatives of a place, fixed before its first outcome is read.

    Args:
        reference: Deployed log-odds of the place's first predictions, shape (m,), at least one.

    Returns:
        Six intercept shifts with slope one, and four slopes whose intercept keeps the mean risk of
        the reference.

    Raises:
        ValueError: The reference is empty.

    Example:
        Around a reference of even odds a slope changes nothing, so its intercept is zero.

        >>> bets = choose_bets(np.zeros(3))
        >>> len(bets), bets[0].name, abs(round(bets[-1].intercept, 6))
        (10, 'intercept -1.0', 0.0)
    """
    if len(reference) == 0:
        raise ValueError("bets need the log-odds of at least one prediction")
    shifts = tuple(Bet(f"intercept {shift:+.1f}", shift, 1.0) for shift in INTERCEPT_SHIFTS)
    slopes = tuple(
        Bet(f"slope {slope:g}", mean_keeping_intercept(reference, slope), slope) for slope in SLOPES
    )
    return shifts + slopes


def mean_keeping_intercept(log_odds: FloatArray, slope: float) -> float:
    """Intercept that keeps the mean risk when log-odds are multiplied by `slope` (bisection).

    Example:
        >>> round(mean_keeping_intercept(np.array([1.0]), 0.5), 6)
        0.5
    """
    target = float(expit(log_odds).mean())
    low, high = -60.0, 60.0
    for _ in range(80):
        middle = (low + high) / 2
        if float(expit(middle + slope * log_odds).mean()) < target:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def log_e_values(
    log_odds: FloatArray, half_width: FloatArray, outcome: FloatArray, bets: tuple[Bet, ...]
) -> FloatArray:
    """Natural log of each row's e-value under each bet.

    Args:
        log_odds: Deployed log-odds, shape (n,).
        half_width: Tolerance band's half-width in log-odds, shape (n,), above zero.
        outcome: 0 or 1, shape (n,).
        bets: The alternatives, k of them.

    Returns:
        Shape (n, k). Zero wherever the alternative lies inside the band.

    References:
        Shin, Ramdas, Rinaldo (2024), NEJSDS, 10.51387/23-NEJSDS51.

    Example:
        At even odds with a band of 0.1 the bet "+1" gains the likelihood ratio of 1.0 against 0.1.

        >>> bet = (Bet("intercept +1.0", 1.0, 1.0),)
        >>> value = log_e_values(np.zeros(1), np.array([0.1]), np.ones(1), bet)[0, 0]
        >>> f"{value:.4f}", f"{np.log(0.731059 / 0.524979):.4f}"
        ('0.3311', '0.3311')
    """
    alternative = np.stack([bet.intercept + bet.slope * log_odds for bet in bets], axis=1)
    band = half_width[:, None]
    null = np.clip(alternative, log_odds[:, None] - band, log_odds[:, None] + band)
    observed = outcome[:, None]
    return log_loss(null, observed) - log_loss(alternative, observed)


def log_e_of_cohort(row_log_e: FloatArray, patient: TextArray | IntArray) -> FloatArray:
    """One cohort's log e-value per bet: the mean over a patient's rows, multiplied over patients.

    The mean of a patient's e-values is an e-value whatever their dependence.

    Args:
        row_log_e: Shape (n, k).
        patient: Shape (n,).

    Returns:
        Shape (k,).

    Example:
        Two rows of one patient with e = 1 and e = 3 count as one e-value of 2.

        >>> rows = np.log([[1.0], [3.0]])
        >>> round(float(np.exp(log_e_of_cohort(rows, np.array(["a", "a"], dtype=object)))[0]), 6)
        2.0
    """
    number = cluster_numbers(patient)
    size = np.bincount(number)
    if len(size) == len(number):
        return row_log_e.sum(axis=0)
    order = np.argsort(number, kind="stable")
    peak = np.maximum.reduceat(row_log_e[order], np.cumsum(size) - size, axis=0)
    total = numbered_sums(np.exp(row_log_e - peak[number]), number)
    return (peak + np.log(total / size[:, None])).sum(axis=0)
