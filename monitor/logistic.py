"""Logistic regression of an outcome on one log-odds, by damped Newton steps.

Plain Newton from the identity map diverges on ordinary small sites, and a NaN passes a `< tolerance`
test; every step here must lower the loss, and only finite, converged fits leave.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from monitor.errors import EstimationError
from monitor.records import FloatArray, IntArray, TextArray

CLIP = 1e-6
MAXIMUM_STEPS = 50
GRADIENT_TOLERANCE = 1e-10
LARGEST_COEFFICIENT = 30.0
CLEARLY_FULL_RANK = 1e-8
"""Ratio of squared singular values above which a design has full rank whatever rounding does."""
MOST_GAPS = 4
"""Numbers of patients up to so many times the rows are counted rather than sorted."""


class SeparationError(EstimationError):
    """No finite maximum exists, as when every outcome is alike or the score splits them perfectly."""


@dataclass(frozen=True)
class LogisticFit:
    """Maximum-likelihood coefficients.

    Attributes:
        coefficients: Shape (k,), log-odds.
        covariance: Inverse observed information, shape (k, k).
        log_likelihood: Natural logarithm, at the maximum.
    """

    coefficients: FloatArray
    covariance: FloatArray
    log_likelihood: float


def logit(probability: FloatArray) -> FloatArray:
    """Log-odds, with probabilities clipped to [1e-6, 1 - 1e-6].

    Example:
        >>> logit(np.array([0.5, 0.8])).round(4).tolist()
        [0.0, 1.3863]
    """
    clipped = np.clip(probability, CLIP, 1.0 - CLIP)
    return np.log(clipped) - np.log1p(-clipped)


def expit(log_odds: FloatArray) -> FloatArray:
    """Probability of a log-odds, without overflow.

    Example:
        >>> expit(np.array([0.0, -1000.0])).tolist()
        [0.5, 0.0]
    """
    shrunk = np.exp(-np.abs(log_odds))
    return np.where(log_odds >= 0, 1.0, shrunk) / (1.0 + shrunk)


def log_loss(log_odds: FloatArray, outcome: FloatArray) -> FloatArray:
    """Negative log-likelihood of each outcome, in nats, shape (n,).

    Example:
        >>> log_loss(np.array([0.0]), np.array([1.0])).round(4).tolist()
        [0.6931]
    """
    return np.logaddexp(0.0, log_odds) - outcome * log_odds


def fit_logistic(
    design: FloatArray,
    outcome: FloatArray,
    offset: FloatArray | float = 0.0,
    weight: FloatArray | float = 1.0,
) -> LogisticFit:
    """Coefficients of logit P(outcome) = design @ coefficients + offset.

    Args:
        design: Columns of the model, shape (n, k).
        outcome: 0 or 1, shape (n,).
        offset: Log-odds added as they are, shape (n,) or one number.
        weight: How often each row counts, shape (n,), above 0, or one number.

    Returns:
        The fit; its covariance assumes independent rows (see `cluster_covariance`).

    Raises:
        SeparationError: No finite maximum exists.

    Example:
        One event in four makes the intercept ln(1/3).

        >>> fit = fit_logistic(np.ones((4, 1)), np.array([1.0, 0, 0, 0]))
        >>> f"{fit.coefficients[0]:.4f}"
        '-1.0986'
    """
    if len(outcome) == 0 or outcome.min() == outcome.max():
        raise SeparationError("no finite fit: every outcome is alike")
    if not _full_rank(design):
        # Rounding makes the information of a constant score invertible, with variances below zero.
        raise SeparationError("no finite fit: the score does not vary")
    coefficients = np.zeros(design.shape[1])
    log_odds = design @ coefficients + offset
    loss, probability = _loss_and_probability(log_odds, outcome, weight)
    for _ in range(MAXIMUM_STEPS):
        gradient = design.T @ (weight * (outcome - probability))
        information = (design * (weight * probability * (1.0 - probability))[:, None]).T @ design
        step = _solve(information, gradient)
        if float(gradient @ step) < GRADIENT_TOLERANCE:
            log_likelihood = -float((weight * log_loss(log_odds, outcome)).sum())
            return LogisticFit(coefficients, _solve(information, np.eye(len(step))), log_likelihood)
        coefficients, log_odds, loss, probability = _descend(
            design, outcome, offset, weight, coefficients, step, loss
        )
        if np.abs(coefficients).max() > LARGEST_COEFFICIENT:
            break
    raise SeparationError("no finite fit: the score separates the outcomes, or the fit does not settle")


def cluster_covariance(
    design: FloatArray, residual: FloatArray, covariance: FloatArray, cluster: TextArray | IntArray
) -> FloatArray:
    """Sandwich covariance when the rows of one patient may depend on each other.

    Args:
        design: Shape (n, k).
        residual: Outcome minus fitted probability, times the row's weight where there is one, shape (n,).
        covariance: Inverse information of the fit, shape (k, k).
        cluster: Patient of each row, by name or number, shape (n,).

    Returns:
        Shape (k, k).

    References:
        Liang and Zeger (1986), Biometrika 73:13-22.
    """
    scores = cluster_sums(design * residual[:, None], cluster)
    return covariance @ (scores.T @ scores) @ covariance


def cluster_numbers(cluster: TextArray | IntArray) -> IntArray:
    """Patients as numbers from 0 without gaps, in the order of their names or numbers, shape (n,).

    To number them once is cheaper than to sort their names for each sum.

    Args:
        cluster: Patient of each row, by name or number, shape (n,).

    Example:
        >>> cluster_numbers(np.array(["b", "a", "b"], dtype=object)).tolist()
        [1, 0, 1]
        >>> cluster_numbers(np.array([7, 3, 7])).tolist()
        [1, 0, 1]
    """
    if cluster.dtype.kind in "iu":
        return _without_gaps(cluster.astype(np.int64, copy=False))
    names = cluster.tolist()
    number = {name: place for place, name in enumerate(sorted(set(names)))}
    return np.fromiter(map(number.__getitem__, names), np.int64, len(names))


def _without_gaps(number: IntArray) -> IntArray:
    if len(number) == 0 or number.min() < 0 or number.max() > MOST_GAPS * len(number):
        return np.unique(number, return_inverse=True)[1]
    met = np.bincount(number) > 0
    return number if met.all() else (np.cumsum(met) - 1)[number]


def cluster_sums(values: FloatArray, cluster: TextArray | IntArray) -> FloatArray:
    """Sums of `values` over the rows of each patient, shape (patients,) or (patients, k).

    Example:
        >>> cluster_sums(np.array([1.0, 2.0, 4.0]), np.array(["a", "b", "a"], dtype=object)).tolist()
        [5.0, 2.0]
    """
    return numbered_sums(values, cluster_numbers(cluster))


def numbered_sums(values: FloatArray, number: IntArray) -> FloatArray:
    """As `cluster_sums`, of patients whose numbers are those of `cluster_numbers`."""
    if values.ndim == 1:
        return np.bincount(number, weights=values).astype(np.float64, copy=False)
    by_column = np.empty((int(number.max()) + 1, values.shape[1]))
    for place, column in enumerate(values.T):
        by_column[:, place] = np.bincount(number, weights=column)
    return by_column


def _full_rank(design: FloatArray) -> bool:
    """Whether no column is a combination of others; a clear yes needs no singular values of all rows."""
    squares = np.linalg.eigvalsh(design.T @ design)
    clear = bool(squares[0] > CLEARLY_FULL_RANK * squares[-1])
    return clear or int(np.linalg.matrix_rank(design)) == design.shape[1]


def _loss_and_probability(
    log_odds: FloatArray, outcome: FloatArray, weight: FloatArray | float
) -> tuple[float, FloatArray]:
    """Sum of `log_loss` but for the last digit, in a third of its time, and `expit` from the same powers.

    Steps are compared by this loss; the fit's log-likelihood is that of `log_loss`.
    """
    shrunk = np.exp(-np.abs(log_odds))
    softplus = np.maximum(log_odds, 0.0) + np.log1p(shrunk)
    loss = float((weight * (softplus - outcome * log_odds)).sum())
    return loss, np.where(log_odds >= 0, 1.0, shrunk) / (1.0 + shrunk)


def _solve(information: FloatArray, right: FloatArray) -> FloatArray:
    try:
        solution: FloatArray = np.linalg.solve(information, right).astype(np.float64, copy=False)
    except np.linalg.LinAlgError as error:
        raise SeparationError("no finite fit: the score does not vary") from error
    if not np.isfinite(solution).all():
        raise SeparationError("no finite fit: the information matrix is singular")
    return solution


def _descend(
    design: FloatArray,
    outcome: FloatArray,
    offset: FloatArray | float,
    weight: FloatArray | float,
    coefficients: FloatArray,
    step: FloatArray,
    loss: float,
) -> tuple[FloatArray, FloatArray, float, FloatArray]:
    """Halve the Newton step until the loss falls: coefficients, log-odds, loss and probabilities there."""
    for halving in range(30):
        proposal = coefficients + step * 0.5**halving
        log_odds = design @ proposal + offset
        proposed, probability = _loss_and_probability(log_odds, outcome, weight)
        if proposed <= loss:
            return proposal, log_odds, proposed, probability
    raise SeparationError("no finite fit: no step lowers the loss")
