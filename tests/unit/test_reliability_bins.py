"""Bins of equal mass where risks are tied."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.logistic import logit
from monitor.performance import expected_calibration_error, reliability_bins


def test_the_order_of_rows_with_equal_risks_does_not_matter() -> None:
    """Thirty rows at each of four risks; the events of each risk first, then last."""
    risk = np.repeat([0.1, 0.2, 0.3, 0.4], 30)
    outcome = np.concatenate([np.arange(30) < events for events in (5, 4, 12, 9)]).astype(float)
    forwards = expected_calibration_error(risk, outcome)
    backwards = expected_calibration_error(risk[::-1], outcome[::-1])
    # Gaps of 5 - 3, 4 - 6, 12 - 9 and 9 - 12 events among 120 rows.
    assert forwards == pytest.approx(10 / 120)
    assert backwards == pytest.approx(10 / 120)


def test_a_risk_is_never_divided_between_bins() -> None:
    """Ten bins would end after every tenth row; the ends inside a risk move to its last row."""
    bins = reliability_bins(logit(np.repeat([0.1, 0.2, 0.3], [50, 7, 43])), np.tile([0.0, 1.0], 50))
    assert [found["n"] for found in bins] == [50, 50]
    assert [found["predicted"] for found in bins] == pytest.approx([0.1, (7 * 0.2 + 43 * 0.3) / 50])
