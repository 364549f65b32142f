"""Which method a number of events allows: the smallest change the data support."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from monitor.calibration.choice import Choice, keep
from monitor.calibration.closed_test import closed_test
from monitor.calibration.cross_validation import choose_by_cross_validation
from monitor.calibration.empirical_bayes import SiteRows
from monitor.calibration.pooled import fit_pooled
from monitor.calibration.prior_shift import NOTHING_BEFORE, Before, prior_shift
from monitor.records import Calibrator, FloatArray, TextArray


@dataclass(frozen=True)
class Policy:
    """What the plan allows, by studies of the rarer class in the fitting window.

    Attributes:
        methods: Methods the plan lists.
        closed_test: Least events for the closed test.
        pooled: Least events for a pooled fit; None: no pooled fit.
        flexible: Least events for beta and isotonic; None: neither.
        others: Rows of the other sites, for a pooled fit; in a fixed order.
        before: Outcomes from before the change, for a prior shift.
    """

    methods: tuple[str, ...]
    closed_test: int
    pooled: int | None = None
    flexible: int | None = None
    others: Sequence[SiteRows] = field(default_factory=tuple[SiteRows, ...])
    before: Before = NOTHING_BEFORE


def choose(
    x: FloatArray,
    outcome: FloatArray,
    patient: TextArray,
    current: Calibrator,
    policy: Policy | None = None,
) -> Choice:
    """The candidate that the rows support under the plan's policy, or none.

    Below the least number of events the current calibrator is kept; then come a pooled fit, the closed
    test of keep, intercept and Platt, and the choice among all listed methods by cross-validation.

    Args:
        x: Winsorised logit of the raw score, shape (n,).
        outcome: 0 or 1, shape (n,).
        patient: Shape (n,); repeated where a patient has several rows.
        current: The live calibrator, whose map is what "keep" means.
        policy: None for the closed test, whatever the number of events.

    Returns:
        The choice. The closed test may call for a method that the plan does not list; what to do then is
        the caller's to decide.

    Raises:
        SeparationError: No finite fit exists.
        RankingLostError: The slope is at most .2.
        PriorUnknownError: A prior shift is listed, and too few outcomes are known from before the change.

    Example:
        >>> import numpy as np
        >>> from monitor.records import IDENTITY
        >>> x, y = np.tile([-1.0, 1.0], 20), np.tile([0.0, 1, 0, 1, 0, 1, 1, 0], 5)
        >>> who = np.arange(40).astype(str).astype(object)
        >>> choose(x, y, who, IDENTITY, Policy(("platt",), closed_test=100)).kind
        'keep'
    """
    if policy is None:
        return closed_test(x, outcome, patient, current)
    events = SiteRows(x, outcome).events
    if policy.flexible is not None and events >= policy.flexible:
        return choose_by_cross_validation(x, outcome, patient, current, policy.methods)
    if events >= policy.closed_test:
        choice = closed_test(x, outcome, patient, current)
        if choice.kind == "intercept" and "prior_shift" in policy.methods:
            return prior_shift(outcome, current, policy.before, choice.steps)
        return choice
    if policy.pooled is not None and events >= policy.pooled:
        return fit_pooled(x, outcome, patient, current, policy.others)
    return keep(current)
