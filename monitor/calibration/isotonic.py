"""Centred isotonic calibration, deployed with one part in a hundred of Platt so that it rises strictly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from monitor.calibration.choice import Choice
from monitor.calibration.closed_test import fit_platt
from monitor.logistic import cluster_numbers
from monitor.ordering import distinct
from monitor.records import IDENTITY, Calibrator, FloatArray, IntArray, TextArray

SHARE = 0.99


@dataclass(frozen=True)
class Blocks:
    """Pooled adjacent violators: runs of rows, ordered by score, with one observed share each.

    Attributes:
        of: Block of each row as given, shape (n,).
        centre: Mean of x in each block, shape (k,), strictly increasing.
        share: Observed share of the outcome, shape (k,), strictly increasing.
        size: Rows, shape (k,).
    """

    of: IntArray
    centre: FloatArray
    share: FloatArray
    size: IntArray


def isotonic_blocks(x: FloatArray, outcome: FloatArray) -> Blocks:
    """The isotonic regression of the outcome on x, as blocks; equal x are one.

    Args:
        x: Shape (n,), n at least one.
        outcome: 0 or 1, shape (n,).

    References:
        Barlow et al. (1972), Statistical Inference under Order Restrictions.

    Example:
        >>> found = isotonic_blocks(np.array([1.0, 2.0, 3.0, 4.0]), np.array([0.0, 1.0, 0.0, 1.0]))
        >>> found.centre.tolist(), found.share.tolist()
        ([1.0, 2.5, 4.0], [0.0, 0.5, 1.0])
    """
    from scipy.optimize import isotonic_regression  # a second to import, and few nights need it

    values, position, count = distinct(x)
    mean = np.bincount(position, weights=outcome) / count
    fitted = isotonic_regression(mean, weights=count).x
    level = np.concatenate([[0], np.cumsum(np.diff(fitted) > 0)]).astype(np.int64)
    of = level[position]
    size = np.bincount(of)
    centre = np.bincount(level, weights=values * count) / size
    return Blocks(of, centre, np.bincount(of, weights=outcome) / size, size)


def fit_isotonic(x: FloatArray, outcome: FloatArray, patient: TextArray, current: Calibrator) -> Choice:
    """Observed shares of the blocks, joined by straight lines between their centres, flat outside.

    The standard error of a knot is that of the block's log-odds, half an event added to each side, widened
    by the design effect where patients have several rows.

    Args:
        x: Winsorised logit of the raw score, shape (n,).
        outcome: 0 or 1, shape (n,).
        patient: Shape (n,); only the standard errors depend on it.
        current: Not used: the map starts from the raw score.

    Returns:
        The choice; intercept 0 and slope 1 are exact, the knots vary in units of their standard errors.

    Raises:
        SeparationError: The Platt part has no finite fit.

    References:
        Oron and Flournoy (2017), Stat Biopharm Res 9:258-267.
    """
    del current
    line = fit_platt(x, outcome, patient, IDENTITY).parameters
    blocks = isotonic_blocks(x, outcome)
    parameters = {
        "intercept": 0.0,
        "slope": 1.0,
        "isotonic_share": SHARE,
        "platt_intercept": line["intercept"],
        "platt_slope": line["slope"],
        "knots": tuple(blocks.centre.tolist()),
        "probabilities": tuple(blocks.share.tolist()),
        "standard_errors": tuple(_errors(blocks, outcome, patient).tolist()),
    }
    covariance = ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0), (0.0, 0.0, 1.0))
    return Choice("isotonic", (), parameters, covariance, "isotonic")


def _errors(blocks: Blocks, outcome: FloatArray, patient: TextArray) -> FloatArray:
    """Standard error of each block's log-odds."""
    share = (blocks.share * blocks.size + 0.5) / (blocks.size + 1.0)
    binomial = blocks.size * share * (1.0 - share)
    return np.sqrt(np.maximum(_clustered(blocks, outcome, patient), binomial)) / binomial


def _clustered(blocks: Blocks, outcome: FloatArray, patient: TextArray) -> FloatArray:
    """Variance of each block's count of events when the rows of a patient move together."""
    person = cluster_numbers(patient)
    residual = outcome - blocks.share[blocks.of]
    pair = person * len(blocks.size) + blocks.of
    found, position = np.unique(pair, return_inverse=True)
    sums = np.bincount(position, weights=residual)
    variance = np.zeros(len(blocks.size))
    np.add.at(variance, found % len(blocks.size), sums**2)
    return variance
