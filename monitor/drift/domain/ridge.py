"""A linear classifier in closed form: ridge regression of membership, refitted at the price of a product.

Its direction is that of Fisher's discriminant. Relabelling patients changes the right-hand sides only, so
that the matrices of all folds serve every permutation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from monitor.drift.domain.folds import Folds
from monitor.records import BoolArray, FloatArray, IntArray

TYPICAL_SHIFT = 0.1
"""Standard deviation, in those of a covariate, of the shifts that the penalty expects."""
DECIMALS = 9
"""Scores are held to so many decimals: rows that are alike must tie however a product was summed."""


@dataclass(frozen=True)
class Ridge:
    """Sums of each fold, from which the classifier of every other fold follows.

    Attributes:
        blocks: A column of ones and the design, one array of shape (rows, k + 1) per fold.
        grams: Cross-products of each fold's rows, shape (folds, k + 1, k + 1).
        held: Rows of each fold.
    """

    blocks: tuple[FloatArray, ...]
    grams: FloatArray
    held: tuple[IntArray, ...]


def prepare(design: FloatArray, folds: Folds) -> Ridge:
    """Sum the folds once."""
    columns = np.column_stack([np.ones(len(design)), design])
    blocks = tuple(columns[rows] for rows in folds.held)
    return Ridge(blocks, np.stack([block.T @ block for block in blocks]), folds.held)


def held_out_scores(
    ridge: Ridge, member: FloatArray, penalty: float, keep: BoolArray | None = None
) -> FloatArray:
    """Score of every row by the classifier of the folds it is not in.

    Args:
        ridge: The sums.
        member: 1 for rows of the domain in question, one column per labelling, shape (n, b).
        penalty: Above 0 (see `penalty_of`).
        keep: Columns of the design to use, shape (k,); None for all.

    Returns:
        Shape (n, b); higher is likelier a member.

    References:
        Hastie, Tibshirani, Friedman (2009), The Elements of Statistical Learning, 3.4.1 and 4.2.

    Example:
        >>> from monitor.drift.domain.folds import deal_folds
        >>> x, who = np.array([[-1.0], [-1.0], [1.0], [1.0]]), np.array(list("abcd"), dtype=object)
        >>> label = np.array([0, 0, 1, 1])
        >>> ridge = prepare(x, deal_folds(who, label, 2, np.random.default_rng(1)))
        >>> scores = held_out_scores(ridge, label[:, None].astype(float), 1.0).ravel()
        >>> bool(scores[:2].max() < scores[2:].min())
        True
    """
    blocks, grams = ridge.blocks, ridge.grams
    if keep is not None:
        used = np.flatnonzero(np.append(True, keep))
        blocks, grams = tuple(block[:, used] for block in blocks), grams[:, used][:, :, used]
    right = np.stack([block.T @ member[rows] for block, rows in zip(blocks, ridge.held, strict=True)])
    penalties = np.full(grams.shape[1], penalty)
    penalties[0] = 0.0
    matrix, sums = grams.sum(axis=0) + np.diag(penalties), right.sum(axis=0)
    scores = np.empty(member.shape)
    for fold, rows in enumerate(ridge.held):
        scores[rows] = blocks[fold] @ np.linalg.solve(matrix - grams[fold], sums - right[fold])
    return np.round(scores, DECIMALS)


def penalty_of(share: float, studies_per_patient: float) -> float:
    """Ridge penalty: residual variance of membership over the variance expected of its coefficients.

    A covariate that shifts by d standard deviations has the coefficient share (1 - share) d. Studies of one
    patient count as one: were all of them there twice, nothing would change.

    Args:
        share: Share of the domain among patients, inside (0, 1).
        studies_per_patient: Mean over patients, those of several domains counted in each.

    Example:
        >>> round(penalty_of(0.5, 1.0))
        400
    """
    return studies_per_patient / (share * (1.0 - share) * TYPICAL_SHIFT**2)
