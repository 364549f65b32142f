"""The section with every version on every window."""

from __future__ import annotations

from monitor.documentation.blocks import Aside, Block, Cell, Facts, Section, Sentence, Table
from monitor.documentation.evidence import Record
from monitor.documentation.numbers import Interval, Number

NAMES = {"original": "Original", "last_deployed": "Last deployed", "candidate": "Candidate"}


def versions_section(dossier: Record) -> Section:
    """Log loss by version and window; learning, retention and potential."""
    found = dossier["versions"]
    blocks: tuple[Block, ...] = (Sentence("No look was reached, so no version was scored."),)
    if found is not None:
        withheld = Aside("The sizes of the windows are withheld: they, or what two differ by, are too small.")
        blocks = (
            _table(found),
            *((withheld,) if found.get("counts_withheld") else ()),
            Facts(_changes(found)),
            Sentence(
                "No study in these windows belongs to a patient on whom the candidate was fitted. The "
                "intervals are for reading; the criteria decide."
            ),
        )
    return Section("versions", "Versions and data windows", blocks)


def _table(found: Record) -> Table:
    rows = tuple(
        (
            str(window["name"]),
            f"{window['from']} to {window['to']}",
            Number(window["n"]),
            Number(window["events"]),
            *(Number(found["scores"][name][position], 4) for name in NAMES),
        )
        for position, window in enumerate(found["windows"])
    )
    columns = ("Window", "Cohorts", "Studies", "Events", *NAMES.values())
    return Table("versions", "Log loss per study (lower is better)", columns, rows)


def _changes(found: Record) -> tuple[tuple[str, Cell], ...]:
    learning, retention, potential = found["learning"], found["retention"], found["potential"]
    facts: list[tuple[str, Cell]] = [("Learning: gain on the new data", _interval(learning))]
    if retention is None:
        return (*facts, ("Retention and potential", "no usable study lies before this window"))
    return (
        *facts,
        (
            "Retention: gain on the window before (below zero: cost if those days came back)",
            _interval(retention),
        ),
        (
            "Potential: change of the last deployed version from that window to the new data",
            Number(potential, 4),
        ),
    )


def _interval(estimate: Record) -> Interval:
    return Interval(estimate["value"], estimate["low"], estimate["high"], 4)
