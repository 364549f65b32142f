"""Attempts, failures, versions and executed changes: what came before, at this place and under this plan."""

from __future__ import annotations

from monitor.documentation.blocks import Aside, Block, Cell, Facts, Section, Sentence, Table
from monitor.documentation.evidence import Record
from monitor.documentation.sections.conformity import needs_a_person
from monitor.documentation.wording import METHOD_WORDS, listed


def history_section(dossier: Record) -> Section:
    """Earlier attempts, failures and deviations, the sum of changes, and the plan's execution history."""
    blocks: list[Block] = [
        _attempts(dossier["earlier_attempts"]),
        *_failures(dossier["failures"]),
        Facts(_cumulative(dossier["cumulative"])),
        _executed(dossier["execution_history"]),
        *_plans(dossier["plan_versions"]),
    ]
    return Section("history", "Attempts, deviations and executed changes", tuple(blocks))


def _attempts(rows: list[Record]) -> Block:
    if not rows:
        return Sentence("There was no earlier attempt at this site for this finding.")
    columns = ("Change", "Attempt", "One-sided alpha", "Alarm", "Verdict", "State")
    keys = ("change", "attempt", "alpha", "alarm_night", "verdict_words", "state_words")
    told = tuple(tuple(_text(row[key]) for key in keys) for row in rows)
    return Table("attempts", "Earlier attempts here, failures among them", columns, told)


def _failures(found: Record) -> list[Block]:
    blocks: list[Block] = [Sentence(f"Disposition of this change: {found['disposition']}.")]
    if found["records"]:
        keys = ("id", "category", "role", "at")
        told = tuple(tuple(_text(row[key]) for key in keys) for row in found["records"])
        blocks.append(
            Table("deviations", "Records about this change", ("Record", "Category", "Role", "Time"), told)
        )
    if found["corrective_actions"]:
        blocks.append(Sentence(f"Corrective actions at this place: {listed(found['corrective_actions'])}."))
    return [*blocks, Aside(needs_a_person(found["person"]))] if found["person"] else blocks


def _cumulative(found: Record) -> tuple[tuple[str, Cell], ...]:
    anchored = listed([f"{row['id']} {row['status_words']}" for row in found["criteria"]])
    return (
        ("Against the original", anchored or "no criterion of the plan"),
        ("What bounds the sum", " ".join(found["bound"])),
        ("Other changes", found["words"]),
    )


def _executed(rows: list[Record]) -> Block:
    if not rows:
        return Sentence("Execution history of the plan: no change has been put into use so far.")
    told = tuple(
        (
            str(row["change"]),
            f"{row['site']}, {row['finding']}",
            f"{row['version']}: {METHOD_WORDS.get(row['kind'], row['kind'])}",
            str(row["from"]),
            row["state_words"] + (" (simulated approval)" if row["simulated"] else ""),
        )
        for row in rows
    )
    columns = ("Change", "Place", "Version and method", "First night", "State")
    return Table("executed", "Execution history of the plan: every change put into use so far", columns, told)


def _plans(rows: list[Record]) -> list[Block]:
    if len(rows) < 2:
        return []
    told = listed([f"{row['version']} ({row['sha256'][:12]})" for row in rows])
    return [Sentence(f"Versions of the plan that were in force, oldest first: {told}.")]


def _text(value: object) -> str:
    return "—" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
