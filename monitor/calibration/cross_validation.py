"""Many events: the simplest method within one standard error of the best cross-validated log loss."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from monitor.calibration.beta import fit_beta
from monitor.calibration.choice import Choice, Method, keep, require_ranking
from monitor.calibration.closed_test import fit_intercept, fit_platt
from monitor.calibration.isotonic import fit_isotonic
from monitor.calibrators import calibrated_log_odds
from monitor.intervals import cluster_mean_error
from monitor.logistic import SeparationError, cluster_numbers, log_loss
from monitor.records import IDENTITY, Calibrator, FloatArray, IntArray, TextArray

FOLDS = 5
Fit = Callable[[FloatArray, FloatArray, TextArray, Calibrator], Choice]


def _keep(x: FloatArray, outcome: FloatArray, patient: TextArray, current: Calibrator) -> Choice:
    del x, outcome, patient
    return keep(current)


FITS: Mapping[Method, Fit] = {
    "keep": _keep,
    "intercept": fit_intercept,
    "platt": fit_platt,
    "beta": fit_beta,
    "isotonic": fit_isotonic,
}
"""From the simplest map to the most flexible."""


def choose_by_cross_validation(
    x: FloatArray, outcome: FloatArray, patient: TextArray, current: Calibrator, allowed: Sequence[str]
) -> Choice:
    """Five folds of whole patients; the one-standard-error rule on paired differences of log loss.

    Args:
        x: Winsorised logit of the raw score, shape (n,).
        outcome: 0 or 1, shape (n,).
        patient: Shape (n,); a patient is in one fold, by its place in the order of all.
        current: The live calibrator; keeping it is always possible.
        allowed: Methods the plan lists.

    Returns:
        The choice, refitted on all rows; its grounds give each method's loss, its distance to the best
        and that distance's standard error, clustered by patient.

    Raises:
        RankingLostError: The slope through the raw score, or that of the chosen map over the shape of the
            current one, is at most .2.
        SeparationError: The chosen method has no finite fit on all rows.

    References:
        Breiman et al. (1984), Classification and Regression Trees, 3.4.3 (one standard error).
    """
    require_ranking(float(fit_platt(x, outcome, patient, IDENTITY).parameters["slope"]))
    person = cluster_numbers(patient)
    losses: dict[Method, FloatArray] = {}
    for method, fit in FITS.items():
        if method == "keep" or method in allowed:
            loss = _held_out_loss(fit, (x, outcome, person), current)
            losses |= {} if loss is None else {method: loss}
    best = min(losses.values(), key=lambda loss: float(loss.mean()))
    scores = [_score(name, loss, best, person) for name, loss in losses.items()]
    chosen: Method = next(score["method"] for score in scores if score["distance"] <= score["standard_error"])
    choice = FITS[chosen](x, outcome, patient, current)
    if chosen != "keep":
        require_ranking(float(choice.parameters["slope"]))
    grounds = {"folds": FOLDS, "scores": scores}
    return Choice(choice.kind, (), choice.parameters, choice.covariance, choice.map_kind, grounds)


def _held_out_loss(
    fit: Fit, rows: tuple[FloatArray, FloatArray, IntArray], current: Calibrator
) -> FloatArray | None:
    """Log loss of every row under the fit on the other folds; None where a fold has no finite fit."""
    x, outcome, person = rows
    loss = np.empty(len(x))
    for fold in range(FOLDS):
        held = person % FOLDS == fold
        try:
            choice = fit(x[~held], outcome[~held], person[~held].astype(object), current)
        except SeparationError:
            return None
        fitted = Calibrator("", choice.map_kind, choice.parameters, choice.covariance)
        loss[held] = log_loss(calibrated_log_odds(fitted, x[held]), outcome[held])
    return loss


def _score(name: Method, loss: FloatArray, best: FloatArray, person: IntArray) -> dict[str, Any]:
    difference = loss - best
    return {
        "method": name,
        "log_loss": float(loss.mean()),
        "distance": float(difference.mean()),
        "standard_error": cluster_mean_error(difference, person),
    }
