"""Questions for a person, the thirty items, and the appendix on reporting guidelines."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.documentation.blocks import Aside, Block, Links, Mark, Section, Sentence, Stack, Table
from monitor.documentation.evidence import Record
from monitor.documentation.numbers import Number
from monitor.documentation.sections.conformity import needs_a_person

CHECKLIST = "Checklist of the guidance's items"
MARKS = {"evidence": "met", "not_applicable": "none", "needs_person": "insufficient"}


def questions_section(dossier: Record) -> Section:
    """What the law asks around a change: questions that a person answers."""
    udi = dossier["udi"]
    rows = tuple((row["rule"], row["question"], row["recorded"]) for row in dossier["side_checks"])
    blocks: tuple[Block, ...] = (
        Sentence("No program answers these. They are laid out with what is on record to each."),
        Table("side-checks", "Regulatory side-checks", ("Rule", "Question", "On record"), rows),
        Sentence(f"Unique device identifier: {udi['statement']} {udi['recorded'] or ''}".rstrip()),
        *([Aside(needs_a_person(udi["person"]))] if udi["person"] else []),
    )
    return Section("questions", "Regulatory questions for a person", blocks)


def checklist_section(dossier: Record, titles: Mapping[str, str]) -> Section:
    """All thirty items, each with its status, where its evidence stands, and what is left open.

    Args:
        dossier: The record.
        titles: Title of every section by its anchor.
    """
    rows = tuple(
        (
            Number(row["number"]),
            Stack((row["title"], row["source"])),
            Mark(_mark(row), row["status_words"]),
            _told(row),
            Links(tuple((anchor, titles[anchor]) for anchor in row["where"]["sections"])),
        )
        for row in dossier["items"]
    )
    table = Table(
        "items", "The thirty items", ("No.", "Item and source", "Status", "What is said", "Where"), rows
    )
    return Section("items", CHECKLIST, (Sentence(dossier["completeness"]["words"]), table))


def _mark(row: Record) -> str:
    """Evidence with a question left open has no tick."""
    return MARKS["needs_person" if row["person"] and row["status"] == "evidence" else row["status"]]


def _told(row: Record) -> Stack:
    return Stack((row["text"], needs_a_person(row["person"])) if row["person"] else (row["text"],))


def guidelines_section(dossier: Record, titles: Mapping[str, str]) -> Section:
    """Items of reporting guidelines for studies of AI that this dossier can serve."""
    rows = tuple(
        (row["guideline"], row["item"], Links(((row["section"], titles[row["section"]]),)))
        for row in dossier["reporting_guidelines"]
    )
    note = "A dossier is no report of a study and fulfils none of these; it can be cited for the items below."
    table = Table(
        "guidelines", "Where to look for an item (names shortened)", ("Guideline", "Item", "Where"), rows
    )
    return Section("reporting", "Appendix: reporting guidelines", (Sentence(note), table))
