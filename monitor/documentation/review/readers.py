"""Readers beside the AI, and studies left out: who disagrees, and whether leaving out is selective."""

from __future__ import annotations

from typing import Final

from monitor.documentation.blocks import Cell, Code, Facts, Mark, Sentence, Table
from monitor.documentation.evidence import Record
from monitor.documentation.numbers import Number
from monitor.documentation.review.loose import estimate, listing, many, not_computed, part, shown, titled
from monitor.documentation.review.pieces import Part, Piece

MEASURES: Final = {
    "override_rate": "Readers who decided against the AI (override rate)",
    "agreement": "Agreement of reader and AI",
    "false_positives_per_100": "False positives per 100 studies",
    "limit": "The plan's limit of false positives per 100",
}
IN_ALL: Final = "disagreements_in_all"
QUEUE_COLUMNS: Final = ("Study (pseudonym)", "Night", "Score", "AI", "Reader", "Outcome")


def readers_part(place: Record) -> Part:
    """Agreement, overrides, false positives against the plan's limit, and the queue of disagreements."""
    found = part(place, "readers")
    if not found or set(found) <= {"reason"}:
        return Part("readers", "Readers and workflow", (not_computed(found),))
    names = [*MEASURES, *(key for key in found if key not in (*MEASURES, "disagreements", IN_ALL, "reason"))]
    rows: list[tuple[str, Cell]] = [
        (MEASURES.get(name, titled(name)), estimate(found.get(name))) for name in names if name in found
    ]
    rows.append(("Alert fatigue", fatigue(part(found, "false_positives_per_100"), found.get("limit"))))
    return Part(
        "readers",
        "Readers and workflow",
        (Facts(tuple(rows)), _queue(many(found, "disagreements"), found.get(IN_ALL))),
    )


def fatigue(found: Record, limit: float | None) -> Mark:
    """Whether false positives stay below the plan's limit, as far as the interval tells.

    Example:
        >>> fatigue({"value": 7, "low": 6, "high": 8}, 5).text, fatigue({"low": 4, "high": 6}, 5).text
        ('above the limit', 'cannot tell yet')
    """
    low, high = found.get("low"), found.get("high")
    if limit is None or low is None or high is None:
        return Mark("none", "not computed")
    if low > limit:
        return Mark("alarm", "above the limit")
    return Mark("ok", "within the limit") if high <= limit else Mark("insufficient", "cannot tell yet")


def exclusions_part(place: Record) -> Part:
    """Studies left out before or after scoring, and whether that depends on score, outcome or subgroup."""
    found = part(place, "exclusions")
    if not found or set(found) <= {"reason"}:
        return Part("exclusions", "Studies left out", (not_computed(found),))
    pieces: list[Piece] = [
        Facts((("Share of studies left out", estimate(found.get("rate"))),)),
        listing("by-reason", "Reasons", found.get("by_reason") or []),
        listing(
            "dependence",
            "Does leaving out depend on score, outcome or subgroup?",
            found.get("dependence") or [],
        ),
    ]
    return Part("exclusions", "Studies left out", tuple(pieces))


def _queue(rows: list[Record], total: int | None) -> Piece:
    if not rows:
        return Sentence("Queue for review: no study on which reader and AI disagree.")
    of_all = f" of {total}, the plainest contradictions first," if total and total > len(rows) else ""
    caption = f"Queue for review: {len(rows)}{of_all} on which reader and AI disagree"
    return Table("queue", caption, QUEUE_COLUMNS, tuple(map(_disagreement, rows)))


def _disagreement(row: Record) -> tuple[Cell, ...]:
    score = row.get("score")
    outcome = row.get("outcome")
    return (
        Code(str(row.get("study"))),
        str(row.get("night") or "not dated"),
        Number(score, 3) if isinstance(score, int | float) else shown(score),
        shown(row.get("ai")),
        shown(row.get("reader")),
        "not yet known" if outcome is None else shown(outcome),
    )
