"""Labeling, release note and public summary."""

from __future__ import annotations

from monitor.documentation.blocks import Aside, Block, Facts, Section, Sentence, Table
from monitor.documentation.evidence import Record
from monitor.documentation.sections.conformity import needs_a_person
from monitor.documentation.wording import as_sentence, capitalised, listed, spaced


def labeling_section(dossier: Record) -> Section:
    """Sections of the labeling that the change touches, their text, and the history of versions."""
    found = dossier["labeling"]
    sections = listed([spaced(item) for item in found["sections"]])
    blocks: list[Block] = [Sentence(f"Sections affected by this modification: {sections}.")]
    if found["reason"]:
        blocks.append(Sentence(f"The labeling stays as it is: {found['reason']}."))
    else:
        blocks.append(Sentence(f"Text ({found['status']}):"))
        blocks.append(
            Facts(tuple((capitalised(spaced(row["section"])), row["text"]) for row in found["changes"]))
        )
    blocks += [_versions(found["version_history"]), *_card(dossier["model_card_delta"])]
    return Section("labeling", "Labeling", (*blocks, *_open(found["person"])))


def release_note_section(dossier: Record) -> Section:
    """What users are told, in plain words."""
    found = dossier["release_note"]
    if found["reason"]:
        return Section(
            "release-note", "Release note", (Sentence("There is none. " + as_sentence(found["reason"])),)
        )
    blocks: tuple[Block, ...] = (
        Sentence(f"Status: {found['status']}."),
        Facts(tuple((part["heading"], part["text"]) for part in found["parts"])),
    )
    return Section("release-note", "Release note", (*blocks, *_open(found["person"])))


def public_summary_section(dossier: Record) -> Section:
    """The four parts of the paragraph for the public."""
    rows = tuple((part["part"], part["text"]) for part in dossier["public_summary"])
    return Section("public-summary", "Public summary", (Facts(rows),))


def _versions(rows: list[Record]) -> Table:
    told = tuple(
        (str(row["version"]), str(row["from"]), str(row["change"] or "—"), _state(row)) for row in rows
    )
    columns = ("Version", "In use from", "Change", "State")
    return Table("version-history", "Version history at this site for this finding", columns, told)


def _state(row: Record) -> str:
    return row["state_words"] + (" (simulated approval)" if row["simulated"] else "")


def _card(found: Record) -> list[Block]:
    if not found["rows"]:
        return []
    rows = tuple((row["entry"], row["before"], row["after"]) for row in found["rows"])
    return [
        Table("model-card", "Model card: entries that differ", ("Entry", "Before", "With this version"), rows)
    ]


def _open(person: str | None) -> list[Block]:
    return [Aside(needs_a_person(person))] if person else []
