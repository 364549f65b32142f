"""Conformity with the plan, and what is attested beside the figures."""

from __future__ import annotations

from monitor.documentation.blocks import Aside, Block, Bullets, Cell, Code, Facts, Section, Sentence, Table
from monitor.documentation.evidence import Record
from monitor.documentation.numbers import Number
from monitor.documentation.wording import listed, spaced

QUESTIONS = {"specified": "Specified in the plan?", "implemented": "Made as the protocol says?"}


def conformity_section(dossier: Record) -> Section:
    """The clauses with their evidence, then local adaptation, sequestration, provenance, what stayed."""
    found = dossier["conformity"]
    rows = tuple(
        (item["clause"], QUESTIONS[item["question"]], item["holds_words"], item["evidence"])
        for item in found["clauses"]
    )
    blocks: list[Block] = [
        Sentence(found["words"]),
        Aside(needs_a_person(found["person"])),
        Table(
            "conformity",
            "Clause by clause, from the ledger",
            ("Clause", "Question", "Holds", "Evidence"),
            rows,
        ),
        Facts((*_local(dossier["local_adaptation"]), *_unmodified(dossier["unmodified"]))),
        *_sequestration(dossier["sequestration"]),
        Facts(_provenance(dossier["provenance"])),
    ]
    return Section("conformity", "Conformity with the plan", tuple(blocks))


def needs_a_person(what: str) -> str:
    """How every open question to a person begins.

    Example:
        >>> needs_a_person("sign it")
        'Needs a person: sign it.'
    """
    return f"Needs a person: {what}."


def _local(found: Record) -> tuple[tuple[str, Cell], ...]:
    return (
        ("Local factors of the plan", listed([spaced(item) for item in found["factors"]])),
        ("Shown at this site", found["shown"]),
        ("Not shown", f"{found['not_shown']} {needs_a_person(found['person'])}"),
    )


def _unmodified(found: Record) -> tuple[tuple[str, Cell], ...]:
    told = [*found["evidence"], *([found["trade_off"]] if found["trade_off"] else [])]
    return (
        ("Specifications that stay", " ".join(told)),
        ("Left open", needs_a_person(found["person"])),
    )


def _sequestration(found: Record) -> list[Block]:
    rows: tuple[tuple[str, Cell], ...] = (
        ("Looks held, of those planned", f"{found['looks_held']} of {found['looks_planned']}"),
        (
            "Attempts here, of those planned",
            f"{found['attempts_at_this_place']} of {found['attempts_planned']}",
        ),
        ("One-sided alpha committed", f"{found['alpha_committed']:g} of {found['alpha_planned']:g}"),
        ("Attestation", needs_a_person(found["person"])),
    )
    log = tuple((Number(item["seq"]), spaced(item["kind"])) for item in found["log"])
    title = "Ledger entries that froze the candidate or read the outcomes that judge it"
    blocks: list[Block] = [
        Sentence("How outcomes for the test are kept apart, and what was used of them so far:"),
        Bullets(tuple(found["rules"])),
        Facts(rows),
    ]
    return [*blocks, Table("test-uses", title, ("Sequence", "Kind"), log)] if log else blocks


def _provenance(found: Record) -> tuple[tuple[str, Cell], ...]:
    return (
        ("Program that bound the plan", str(found["software_at_binding"] or "not told")),
        ("Tested calibrator, SHA-256", _hash(found["tested_sha256"])),
        ("Released calibrator, SHA-256", _hash(found["released_sha256"])),
        ("To derive all again", Code(found["recipe"])),
        ("Chance", found["randomness"]),
        ("Installation", needs_a_person(found["person"])),
    )


def _hash(digest: str | None) -> Cell:
    return Code(digest) if digest else "none"
