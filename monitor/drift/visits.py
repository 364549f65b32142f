"""Which rows of a look belong to one patient: found once, for every stream that reads the same rows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from monitor.logistic import cluster_numbers
from monitor.records import BoolArray, IntArray


class Visits(NamedTuple):
    """The rows of a look, n of them, by patient; few patients have more than one.

    Attributes:
        row: A row of each patient, shape (patients,).
        alone: Rows that are the only one of their patient, shape (n,).
        shared: The other rows, in order, shape (r,).
        sharing: Patient of each of these, numbered from 0 without gaps, shape (r,).
        several: Which patients these numbers stand for, shape (p,).
        size: Rows of each of them, shape (p,).
    """

    row: IntArray
    alone: BoolArray
    shared: IntArray
    sharing: IntArray
    several: IntArray
    size: IntArray


def visits(patient: IntArray) -> Visits:
    """The rows of a look by patient; `patient` is numbered, shape (n,).

    Example:
        >>> found = visits(np.array([7, 3, 7]))
        >>> found.alone.tolist(), found.shared.tolist(), found.several.tolist(), found.size.tolist()
        ([False, True, False], [0, 2], [1], [2])
    """
    number = cluster_numbers(patient)
    size = np.bincount(number)
    row = np.empty(len(size), dtype=np.int64)
    row[number] = np.arange(len(number))
    alone = size[number] == 1
    shared, several = np.flatnonzero(~alone), np.flatnonzero(size > 1)
    return Visits(row, alone, shared, cluster_numbers(number[shared]), several, size[several])
