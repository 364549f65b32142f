"""What a threshold is expected to do, before the outcomes are known.

If the calibrator is right, each study's risk says how often it has the outcome; sums of risks over flagged
and other studies then stand in for the counts of a two-by-two table. Nothing here can notice that the
calibrator became wrong: only outcomes can, which is what `compare_expected` is for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from monitor.calibrators import calibrated_log_odds, inner_design, shape
from monitor.intervals import normal_quantile
from monitor.logistic import expit, logit
from monitor.performance.proportions import proportion
from monitor.records import BoolArray, Calibrator, Estimate, FloatArray, IntArray, TextArray

METHOD = "expected without outcomes, assumes the calibrator is right"
ALERTS = "alerts_per_100_studies"
LEAST_EVENTS = 20
"""With ten expected events the 95 % interval of a sensitivity held in .90 of windows, with twenty in .93."""


@dataclass(frozen=True)
class Expected:
    """One rate expected from risks, with the three things that may move it.

    Attributes:
        estimate: With an interval from all three; `n` counts studies, `events` the expected ones of the
            rarer class, rounded.
        sampling_error: Standard error from which patients came.
        outcome_error: Standard deviation of the rate over the outcomes that these risks allow.
        calibrator_error: Standard error from the calibrator's own fit.
    """

    estimate: Estimate
    sampling_error: float
    outcome_error: float
    calibrator_error: float


@dataclass(frozen=True)
class Window:
    """Studies whose outcomes are not known yet.

    Attributes:
        score: Raw scores, shape (n,).
        patient: Shape (n,).
    """

    score: FloatArray
    patient: TextArray

    def __post_init__(self) -> None:
        if len(self.score) != len(self.patient) or not ((self.score >= 0.0) & (self.score <= 1.0)).all():
            raise ValueError("score must lie in [0, 1], one per patient entry")

    def __len__(self) -> int:
        return len(self.score)


def expected_performance(
    window: Window, calibrator: Calibrator, threshold: float, *, level: float
) -> dict[str, Expected]:
    """Sensitivity, specificity, predictive values expected at a threshold, and the alerts that were made.

    Args:
        window: The studies; a patient's studies may depend on each other, and their outcomes are then taken
            to move together as far as they can.
        calibrator: In use; its covariance is its own error.
        threshold: On the raw score; a study is flagged at or above it.
        level: Coverage of the intervals, on the log-odds of a rate.

    Returns:
        By the names of `measured`. No value where no study is left to count; no interval with fewer than 20
        expected events, or where the rate is 0 or 1 whatever the outcomes.

    References:
        Guillory et al. (2021), arXiv 2107.03315 (accuracy from average confidence); known as CBPE in
        NannyML. Errors of the ratios by the delta method.

    Example:
        Two flagged studies with risks .8 and .6, two others with .4 and .2: of 2 expected events 1.4 are
        flagged, and of 2 flagged studies 1.4 are expected events. Four studies are too few for an interval.

        >>> from monitor.records import IDENTITY
        >>> four = Window(np.array([0.8, 0.6, 0.4, 0.2]), np.array(["a", "b", "c", "d"], dtype=object))
        >>> found = expected_performance(four, IDENTITY, 0.5, level=0.95)
        >>> found["ppv"].estimate.method.split("; ")[1]
        'insufficient: 2 events expected, 20 needed'
        >>> [round(found[name].estimate.value, 2) for name in found]
        [0.7, 0.7, 0.7, 0.7, 50.0]
    """
    x, flagged = logit(window.score), window.score >= threshold
    risk = expit(calibrated_log_odds(calibrator, x))
    _, patient = np.unique(window.patient.astype(str), return_inverse=True)
    flag, none = flagged.astype(float), np.zeros(len(window))
    shares = {
        "sensitivity": _Share(none, flag, none, none + 1.0),
        "specificity": _Share(1.0 - flag, flag - 1.0, none + 1.0, none - 1.0),
        "ppv": _Share(none, flag, flag, none),
        "npv": _Share(1.0 - flag, flag - 1.0, 1.0 - flag, none),
    }
    studies = _Studies(risk, _slopes(calibrator, x, risk), patient, np.asarray(calibrator.covariance))
    found = {name: _expected(share, studies, level) for name, share in shares.items()}
    return {**found, ALERTS: _alerts(flagged, studies, level)}


@dataclass(frozen=True)
class _Share:
    """A rate sum(hit) / sum(among), both straight lines in a study's outcome; shape (n,) each."""

    hit: FloatArray
    hit_per_outcome: FloatArray
    among: FloatArray
    among_per_outcome: FloatArray


@dataclass(frozen=True)
class _Studies:
    """Risks, shape (n,), how they move with the calibrator's parameters, shape (n, k), and the rest."""

    risk: FloatArray
    slopes: FloatArray
    patient: IntArray
    covariance: FloatArray

    def spread(self, values: FloatArray) -> float:
        """Root of the sum of squares of what each patient adds."""
        return math.sqrt(float((np.bincount(self.patient, values) ** 2).sum()))

    @property
    def events(self) -> int:
        """Expected studies of the rarer class."""
        total = float(self.risk.sum())
        return round(min(total, len(self.risk) - total))


def _slopes(calibrator: Calibrator, x: FloatArray, risk: FloatArray) -> FloatArray:
    outer = np.column_stack([np.ones_like(x), shape(calibrator, x)])
    inner = calibrator.parameters["slope"] * inner_design(calibrator, x)
    return (risk * (1.0 - risk))[:, None] * np.hstack([outer, inner])


def _expected(share: _Share, studies: _Studies, level: float) -> Expected:
    counts = len(studies.risk), studies.events
    hit = share.hit + share.hit_per_outcome * studies.risk
    among = share.among + share.among_per_outcome * studies.risk
    total = float(among.sum())
    if total <= 0.0:
        return Expected(Estimate(None, None, None, *counts, f"{METHOD}; no study to count"), 0.0, 0.0, 0.0)
    rate = float(hit.sum()) / total
    per_outcome = (share.hit_per_outcome - rate * share.among_per_outcome) / total
    sampling = studies.spread((hit - rate * among) / total)
    # Nothing is known of how the outcomes of one patient go together: their deviations are added up.
    outcome = studies.spread(np.abs(per_outcome) * np.sqrt(studies.risk * (1.0 - studies.risk)))
    gradient = per_outcome @ studies.slopes
    calibrator = math.sqrt(max(0.0, float(gradient @ studies.covariance @ gradient)))
    errors = sampling, outcome, calibrator
    if studies.events < LEAST_EVENTS:
        method = f"{METHOD}; insufficient: {studies.events} events expected, {LEAST_EVENTS} needed"
        return Expected(Estimate(rate, None, None, *counts, method), *errors)
    low, high = rate_interval(rate, math.hypot(*errors), level)
    return Expected(Estimate(rate, low, high, *counts, METHOD), *errors)


def _alerts(flagged: BoolArray, studies: _Studies, level: float) -> Expected:
    """Alerts need no outcome: they are counted."""
    share = proportion(flagged, studies.patient, level)
    if share.value is None or share.low is None or share.high is None:
        return Expected(share, 0.0, 0.0, 0.0)
    value, low, high = (100.0 * part for part in (share.value, share.low, share.high))
    found = replace(share, value=value, low=low, high=high, events=studies.events)
    return Expected(found, studies.spread((100.0 * flagged - value) / len(flagged)), 0.0, 0.0)


def rate_interval(rate: float, error: float, level: float) -> tuple[float, float] | tuple[None, None]:
    """Interval around the log-odds of a rate, so that it stays within 0 and 1.

    Example:
        >>> rate_interval(0.5, 0.0, 0.95), rate_interval(1.0, 0.1, 0.95)
        ((0.5, 0.5), (None, None))
    """
    if not 0.0 < rate < 1.0:
        return None, None
    centre = math.log(rate / (1.0 - rate))
    half = normal_quantile(0.5 + level / 2.0) * error / (rate * (1.0 - rate))
    low, high = expit(np.array([centre - half, centre + half]))
    return float(low), float(high)
