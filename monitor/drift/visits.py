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
        sharing: Patient of each of these, ascending from 0 without gaps, shape (r,).
    """

    alone: IntArray
    shared: IntArray
    sharing: IntArray


def visits(patient: IntArray) -> Visits:
    """The rows of a look by patient; equal numbers are one patient, shape (n,).

    Example:
        >>> found = visits(np.array([7, 3, 7]))
        >>> found.alone.tolist(), sorted(found.shared.tolist()), found.sharing.tolist()
        ([1], [0, 2], [0, 0])
    """
    order = np.argsort(patient)
    first = _changes(patient[order])
    alone = first & np.append(first[1:], True)
    return Visits(order[alone], order[~alone], np.cumsum(first[~alone]) - 1)


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
    """

    counts: IntArray
    codes: IntArray
    starts: IntArray

    @property
    def rows(self) -> int:
        """Rows with a value."""
        return int(self.counts.sum()) + len(self.codes)

    @property
    def patients(self) -> int:
        """Patients with a value."""
        return int(self.counts.sum()) + len(self.starts)

    def means(self, values: FloatArray) -> FloatArray:
        """Mean readings of the patients with several rows, shape (functionals, p).

        Args:
            values: Reading of each code, shape (functionals, codes).
        """
        if not len(self.codes):
            return np.empty((len(values), 0))
        size = np.append(self.starts[1:], len(self.codes)) - self.starts
        return np.add.reduceat(values[:, self.codes], self.starts, axis=1) / size


def tally(counts: IntArray, codes: IntArray, sharing: IntArray) -> Tally:
    """What a look holds of one feature.

    Args:
        counts: As in `Tally`.
        codes: Of the other patients' rows with a value, shape (r,).
        sharing: Patient of each of these, shape (r,).

    Example:
        >>> found = tally(np.array([0, 5]), np.array([1, 0, 1]), np.array([4, 2, 4]))
        >>> found.codes.tolist(), found.starts.tolist(), found.rows, found.patients
        ([0, 1, 1], [0, 1], 8, 7)
        >>> found.means(np.array([[0.0, 1.0]])).tolist()
        [[0.0, 1.0]]
    """
    patient, code = np.divmod(np.sort(sharing * len(counts) + codes), len(counts))
    return Tally(counts, code, np.flatnonzero(_changes(patient)))


def _changes(values: IntArray) -> BoolArray:
    """Where a value differs from the one before; the first does, shape (n,)."""
    found = np.ones(len(values), dtype=bool)
    np.not_equal(values[1:], values[:-1], out=found[1:])
    return found
