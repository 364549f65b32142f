"""Outcomes as far as they are known: how many, of which scores, and what the missing ones could do."""

from __future__ import annotations

from typing import Final

from monitor.documentation.blocks import Cell, Facts, Mark, Sentence
from monitor.documentation.evidence import Record
from monitor.documentation.numbers import Number
from monitor.documentation.review.loose import estimate, listing, many, not_computed, part, shown, titled
from monitor.documentation.review.pieces import Part, Piece

BOUNDED: Final = {"observed_expected": "Observed over expected events"}


def outcomes_part(place: Record) -> Part:
    """How many outcomes were known at maturity, for which scores, and what the missing ones could do."""
    found = part(place, "outcomes_known")
    title = "Outcomes known at maturity"
    if not found.get("studies"):
        return Part("outcomes", title, (not_computed(found),))
    lacking = Mark("watch", "degraded: fewer than the plan asks for")
    told: tuple[tuple[str, Cell], ...] = (
        ("Studies of the last mature cohorts", shown(found.get("studies"))),
        ("With a known outcome", shown(found.get("known"))),
        ("Share", Number(found.get("share"), 1, percent=True)),
        ("The plan asks for", Number(found.get("needed"), 0, percent=True)),
        ("Answer", lacking if found.get("degraded") else Mark("ok", "enough")),
    )
    bounds = tuple(
        (BOUNDED.get(name, titled(name)), estimate(value)) for name, value in part(found, "bounds").items()
    )
    whatever: tuple[Piece, ...] = ()
    if bounds:
        whatever = (Sentence("Whatever the missing outcomes are:"), Facts(bounds))
    by_score = listing("known-by-score", "Known outcomes by score", many(found, "by_score"))
    return Part("outcomes", title, (Facts(told), by_score, *whatever))
