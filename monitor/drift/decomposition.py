"""How much of a change of prevalence the scores already account for: an exact identity.

change = [mean p in the window - mean p in the reference] + [mean (y - p) in W - mean (y - p) in R],
with p the deployed calibrator's probability. The first bracket is explained by the mix of scores.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from monitor.calibrators import calibrated_log_odds
from monitor.drift.labelled import Labelled
from monitor.drift.partial_labels import (
    PostStratification,
    manski_bounds,
    post_stratified_prevalence,
)
from monitor.intervals import normal_quantile
from monitor.logistic import expit, logit
from monitor.records import Calibrator, Estimate, FloatArray


@dataclass(frozen=True)
class Decomposition:
    """The change of the prevalence from reference to window and its two parts.

    Attributes:
        reference_prevalence, window_prevalence: Post-stratified by score where outcomes are missing.
        change: Window minus reference; `explained + unexplained`.
        explained: By the mix of scores, as the deployed calibrator reads them.
        unexplained: What the calibrator did not expect.
        reference_bounds, window_bounds: Manski's, where outcomes are missing, else None.
    """

    reference_prevalence: Estimate
    window_prevalence: Estimate
    change: Estimate
    explained: Estimate
    unexplained: Estimate
    reference_bounds: Estimate | None
    window_bounds: Estimate | None

    def as_record(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)


def decompose(
    reference: Labelled, window: Labelled, calibrator: Calibrator, *, level: float = 0.05
) -> Decomposition:
    """Split the change of prevalence into what the scores explain and what they do not.

    Args:
        reference: Studies of the frozen reference.
        window: Studies after the alarm.
        calibrator: The deployed one, taken as it is: its own error is not in the intervals.
        level: One minus the coverage of each interval.

    Returns:
        The parts, each with a cluster-robust interval; without a value where outcomes do not allow it.

    References:
        Kitagawa (1955) and Oaxaca (1973), for rates and regressions; Cai et al., Operations Research,
        10.1287/opre.2023.0217, for a model's loss.

    Example:
        All scores rise from .2 to .4 and the events from 20 to 50 %: .2 is explained, .1 is not.

        >>> import numpy as np
        >>> from monitor.records import IDENTITY
        >>> who = np.arange(10).astype(str).astype(object)
        >>> before = Labelled(np.full(10, 0.2), np.array([1.0] * 2 + [0.0] * 8), who)
        >>> after = Labelled(np.full(10, 0.4), np.array([1.0] * 5 + [0.0] * 5), who)
        >>> found = decompose(before, after, IDENTITY)
        >>> [round(part.value, 6) for part in (found.change, found.explained, found.unexplained)]
        [0.3, 0.2, 0.1]
    """
    before, after = _parts(reference, calibrator), _parts(window, calibrator)
    change, explained, unexplained = (
        _difference(*pair, window, level) for pair in zip(before, after, strict=True)
    )
    return Decomposition(
        reference_prevalence=post_stratified_prevalence(reference, level=level),
        window_prevalence=post_stratified_prevalence(window, level=level),
        change=change,
        explained=explained,
        unexplained=unexplained,
        reference_bounds=manski_bounds(reference),
        window_bounds=manski_bounds(window),
    )


class _Part(NamedTuple):
    """The mean of y, p or y - p over one sample."""

    value: float
    variance: float


def _parts(sample: Labelled, calibrator: Calibrator) -> tuple[_Part, _Part, _Part]:
    """Of y, p and y - p."""
    probability: FloatArray = expit(calibrated_log_odds(calibrator, logit(sample.score)))
    strata, patient = PostStratification(sample), sample.patient_number

    def part(values: FloatArray) -> _Part:
        mean = strata.mean(values)
        return _Part(mean.value, mean.variance(patient))

    return part(sample.outcome), part(probability), part(sample.outcome - probability)


def _difference(before: _Part, after: _Part, window: Labelled, level: float) -> Estimate:
    n, events = int(window.known.sum()), window.events
    value = after.value - before.value
    if math.isnan(value):
        return Estimate(None, None, None, n, events, "no outcome in some score bin")
    half = normal_quantile(1 - level / 2) * math.sqrt(before.variance + after.variance)
    return Estimate(value, value - half, value + half, n, events, "difference of means, cluster-robust")
