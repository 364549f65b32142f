"""How many studies are excluded, for which reasons, and what they could hide.

Dropping poor images can drop the difficult patients: what is left then looks better than the device is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from monitor.performance.proportions import proportion
from monitor.records import BoolArray, Estimate, FloatArray, Rows, TextArray

if TYPE_CHECKING:
    from monitor.store import Exclusions


@dataclass(frozen=True)
class Studies:
    """Excluded and counted studies of one place and the same cohorts, each array of shape (n,).

    Attributes:
        patient: Pseudonyms.
        score: Raw scores; NaN where the study was excluded before scoring.
        outcome: 1.0, 0.0, or NaN where none is known.
        reason: Why the study was excluded; "" where it counts.
    """

    patient: TextArray
    score: FloatArray
    outcome: FloatArray
    reason: TextArray

    @property
    def excluded(self) -> BoolArray:
        """True where there is a reason, shape (n,)."""
        return np.asarray(self.reason != "", dtype=np.bool_)


@dataclass(frozen=True)
class ReasonCount:
    """Studies excluded for one reason, before and after scoring, and as a share of all studies in 100."""

    reason: str
    before_scoring: int
    after_scoring: int
    per_100_studies: Estimate

    def as_record(self) -> dict[str, Any]:
        """The ledger's form."""
        return asdict(self)


@dataclass(frozen=True)
class SensitivityRange:
    """What excluded studies could hide of the share of events that are flagged.

    Attributes:
        counted: Among the studies that count.
        known_missed: If every event known among the excluded studies had been missed.
        all_missed: If, besides, every excluded study without a known outcome were a missed event.
        events, unknown: Excluded studies with the outcome, and those without a known one.
        sentence: The same in words.
    """

    counted: Estimate
    known_missed: Estimate
    all_missed: Estimate
    events: int
    unknown: int
    sentence: str

    def as_record(self) -> dict[str, Any]:
        """The ledger's form."""
        return asdict(self)


def side_by_side(counted: Rows, excluded: Exclusions) -> Studies:
    """Studies that count, then those that were excluded, of one place and the same cohorts.

    Args:
        counted: Mature rows.
        excluded: Of the same cohorts. A study in both was excluded after it was stored; it is taken as
            excluded here, though it counts everywhere else.
    """
    rest = counted.where(~np.isin(counted.study.astype(str), excluded.study.astype(str)))
    reason = np.concatenate([np.full(len(rest), "", dtype=object), excluded.reason])
    return Studies(
        np.concatenate([rest.patient, excluded.patient]),
        np.concatenate([rest.score, excluded.score]),
        np.concatenate([rest.outcome, excluded.outcome]),
        reason,
    )


def exclusion_rate(excluded: BoolArray, patient: TextArray, level: float = 0.95) -> Estimate:
    """Excluded studies in 100, with an exact interval at the effective number of rows.

    Args:
        excluded: Shape (n,).
        patient: Shape (n,).
        level: Two-sided coverage.

    Example:
        >>> exclusion_rate(np.array([True, False]), np.array(["a", "b"], dtype=object)).value
        50.0
    """
    share = proportion(excluded, patient, level)
    value, low, high = (
        None if part is None else 100.0 * part for part in (share.value, share.low, share.high)
    )
    return replace(share, value=value, low=low, high=high)


def rates_in(studies: Studies, members: Mapping[str, BoolArray], level: float = 0.95) -> dict[str, Estimate]:
    """Excluded studies in 100 of each subgroup's.

    Args:
        studies: Excluded and counted.
        members: Which studies lie in each subgroup, shape (n,) each.
        level: Two-sided coverage.
    """
    return {
        name: exclusion_rate(studies.excluded[inside], studies.patient[inside], level)
        for name, inside in members.items()
    }


def by_reason(studies: Studies, level: float = 0.95) -> tuple[ReasonCount, ...]:
    """Every reason, the most frequent first.

    Example:
        >>> text = lambda *words: np.array(words, dtype=object)
        >>> some = Studies(text(*"abcd"), np.array([np.nan, 0.2, 0.1, 0.1]), np.zeros(4),
        ...                text("dark", "motion", "motion", ""))
        >>> [(item.reason, item.before_scoring, item.after_scoring) for item in by_reason(some)]
        [('motion', 0, 2), ('dark', 1, 0)]
    """
    unscored = np.isnan(studies.score)
    found: list[ReasonCount] = []
    for reason in sorted(set(studies.reason.tolist()) - {""}):
        mine = np.asarray(studies.reason == reason, dtype=np.bool_)
        before = int((mine & unscored).sum())
        rate = exclusion_rate(mine, studies.patient, level)
        found.append(ReasonCount(reason, before, int(mine.sum()) - before, rate))
    return tuple(sorted(found, key=lambda item: -item.before_scoring - item.after_scoring))


def sensitivity_range(studies: Studies, flagged: BoolArray, level: float = 0.95) -> SensitivityRange:
    """Sensitivity among the counted studies, and how low it could be with the excluded ones in it.

    The worst case is no estimate: it says what the data cannot rule out.

    Args:
        studies: Excluded and counted.
        flagged: Whether the device flags the study, shape (n,); of an excluded one it is not looked at.
        level: Two-sided coverage.

    Returns:
        Three shares with their intervals; without a value where no event is known.

    Example:
        Nine of ten counted events are flagged. Two events among the excluded make it nine of twelve, three
        excluded studies without an outcome nine of fifteen.

        >>> reason = np.array([""] * 10 + ["dark"] * 5, dtype=object)
        >>> outcome = np.array([1.0] * 12 + [np.nan] * 3)
        >>> who = np.arange(15).astype(str).astype(object)
        >>> found = sensitivity_range(Studies(who, np.ones(15), outcome, reason), np.arange(15) < 9)
        >>> found.counted.value, found.known_missed.value, found.all_missed.value
        (0.9, 0.75, 0.6)
    """
    excluded, unknown = studies.excluded, np.isnan(studies.outcome)
    event = studies.outcome == 1
    hit = flagged & ~excluded
    among = (event & ~excluded, event, event | (excluded & unknown))
    counted, known, every = (proportion(hit[rows], studies.patient[rows], level) for rows in among)
    hidden = int((event & excluded).sum()), int((unknown & excluded).sum())
    return SensitivityRange(counted, known, every, *hidden, _said(counted, known, every, hidden))


def _said(counted: Estimate, known: Estimate, every: Estimate, hidden: tuple[int, int]) -> str:
    if counted.value is None:
        return "insufficient: no event is known among the studies that count"
    shares = [f"{item.value:.3f} ({item.low:.3f} to {item.high:.3f})" for item in (counted, known, every)]
    return (
        f"Sensitivity {shares[0]} among the studies that count; {shares[1]} if the {hidden[0]} events known "
        f"among excluded studies had all been missed; {shares[2]} if the {hidden[1]} excluded studies "
        "without a known outcome were missed events too."
    )
