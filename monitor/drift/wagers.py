"""Bets on the mean of a bounded reading: one form for every stream but calibration.

A stream reads each study as one or more numbers h between 0 and 1 and tolerates a band for the mean of each.
A bet multiplies its stake by e = 1 + gain * (h - edge): with a positive gain it leans on the band's upper
edge, with a negative one on the lower. While the mean stays inside the band, e has mean at most one,
however the mean moves there.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from monitor.records import FloatArray, IntArray

GAINS = (0.2, 0.5, 1.0, 1.6)
"""Of the bets on a mid-rank, as S1 of the design has them."""
ODDS_RATIOS = (1.5, 2.0, 3.0)
LARGEST_SHARE = 0.95
"""Of the gain at which one reading could cost the whole stake."""


class Wager(NamedTuple):
    """One bet: e = 1 + gain * (h - edge) with h the reading of one functional.

    Attributes:
        name: In words, such as "location up 0.5".
        functional: Index of the reading it bets on.
        edge: End of the tolerance band it leans on.
        gain: Stake per unit of h; positive bets on a higher mean, negative on a lower one.
    """

    name: str
    functional: int
    edge: float
    gain: float


class Band(NamedTuple):
    """Where the mean of a reading may lie without being a shift; both ends inside [0, 1]."""

    low: float
    high: float


def mean_wagers(functional: int, name: str, band: Band, gains: tuple[float, ...] = GAINS) -> list[Wager]:
    """Bets up and down on the mean of any reading; none on a side where the band ends at 0 or 1.

    Example:
        >>> [wager.gain for wager in mean_wagers(0, "location", Band(0.45, 0.55), (0.5,))]
        [0.5, -0.5]
        >>> [wager.name for wager in mean_wagers(0, "spread", Band(0.0, 0.1), (0.5,))]
        ['spread up 0.5']
    """
    up = [
        Wager(f"{name} up {gain:g}", functional, band.high, min(gain, LARGEST_SHARE / band.high))
        for gain in gains
        if band.high < 1.0
    ]
    down = [
        Wager(f"{name} down {gain:g}", functional, band.low, -min(gain, LARGEST_SHARE / (1.0 - band.low)))
        for gain in gains
        if band.low > 0.0
    ]
    return up + down


def rate_wagers(functional: int, name: str, band: Band, reference: float) -> list[Wager]:
    """Likelihood ratios of a 0/1 reading against the band's edge, on each side.

    A bet names a rate with 1.5, 2 or 3 times the odds of the reference; where the band reaches nearly so far
    or further, as around a rate that was hardly ever met, the root of that ratio beyond the edge.

    Args:
        functional: Index of the reading.
        name: Of the reading.
        band: Tolerated rates.
        reference: Rate of the reference, strictly between 0 and 1.

    Example:
        Around a reference of .2 the bet on threefold odds names 3/7: at an edge of 1/4 a one pays 12/7.

        >>> wager = rate_wagers(0, "rate", Band(0.1, 0.25), 0.2)[2]
        >>> f"{1 + wager.gain * (1 - wager.edge):.4f}", f"{12 / 7:.4f}"
        ('1.7143', '1.7143')
    """
    return [
        Wager(
            f"{name} {word} {ratio:g}",
            functional,
            edge,
            (further(at_odds(reference, ratio**sign), at_odds(edge, ratio ** (sign / 2))) - edge)
            / (edge * (1 - edge)),
        )
        for word, edge, sign, further in (("odds x", band.high, 1, max), ("odds /", band.low, -1, min))
        for ratio in ODDS_RATIOS
        if 0.0 < edge < 1.0
    ]


def at_odds(rate: float, ratio: float) -> float:
    """The rate whose odds are `ratio` times those of `rate`.

    Example:
        >>> at_odds(0.5, 3.0)
        0.75
    """
    return rate * ratio / (1 - rate + rate * ratio)


class Stakes(NamedTuple):
    """The bets of a stream as arrays, shape (k,)."""

    functional: IntArray
    edge: FloatArray
    gain: FloatArray


def stakes(wagers: tuple[Wager, ...]) -> Stakes:
    """Bets as arrays."""
    return Stakes(
        np.array([wager.functional for wager in wagers], dtype=np.int64),
        np.array([wager.edge for wager in wagers]),
        np.array([wager.gain for wager in wagers]),
    )


def log_e_of_codes(values: FloatArray, bets: Stakes, counts: IntArray) -> FloatArray:
    """Natural log of a look's e-value per bet, from how many studies had each code.

    Args:
        values: Readings of each code, shape (codes, functionals).
        bets: The bets, k of them.
        counts: Studies with each code, shape (codes,), each of a patient of its own.

    Returns:
        Shape (k,).

    Example:
        Three ones at an edge of .5, where a one pays 1.5: ln 1.5 each.

        >>> values, wager = np.array([[0.0], [1.0]]), Wager("rate up", 0, 0.5, 1.0)
        >>> found = log_e_of_codes(values, stakes((wager,)), np.array([0, 3]))
        >>> bool(np.isclose(found[0], 3 * math.log(1.5)))
        True
    """
    occupied = np.flatnonzero(counts)
    return counts[occupied] @ _log_e(values[occupied], bets)


def log_e_of_patients(readings: FloatArray, bets: Stakes) -> FloatArray:
    """As `log_e_of_codes`, from the mean readings of patients with several rows, shape (p, functionals).

    An e-value is linear in its reading, so that of a mean reading is the mean of a patient's e-values.
    Sorted terms have the same sum in whatever order the patients come.

    Example:
        Two patients with readings of 0 and 1 each, at an edge of .5: both have e = 1.

        >>> log_e_of_patients(np.array([[0.5], [0.5]]), stakes((Wager("rate up", 0, 0.5, 1.0),))).tolist()
        [0.0]
    """
    return np.sort(_log_e(readings, bets), axis=0).sum(axis=0)


def _log_e(readings: FloatArray, bets: Stakes) -> FloatArray:
    """Natural log of e per reading and bet, shape (n, k)."""
    return np.log1p(bets.gain * (readings[:, bets.functional] - bets.edge))


def rate_band(rate: float, rows: int, logit: float, standard_errors: float) -> Band:
    """Band around a reference rate: `logit + standard_errors * SE` to each side in log-odds.

    Args:
        rate: Of the reference, strictly between 0 and 1.
        rows: Behind it, one per patient.
        logit, standard_errors: The plan's tolerance.

    Example:
        The log-odds of one half from 400 patients have the standard error 1 / sqrt(400 / 4) = .1.

        >>> band = rate_band(0.5, 400, 0.0, 1.0)
        >>> f"{band.low:.4f} {band.high:.4f}"
        '0.4750 0.5250'
    """
    centre = math.log(rate / (1 - rate))
    half = logit + standard_errors / math.sqrt(rows * rate * (1 - rate))
    return Band(1 / (1 + math.exp(half - centre)), 1 / (1 + math.exp(-half - centre)))
