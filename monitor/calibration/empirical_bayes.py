"""What the other sites say about a site with few events: a normal law of intercepts and slopes.

Every step of the estimation treats all sites at once: sums over the rows of a site, then two-by-two algebra.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from monitor.calibration.prior import Prior
from monitor.logistic import expit, log_loss
from monitor.records import FloatArray, IntArray

ITERATIONS = 25
SMALLEST_VARIANCE = 1e-3
NEWTON_STEPS = 50
HALVINGS = 20
SAFE, LAST = 1e-2, 1e-6
"""Newton decrements: below the first a full step is safe, below the second it is the last."""


@dataclass(frozen=True)
class SiteRows:
    """Rows of one site that may inform the others.

    Attributes:
        x: Winsorised logit of the raw score, shape (n,), n at least one.
        outcome: 0 or 1, shape (n,).
    """

    x: FloatArray
    outcome: FloatArray

    @property
    def events(self) -> int:
        """Rows of the rarer class."""
        positives = int(self.outcome.sum())
        return min(positives, len(self.outcome) - positives)


@dataclass(frozen=True)
class _Stacked:
    """All sites below each other; `starts` is the first row of each, shape (sites,)."""

    x: FloatArray
    outcome: FloatArray
    starts: IntArray
    sizes: IntArray


def estimate_prior(sites: Sequence[SiteRows], start: Prior) -> Prior:
    """Mean and variance of intercept and slope over the sites, by expectation-maximisation.

    Given mean and variance, each site has a mode m and an inverse information V (Laplace). Then
    mean <- mean of m, variance <- mean of diag(V) + (m - mean)^2, at least .001; 25 times.

    Args:
        sites: At least one, each with at least one row.
        start: The law assumed before any site was seen.

    Returns:
        The law after 25 rounds; the same for the same rows in the same order.

    Raises:
        ValueError: No site, or a site without rows.

    References:
        Laird and Ware (1982), Biometrics 38:963-974 (EM for random effects).

    Example:
        Outcomes that do not depend on the score at any site lead to a slope near zero.

        >>> site = SiteRows(np.tile([-1.0, 1.0, -1.0, 1.0], 50), np.tile([0.0, 0.0, 1.0, 1.0], 50))
        >>> law = estimate_prior([site] * 6, Prior(np.array([0.0, 1.0]), np.array([0.25, 0.0625])))
        >>> abs(law.mean).round(1).tolist()
        [0.0, 0.0]
    """
    if not sites or any(len(site.x) == 0 for site in sites):
        raise ValueError("a pool needs at least one site, and every site at least one row")
    sizes = np.array([len(site.x) for site in sites])
    stacked = _Stacked(
        np.concatenate([site.x for site in sites]),
        np.concatenate([site.outcome for site in sites]),
        np.concatenate([[0], np.cumsum(sizes)[:-1]]),
        sizes,
    )
    prior, modes = start, np.tile(start.mean, (len(sites), 1)).astype(float)
    for _ in range(ITERATIONS):
        modes, spread = _site_modes(stacked, prior, modes)
        mean = modes.mean(axis=0)
        variance = (spread + (modes - mean) ** 2).mean(axis=0)
        prior = Prior(mean, np.maximum(variance, SMALLEST_VARIANCE))
    return prior


def _site_modes(rows: _Stacked, prior: Prior, modes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Posterior mode of every site, shape (sites, 2), and the diagonals of the inverse information.

    Newton's method squares its error, so the step after a decrement below `LAST` is the last one needed.
    """
    gradient, information = _derivatives(rows, prior, modes)
    for _ in range(NEWTON_STEPS):
        step: FloatArray = np.linalg.solve(information, gradient[:, :, None])[:, :, 0].astype(np.float64)
        decrement = float((gradient * step).sum(axis=1).max())
        modes = modes + step if decrement < SAFE else _descend(rows, prior, modes, step)
        if decrement < LAST:
            break
        gradient, information = _derivatives(rows, prior, modes)
    return modes, np.diagonal(np.linalg.inv(information), axis1=1, axis2=2).astype(np.float64)


def _log_odds(rows: _Stacked, modes: FloatArray) -> FloatArray:
    return np.repeat(modes[:, 0], rows.sizes) + np.repeat(modes[:, 1], rows.sizes) * rows.x


def _losses(rows: _Stacked, prior: Prior, modes: FloatArray) -> FloatArray:
    data = np.add.reduceat(log_loss(_log_odds(rows, modes), rows.outcome), rows.starts)
    return data + ((modes - prior.mean) ** 2 / prior.variance).sum(axis=1) / 2.0


def _derivatives(rows: _Stacked, prior: Prior, modes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Gradient of the log posterior, shape (sites, 2), and its information, shape (sites, 2, 2)."""
    probability = expit(_log_odds(rows, modes))
    residual, weight = rows.outcome - probability, probability * (1.0 - probability)
    leaning = weight * rows.x
    terms = (residual, residual * rows.x, weight, leaning, leaning * rows.x)
    sums = np.column_stack([np.add.reduceat(term, rows.starts) for term in terms])
    gradient = sums[:, :2] - (modes - prior.mean) / prior.variance
    return gradient, sums[:, [[2, 3], [3, 4]]] + np.diag(1.0 / prior.variance)


def _descend(rows: _Stacked, prior: Prior, modes: FloatArray, step: FloatArray) -> FloatArray:
    """Halve the steps of those sites whose loss would rise; a site that cannot improve stays."""
    loss, scale = _losses(rows, prior, modes), np.ones(len(modes))
    for halving in range(HALVINGS):
        worse = _losses(rows, prior, modes + step * scale[:, None]) > loss
        if not worse.any():
            break
        scale[worse] *= 0.5 if halving < HALVINGS - 1 else 0.0
    return modes + step * scale[:, None]
