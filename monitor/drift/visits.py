"""Which rows of a look belong to one patient, and what a look holds of one feature, whatever the order of its rows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from monitor.records import FloatArray, IntArray


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
    new = np.diff(patient[order]) != 0
    first, last = np.append(True, new), np.append(new, True)
    alone = first & last
    return Visits(order[alone], order[~alone], np.cumsum(first[~alone]) - 1)


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
        """Mean readings of the patients with several rows, from the readings of each code, shape (p, functionals)."""
        if not len(self.codes):
            return np.empty((0, values.shape[1]))
        size = np.diff(self.starts, append=len(self.codes))
        return np.add.reduceat(values[self.codes], self.starts, axis=0) / size[:, None]


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
        >>> found.means(np.array([[0.0], [1.0]])).tolist()
        [[0.0], [1.0]]
    """
    by_patient = np.sort(sharing * len(counts) + codes)
    patient = by_patient // len(counts)
    return Tally(counts, by_patient % len(counts), np.flatnonzero(np.diff(patient, prepend=-1)))
