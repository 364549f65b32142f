"""Bets on the mean of a bounded reading: one form for every stream but calibration.

A stream reads each study as one or more numbers h between 0 and 1 and tolerates a band for the mean of each.
A bet multiplies its stake by e = 1 + gain * (h - edge): with a positive gain it leans on the band's upper
edge, with a negative one on the lower. While the mean stays inside the band, e has mean at most one,
however the mean moves there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from monitor.records import FloatArray, IntArray

GAINS = (0.2, 0.5, 1.0, 1.6)
"""Of the bets on a mid-rank, as S1 of the design has them."""
ODDS_RATIOS = (1.5, 2.0, 3.0)
_UP = tuple((f"odds x {ratio:g}", ratio, ratio**0.5) for ratio in ODDS_RATIOS)
_DOWN = tuple((f"odds / {ratio:g}", ratio**-1, ratio**-0.5) for ratio in ODDS_RATIOS)
LARGEST_SHARE = 0.95
"""Of the gain at which one reading could cost the whole stake."""


class Wager(NamedTuple):
    """One bet: e = 1 + gain * (h - edge) with h the reading of one functional.

    Attributes:
        name: In words, such as "up 0.5"; of which functional is not said again.
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


def mean_wagers(functional: int, band: Band, gains: tuple[float, ...] = GAINS) -> list[Wager]:
    """Bets up and down on the mean of any reading; none on a side where the band ends at 0 or 1.

    Example:
        >>> [wager.gain for wager in mean_wagers(0, Band(0.45, 0.55), (0.5,))]
        [0.5, -0.5]
        >>> [wager.name for wager in mean_wagers(0, Band(0.0, 0.1), (0.5,))]
        ['up 0.5']
    """
    up = [
        Wager(f"up {gain:g}", functional, band.high, min(gain, LARGEST_SHARE / band.high))
        for gain in gains
        if band.high < 1.0
    ]
    down = [
        Wager(f"down {gain:g}", functional, band.low, -min(gain, LARGEST_SHARE / (1.0 - band.low)))
        for gain in gains
        if band.low > 0.0
    ]
    return up + down


def rate_wagers(functional: int, band: Band, reference: float) -> list[Wager]:
    """Likelihood ratios of a 0/1 reading against the band's edge, on each side.

    A bet names a rate with 1.5, 2 or 3 times the odds of the reference; where the band reaches nearly so far
    or further, as around a rate that was hardly ever met, the root of that ratio beyond the edge.

    Args:
        functional: Index of the reading.
        band: Tolerated rates.
        reference: Rate of the reference, strictly between 0 and 1.

    Example:
        Around a reference of .2 the bet on threefold odds names 3/7: at an edge of 1/4 a one pays 12/7.

        >>> wager = rate_wagers(0, Band(0.1, 0.25), 0.2)[2]
        >>> f"{1 + wager.gain * (1 - wager.edge):.4f}", f"{12 / 7:.4f}"
        ('1.7143', '1.7143')
    """
    return [
        Wager(
            name,
            functional,
            edge,
            (further(at_odds(reference, ratio), at_odds(edge, root)) - edge) / (edge * (1 - edge)),
        )
        for edge, further, ratios in ((band.high, max, _UP), (band.low, min, _DOWN))
        if 0.0 < edge < 1.0
        for name, ratio, root in ratios
    ]


def at_odds(rate: float, ratio: float) -> float:
    """The rate whose odds are `ratio` times those of `rate`.

    Example:
        >>> at_odds(0.5, 3.0)
        0.75
    """
    return rate * ratio / (1 - rate + rate * ratio)


class Stakes(NamedTuple):
    """The bets of a stream as arrays, each of shape (k,); the attributes are those of `Wager`."""

    names: tuple[str, ...]
    functional: IntArray
    edge: FloatArray
    gain: FloatArray

    def wagers(self) -> tuple[Wager, ...]:
        """The bets one by one."""
        listed = (self.functional.tolist(), self.edge.tolist(), self.gain.tolist())
        return tuple(map(Wager, self.names, *listed))


def stakes(wagers: Sequence[Wager]) -> Stakes:
    """Bets as arrays."""
    names, functional, edge, gain = zip(*wagers, strict=True) if wagers else ((), (), (), ())
    return Stakes(names, np.array(functional, dtype=np.int64), np.array(edge), np.array(gain))


def log_e_of_readings(readings: FloatArray, bets: Stakes) -> FloatArray:
    """Natural log of e of each bet, of k, on each reading, shape (k, n).

    An e-value is linear in its reading, so that of a patient's mean reading is the mean of their e-values.

    Args:
        readings: Shape (functionals, n).
        bets: The bets.

    Example:
        At an edge of .5 with a gain of 1 a reading of 1 pays 1.5.

        >>> found = log_e_of_readings(np.array([[1.0, 0.5]]), stakes([Wager("up 1", 0, 0.5, 1.0)]))
        >>> np.exp(found).round(3).tolist()
        [[1.5, 1.0]]
    """
    found = readings.take(bets.functional, axis=0)
    found -= bets.edge[:, None]
    found *= bets.gain[:, None]
    return np.log1p(found, out=found)


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
