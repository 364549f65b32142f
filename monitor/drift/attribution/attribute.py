"""The attribution of a shift, for a place as a whole and for each of its vendors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from monitor.calibrators import calibrated_log_odds
from monitor.drift.attribution.calibration_test import calibration_contrast
from monitor.drift.attribution.finding import Attribution
from monitor.drift.attribution.hypotheses import (
    EXPLANATIONS,
    Contrasts,
    PValues,
    contrasts_of,
    p_values_of,
    sides_of,
)
from monitor.drift.attribution.vendors import interaction, pool_small_vendors, split
from monitor.drift.attribution.verdict import Verdict, insufficient, judge, not_estimable, unresolved
from monitor.drift.decomposition import decompose
from monitor.drift.labelled import Labelled
from monitor.logistic import logit
from monitor.records import Calibrator

ASSUMPTION = "outcomes are missing: holds if whether an outcome becomes known depends on the score alone"


def attribute(
    reference: Labelled, window: Labelled, calibrator: Calibrator, *, level: float = 0.05
) -> Attribution:
    """The confidence set of explanations of a shift: those that the window does not reject.

    The true explanation is in the set with probability 1 - `level`, whichever it is, so the tests of
    different explanations need no correction for each other. Read one name as "consistent only with",
    several as "cannot tell".

    Args:
        reference: Mature studies of the frozen reference.
        window: Mature studies after the alarm's night, so that the alarm does not bias them.
        calibrator: The deployed one.
        level: Of each explanation's test, strictly between 0 and 1.

    Returns:
        The answer; too few events, a constant score and outcomes that are not known yet are answers too.
        Where the samples have vendors, each vendor has its own.

    Raises:
        ValueError: `level` is not inside (0, 1), or one of the samples alone has vendors.

    References:
        Castro, Walker, Glocker (2020), Nature Communications 11:3673, 10.1038/s41467-020-17478-w, for the
        kinds of shift.

    Example:
        The same studies twice: nothing has to be explained.

        >>> from monitor.logistic import expit
        >>> from monitor.records import IDENTITY
        >>> score = np.repeat(expit(np.array([-np.log(3), 0.0, np.log(3)])), 100)
        >>> outcome = np.concatenate([np.arange(100) < events for events in (25, 50, 75)]).astype(float)
        >>> studies = Labelled(score, outcome, np.arange(300).astype(str).astype(object))
        >>> found = attribute(studies, studies, IDENTITY)
        >>> found.status, found.events, f"{found.p_values['label']:.1f}"
        ('none', 150, '1.0')
    """
    if not 0.0 < level < 1.0:
        raise ValueError(f"level must lie strictly between 0 and 1, not {level}")
    if reference.stratum is None and window.stratum is None:
        return _attribute_one(reference, window, calibrator, level)
    before, after = pool_small_vendors(reference, window)
    old, new = split(before), split(after)
    nothing = reference.where(np.zeros(len(reference), dtype=bool))
    vendors = {
        name: _attribute_one(old.get(name, nothing), part, calibrator, level) for name, part in new.items()
    }
    whole = _attribute_one(reference, window, calibrator, level)
    return replace(whole, vendors=vendors, interaction=interaction(after, calibrator))


def _attribute_one(
    reference: Labelled, window: Labelled, calibrator: Calibrator, level: float
) -> Attribution:
    reason = _cannot_compare(reference, window, calibrator)
    if reason:
        return _report(reference, window, dict.fromkeys(EXPLANATIONS), not_estimable(reason))
    contrasts = contrasts_of(
        sides_of(reference, reference.score),
        sides_of(window, reference.score),
        calibration_contrast(window, calibrator),
    )
    p_values = p_values_of(contrasts)
    found = _judged(reference, window, contrasts, p_values, level)
    report = _report(reference, window, p_values, found)
    return replace(report, decomposition=decompose(reference, window, calibrator, level=level))


def _cannot_compare(reference: Labelled, window: Labelled, calibrator: Calibrator) -> str | None:
    """Why no test exists at all, if so."""
    for name, sample in (("reference", reference), ("window", window)):
        if len(sample) == 0:
            return f"no study in the {name}"
        if np.ptp(calibrated_log_odds(calibrator, logit(sample.score))) == 0.0:
            return f"the score does not vary in the {name}"
    return None


def _judged(
    reference: Labelled, window: Labelled, contrasts: Contrasts, p_values: PValues, level: float
) -> Verdict:
    if not window.known.any():
        return unresolved(p_values["concept"], level)
    too_few = insufficient(window.events, reference.events)
    return too_few or judge(p_values, contrasts, window.events, level)


def _report(reference: Labelled, window: Labelled, p_values: PValues, found: Verdict) -> Attribution:
    missing = window.known.any() and not (reference.known.all() and window.known.all())
    return Attribution(
        status=found.status,
        explanations=found.explanations,
        p_values=p_values,
        verdict=found.sentence,
        remedy=found.remedy,
        n=len(window),
        events=window.events,
        reference_n=len(reference),
        reference_events=reference.events,
        events_needed=found.events_needed,
        assumption=ASSUMPTION if missing else None,
        decomposition=None,
        vendors={},
        interaction=None,
    )
