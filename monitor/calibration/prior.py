"""Logistic fits under a normal prior: finite for any outcomes, and close to the prior when there are few."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from monitor.logistic import LogisticFit, SeparationError, expit, log_loss
from monitor.records import FloatArray

MAXIMUM_STEPS = 100
HALVINGS = 30
DECREMENT = 1e-9


@dataclass(frozen=True)
class Prior:
    """Independent normal distributions of intercept and slope.

    Attributes:
        mean: Shape (2,).
        variance: Shape (2,); infinite where nothing is assumed.
    """

    mean: FloatArray
    variance: FloatArray


def fit_with_prior(design: FloatArray, outcome: FloatArray, prior: Prior) -> LogisticFit:
    """Mode of the posterior of a logistic regression, by damped Newton steps from the prior's mean.

    Args:
        design: Shape (n, k).
        outcome: 0 or 1, shape (n,); all alike is allowed under a finite variance.
        prior: Of the k coefficients.

    Returns:
        The mode, the inverse of the posterior's information there, and the log-likelihood without prior.

    Raises:
        SeparationError: The variance is infinite and no finite maximum exists.

    References:
        MacKay (1992), Neural Comput 4:720-736 (Laplace approximation of a logistic posterior).

    Example:
        One event in two under a prior at even odds: the mode stays at zero.

        >>> fit = fit_with_prior(np.ones((2, 1)), np.array([1.0, 0.0]), Prior(np.zeros(1), np.ones(1)))
        >>> fit.coefficients.tolist(), fit.covariance.round(4).tolist()
        ([0.0], [[0.6667]])
    """
    precision = 1.0 / prior.variance
    at = prior.mean.astype(float)
    loss = _loss(design, outcome, at, prior)
    for _ in range(MAXIMUM_STEPS):
        probability = expit(design @ at)
        gradient = design.T @ (outcome - probability) - precision * (at - prior.mean)
        information = (design * (probability * (1.0 - probability))[:, None]).T @ design
        covariance = _inverse(information + np.diag(precision))
        step = covariance @ gradient
        if float(gradient @ step) < DECREMENT:
            at = at + step
            log_odds = design @ at
            return LogisticFit(
                at, covariance, -float(log_loss(log_odds, outcome).sum()), outcome - expit(log_odds)
            )
        at, loss = _descend(design, outcome, prior, (at, step, loss))
    raise SeparationError("no finite fit: the score separates the outcomes, or the fit does not settle")


def _loss(design: FloatArray, outcome: FloatArray, at: FloatArray, prior: Prior) -> float:
    distance = (at - prior.mean) ** 2 / prior.variance
    return float(log_loss(design @ at, outcome).sum() + distance.sum() / 2.0)


def _inverse(information: FloatArray) -> FloatArray:
    try:
        inverse: FloatArray = np.linalg.inv(information).astype(np.float64, copy=False)
    except np.linalg.LinAlgError as error:
        raise SeparationError("no finite fit: the information matrix is singular") from error
    return inverse


def _descend(
    design: FloatArray, outcome: FloatArray, prior: Prior, state: tuple[FloatArray, FloatArray, float]
) -> tuple[FloatArray, float]:
    """Halve the Newton step until the loss falls; where rounding hides the fall, stay."""
    at, step, loss = state
    for halving in range(HALVINGS):
        proposal = at + step * 0.5**halving
        proposed = _loss(design, outcome, proposal, prior)
        if proposed <= loss:
            return proposal, proposed
    return at, loss
