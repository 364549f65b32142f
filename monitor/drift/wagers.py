"""Bets on the mean of a bounded reading: one form for every stream but calibration.

A stream reads each study as one or more numbers h between 0 and 1 and tolerates a band for the mean of each.
A bet multiplies its stake by e = 1 + gain * (h - edge): with a positive gain it leans on the band's upper
edge, with a negative one on the lower. While the mean stays inside the band, e has mean at most one,
however the mean moves there.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from monitor.logistic import expit
from monitor.records import BoolArray, FloatArray, IntArray

GAINS = (0.2, 0.5, 1.0, 1.6)
"""Of the bets on a mid-rank, as S1 of the design has them."""
ODDS_RATIOS = (1.5, 2.0, 3.0)
_RATE_NAMES = (
    *(f"odds x {ratio:g}" for ratio in ODDS_RATIOS),
    *(f"odds / {ratio:g}" for ratio in ODDS_RATIOS),
)
_RATIOS = np.array([*ODDS_RATIOS, *(1 / ratio for ratio in ODDS_RATIOS)])
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


class Bets(NamedTuple):
    """The same k bets on each of f functionals, which may be those of several streams.

    Attributes:
        names: In words, k of them.
        edge, gain: As those of `Wager`, shape (f, k).
    """

    names: tuple[str, ...]
    edge: FloatArray
    gain: FloatArray

    @property
    def room(self) -> BoolArray:
        """False where the band ends at 0 or 1 and leaves nothing to bet on, shape (f, k)."""
        return (self.edge > 0) & (self.edge < 1)

    def stakes(self, functionals: Sequence[int]) -> list[Stakes]:
        """The bets of each stream; the streams have so many functionals, one after the other.

        Example:
            >>> bets = mean_bets(np.array([0.0, 0.4]), np.array([0.1, 0.6]), (0.5,), (0.5,))
            >>> [found.wagers() for found in bets.stakes([1, 1])][0]
            (Wager(name='up 0.5', functional=0, edge=0.1, gain=0.5),)
            >>> [found.names for found in bets.stakes([2])]
            [('up 0.5', 'up 0.5', 'down 0.5')]
        """
        room, ends = self.room, np.cumsum(functionals)
        first = np.repeat(ends - np.array(functionals), functionals)
        row, column = np.nonzero(room)
        functional = row - first[row]
        edge, gain, names = self.edge[room], self.gain[room], [self.names[at] for at in column.tolist()]
        cuts = [0, *np.searchsorted(row, ends).tolist()]
        return [
            Stakes(tuple(names[low:high]), functional[low:high], edge[low:high], gain[low:high])
            for low, high in pairwise(cuts)
        ]


def mean_bets(low: FloatArray, high: FloatArray, up: Sequence[float], down: Sequence[float]) -> Bets:
    """Bets up and down on the means of any readings.

    Args:
        low, high: Ends of their bands, shape (f,).
        up, down: Gains.

    Example:
        >>> mean_bets(np.array([0.45]), np.array([0.55]), (0.5,), (0.5,)).gain.tolist()
        [[0.5, -0.5]]
    """
    names = (*(f"up {gain:g}" for gain in up), *(f"down {gain:g}" for gain in down))
    gain_up = np.minimum(up, LARGEST_SHARE / high[:, None])
    gain_down = np.minimum(down, LARGEST_SHARE / (1 - low[:, None]))
    return Bets(names, _edges(low, high, len(up), len(down)), np.concatenate([gain_up, -gain_down], axis=1))


def rate_bets(low: FloatArray, high: FloatArray, reference: FloatArray) -> Bets:
    """Likelihood ratios of 0/1 readings against the bands' edges, on each side.

    A bet names a rate with 1.5, 2 or 3 times the odds of the reference; where the band reaches nearly so far
    or further, as around a rate that was hardly ever met, the root of that ratio beyond the edge.

    Args:
        low, high: Tolerated rates, shape (f,).
        reference: Rates of the reference, strictly between 0 and 1, shape (f,).

    Example:
        Around a reference of .2 the bet on threefold odds names 3/7: at an edge of 1/4 a one pays 12/7.

        >>> bets = rate_bets(np.array([0.1]), np.array([0.25]), np.array([0.2]))
        >>> bets.names[2], f"{1 + bets.gain[0, 2] * (1 - bets.edge[0, 2]):.4f}", f"{12 / 7:.4f}"
        ('odds x 3', '1.7143', '1.7143')
    """
    edge, up = _edges(low, high, len(ODDS_RATIOS), len(ODDS_RATIOS)), _RATIOS > 1
    inside = np.where((edge > 0) & (edge < 1), edge, 0.5)
    named, beyond = at_odds(reference[:, None], _RATIOS), at_odds(inside, np.sqrt(_RATIOS))
    further = np.where(up, np.maximum(named, beyond), np.minimum(named, beyond))
    return Bets(_RATE_NAMES, edge, (further - inside) / (inside * (1 - inside)))


def _edges(low: FloatArray, high: FloatArray, up: int, down: int) -> FloatArray:
    """The end of the band that each of so many bets leans on, shape (f, up + down)."""
    return np.stack([high, low], axis=1).repeat([up, down], axis=1)


def at_odds(rate: FloatArray, ratio: FloatArray) -> FloatArray:
    """Rates whose odds are `ratio` times those of `rate`; any shapes.

    Example:
        >>> at_odds(np.array([0.5]), np.array([3.0])).tolist()
        [0.75]
    """
    return rate * ratio / (1 - rate + rate * ratio)


def log_e_of_readings(readings: FloatArray, bets: Stakes) -> FloatArray:
    """Natural log of e of each bet, of k, on each reading, shape (k, n).

    An e-value is linear in its reading, so that of a patient's mean reading is the mean of their e-values.

    Args:
        readings: Shape (functionals, n).
        bets: The bets.

    Example:
        At an edge of .5 with a gain of 1 a reading of 1 pays 1.5.

        >>> bets = Stakes(("up 1",), np.array([0]), np.array([0.5]), np.array([1.0]))
        >>> found = log_e_of_readings(np.array([[1.0, 0.5]]), bets)
        >>> np.exp(found).round(3).tolist()
        [[1.5, 1.0]]
    """
    found = readings.take(bets.functional, axis=0)
    found -= bets.edge[:, None]
    found *= bets.gain[:, None]
    return np.log1p(found, out=found)


def rate_bands(
    rate: FloatArray, rows: IntArray, logit: float, standard_errors: float
) -> tuple[FloatArray, FloatArray]:
    """Bands around reference rates: `logit + standard_errors * SE` to each side in log-odds.

    Args:
        rate: Of the reference, strictly between 0 and 1, shape (f,).
        rows: Behind it, one per patient, shape (f,).
        logit, standard_errors: The plan's tolerance.

    Returns:
        Lower and upper ends, shape (f,) each.

    Example:
        The log-odds of one half from 400 patients have the standard error 1 / sqrt(400 / 4) = .1.

        >>> low, high = rate_bands(np.array([0.5]), np.array([400]), 0.0, 1.0)
        >>> f"{low[0]:.4f} {high[0]:.4f}"
        '0.4750 0.5250'
    """
    centre = np.log(rate / (1 - rate))
    half = logit + standard_errors / np.sqrt(rows * rate * (1 - rate))
    return expit(centre - half), expit(centre + half)
