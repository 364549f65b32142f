"""The prior shift: the outcome became more or less common, and at the same outcome scores stayed alike."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from monitor.calibration.choice import Choice, LikelihoodRatioTest, as_tuples, moved_kind
from monitor.errors import EstimationError
from monitor.records import Calibrator, FloatArray


class PriorUnknownError(EstimationError):
    """Too few outcomes from before the change say what the prevalence was."""


@dataclass(frozen=True)
class Before:
    """Studies read under the current calibrator before the change.

    Attributes:
        known, positives: Studies with a known outcome, and those with the outcome among them.
        least_events: Of the rarer class, that the plan asks for.
    """

    known: int
    positives: int
    least_events: int

    @property
    def events(self) -> int:
        """Studies of the rarer class."""
        return min(self.positives, self.known - self.positives)


NOTHING_BEFORE = Before(0, 0, 1)


def prior_shift(
    outcome: FloatArray, current: Calibrator, before: Before, steps: tuple[LikelihoodRatioTest, ...]
) -> Choice:
    """Move the current map by the change of the prevalence's log-odds, both counted from outcomes.

    By Bayes' rule that is the whole correction when P(score | outcome) stayed as it was and the current map
    was right before.

    Args:
        outcome: Of the fitting window, 0 or 1, shape (n,).
        current: The live calibrator.
        before: Counts of the cohorts before the fitting window.
        steps: Of the closed test that called for an intercept.

    Returns:
        The shifted map; the variance of either log-odds, 1 / (n p (1 - p)), adds to the intercept's.

    Raises:
        PriorUnknownError: Too few events before the change, or one class alone in the window.

    References:
        Saerens, Latinne, Decaestecker (2002), Neural Computation 14:21-41, equation 2.4.

    Example:
        From 10 % to 20 % the odds go from 1/9 to 1/4: the intercept moves by ln 2.25 = 0.811.

        >>> from monitor.records import IDENTITY
        >>> window = np.array([1.0] * 20 + [0.0] * 80)
        >>> moved = prior_shift(window, IDENTITY, Before(1000, 100, 50), ())
        >>> f"{moved.parameters['intercept']:.3f}", moved.map_kind
        ('0.811', 'prior_shift')
    """
    positives, n = float(outcome.sum()), len(outcome)
    if before.events < before.least_events or positives in (0.0, float(n)):
        raise PriorUnknownError(
            f"the prevalence before the change is not known well enough: {before.events} of the rarer "
            f"class in {before.known} studies, {before.least_events} are needed"
        )
    moved = _log_odds(positives, n) - _log_odds(before.positives, before.known)
    variance = _variance(positives, n) + _variance(before.positives, before.known)
    covariance = np.array(current.covariance, dtype=float)
    covariance[0, 0] += variance
    parameters = {**current.parameters, "intercept": current.parameters["intercept"] + moved}
    grounds = {"before": {"known": before.known, "positives": before.positives}, "moved_by": moved}
    kind = moved_kind(current, "prior_shift")
    return Choice("prior_shift", steps, parameters, as_tuples(covariance), kind, grounds)


def _log_odds(positives: float, n: int) -> float:
    return math.log(positives / (n - positives))


def _variance(positives: float, n: int) -> float:
    return n / (positives * (n - positives))
