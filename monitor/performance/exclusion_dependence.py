"""Whether exclusion depends on the score, the outcome or the subgroup.

Nothing here says that it does not: an interval that contains no dependence may contain a good deal of it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from monitor.performance.discrimination import area_under_curve
from monitor.performance.exclusions import Studies
from monitor.performance.share_difference import equal_shares_p_value, share_difference
from monitor.records import BoolArray, Estimate

Status = Literal["differs", "not_shown", "insufficient"]


@dataclass(frozen=True)
class Dependence:
    """Whether exclusion goes with something.

    Attributes:
        on: With what: "score", "outcome" or the name of a subgroup.
        estimate: The size of it, as the function that gave it says.
        p_value: Two-sided, after Holm, for subgroups; None where the interval decides.
        status: "differs"; "not_shown", which leaves open every size inside the interval; or "insufficient".
        sentence: The same in words.
    """

    on: str
    estimate: Estimate
    p_value: float | None
    status: Status
    sentence: str

    def as_record(self) -> dict[str, Any]:
        """The ledger's form."""
        return asdict(self)


def dependence_on_score(studies: Studies, least: int, level: float = 0.95) -> Dependence:
    """Probability that an excluded study scores higher than a counted one; one half where they are alike.

    Args:
        studies: Those excluded before scoring are left out: nobody knows their score.
        least: Fewest excluded, and fewest counted, studies with a score from which it is told.
        level: Two-sided coverage of the interval, which decides.

    References:
        Obuchowski (1997), Biometrics 53:567-578, for the interval by patient.

    Example:
        Two excluded studies lie above one of two counted ones, and two others above both.

        >>> who = np.arange(6).astype(str).astype(object)
        >>> reason = np.array(["", "", *["dark"] * 4], dtype=object)
        >>> score = np.array([0.2, 0.4, 0.3, 0.3, 0.5, 0.5])
        >>> found = dependence_on_score(Studies(who, score, np.zeros(6), reason), least=10)
        >>> found.estimate.value, found.sentence
        (0.75, 'insufficient: 4 excluded and 2 counted studies with a score; 10 of each are needed')
    """
    scored = ~np.isnan(studies.score)
    mine, who = studies.excluded[scored], studies.patient[scored]
    estimate = area_under_curve(studies.score[scored], mine.astype(np.float64), who, level)
    words = _Words(
        "with a score",
        "Excluded studies score higher than counted ones",
        "Excluded studies score lower than counted ones",
        "No dependence on the score is shown",
        "an excluded study scores higher than a counted one with probability",
    )
    return _by_interval("score", estimate, 0.5, (mine, least), words)


def dependence_on_outcome(studies: Studies, least: int, level: float = 0.95) -> Dependence:
    """Share of the outcome among excluded studies minus that among counted ones; zero where they are alike.

    It is of the studies whose outcome became known: an excluded study may be followed up less often.

    Args:
        studies: Those without a known outcome are left out.
        least: Fewest excluded, and fewest counted, studies with a known outcome from which it is told.
        level: Two-sided coverage of the interval, which decides.
    """
    known = ~np.isnan(studies.outcome)
    mine, who = studies.excluded[known], studies.patient[known]
    estimate = share_difference(studies.outcome[known] == 1, mine, who, level)
    words = _Words(
        "with a known outcome",
        "The outcome is more frequent among excluded studies",
        "The outcome is less frequent among excluded studies",
        "No dependence on the outcome is shown",
        "its share among excluded studies minus that among counted ones is",
    )
    return _by_interval("outcome", estimate, 0.0, (mine, least), words)


def dependence_on_subgroups(
    studies: Studies, members: Mapping[str, BoolArray], least: int, level: float = 0.95
) -> tuple[Dependence, ...]:
    """For each subgroup its share of excluded studies minus that of all others; zero where they are alike.

    Args:
        studies: Excluded and counted.
        members: Which studies lie in each subgroup that the plan names, shape (n,) each.
        least: Fewest exclusions to be expected inside a subgroup, and outside it, from which it is told; the
            same for studies that count.
        level: Two-sided coverage of each interval; one minus it is the error that the claims share by Holm.

    Returns:
        In the order of `members`. A "differs" holds among all the subgroups together.

    References:
        Holm (1979), Scand J Stat 6:65-70.
    """
    excluded, who = studies.excluded, studies.patient
    expected = {name: _expected(excluded, inside) for name, inside in members.items()}
    told = [name for name, count in expected.items() if count >= least and count > 0]
    p_values = [equal_shares_p_value(excluded, members[name], who) for name in told]
    adjusted = dict(zip(told, holm_adjusted(p_values), strict=True))
    sizes = {name: share_difference(excluded, inside, who, level) for name, inside in members.items()}
    return tuple(
        _of_subgroup(name, size, adjusted[name], 1.0 - level)
        if name in adjusted
        else _too_few(name, size, expected[name], least)
        for name, size in sizes.items()
    )


def holm_adjusted(p_values: Sequence[float]) -> list[float]:
    """P-values that can each be compared with the error that all of them share.

    Example:
        The least counts threefold, the next twofold, and none less than one before it.

        >>> [round(p, 2) for p in holm_adjusted([0.02, 0.2, 0.01])]
        [0.04, 0.2, 0.03]
    """
    order = np.argsort(p_values, kind="stable")
    scaled = np.asarray(p_values, dtype=np.float64)[order] * np.arange(len(p_values), 0, -1)
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(scaled))
    return adjusted.tolist()


class _Words(NamedTuple):
    """What is said of studies of some kind: more, less or neither, and what the number is."""

    kind: str
    more: str
    less: str
    neither: str
    size: str


def _by_interval(
    on: str, estimate: Estimate, alike: float, sides: tuple[BoolArray, int], words: _Words
) -> Dependence:
    """The interval decides, when both sides have enough studies."""
    mine, least = sides
    excluded, counted = int(mine.sum()), int((~mine).sum())
    counts = f"{excluded} excluded and {counted} counted studies {words.kind}"
    value, low, high = _limits(estimate)
    if min(excluded, counted) < least:
        return _insufficient(on, estimate, f"{counts}; {least} of each are needed")
    if value is None or low is None or high is None:
        return _insufficient(on, estimate, f"{counts}, which give no interval ({estimate.method})")
    size = f"{words.size} {value:.3f} ({low:.3f} to {high:.3f}), {counts}"
    if low <= alike <= high:
        sentence = f"{words.neither}, which leaves open all that the interval holds: {size}."
        return Dependence(on, estimate, None, "not_shown", sentence)
    what = words.more if value > alike else words.less
    return Dependence(on, estimate, None, "differs", f"{what}: {size}.")


def _limits(estimate: Estimate) -> tuple[float | None, float | None, float | None]:
    """Value and interval; scores that separate all excluded from all counted studies are the interval."""
    if estimate.low is None and estimate.value in (0.0, 1.0):
        return estimate.value, estimate.value, estimate.value
    return estimate.value, estimate.low, estimate.high


def _insufficient(on: str, estimate: Estimate, why: str) -> Dependence:
    return Dependence(on, estimate, None, "insufficient", f"insufficient: {why}")


def _expected(excluded: BoolArray, inside: BoolArray) -> float:
    """The least of the four counts of a two-by-two table that would be expected without dependence."""
    share = float(excluded.mean()) if len(excluded) else 0.0
    return min(share, 1.0 - share) * min(int(inside.sum()), int((~inside).sum()))


def _too_few(name: str, estimate: Estimate, expected: float, least: int) -> Dependence:
    why = f"{expected:.1f} exclusions to be expected in {name} or outside it; {least} are needed"
    return _insufficient(name, estimate, why)


def _of_subgroup(name: str, estimate: Estimate, p_value: float, alpha: float) -> Dependence:
    limits = (math.nan if part is None else 100.0 * part for part in _limits(estimate))
    value, low, high = limits
    size = f"{value:+.1f} in 100 ({low:+.1f} to {high:+.1f}), p {_shown(p_value)} after Holm"
    if p_value > alpha:
        sentence = f"No dependence on {name} is shown, which leaves open all that the interval holds: {size}."
        return Dependence(name, estimate, p_value, "not_shown", sentence)
    more = "More" if value > 0 else "Fewer"
    return Dependence(name, estimate, p_value, "differs", f"{more} studies are excluded in {name}: {size}.")


def _shown(p_value: float) -> str:
    return "< .001" if p_value < 0.001 else f"= {p_value:.3f}"
