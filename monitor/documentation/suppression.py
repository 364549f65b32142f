"""The dossier as it may be shared: no count from 1 to m - 1 in it, and none to be had by subtraction.

The ledger stays exact. What is withheld here is a function of the record and the plan alone, so the shared
document can be made again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from monitor.documentation.cells import (
    chain_of_cuts,
    cuts_of_groups,
    cuts_of_histogram,
    cuts_of_thresholds,
    is_safe,
    merged_groups,
    merged_histogram,
)

COUNTS = frozenset(
    {
        *("n", "rows", "studies", "patients", "patients_removed", "known", "alerts", "abstained"),
        *("events", "positives", "negatives"),
        *("true_positives", "false_positives", "true_negatives", "false_negatives"),
    }
)
"""Keys under which a whole number counts studies or patients."""
COMPUTED = frozenset({"value", "low", "high", "prevalence", "observed", "ascertainment"})
"""Keys of what was computed from the counts beside it."""
ACCOUNTS = frozenset({"waterfall", "data_account"})
FIGURES = frozenset({"reliability", "score_histogram"})
WITHHELD = "(withheld)"
SAME = 1e-6
_WHOLE = re.compile(r"(?<![\w.,-])\d{1,3}(?:,\d{3})+(?![\w.])|(?<![\w.,-])\d+(?![\w,]|\.\d)")
_SHARE = re.compile(r"\d+(?:\.\d+)?\s?%")
_NOUN = re.compile(r"\s+(?:more\s+|further\s+)?(?:events?|stud(?:y|ies)|patients?|of the rarer class)\b")


def suppressed(dossier: dict[str, Any], least: int) -> dict[str, Any]:
    """The dossier without small cells.

    Figures and accounts are merged first; then, in every part with counts, small ones and those that would
    give one away become "<m", and what was computed from them is left out.

    Args:
        dossier: The exact record.
        least: The plan's `small_cell_minimum`, m.
    """
    hidden = _hidden_totals(dossier, least)
    shared = {key: _shared(value, least) for key, value in dossier.items()}
    shared |= _figures(dossier, least)
    whole = _account_is_whole(dossier, least)
    if (validation := shared["data_account"]["validation"]) and not whole:
        validation["ascertainment"] = None
    shared["verdict"]["needed"] = _needed(dossier["verdict"]["needed"], least, hidden=hidden)
    shared["small_cells"] = {"minimum": least}
    sentence = (
        f"Counts of studies and patients from 1 to {least - 1} are not shown, nor numbers from which one "
        "could be computed: groups are merged, steps left out, numbers withheld. The ledger holds them."
    )
    shared["limits"] = [*shared["limits"], sentence]
    return _with_safe_texts(shared, least, hidden=hidden, whole=whole)


def _shared(value: Any, least: int, key: str = "") -> Any:
    """Any part of the record: blocks with counts, accounts step by step, all else as it is."""
    if isinstance(value, dict):
        parts = {name: _shared(part, least, name) for name, part in value.items()}
        return {**parts, **_withheld_of(value, least)}
    if isinstance(value, list):
        kept: Sequence[Any] = _kept_steps(value, least) if key in ACCOUNTS else value
        return [_shared(item, least, key) for item in kept]
    is_count = key in COUNTS and isinstance(value, int) and not isinstance(value, bool)
    return value if not is_count or is_safe(value, least) else f"<{least}"


def _withheld_of(block: dict[str, Any], least: int) -> dict[str, Any]:
    """What a block of counts must not show: each study is an event or none, each patient has one or more."""
    total, events, patients = block.get("n", block.get("rows")), block.get("events"), block.get("patients")
    changed: dict[str, Any] = {}
    if not isinstance(total, int):
        return changed
    if isinstance(events, int) and not all(is_safe(x, least) for x in (total, events, total - events)):
        changed |= dict.fromkeys(COMPUTED & block.keys())
        changed["events"] = f"<{least}"
    if not all(is_safe(count, least) for count in _behind_a_share(block.get("value"), total)):
        changed |= dict.fromkeys(COMPUTED & block.keys())
    if isinstance(patients, int) and not is_safe(total - patients, least):
        changed["patients"] = None
    return changed


def _behind_a_share(value: Any, total: int) -> Iterator[int]:
    """The counts with and without, where a value is a share of the studies beside it.

    Example:
        >>> list(_behind_a_share(0.98, 200)), list(_behind_a_share(0.8172, 200))
        ([196, 4], [])
    """
    if isinstance(value, float) and 0.0 <= value <= 1.0 and abs(value * total - round(value * total)) < SAME:
        yield from (round(value * total), total - round(value * total))


def _kept_steps(steps: Sequence[dict[str, Any]], least: int) -> list[dict[str, Any]]:
    """The last step, and each earlier one from which nothing small was taken up to the next that is kept."""
    kept: list[dict[str, Any]] = []
    for step in reversed(steps):
        if not kept or all(is_safe(count, least) for count in _taken(step, kept[0])):
            kept.insert(0, step)
    return kept


def _taken(before: dict[str, Any], after: dict[str, Any]) -> Iterator[int]:
    rows, events = (before[key] - after[key] for key in ("rows", "events"))
    yield from (rows, events, rows - events)


def _account_is_whole(dossier: dict[str, Any], least: int) -> bool:
    """True when the studies with and without a known outcome, the first two steps, are both shown."""
    steps = dossier["data_account"]["waterfall"]
    return len(steps) > 1 and _kept_steps(steps, least)[:2] == steps[:2]


def _hidden_totals(dossier: dict[str, Any], least: int) -> bool:
    """True when a window has a count that is withheld; the events still needed would give it away."""
    windows = (dossier["data_account"][name] for name in ("fit", "validation"))
    return any("events" in _withheld_of(window, least) for window in windows if window)


def _needed(needed: dict[str, Any], least: int, *, hidden: bool) -> dict[str, Any]:
    """What is missing; without the rate of events where it may stand for fewer than m of them.

    It is a rate of at least one month, so the events behind it are no fewer than the rate.
    """
    if hidden:
        return {"events": None, "forecast": None}
    rate = needed.get("events_per_month")
    return needed if rate is None or is_safe(rate, least) else {**needed, "events_per_month": None}


def _figures(dossier: dict[str, Any], least: int) -> dict[str, Any]:
    """Reliability groups and score histogram, merged along one chain of cuts; None where none is left.

    The thresholds of an operating point come first in the chain; one that does not fit is withheld.
    """
    reliability, histogram = dossier["reliability"] or {}, dossier["score_histogram"]
    point = dossier.get("operating_point") or {}
    thresholds = cuts_of_thresholds(point["found"]) if point.get("found") else []
    cuts = [cut for name in sorted(reliability) for cut in cuts_of_groups(reliability[name])]
    cuts += cuts_of_histogram(histogram) if histogram else []
    kept = chain_of_cuts([*thresholds, *cuts], max(cuts), least) if cuts else None
    if kept is None:
        return dict.fromkeys(FIGURES)
    if any(cut not in kept for cut in thresholds):
        hidden = {**dossier, "operating_point": {**point, "found": None, "withheld": True}}
        return {**_figures(hidden, least), "operating_point": hidden["operating_point"]}
    groups = {name: merged_groups(found, kept) for name, found in reliability.items()}
    return {
        "reliability": groups or None,
        "score_histogram": merged_histogram(histogram, kept) if histogram else None,
    }


def _with_safe_texts(shared: dict[str, Any], least: int, *, hidden: bool, whole: bool) -> dict[str, Any]:
    """Sentences that quote counts: reasons of the ledger, the summary, the next steps, the traceability."""
    headline, verdict = shared["headline"], shared["verdict"]
    for part in (headline, verdict):
        part["reasons"] = [safe_reason(text, least, exact=whole and not hidden) for text in part["reasons"]]
    headline["summary"] = safe_sentence(headline["summary"], least)
    headline["next"] = [
        without_numbers(text) if hidden else safe_sentence(text, least) for text in headline["next"]
    ]
    for row in shared["traceability"]:
        row["done"] = safe_sentence(row["done"], least)
    return shared


def safe_sentence(text: str, least: int) -> str:
    """A sentence of this program with its small counts of studies, events and patients withheld.

    Example:
        >>> safe_sentence("On 1,500 studies (3 events), look 1", 5)
        'On 1,500 studies (<5 events), look 1'
    """

    def shown(found: re.Match[str]) -> str:
        small = not is_safe(_value(found), least) and _NOUN.match(text, found.end())
        return f"<{least}" if small else found.group()

    return _WHOLE.sub(shown, text)


def safe_reason(text: str, least: int, *, exact: bool = True) -> str:
    """A reason of the ledger; one with a small number, or about small windows, loses all its numbers.

    Example:
        >>> safe_reason("the window holds 3 of the rarer class in 80 studies, 100 are needed", 5)
        'the window holds (withheld) of the rarer class in (withheld) studies, (withheld) are needed'
        >>> safe_reason("G1 is 0.002 [-0.004, 0.008]; about 1970 of the rarer class would do", 5)
        'G1 is 0.002 [-0.004, 0.008]; about 1970 of the rarer class would do'
    """
    if exact and all(is_safe(_value(found), least) for found in _WHOLE.finditer(text)):
        return text
    return without_numbers(text)


def without_numbers(text: str) -> str:
    """A sentence with its shares and whole numbers withheld.

    Example:
        >>> without_numbers("known for 63.2% of the window (v1, p = 0.031), 12 days")
        'known for (withheld) of the window (v1, p = 0.031), (withheld) days'
    """
    return _WHOLE.sub(WITHHELD, _SHARE.sub(WITHHELD, text))


def _value(found: re.Match[str]) -> int:
    return int(found.group().replace(",", ""))
