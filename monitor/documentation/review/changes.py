"""The list of change attempts, those that a person must decide first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from monitor.documentation.blocks import Cell, Mark, Marks, Sentence
from monitor.documentation.evidence import Record
from monitor.documentation.figures.states import name_of
from monitor.documentation.review.addresses import change_page
from monitor.documentation.review.belonging import of_place
from monitor.documentation.review.decisions import decision_cell, decision_sentence
from monitor.documentation.review.loose import many, not_computed, part
from monitor.documentation.review.pieces import LinkedTable, Links, Part, Piece
from monitor.documentation.sections.criteria import mark_of
from monitor.documentation.wording import STATE_WORDS, VERDICT_WORDS, counted

OPEN: Final = ("proposed", "approved", "collecting")
"""States in which something is still to come, the most urgent first."""
SIGNS: Final = {"accept": "met", "reject": "contradicted", "insufficient": "insufficient"}
COLUMNS: Final = (
    *("Change", "Place", "Alarm", "State", "Verdict", "Criteria", "Signatures", "Next decision"),
)


def changes_values(report: Record) -> dict[str, Any]:
    """What the template needs for the list of changes."""
    return {
        "title": "Changes",
        "heading": changes_heading(report),
        "heading_mark": None,
        "panel": "",
        "summary": "Each is one attempt to recalibrate a place, opened by an alarm and judged by the plan.",
        "facts": None,
        "parts": (_part(report),),
    }


def changes_heading(report: Record) -> str:
    """How many changes there are and how many wait, in one sentence.

    Example:
        >>> changes_heading({"changes": [{"state": "proposed"}, {"state": "deployed"}]})
        '2 changes, 1 of them open; 1 waits for signatures'
    """
    if not isinstance(report.get("changes"), list):
        return "Changes: not computed"
    changes = many(report, "changes")
    waiting = sum(change.get("state") == "proposed" for change in changes)
    opened = sum(map(is_open, changes))
    signed = f"; {waiting} {'waits' if waiting == 1 else 'wait'} for signatures" if waiting else ""
    if not changes:
        return "No change yet"
    return f"{counted(len(changes), 'change')}, {opened or 'none'} of them open{signed}"


def changes_text(report: Record) -> str:
    """How many changes are open, for the way to the list."""
    if not isinstance(report.get("changes"), list):
        return "not computed"
    return f"{sum(map(is_open, many(report, 'changes')))} open"


def is_open(change: Record) -> bool:
    """True unless the change has ended: one without a state is never taken for done."""
    return change.get("state") in OPEN or change.get("state") not in STATE_WORDS


def place_changes_part(place: Record, report: Record) -> Part:
    """Changes of a place with a way to each, and what is decided next."""
    found = of_place(many(report, "changes"), place)
    pieces: list[Piece] = []
    if not isinstance(report.get("changes"), list):
        pieces.append(not_computed({"reason": "the report says nothing about changes"}))
    elif found:
        pieces.append(Links(tuple((change_line(change), change_page(change)) for change in found)))
    else:
        pieces.append(Sentence("No change has been opened for this place."))
    decision = part(place, "next_decision")
    pieces += [Sentence(f"Next decision. {decision_sentence(decision)}")] if decision else []
    return Part("changes", "Changes", tuple(pieces))


def change_line(change: Record) -> str:
    """One change in one line.

    Example:
        >>> change_line({"id": "CHG-0001", "verdict": "reject", "state": "rejected"})
        'CHG-0001: Rejected, recorded and not implemented'
    """
    return f"{change.get('id')}: {verdict_words(change)}, {state_words(change)}"


def verdict_words(change: Record) -> str:
    """The verdict as a reader says it; a change without one is never called a success."""
    state = str(change.get("state"))
    ended = {"withdrawn": "No candidate", "void": "Void"}.get(state, "No verdict yet")
    return VERDICT_WORDS.get(str(change.get("verdict")), ended)


def state_words(change: Record) -> str:
    """Where a change stands."""
    return STATE_WORDS.get(str(change.get("state")), "state not known")


def verdict_mark(change: Record) -> Mark:
    """Verdict with its sign."""
    return Mark(SIGNS.get(str(change.get("verdict")), "none"), verdict_words(change))


def signatures_text(change: Record) -> str:
    """Signatures had and needed, role by role.

    Example:
        >>> signatures_text({"approvals": [{"role": "clinical_lead", "have": 0, "need": 1}]})
        'clinical_lead 0 of 1'
    """
    if change.get("automatic"):
        return "none: implemented by the plan"
    roles = many(change, "approvals")
    return (
        ", ".join(f"{item.get('role')} {item.get('have')} of {item.get('need')}" for item in roles) or "none"
    )


def _part(report: Record) -> Part:
    changes = sorted(many(report, "changes"), key=_urgent_first)
    if not isinstance(report.get("changes"), list):
        return Part(
            "list", "All changes", (not_computed({"reason": "the report says nothing about changes"}),)
        )
    if not changes:
        return Part("list", "All changes", (Sentence("No alarm has opened a change."),))
    rows = tuple((change_page(change), _row(change)) for change in changes)
    caption = "Those that wait for a person first, then those that collect, then the newest"
    return Part("list", "All changes", (LinkedTable("changes", caption, COLUMNS, rows),))


def _urgent_first(change: Record) -> tuple[int, int]:
    state = change.get("state")
    rank = OPEN.index(state) if state in OPEN else len(OPEN) - is_open(change)
    digits = "".join(filter(str.isdecimal, str(change.get("id"))))
    return rank, -int(digits[:18] or 0)


def _row(change: Record) -> tuple[Cell, ...]:
    waits = part(change, "next_decision")
    return (
        str(change.get("id")),
        name_of(change),
        f"{change.get('alarm_id')}, night {part(change, 'alarm').get('night') or 'not named'}",
        state_words(change),
        verdict_mark(change),
        criteria_marks(many(change, "criteria")),
        signatures_text(change),
        decision_cell(waits)[1] if waits else "none, it has ended" if not is_open(change) else "not computed",
    )


def criteria_marks(criteria: Sequence[Record]) -> Cell:
    """Each criterion by its sign and name."""
    if not criteria:
        return "none"
    marks = (
        Mark(_sign(row), str(row.get("id")), f": {row.get('status_words') or 'status not known'}")
        for row in criteria
    )
    return Marks(tuple(marks))


def _sign(row: Record) -> str:
    return str(mark_of({"met": row.get("met"), "status": row.get("status") or "not_evaluated"}))
