"""How far reader and device agree, who overrides whom, and how much the threshold asks of the readers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from monitor.performance.cohens_kappa import cohens_kappa
from monitor.performance.operating_point import alerts_per_100
from monitor.performance.proportions import proportion
from monitor.records import BoolArray, Estimate, FloatArray, TextArray


@dataclass(frozen=True)
class Agreement:
    """Device and reader on the studies with a definite decision.

    Attributes:
        same: Share on which both say alike; one minus it is the override rate.
        kappa: The same beyond chance.
        dismissed: Of the flagged studies, the share that the reader called negative.
        added: Of the studies not flagged, the share that the reader called positive.
    """

    same: Estimate
    kappa: Estimate
    dismissed: Estimate
    added: Estimate


@dataclass(frozen=True)
class Alerts:
    """What the threshold asks of the readers, in 100 studies.

    Attributes:
        flagged: Of all studies.
        false_positives: Flagged and without the finding, of the studies with a known outcome.
    """

    flagged: Estimate
    false_positives: Estimate


def agreement(flagged: BoolArray, decision: FloatArray, patient: TextArray, least: int) -> Agreement:
    """How often reader and device say alike, and who overrides whom.

    Args:
        flagged: By the device, shape (n,).
        decision: Of the reader, 1 or 0, NaN where there is none, shape (n,).
        patient: Shape (n,).
        least: Fewest studies of which a share is told.

    Returns:
        Four estimates; one without enough studies has no value and says what is missing.

    Example:
        Of two flagged studies one is dismissed; of four others none is added; a seventh was not read.

        >>> flagged = np.array([True, True, False, False, False, False, True])
        >>> said = np.array([1.0, 0, 0, 0, 0, 0, np.nan])
        >>> found = agreement(flagged, said, np.arange(7).astype(str).astype(object), least=1)
        >>> found.same.n, f"{found.same.value:.3f}", found.dismissed.value, found.added.value
        (6, '0.833', 0.5, 0.0)
    """
    read = ~np.isnan(decision)
    flagged, positive, patient = flagged[read], decision[read] == 1, patient[read]
    enough = len(flagged) >= least
    return Agreement(
        told_share(flagged == positive, patient, "studies with a definite decision", least),
        cohens_kappa(flagged, positive, patient) if enough else too_few(flagged, "definite decisions", least),
        told_share(~positive[flagged], patient[flagged], "flagged studies with a definite decision", least),
        told_share(positive[~flagged], patient[~flagged], "other studies with a definite decision", least),
    )


def alerts(flagged: BoolArray, outcome: FloatArray, patient: TextArray, least: int) -> Alerts:
    """Flagged studies and false positives in 100.

    Args:
        flagged: Shape (n,).
        outcome: 1 or 0, NaN where unknown, shape (n,).
        patient: Shape (n,).
        least: Fewest studies of which a rate is told.

    Example:
        Half of four studies are flagged; of the two with a known outcome one is a false positive.

        >>> who = np.array(["a", "b", "c", "d"], dtype=object)
        >>> found = alerts(np.array([True, True, False, False]), np.array([0.0, np.nan, 0, np.nan]), who, 2)
        >>> found.flagged.value, found.false_positives.value, found.false_positives.n
        (50.0, 50.0, 2)
    """
    known = ~np.isnan(outcome)
    wrong = flagged[known] & (outcome[known] == 0)
    return Alerts(
        alerts_per_100(flagged, patient) if len(flagged) >= least else too_few(flagged, "studies", least),
        alerts_per_100(wrong, patient[known])
        if len(wrong) >= least
        else too_few(wrong, "studies with a known outcome", least),
    )


def told_share(hit: BoolArray, patient: TextArray, what: str, least: int) -> Estimate:
    """Share of rows that are hits; no value where there are fewer rows than `least`, or none.

    Args:
        hit: Shape (n,).
        patient: Shape (n,).
        what: The rows in words, for the sentence on what is missing.
        least: Fewest rows.

    Example:
        >>> told_share(np.array([True]), np.array(["a"], dtype=object), "studies", 20).method
        'insufficient: 1 studies, 20 needed'
    """
    return proportion(hit, patient) if len(hit) >= max(least, 1) else too_few(hit, what, least)


def too_few(hit: BoolArray, what: str, least: int) -> Estimate:
    """The estimate without a value that says what is missing."""
    n, hits = len(hit), int(hit.sum())
    missing = f"insufficient: {n} {what}, {max(least, 1)} needed"
    return Estimate(None, None, None, n, min(hits, n - hits), missing)
