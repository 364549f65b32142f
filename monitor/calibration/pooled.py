"""Few events at a site: a straight line that borrows from the other sites, or from the current map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from monitor.calibration.choice import Choice, as_tuples, joint_covariance, moved_kind, require_ranking
from monitor.calibration.empirical_bayes import SiteRows, estimate_prior
from monitor.calibration.prior import Prior, fit_with_prior
from monitor.calibrators import calibrated_log_odds, inner_design, shape
from monitor.logistic import LogisticFit, cluster_sums
from monitor.records import Calibrator, FloatArray, TextArray

LEAST_SITES = 5
LEAST_POOLED_EVENTS = 100
UNCHANGED = Prior(np.array([0.0, 1.0]), np.array([0.5**2, 0.25**2]))
"""Intercept and slope relative to the current calibrator, before the site's outcomes are seen."""


def fit_pooled(
    x: FloatArray,
    outcome: FloatArray,
    patient: TextArray,
    current: Calibrator,
    others: Sequence[SiteRows],
) -> Choice:
    """Empirical Bayes over the sites where they carry enough, else a fit shrunk to the current map.

    Enough are five sites with an event, this one included, and 100 events (rarer class) of them all.

    Args:
        x: Winsorised logit of the raw score, shape (n,).
        outcome: 0 or 1, shape (n,).
        patient: Shape (n,); only the covariance depends on it.
        current: The live calibrator.
        others: Rows of the other sites, in a fixed order.

    Returns:
        The choice; its grounds name the estimator, the pool's counts and the prior.

    Raises:
        RankingLostError: The slope is at most .2.

    References:
        Morris (1983), J Am Stat Assoc 78:47-55 (parametric empirical Bayes).
    """
    pool = [SiteRows(x, outcome), *others]
    counts = {
        "sites": sum(site.events > 0 for site in pool),
        "rows": sum(len(site.x) for site in pool),
        "events": _pooled_events(pool),
    }
    if counts["sites"] >= LEAST_SITES and counts["events"] >= LEAST_POOLED_EVENTS:
        prior = estimate_prior(pool, UNCHANGED)
        choice = _of_the_raw_score(x, outcome, patient, prior)
        return _grounded(choice, "empirical_bayes", prior, counts)
    return _grounded(fit_near_current(x, outcome, patient, current), "map", UNCHANGED, counts)


def fit_near_current(x: FloatArray, outcome: FloatArray, patient: TextArray, current: Calibrator) -> Choice:
    """Intercept and slope on the current calibrator's log-odds, under a prior that nothing has changed.

    Arguments, errors as `fit_pooled`. The map is written in terms of the raw score again.
    """
    design = np.column_stack([np.ones_like(x), calibrated_log_odds(current, x)])
    fit = fit_with_prior(design, outcome, UNCHANGED)
    shift, stretch = (float(value) for value in fit.coefficients)
    before = current.parameters
    slope = stretch * before["slope"]
    require_ranking(slope)
    # (shift, stretch) -> (shift + stretch * intercept, stretch * slope), as `before` is held fixed
    turned = np.array([[1.0, before["intercept"]], [0.0, before["slope"]]])
    own = turned @ _covariance(fit, design, patient, UNCHANGED) @ turned.T
    line = np.column_stack([np.ones_like(x), shape(current, x)])
    inner = slope * inner_design(current, x)
    kept = np.asarray(current.covariance)[2:, 2:]
    covariance = joint_covariance(own, line, inner, design @ fit.coefficients, kept)
    parameters = {**before, "intercept": shift + stretch * before["intercept"], "slope": slope}
    return Choice("pooled", (), parameters, as_tuples(covariance), moved_kind(current, "pooled"))


def _of_the_raw_score(x: FloatArray, outcome: FloatArray, patient: TextArray, prior: Prior) -> Choice:
    design = np.column_stack([np.ones_like(x), x])
    fit = fit_with_prior(design, outcome, prior)
    intercept, slope = (float(value) for value in fit.coefficients)
    require_ranking(slope)
    covariance = as_tuples(_covariance(fit, design, patient, prior))
    return Choice("pooled", (), {"intercept": intercept, "slope": slope}, covariance, "pooled")


def _covariance(fit: LogisticFit, design: FloatArray, patient: TextArray, prior: Prior) -> FloatArray:
    """Inverse information of the posterior; a sandwich, prior included, where patients have several rows."""
    if len(np.unique(patient)) == len(patient):
        return fit.covariance
    scores = cluster_sums(design * fit.residual[:, None], patient)
    return fit.covariance @ (scores.T @ scores + np.diag(1.0 / prior.variance)) @ fit.covariance


def _pooled_events(pool: Sequence[SiteRows]) -> int:
    positives = sum(int(site.outcome.sum()) for site in pool)
    return min(positives, sum(len(site.x) for site in pool) - positives)


def _grounded(choice: Choice, estimator: str, prior: Prior, counts: dict[str, int]) -> Choice:
    grounds: dict[str, Any] = {
        "estimator": estimator,
        "prior_mean": prior.mean.tolist(),
        "prior_sd": np.sqrt(prior.variance).tolist(),
        **counts,
    }
    return Choice(choice.kind, (), choice.parameters, choice.covariance, choice.map_kind, grounds)
