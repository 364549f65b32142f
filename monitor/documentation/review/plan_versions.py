"""Every version of the plan that was in force, and what each amendment changed."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.documentation.blocks import Cell, Code, Sentence, Stack, Table
from monitor.documentation.evidence import Record
from monitor.documentation.review.loose import many, not_computed, part
from monitor.documentation.review.pieces import Part, Piece
from monitor.documentation.wording import counted

COLUMNS = ("Version", "In force from", "SHA-256", "Brought in by", "Differences")


def versions_part(versions: Sequence[Record]) -> Part:
    """The versions, newest first, and the difference of each amendment key by key."""
    if not versions:
        return Part("versions", "Versions", (not_computed({"reason": "the report names no version"}),))
    newest_first = list(reversed(versions))
    table = Table("versions", "Newest first", COLUMNS, tuple(map(_version, newest_first)))
    pieces: list[Piece] = [table]
    for found in newest_first:
        if rows := many(found, "difference"):
            pieces += _difference(found, rows)
    return Part("versions", "Versions", tuple(pieces))


def _version(found: Record) -> tuple[Cell, ...]:
    signed = part(found, "signed")
    by = f"{signed.get('signer')}, {signed.get('role')}" if signed else "bound with the workspace"
    count = int(found.get("differences") or 0)
    return (
        str(found.get("version")),
        f"{str(found.get('at'))[: len('2026-01-01')]}, entry {found.get('sequence')}",
        Code(str(found.get("sha256"))[:16]),
        Stack((by, str(signed["meaning"]))) if signed.get("meaning") else by,
        counted(count, "key") if signed else "none: the first",
    )


def _difference(found: Record, rows: Sequence[Record]) -> list[Piece]:
    name = f"difference-{found.get('sequence')}"
    cells = tuple(
        (Code(str(row.get("key"))), Code(str(row.get("old"))), Code(str(row.get("new")))) for row in rows
    )
    caption = f"What version {found.get('version')} changed"
    pieces: list[Piece] = [Table(name, caption, ("Key", "Before", "After"), cells)]
    if (total := int(found.get("differences") or 0)) > len(rows):
        pieces.append(Sentence(f"{len(rows)} of {total} differences are on record here; the files hold all."))
    if found.get("restarts_streams"):
        pieces.append(Sentence("Every stream was started anew."))
    return pieces
