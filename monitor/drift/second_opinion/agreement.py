"""Our finding beside Evidently's on each feature, with what one has to know to read the pair."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from monitor.drift.second_opinion.definitions import P_VALUES
from monitor.drift.second_opinion.records import (
    Agreement,
    ColumnOpinion,
    OurFinding,
    SecondOpinion,
    Statistic,
)

CROWDED: Final = 0.95


def compare(ours: Mapping[str, OurFinding], theirs: SecondOpinion) -> tuple[Agreement, ...]:
    """Both findings on every feature, ours first, then those that only Evidently looked at.

    Evidently's answer is the flag of the statistic it chooses by itself. It never changes ours.

    Args:
        ours: Our state of each feature, and its effect.
        theirs: What Evidently said, or why it said nothing.

    Returns:
        One record per feature; `agree` is None where one side has no answer.

    Example:
        >>> nothing = SecondOpinion(None, (), (), "no second opinion: Evidently took longer than 1 seconds")
        >>> (found,) = compare({"age": OurFinding("alarm")}, nothing)
        >>> found.agree, found.because
        (None, 'no second opinion: Evidently took longer than 1 seconds')
    """
    columns = {column.feature: column for column in theirs.columns}
    reasons = {
        column.feature: f"Evidently was not asked or gave none: {column.reason}."
        for column in theirs.left_out
    }
    features = list(dict.fromkeys([*ours, *columns, *reasons]))
    missing = theirs.missing_because or "Evidently was not given this feature."
    return tuple(
        _pair(feature, ours.get(feature), columns[feature])
        if feature in columns
        else _alone(feature, ours.get(feature), reasons.get(feature, missing))
        for feature in features
    )


def _alone(feature: str, ours: OurFinding | None, because: str) -> Agreement:
    state, effect = (ours.state, ours.effect) if ours else (None, None)
    return Agreement(feature, state, effect, None, None, because, None)


def _pair(feature: str, ours: OurFinding | None, column: ColumnOpinion) -> Agreement:
    state, effect = (ours.state, ours.effect) if ours else (None, None)
    agree = None if state in (None, "insufficient") else (state == "alarm") == column.default.flagged
    differences = [found.difference for found in column.every_statistic if found.difference is not None]
    because = " ".join([_verdict(state, column.default), *_caveats(column)])
    largest = max(differences, default=None)
    return Agreement(feature, state, effect, column.default, agree, because, largest)


def _verdict(state: str | None, theirs: Statistic) -> str:
    """How the two stand to each other."""
    if state is None:
        return "We have no finding on this feature."
    if state == "insufficient":
        return "Ours has too little data to say; Evidently has no minimum."
    if (state == "alarm") == theirs.flagged:
        return "Both see a change." if theirs.flagged else "Neither sees a change."
    chosen = (
        f"Its own choice here is {theirs.method}: a p-value up to 1,000 reference values, a distance above."
    )
    if theirs.flagged:
        return (
            "Evidently flags one window by a limit that knows neither the plan's tolerance nor how often it "
            f"is asked. {chosen}"
        )
    return f"Ours adds up every night since the reference; Evidently sees this window alone. {chosen}"


def _caveats(column: ColumnOpinion) -> list[str]:
    found = (
        _hidden(column),
        _carried(column),
        _small(column),
        _large(column),
        _dropped(column),
        _infinite(column),
        _unseen(column),
    )
    return [sentence for sentence in found if sentence]


def _hidden(column: ColumnOpinion) -> str:
    """Bins that span both samples put everything but the extreme value into one of them."""
    psi, frozen = column.named("psi"), column.frozen_psi
    if not psi or psi.value is None or frozen is None:
        return ""
    if column.extremes == 0 or column.fullest_bin < CROWDED or psi.value >= frozen:
        return ""
    return (
        "An extreme value hides what PSI could see: its bins span both samples, and "
        f"{100 * column.fullest_bin:.1f} % of the values lie in one; it is {psi.value:.2g} where the "
        f"reference's own deciles give {frozen:.2g}."
    )


def _carried(column: ColumnOpinion) -> str:
    far = column.named("wasserstein")
    if not far or not far.flagged or column.extremes == 0:
        return ""
    return "An extreme value alone can carry the Wasserstein distance over its limit."


def _small(column: ColumnOpinion) -> str:
    psi = column.named("psi")
    if not psi or column.expected_psi < psi.limit / 2:
        return ""
    return (
        f"PSI does not know the sample size: at these it is expected to be {column.expected_psi:.2g} when "
        f"nothing moved, and its limit is {psi.limit:g}."
    )


def _large(column: ColumnOpinion) -> str:
    if column.default.method not in P_VALUES or not column.default.flagged:
        return ""
    return "A p-value flags 5 % of unchanged windows, and ever smaller differences as windows grow."


def _dropped(column: ColumnOpinion) -> str:
    gone = (
        column.reference.missing + column.reference.infinite,
        column.current.missing + column.current.infinite,
    )
    if gone == (0, 0):
        return ""
    return (
        f"Evidently drops missing and infinite values ({gone[0]} of the reference, {gone[1]} of the current "
        "window); ours counts them in a stream of their own."
    )


def _infinite(column: ColumnOpinion) -> str:
    if column.reference.infinite + column.current.infinite == 0:
        return ""
    return "The table on its page keeps infinite values and may show an infinite score for this feature."


def _unseen(column: ColumnOpinion) -> str:
    if column.unseen_levels == 0:
        return ""
    return (
        f"{column.unseen_levels} level(s) the reference does not have: for ours a finding of its own, "
        "for Evidently a large statistic."
    )
