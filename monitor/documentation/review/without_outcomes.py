"""What is estimated before outcomes arrive, marked so, beside what arrived later."""

from __future__ import annotations

from typing import Final

from monitor.documentation.blocks import Cell, Facts, Sentence, Table
from monitor.documentation.evidence import Record
from monitor.documentation.review.loose import estimate, facts, not_computed, part
from monitor.documentation.review.pieces import Banner, Part, Piece
from monitor.documentation.wording import METRIC_NAMES, as_sentence, capitalised, spaced

MARK: Final = "Estimate without outcomes"
PREVALENCE_TITLE: Final = "Prevalence, estimated without outcomes"
PERFORMANCE_TITLE: Final = "Performance, expected without outcomes"
PREVALENCE: Final = frozenset({"shown", "reason", "value", "low", "high", "cross_check"})
COUNTED: Final = frozenset({"alert_rate", "alerts_per_100_studies"})
"""Known from the scores: no outcome will change them."""
WORDS: Final = frozenset({"realised", "marked", "reason"})


def prevalence_part(place: Record) -> Part:
    """Prevalence from scores alone, where its conditions hold."""
    found = part(place, "prevalence_without_outcomes")
    if not found:
        return Part("prevalence", PREVALENCE_TITLE, (not_computed(found),))
    reason = str(found.get("reason") or "no reason is given")
    if not found.get("shown") or found.get("value") is None:
        return Part("prevalence", PREVALENCE_TITLE, (Sentence(as_sentence(f"Not shown: {reason}")),))
    pieces: list[Piece] = [
        Banner(MARK, "It holds only if the scores within each class have not changed."),
        Facts((("Prevalence", estimate(found)), ("Shown because", reason))),
    ]
    if check := part(found, "cross_check"):
        pieces += [Sentence("Cross-check by another method:"), _check(check)]
    rest = {key: value for key, value in found.items() if key not in PREVALENCE}
    return Part("prevalence", PREVALENCE_TITLE, (*pieces, *([facts(rest)] if rest else [])))


def performance_part(place: Record) -> Part:
    """Performance that calibrated scores lead one to expect, beside the performance once outcomes arrived."""
    found = part(place, "expected_performance")
    names = [key for key in found if key not in WORDS]
    if not names:
        return Part("expected", PERFORMANCE_TITLE, (not_computed(found),))
    realised = part(found, "realised")
    rows = tuple(_measure(name, found, realised) for name in names)
    note = "Its interval includes the error of the calibrator. A change of what a score means stays unseen."
    banner = Banner(capitalised(str(found.get("marked") or MARK)), note)
    columns = ("Measure", "Expected, without outcomes", "Realised, with outcomes")
    table = Table("expected", "Expected and realised performance", columns, rows)
    waiting = [] if realised else [Sentence("No outcomes have arrived to compare it with.")]
    return Part("expected", PERFORMANCE_TITLE, (banner, table, *waiting))


def _check(check: Record) -> Facts:
    rows: list[tuple[str, Cell]] = [("Estimate", estimate(check))] if "value" in check else []
    others = {key: value for key, value in check.items() if key not in PREVALENCE}
    return Facts((*rows, *facts(others).rows))


def _measure(name: str, found: Record, realised: Record) -> tuple[Cell, ...]:
    lacking = "counted already" if name in COUNTED else "not yet"
    later = estimate(realised[name]) if realised.get(name) else lacking
    return METRIC_NAMES.get(name, capitalised(spaced(name))), estimate(found[name]), later
