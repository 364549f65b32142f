"""Logistic regression of an outcome on one log-odds, by damped Newton steps.

Plain Newton from the identity map diverges on ordinary small sites, and a NaN passes a `< tolerance`
test; every step here must lower the loss, and only finite, converged fits leave.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from monitor.errors import EstimationError
from monitor.records import FloatArray, IntArray, TextArray

CLIP = 1e-6
MAXIMUM_STEPS = 50
GRADIENT_TOLERANCE = 1e-10
LARGEST_COEFFICIENT = 30.0
LARGEST_EXPONENT = 700.0
"""Short of what overflows."""
SEPARATED = "no finite fit: the score separates the outcomes, or the fit does not settle"
SETTLED = 0.1
"""Log-odds that the last step may move a row by, as the lengths of the columns bound it. Where classes are
separated by a gap, each step moves them by one and gains ever less."""
CLEARLY_FULL_RANK = 1e-8
"""Ratio of squared singular values above which a design has full rank whatever rounding does."""
ROWS_AT_A_TIME = 8192
"""Fewer than the linear algebra library spreads over threads."""
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
        residual: Outcome minus fitted probability, times the row's weight, shape (n,).
    """

    coefficients: FloatArray
    covariance: FloatArray
    log_likelihood: float
    residual: FloatArray


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
    start: FloatArray | None = None,
) -> LogisticFit:
    """Coefficients of logit P(outcome) = design @ coefficients + offset.

    Args:
        design: Columns of the model, shape (n, k).
        outcome: 0 or 1, shape (n,).
        offset: Log-odds added as they are, shape (n,) or one number.
        weight: How often each row counts, shape (n,), above 0, or one number.
        start: Coefficients to start from, shape (k,), where that is better than zeros. It
            changes the time and the last digits; of data at the edge of having no fit, whether one is found.

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
    columns = np.ascontiguousarray(design.T, dtype=np.float64)
    products = _products(columns, columns)
    if not _full_rank(products, columns):
        # Rounding makes the information of a constant score invertible, with variances below zero.
        raise SeparationError("no finite fit: the score does not vary")
    if start is None and np.ndim(offset) == 0 and offset == 0.0:
        start = _discriminant(products, columns, outcome)
    rows, lengths = _against(columns, outcome, offset, weight), np.sqrt(np.diagonal(products))
    point = _first(rows, start)
    for _ in range(MAXIMUM_STEPS):
        step = _solve(point.information, point.gradient)
        if float(point.gradient @ step) < GRADIENT_TOLERANCE and np.abs(step) @ lengths < SETTLED:
            # A step squares the error: after this one it is that of the arithmetic.
            last = _point(rows, point.coefficients + step)
            covariance, residual = _solve(last.information, np.eye(len(step))), (2.0 * outcome - 1.0) * weight
            return LogisticFit(last.coefficients, covariance, -last.loss, residual * last.missed)
        point = _descend(rows, point, step)
        if np.abs(point.coefficients).max() > LARGEST_COEFFICIENT:
            break
    raise SeparationError(SEPARATED)


def cluster_covariance(
    design: FloatArray, residual: FloatArray, covariance: FloatArray, cluster: TextArray | IntArray
) -> FloatArray:
    """Sandwich covariance when the rows of one patient may depend on each other.

    Args:
        design: Shape (n, k).
        residual: Of the fit, shape (n,).
        covariance: Inverse information of the fit, shape (k, k).
        cluster: Patient of each row, by name or number, shape (n,).

    Returns:
        Shape (k, k).

    References:
        Liang and Zeger (1986), Biometrika 73:13-22.
    """
    return numbered_covariance(design, residual, covariance, cluster_numbers(cluster))


def numbered_covariance(
    design: FloatArray, residual: FloatArray, covariance: FloatArray, number: IntArray
) -> FloatArray:
    """As `cluster_covariance`, of patients whose numbers are those of `cluster_numbers`."""
    by_column = [np.bincount(number, weights=column * residual) for column in design.T]
    scores = np.array(by_column, dtype=np.float64)
    return covariance @ _products(scores, scores) @ covariance


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
    rows = np.bincount(number)
    return number if rows.min() > 0 else (np.cumsum(rows > 0) - 1)[number]


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
    by_column = [np.bincount(number, weights=column) for column in values.T]
    return np.column_stack(by_column).astype(np.float64, copy=False)


def _products(columns: FloatArray, others: FloatArray) -> FloatArray:
    """Sums of products of every two columns, shape (k, m).

    Some rows at a time: from ten thousand on the library spreads a sum over threads, which cost a thousand
    times the sum itself and end in other digits where there are more of them.
    """
    products = np.zeros((len(columns), len(others)))
    for some in _blocks(columns):
        products += np.vecdot(columns[:, None, some], others[None, :, some])
    return products


def _blocks(columns: FloatArray) -> list[slice]:
    return [slice(at, at + ROWS_AT_A_TIME) for at in range(0, columns.shape[1], ROWS_AT_A_TIME)]


def _sums(columns: FloatArray, values: FloatArray) -> FloatArray:
    """Sums of each column times the values, shape (k,)."""
    return _products(columns, values[None])[:, 0]


@dataclass(frozen=True)
class _Rows:
    """What is fitted, each row times -1 where its outcome is 1: its log-odds are against what happened."""

    columns: FloatArray
    weighted: FloatArray
    offset: FloatArray
    weight: FloatArray


@dataclass(frozen=True)
class _Point:
    """Coefficients, the negative log-likelihood there, minus its gradient, and its second derivatives.

    `missed` is the probability that was given to what did not happen, shape (n,).
    """

    coefficients: FloatArray
    loss: float
    gradient: FloatArray
    information: FloatArray
    missed: FloatArray


def _against(
    columns: FloatArray, outcome: FloatArray, offset: FloatArray | float, weight: FloatArray | float
) -> _Rows:
    sign = 1.0 - 2.0 * outcome
    against = columns * sign
    weighted = against if np.ndim(weight) == 0 and weight == 1.0 else against * weight
    return _Rows(against, weighted, offset * sign, np.full(len(sign), weight))


def _point(rows: _Rows, coefficients: FloatArray) -> _Point:
    """One exponential a row serves the loss and both derivatives; what is between stays in the cache."""
    loss, gradient, missed = 0.0, np.zeros(len(coefficients)), np.empty(len(rows.offset))
    information = np.zeros((len(coefficients), len(coefficients)))
    for some in _blocks(rows.columns):
        columns, weighted = rows.columns[:, some], rows.weighted[:, some]
        log_odds = coefficients @ columns
        log_odds += rows.offset[some]
        if log_odds.max() > LARGEST_EXPONENT:
            beyond = np.maximum(log_odds - LARGEST_EXPONENT, 0.0)
            loss += float(np.vecdot(rows.weight[some], beyond))
            log_odds -= beyond
        inverse = np.exp(log_odds, out=log_odds)
        inverse += 1.0
        likelihood = 1.0 / inverse
        missed[some] = 1.0 - likelihood
        likelihood *= missed[some]
        loss += float(np.vecdot(rows.weight[some], np.log(inverse, out=inverse)))
        gradient -= np.vecdot(weighted, missed[some])
        information += np.vecdot((columns * likelihood)[:, None], weighted[None])
    return _Point(coefficients, loss, gradient, information, missed)


def _first(rows: _Rows, start: FloatArray | None) -> _Point:
    """The start, or zeros where there is none, or none better."""
    if start is not None and np.abs(start).max() <= LARGEST_COEFFICIENT:
        point = _point(rows, start)
        if point.loss < math.log(2.0) * float(rows.weight.sum()):
            return point
    return _point(rows, np.zeros(len(rows.columns)))


def _discriminant(products: FloatArray, columns: FloatArray, outcome: FloatArray) -> FloatArray | None:
    """Linear discriminant analysis by least squares, weights left out; None where its line leaves nothing.

    Of scores that are normal in either class it is the maximum but for chance: two steps are enough.
    """
    share = float(outcome.mean())
    spread, covariation = share * (1.0 - share), _sums(columns, outcome - share)
    line, constant = _solve(products, np.column_stack([covariation, columns.sum(axis=1)])).T
    explained = float(line @ covariation) / len(outcome)
    if explained >= spread:
        return None
    middle = math.log(share / (1.0 - share)) + (share - 0.5) * explained / (spread * (spread - explained))
    return line / (spread - explained) + middle * constant


def _full_rank(products: FloatArray, columns: FloatArray) -> bool:
    """Whether no column is a combination of others; a clear yes needs no singular values of all rows."""
    squares = np.linalg.eigvalsh(products)
    clear = bool(squares[0] > CLEARLY_FULL_RANK * squares[-1])
    return clear or int(np.linalg.matrix_rank(columns)) == len(columns)


def _solve(information: FloatArray, right: FloatArray) -> FloatArray:
    try:
        solution: FloatArray = np.linalg.solve(information, right).astype(np.float64, copy=False)
    except np.linalg.LinAlgError as error:  # of a design of full rank: every row is all but certain
        raise SeparationError(SEPARATED) from error
    if not np.isfinite(solution).all():
        raise SeparationError("no finite fit: the information matrix is singular")
    return solution


def _descend(rows: _Rows, point: _Point, step: FloatArray) -> _Point:
    """Halve the Newton step until the loss falls."""
    for halving in range(30):
        proposed = _point(rows, point.coefficients + step * 0.5**halving)
        if proposed.loss <= point.loss < math.inf:
            return proposed
    raise SeparationError("no finite fit: no step lowers the loss")
