"""Which single columns moved: studentised differences of means, all columns under each relabelling at once.

Where nothing moved a held-out area is no normal variable: the folds' classifiers share their training rows.
What a single covariate is said to carry therefore rests on these differences, under the same relabellings.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from monitor.drift.domain.folds import Folds, blocks_of
from monitor.records import FloatArray, IntArray

SMALLEST_VARIANCE = 1e-24


class Blocks(NamedTuple):
    """Sums over each block, a patient's rows in one sample.

    Attributes:
        sums: Of the design's columns, shape (blocks, k).
        size: Rows, shape (blocks,).
        first: A row of each block, shape (blocks,).
    """

    sums: FloatArray
    size: FloatArray
    first: IntArray


def block_sums(columns: FloatArray, label: IntArray, folds: Folds) -> Blocks:
    """Sum the design's columns over each patient's rows under one label, as they were seen."""
    first, block = blocks_of(label, folds)
    sums = np.zeros((len(first), columns.shape[1]))
    np.add.at(sums, block, columns)
    return Blocks(sums, np.bincount(block).astype(np.float64), first)


def column_distances(blocks: Blocks, labels: IntArray) -> FloatArray:
    """Absolute difference of each column's means, label 1 against 0, in its standard errors by patient.

    Args:
        blocks: What relabelling leaves as it is.
        labels: Labels of the rows, one column per labelling, shape (n, b).

    Returns:
        Shape (b, k).

    Example:
        Means 0 and 3 of two patients each; the variances of the means are 1 and 1.

        >>> blocks = Blocks(np.array([[-1.0], [1.0], [2.0], [4.0]]), np.ones(4), np.arange(4))
        >>> f"{column_distances(blocks, np.array([[0], [0], [1], [1]]))[0, 0]:.4f}"
        '2.1213'
    """
    window = (labels[blocks.first] == 1).astype(np.float64)
    (before, before_variance), (after, after_variance) = (
        mean_and_variance(blocks, side) for side in (1.0 - window, window)
    )
    error = np.sqrt(np.maximum(before_variance + after_variance, SMALLEST_VARIANCE))
    return (np.abs(after - before) / error).T


def mean_and_variance(blocks: Blocks, side: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean of the rows on one side and the variance of that mean by patient, each of shape (k, b).

    Args:
        blocks: Sums.
        side: 1 for blocks on this side, shape (blocks, b).
    """
    rows, patients = blocks.size @ side, side.sum(axis=0)
    mean = (blocks.sums.T @ side) / rows
    squares = (
        (blocks.sums**2).T @ side
        - 2 * mean * ((blocks.sums * blocks.size[:, None]).T @ side)
        + mean**2 * (blocks.size**2 @ side)
    )
    return mean, squares / rows**2 * patients / (patients - 1)
