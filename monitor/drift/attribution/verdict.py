"""From p-values to the answer: one explanation, several, none that fits, or none that may be named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from monitor.drift.attribution.finding import REFIT, REMEDY, Status
from monitor.drift.attribution.hypotheses import EXPLANATIONS, Contrasts, Explanation, PValues
from monitor.drift.attribution.power import events_needed

LEAST_EVENTS = 50


class Verdict(NamedTuple):
    """Status, explanations, sentence, remedy and events needed of an `Attribution`."""

    status: Status
    explanations: tuple[Explanation, ...]
    sentence: str
    remedy: str | None = None
    events_needed: int | None = None


def judge(p_values: PValues, contrasts: Contrasts, events: int, level: float) -> Verdict:
    """The confidence set of explanations and what to say of it.

    An explanation without a test stays in the set, but is never claimed: "consistent only with" needs a
    test that could have rejected it.

    Args:
        p_values: By explanation.
        contrasts: The tests behind them.
        events: Of the rarer class in the window, enough to judge.
        level: An explanation is rejected when its p-value is at most this.
    """
    kept: tuple[Explanation, ...] = tuple(name for name in EXPLANATIONS if _remains(p_values[name], level))
    untested: list[Explanation] = [name for name in kept if p_values[name] is None]
    if "none" in kept and p_values["covariate"] is not None and p_values["concept"] is not None:
        return Verdict("none", kept, _no_change(kept), REMEDY["none"])
    if not kept:
        return Verdict("mixed", (), "mixed: no single explanation fits the window")
    if len(kept) == 1 and not untested:
        return Verdict("single", kept, f"consistent only with {kept[0]}", REMEDY[kept[0]])
    return _several(kept, untested, contrasts, events, level)


def insufficient(events: int, reference_events: int) -> Verdict | None:
    """The answer where the rarer class has too few studies to say anything; None where it has enough.

    Example:
        >>> insufficient(38, 900).sentence
        'insufficient, needs 12 more events in the window'
        >>> insufficient(50, 50) is None
        True
    """
    missing = [
        f"{LEAST_EVENTS - count} more event{'s' * (LEAST_EVENTS - count > 1)} in the {where}"
        for where, count in (("window", events), ("reference", reference_events))
        if count < LEAST_EVENTS
    ]
    if not missing:
        return None
    needed = LEAST_EVENTS if events < LEAST_EVENTS else None
    return Verdict("insufficient", (), f"insufficient, needs {' and '.join(missing)}", None, needed)


def unresolved(p_concept: float | None, level: float) -> Verdict:
    """The answer before any outcome of the window is known: whether scores moved, and never why.

    Example:
        >>> unresolved(0.001, 0.05).sentence
        'shift, cause unresolved: the scores moved, no outcome of the window is known'
        >>> unresolved(0.5, 0.05).sentence
        'cause unresolved: no shift of the scores seen, no outcome of the window is known'
    """
    if p_concept is not None and p_concept <= level:
        text = "shift, cause unresolved: the scores moved, no outcome of the window is known"
    else:
        text = "cause unresolved: no shift of the scores seen, no outcome of the window is known"
    return Verdict("unresolved", (), text, None, LEAST_EVENTS)


def not_estimable(reason: str) -> Verdict:
    """The answer where nothing can be compared.

    Example:
        >>> not_estimable("no study in the window").sentence
        'not estimable: no study in the window'
    """
    return Verdict("not_estimable", (), f"not estimable: {reason}")


def _remains(p: float | None, level: float) -> bool:
    return p is None or p > level


def _no_change(kept: Sequence[Explanation]) -> str:
    others = [name for name in kept if name != "none"]
    also = f"; not excluded either: {', '.join(others)}" if others else ""
    return f"consistent with none: no change is needed to explain the window{also}"


def _several(
    kept: tuple[Explanation, ...],
    untested: Sequence[Explanation],
    contrasts: Contrasts,
    events: int,
    level: float,
) -> Verdict:
    text = f"cannot tell: {{{', '.join(kept)}}}"
    if untested:
        text += f"; too few outcomes are known to test {', '.join(untested)}"
        return Verdict("cannot_tell", kept, text)
    needed = events_needed(kept, contrasts, events, level)
    if needed is None:
        text += "; at the effects seen and with this reference more events will not tell them apart"
    else:
        text += f"; telling them apart needs about {needed} events in the window, it has {events}"
    remedy = f"{REMEDY['concept']}: each of them calls for it" if REFIT.issuperset(kept) else None
    return Verdict("cannot_tell", kept, text, remedy, needed)
