"""Which rows of a look belong to one patient, and what it holds of one feature whatever their order."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from monitor.records import BoolArray, FloatArray, IntArray

ENDINGS = 4
"""For each row, at least; more let fewer rows share one by chance, and take longer to count."""


class Visits(NamedTuple):
    """Patients with more than one row in a look; few have.

    Attributes:
        shared: Their rows, patient by patient, shape (r,).
        sharing: Patient of each of these, ascending, shape (r,).
        starts: Where each of these patients begins, shape (p,).
        size: How many rows each of them has, shape (p,).
    """

    shared: IntArray
    sharing: IntArray
    starts: IntArray
    size: IntArray

    def patients(self, rows: int) -> int:
        """How many patients so many rows have, these among them."""
        return rows - len(self.shared) + len(self.starts)

    def among(self, known: BoolArray) -> Visits:
        """The rows that are known, shape (n,); a patient who keeps one of several stays among them."""
        keep = known[self.shared]
        return self if keep.all() else _visits(self.shared[keep], self.sharing[keep])


def visits(patient: IntArray) -> Visits:
    """Which rows of a look share a patient; equal numbers are one patient, shape (n,).

    Example:
        >>> found = visits(np.array([7, 3, 7]))
        >>> sorted(found.shared.tolist()), found.sharing.tolist(), found.size.tolist()
        ([0, 2], [0, 0], [2])
    """
    rows = _perhaps_shared(patient)
    order = rows[np.argsort(patient.take(rows))]
    first = _changes(patient.take(order))
    shared = ~(first & np.append(first[1:], True))
    return _visits(order[shared], np.cumsum(first[shared]) - 1)


def _perhaps_shared(patient: IntArray) -> IntArray:
    """Rows whose number ends as that of another row: to count endings is quicker than to sort numbers."""
    ending = patient & ((1 << (ENDINGS * len(patient)).bit_length()) - 1)
    return np.flatnonzero(np.bincount(ending).take(ending) > 1)


def _visits(shared: IntArray, sharing: IntArray) -> Visits:
    starts = np.flatnonzero(_changes(sharing))
    return Visits(shared, sharing, starts, np.diff(starts, append=len(sharing)))


def count_patients(patient: IntArray) -> int:
    """How many patients the rows have.

    Example:
        >>> count_patients(np.array([7, 3, 7]))
        2
    """
    return int(np.count_nonzero(_changes(np.sort(patient))))


class Tally(NamedTuple):
    """What a look holds of one feature. Rows of one patient are kept together.

    Attributes:
        counts: Patients with one row in the look, by its code, shape (codes,).
        codes: Of each row of the other patients, patient by patient and ascending, shape (r,).
        starts: Where each of these patients begins, shape (p,).
        size: How many rows each of them has, shape (p,).
    """

    counts: IntArray
    codes: IntArray
    starts: IntArray
    size: IntArray

    @property
    def rows(self) -> int:
        """Rows with a value."""
        return int(self.counts.sum()) + len(self.codes)

    @property
    def patients(self) -> int:
        """Patients with a value."""
        return int(self.counts.sum()) + len(self.starts)

    def means(self, values: FloatArray) -> FloatArray:
        """Mean readings of the patients with several rows, shape (functionals, p), each ascending.

        Args:
            values: Reading of each code, shape (functionals, codes).
        """
        if not len(self.codes):
            return np.empty((len(values), 0))
        found = np.add.reduceat(values.take(self.codes, axis=1), self.starts, axis=1) / self.size
        found.sort(axis=1)
        return found


def tally(codes: IntArray, number: int, shared: IntArray, rows: Visits) -> Tally:
    """What a look holds of one feature.

    Args:
        codes: Of every row with a value, in any order.
        number: How many codes there are.
        shared: Codes of the shared rows, shape (r,).
        rows: The shared rows with a value.

    Example:
        >>> found = tally(np.array([1, 1, 0, 1, 1]), 2, np.array([1, 0, 1]), visits(np.array([7, 7, 7])))
        >>> found.counts.tolist(), found.codes.tolist(), found.rows, found.patients
        ([0, 2], [0, 1, 1], 5, 3)
        >>> found.means(np.array([[0.0, 3.0]])).tolist()
        [[2.0]]
    """
    counts, apart = np.bincount(codes, minlength=number), rows.sharing * number
    if len(shared):
        counts -= np.bincount(shared, minlength=number)
    return Tally(counts, np.sort(apart + shared) - apart, rows.starts, rows.size)


def _changes(values: IntArray) -> BoolArray:
    """Where a value differs from the one before; the first does, shape (n,)."""
    found = np.ones(len(values), dtype=bool)
    np.not_equal(values[1:], values[:-1], out=found[1:])
    return found
