"""What a look adds to the streams of readings that are 0 or 1, all streams of a place at once.

A patient's mean reading is a share of few rows, so patients are counted by pairs: rows, and ones among them.
The sums are those that `MeanStream.read` makes of each stream alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

import numpy as np

from monitor.drift.mean_streams import Added, MeanStream
from monitor.drift.visits import Visits
from monitor.records import FloatArray, IntArray

NONE, MISSING = -1, -2
"""In the place of a functional: a row reads as one in none, or has no value."""


class Ones(NamedTuple):
    """What a look holds of one stream.

    Attributes:
        stream: With `one`.
        rows: Rows with a value.
        ones: Rows that read as one in each functional, shape (functionals,).
        shared: The functional that each row of `Visits.shared` reads as one, or one of the above, shape (r,).
        bet: Without it no evidence is made.
    """

    stream: MeanStream
    rows: int
    ones: IntArray
    shared: IntArray
    bet: bool


class AddedRows(NamedTuple):
    """What a look adds to a stream, from so many rows and patients."""

    rows: int
    patients: int
    added: Added


class _Pairs(NamedTuple):
    """Patients of each functional by their mean reading.

    Attributes:
        mean: Ascending by rows, then by ones, shape (m,).
        patients: How many there are, shape (m, functionals); first those whose only row reads as zero, then
            those whose only row reads as one.
    """

    mean: FloatArray
    patients: FloatArray


def read_rates(looks: Sequence[Ones], rows: Visits) -> list[AddedRows]:
    """What a look adds to each stream.

    Args:
        looks: What it holds of each; at least one.
        rows: Those that share a patient.

    Example:
        Of three rows two are of one patient, and one of these two reads as one: its mean reading is a half.

        >>> from monitor.drift import freeze_rate, rate, visits
        >>> stream = rate(freeze_rate(np.array([0.0, 1.0]), 2), 0.2, 2.0)
        >>> held = Ones(stream, 3, np.array([2]), np.array([NONE, 0]), False)
        >>> found = read_rates([held], visits(np.array([7, 7, 3])))[0]
        >>> found.rows, found.patients, found.added.sums.tolist(), found.added.squares.tolist()
        (3, 2, [1.5], [1.25])
    """
    functionals = np.array([len(held.ones) for held in looks])
    ends = np.cumsum(functionals)
    first = ends - functionals
    pairs, patients = _counted(looks, functionals, rows)
    times = pairs.mean[:, None]
    sums, squares = _in_order(pairs.patients * times), _in_order(pairs.patients * times**2)
    log_e = _log_e(looks, first, pairs)
    return [
        AddedRows(held.rows, count, Added(sums[low:high], squares[low:high], evidence))
        for held, count, low, high, evidence in zip(
            looks, patients.tolist(), first.tolist(), ends.tolist(), log_e, strict=True
        )
    ]


def _counted(looks: Sequence[Ones], functionals: IntArray, rows: Visits) -> tuple[_Pairs, IntArray]:
    """The pairs of the functionals of all streams, and the patients of each stream."""
    alone, ones = np.array([held.rows for held in looks]), np.concatenate([held.ones for held in looks])
    if not len(rows.starts):
        single = np.array([np.repeat(alone, functionals) - ones, ones], dtype=np.float64)
        return _Pairs(np.array([0.0, 1.0]), single), alone
    shared = np.array([held.shared for held in looks])
    size = np.add.reduceat(shared > MISSING, rows.starts, axis=1, dtype=np.int64)
    several = _ones(shared, functionals, rows)
    pairs = _pairs(several, np.repeat(size, functionals, axis=0))
    alone, ones = alone - size.sum(axis=1), ones - several.sum(axis=1)
    pairs.patients[:2] += [np.repeat(alone, functionals) - ones, ones]
    return pairs, alone + np.count_nonzero(size, axis=1)


def _ones(shared: IntArray, functionals: IntArray, rows: Visits) -> IntArray:
    """Rows of each patient that read as one in each functional, shape (functionals, p)."""
    patients, number = len(rows.starts), int(functionals.sum())
    stream, row = np.nonzero(shared >= 0)
    functional = (np.cumsum(functionals) - functionals)[stream] + shared[stream, row]
    cell = functional * patients + rows.sharing[row]
    return np.bincount(cell, minlength=number * patients).reshape(number, patients)


def _pairs(ones: IntArray, size: IntArray) -> _Pairs:
    """The pairs of patients with several rows, after those of one row; a patient without a row is in none.

    Args:
        ones, size: Rows of each patient that read as one, and all with a value, shape (functionals, p).
    """
    functionals, width = len(ones), 2 + int(size.max())
    # With pairs that count nobody yet: no row; one row that reads as zero; one that reads as one.
    met, pair = _numbered(np.append(size * width + ones, [0, width, width + 1]))
    cell = pair[:-3].reshape(size.shape) * functionals + np.arange(functionals)[:, None]
    patients = np.bincount(cell.ravel(), minlength=len(met) * functionals).reshape(-1, functionals)[1:]
    rows, of_them = np.divmod(met[1:], width)
    return _Pairs(of_them / rows, patients.astype(np.float64))


def _numbered(keys: IntArray) -> tuple[IntArray, IntArray]:
    """The different keys, ascending, and the number of each key among them; small keys need no sorting."""
    if (largest := int(keys.max())) > len(keys):
        return np.unique(keys, return_inverse=True)
    met = np.zeros(largest + 1, dtype=bool)
    met[keys] = True
    return np.flatnonzero(met), (np.cumsum(met) - 1).take(keys)


def _log_e(looks: Sequence[Ones], first: IntArray, pairs: _Pairs) -> list[FloatArray | None]:
    """Natural log of each stream's e-values, shape (bets,); None where nothing is bet."""
    betting = [(held.stream.stakes, low) for held, low in zip(looks, first.tolist(), strict=True) if held.bet]
    if not betting:
        return [None] * len(looks)
    functional = np.concatenate([stakes.functional + low for stakes, low in betting])
    edge, gain = (np.concatenate([of[name] for of, _ in betting]) for name in (2, 3))
    log_e = _in_order(np.log1p(gain * (pairs.mean[:, None] - edge)) * pairs.patients.take(functional, axis=1))
    cuts = pairwise(accumulate((len(stakes.names) for stakes, _ in betting), initial=0))
    parts = (log_e[low:high] for low, high in cuts)
    return [next(parts) if held.bet else None for held in looks]


def _in_order(values: FloatArray) -> FloatArray:
    """Sums over the first axis, one row after the other: rows of zeros, of pairs not met, change no bit."""
    return np.add.accumulate(values, axis=0)[-1]
