"""What was expected before the outcomes were known, beside what they showed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from monitor.performance.expected import ALERTS, Expected, rate_interval
from monitor.records import Estimate

AS_MEASURED = 1e-9


@dataclass(frozen=True)
class Comparison:
    """What was expected of some studies beside what their outcomes showed.

    Attributes:
        expected, realised: Over the same studies.
        difference: Realised minus expected; its interval holds zero where the outcomes' own chance and the
            calibrator's error explain the difference.
        inside: Whether it does; None where that cannot be said.
    """

    expected: Estimate
    realised: Estimate
    difference: Estimate
    inside: bool | None


def compare_expected(
    expected: Mapping[str, Expected], realised: Mapping[str, Estimate], *, level: float
) -> dict[str, Comparison]:
    """Hold what was expected against the outcomes of the same studies.

    Which patients came is the same on both sides, so that error is left out. Where outcomes are known for a
    part of the studies, both are taken over that part.

    Args:
        expected: Of `expected_performance`.
        realised: Of `measured`, on the same studies at the same threshold.
        level: Coverage of the intervals of the differences.

    Returns:
        By name, for the rates that need outcomes.

    Raises:
        ValueError: The studies or the flags are not the same.

    Example:
        Of forty flagged studies with a risk of one half twenty are expected to be events; thirty were.

        >>> import numpy as np
        >>> from monitor.performance.expected import Window, expected_performance
        >>> from monitor.performance.operating_point import measured
        >>> from monitor.records import IDENTITY
        >>> score, outcome = np.repeat([0.5, 0.2], 40), np.repeat([1.0, 0, 1, 0], [30, 10, 8, 32])
        >>> who = np.arange(80).astype(str).astype(object)
        >>> found = compare_expected(
        ...     expected_performance(Window(score, who), IDENTITY, 0.5, level=0.95),
        ...     measured(score >= 0.5, outcome, who), level=0.95,
        ... )
        >>> found["ppv"].difference.value, found["ppv"].inside, found["npv"].inside
        (0.25, False, True)
    """
    before, after = expected[ALERTS].estimate, realised[ALERTS]
    same = before.n == after.n and abs((before.value or 0.0) - (after.value or 0.0)) <= AS_MEASURED
    if not same:
        raise ValueError("expected and realised must be of the same studies and flags")
    return {
        name: _comparison(item, realised[name], level) for name, item in expected.items() if name != ALERTS
    }


def _comparison(expected: Expected, realised: Estimate, level: float) -> Comparison:
    before, after = expected.estimate.value, realised.value
    counts = realised.n, realised.events
    if before is None or after is None:
        nothing = Estimate(None, None, None, *counts, "insufficient: no study to count")
        return Comparison(expected.estimate, realised, nothing, None)
    error = math.hypot(expected.outcome_error, expected.calibrator_error)
    low, high = rate_interval(before, error, level)
    if expected.estimate.low is None or low is None or high is None:
        alone = Estimate(after - before, None, None, *counts, expected.estimate.method)
        return Comparison(expected.estimate, realised, alone, None)
    difference = Estimate(
        after - before, after - high, after - low, *counts, "realised minus expected, same studies"
    )
    return Comparison(expected.estimate, realised, difference, low <= after <= high)
