"""Ledger position, traceability and the plan's other chapters, and the limits of the document."""

from __future__ import annotations

from monitor.documentation.blocks import (
    Block,
    Bullets,
    Cell,
    Code,
    Commands,
    Facts,
    Links,
    Section,
    Sentence,
    Stack,
    Table,
)
from monitor.documentation.evidence import Record
from monitor.documentation.numbers import Number
from monitor.documentation.wording import listed, spaced


def ledger_section(dossier: Record) -> Section:
    """Where the verdict stands in the hash chain and how to check it."""
    ledger = dossier["ledger"]
    head, entry = ledger["head"], ledger["verdict_entry"]
    rows = tuple(
        (Number(item["seq"]), spaced(item["kind"]), Code(item["hash"])) for item in ledger["entries"]
    )
    facts: list[tuple[str, Cell]] = [
        ("Head at issue, sequence", Number(head["seq"])),
        ("Head at issue, hash", Code(head["hash"])),
    ]
    if entry is not None:
        facts.insert(0, ("Verdict, hash", Code(entry["hash"])))
        facts.insert(0, ("Verdict, sequence", Number(entry["seq"])))
    blocks: list[Block] = [
        Facts(tuple(facts)),
        Table("ledger", "Ledger entries of this change", ("Sequence", "Kind", "Hash"), rows),
        Sentence(
            "Each line of ledger.jsonl carries the hash of the line before it and the SHA-256 of its own "
            "canonical JSON without the field “hash”. The ledger's dossier entry that follows carries the "
            "SHA-256 of dossier.json, which the foot of this page repeats."
        ),
    ]
    blocks += [
        Sentence("To check the whole ledger, plan and dossiers:"),
        Commands(("pccp verify WORKSPACE",)),
    ]
    if ledger["check_command"]:
        blocks.append(
            Sentence("To check the verdict entry without this program, with Python's own library only:")
        )
        blocks.append(Commands((ledger["check_command"],)))
    return Section("ledger", "Ledger position", tuple(blocks))


def traceability_section(dossier: Record) -> Section:
    """From modification to protocol, demand and result."""
    rows = tuple(
        (
            str(row["modification"]),
            f"{spaced(row['part']).capitalize()} ({listed(row['items'])})",
            str(row["demands"]),
            str(row["done"]),
        )
        for row in dossier["traceability"]
    )
    columns = ("Modification", "Part of the protocol", "The plan demands", "In this change")
    return Section(
        "traceability",
        "Traceability",
        (Table("traceability", "From plan to result", columns, rows), _tests(dossier)),
    )


def _tests(dossier: Record) -> Table:
    """From each part of the protocol to the tests that cover it and the section with its result."""
    rows = tuple(
        (
            f"{row['modification']}, {spaced(row['part'])} ({listed(row['items'])})",
            str(test["requirement"]),
            Code(test["test"]),
            Links(((test["result"], spaced(test["result"]).replace("-", " ")),)),
        )
        for row in dossier["traceability"]
        for test in row["tests"]
    )
    columns = ("Modification and method", "Requirement", "Test of the program", "Result here")
    return Table("tests", "From method to specification test and result", columns, rows)


def impact_section(dossier: Record) -> Section:
    """The plan's impact assessment, as authorised."""
    blocks: list[Block] = []
    for item in dossier["impact_assessment"]:
        rows: list[tuple[str, Cell]] = [("Modification", item["modification"])]
        rows += [
            (name.capitalize(), Stack(tuple(item[name]))) for name in ("benefits", "risks", "mitigations")
        ]
        rows += [(name.capitalize(), item[name]) for name in ("bias", "interaction", "cumulative")]
        blocks.append(Facts(tuple(rows)))
    found = tuple((row["element"], row["planned"], row["found"]) for row in dossier["impact_recheck"])
    columns = ("Element", "The plan states", "This change showed")
    blocks.append(Table("recheck", "The same, checked again with this result", columns, found))
    return Section("impact", "Impact assessment of the plan", tuple(blocks))


IMPLEMENTATION = {
    "manual": "manual: a person approves each change",
    "automatic": "automatic: an accepted change inside every guardrail is deployed without a person",
}


def update_section(dossier: Record) -> Section:
    """How an approved change reaches its site."""
    update = dossier["update_procedure"]
    rows: tuple[tuple[str, Cell], ...] = (
        ("Procedure", update["id"]),
        ("Implementation", IMPLEMENTATION[update["implementation"]]),
        ("Deployed to", listed([spaced(item) for item in update["deploy_to"]])),
        ("Users informed by", spaced(update["users_informed_by"])),
        ("Earlier patients", "keep the probabilities they were given"),
    )
    return Section("update", "Update procedure", (Facts(rows),))


def limits_section(dossier: Record) -> Section:
    """What was not evaluated and what this document is not."""
    return Section("limits", "Limits of this document", (Bullets(tuple(dossier["limits"])),))
