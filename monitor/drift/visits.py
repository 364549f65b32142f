"""Which rows of a look belong to one patient, and what it holds of one feature whatever their order."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from monitor.records import BoolArray, FloatArray, IntArray


class Visits(NamedTuple):
    """The rows of a look, n of them, by patient; few patients have more than one.

    Attributes:
        alone: Rows that are the only one of their patient, shape (m,).
        shared: The other rows, patient by patient, shape (r,).
        sharing: Patient of each of these, ascending, shape (r,).
        starts: Where each of these patients begins, shape (p,).
        size: How many rows each of them has, shape (p,).
    """

    alone: IntArray
    shared: IntArray
    sharing: IntArray
    starts: IntArray
    size: IntArray

    def among(self, known: BoolArray) -> Visits:
        """The rows that are known, shape (n,); a patient who keeps one of several stays among the sharing."""
        if known.all():
            return self
        keep = known[self.shared]
        return _visits(self.alone[known[self.alone]], self.shared[keep], self.sharing[keep])


def visits(patient: IntArray) -> Visits:
    """The rows of a look by patient; equal numbers are one patient, shape (n,).

    Example:
        >>> found = visits(np.array([7, 3, 7]))
        >>> found.alone.tolist(), sorted(found.shared.tolist()), found.sharing.tolist(), found.size.tolist()
        ([1], [0, 2], [0, 0], [2])
    """
    order = np.argsort(patient)
    first = _changes(patient[order])
    alone = first & np.append(first[1:], True)
    return _visits(order[alone], order[~alone], np.cumsum(first[~alone]) - 1)


def _visits(alone: IntArray, shared: IntArray, sharing: IntArray) -> Visits:
    starts = np.flatnonzero(_changes(sharing))
    return Visits(alone, shared, sharing, starts, np.diff(starts, append=len(sharing)))


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
        """Mean readings of the patients with several rows, ordered by themselves, shape (functionals, p).

        Args:
            values: Reading of each code, shape (functionals, codes).
        """
        if not len(self.codes):
            return np.empty((len(values), 0))
        found = np.add.reduceat(values[:, self.codes], self.starts, axis=1) / self.size
        return found[:, np.lexsort(found)]


def tally(counts: IntArray, codes: IntArray, rows: Visits) -> Tally:
    """What a look holds of one feature.

    Args:
        counts: As in `Tally`.
        codes: Of the shared rows, shape (r,).
        rows: Those with a value.

    Example:
        >>> found = tally(np.array([0, 5]), np.array([1, 0, 1]), visits(np.array([7, 7, 7])))
        >>> found.codes.tolist(), found.rows, found.patients
        ([0, 1, 1], 8, 6)
        >>> found.means(np.array([[0.0, 3.0]])).tolist()
        [[2.0]]
    """
    apart = rows.sharing * len(counts)
    return Tally(counts, np.sort(apart + codes) - apart, rows.starts, rows.size)


def _changes(values: IntArray) -> BoolArray:
    """Where a value differs from the one before; the first does, shape (n,)."""
    found = np.ones(len(values), dtype=bool)
    np.not_equal(values[1:], values[:-1], out=found[1:])
    return found
