"""The ledger: one canonical JSON object a line, each bound to the one before by its hash.

A reader of the file alone can check the chain. A tail that was cut off still verifies, which is why
signed checkpoints are kept elsewhere.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitor.errors import EvidenceError
from monitor.hashing import canonical_json, sha256_text

GENESIS = "0" * 64
BINDING = ("bound", "amended")
"""Kinds that bring a plan into force."""


@dataclass(frozen=True)
class Entry:
    """One line of the ledger.

    Attributes:
        sequence: 0, 1, 2 ...
        previous: Hash of the entry before; 64 zeros for the first.
        kind: What happened ("night", "alarm", "verdict" ...).
        at: The night or the recorded clock reading, ISO 8601.
        body: What is on record; never a patient's data.
        hash: SHA-256 of the canonical JSON of all the above.
    """

    sequence: int
    previous: str
    kind: str
    at: str
    body: dict[str, Any]
    hash: str

    @property
    def line(self) -> str:
        """The text of the line, without its line feed."""
        return canonical_json(
            {**_content(self.sequence, self.previous, self.kind, self.at, self.body), "hash": self.hash}
        )


def next_entry(last: Entry | None, kind: str, at: str, body: dict[str, Any]) -> Entry:
    """The entry that follows `last`.

    Example:
        >>> first = next_entry(None, "bound", "2026-01-01", {})
        >>> second = next_entry(first, "night", "2026-01-02", {})
        >>> second.sequence, second.previous == first.hash
        (1, True)
    """
    sequence, previous = (0, GENESIS) if last is None else (last.sequence + 1, last.hash)
    digest = sha256_text(canonical_json(_content(sequence, previous, kind, at, body)))
    return Entry(sequence, previous, kind, at, body, digest)


def parse_line(line: str, number: int) -> Entry:
    """An entry from its line, its own hash checked.

    Args:
        line: Text of the line.
        number: Line number in the file, from one, for the message.

    Raises:
        EvidenceError: The line is no entry, or its content does not have its hash.
    """
    try:
        found = json.loads(line)
        entry = Entry(found["seq"], found["prev"], found["kind"], found["at"], found["body"], found["hash"])
        _check_types(entry)
        holds = entry.line == line and sha256_text(_hashed(line, entry.hash)) == entry.hash
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise EvidenceError(
            f"ledger.jsonl:{number}: expected a ledger entry, found something else"
        ) from error
    if not holds:
        raise EvidenceError(f"ledger.jsonl:{number}: the entry does not have the hash it states")
    return entry


def _hashed(line: str, digest: str) -> str:
    """The text that has the hash: a canonical line without the hash itself, which stands after the body.

    Example:
        >>> _hashed('{"at":"","body":{"hash":"a"},"hash":"a","kind":"k","prev":"","seq":0}', "a")
        '{"at":"","body":{"hash":"a"},"kind":"k","prev":"","seq":0}'
    """
    before, _, after = line.rpartition(f',"hash":"{digest}",')
    return f"{before},{after}"


def _check_types(entry: Entry) -> None:
    texts = (entry.previous, entry.kind, entry.at, entry.hash)
    if not all(isinstance(text, str) for text in texts) or not isinstance(entry.body, dict):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError("a field is of another kind")
    if type(entry.sequence) is not int:
        raise TypeError("the sequence is no whole number")


def verify_chain(text: str) -> list[Entry]:
    """All entries of a ledger file, each bound to the one before.

    Args:
        text: The file's text.

    Raises:
        EvidenceError: Names the first line that does not hold.
    """
    lines = text.split("\n")[:-1]
    entries = [parse_line(line, number) for number, line in enumerate(lines, start=1)]
    _check_links(entries)
    if text and not text.endswith("\n"):
        raise EvidenceError(f"ledger.jsonl:{len(entries) + 1}: the last line is cut off")
    return entries


def examine_chain(content: bytes) -> tuple[list[Entry], list[str]]:
    """Every entry that holds by itself, and every line that does not, links included.

    Args:
        content: Bytes of the ledger's file.

    Example:
        >>> examine_chain(b"{}\\n")
        ([], ['ledger.jsonl:1: expected a ledger entry, found something else'])
    """
    entries: list[Entry] = []
    faults: list[str] = []
    *lines, rest = _decoded(content).split("\n")
    for number, line in enumerate(lines, start=1):
        try:
            entries.append(parse_line(line, number))
        except EvidenceError as error:
            faults.append(str(error))
    if rest:
        faults.append(f"ledger.jsonl:{len(lines) + 1}: the last line is cut off")
    if not faults:
        try:
            _check_links(entries)
        except EvidenceError as error:
            faults.append(str(error))
    return entries, faults


def read_chain(path: Path) -> list[Entry]:
    """All entries of a ledger file.

    Raises:
        EvidenceError: There is no such file, or it does not hold together.
    """
    if not path.is_file():
        raise EvidenceError(f"{path.name}: expected a ledger, found no file")
    return verify_chain(_decoded(path.read_bytes()))


def bound_plans(entries: Sequence[Entry]) -> dict[str, Entry]:
    """The entry that brought each plan into force, by the plan's hash, oldest first."""
    return {entry.body["plan"]["sha256"]: entry for entry in entries if entry.kind in BINDING}


class Ledger:
    """The chain in memory and its file. Entries are drafted, committed elsewhere, then appended."""

    def __init__(self, path: Path, committed: list[tuple[int, str]]) -> None:
        """Read the file and finish what a crash interrupted.

        Args:
            path: Of ledger.jsonl, which may not exist yet.
            committed: (sequence, line) of entries the store committed and may not have been appended.

        Raises:
            EvidenceError: File and store contradict each other.
        """
        self.path = path
        if path.exists() and not path.is_file():
            raise EvidenceError(f"{path.name}: expected a file, found a folder, pipe or device")
        content = path.read_bytes() if path.exists() else b""
        whole = content[: content.rfind(b"\n") + 1]
        torn = content[len(whole) :]
        if torn and not any(line.encode().startswith(torn) for _, line in committed):
            raise EvidenceError("ledger.jsonl: the last line is cut off and the store does not hold it")
        self.entries = verify_chain(_decoded(whole))
        missing = [line for sequence, line in committed if sequence >= len(self.entries)]
        if torn:
            _truncate(path, len(whole))
        for line in missing:
            self.entries.append(parse_line(line, len(self.entries) + 1))
        _check_links(self.entries)
        self._written = len(self.entries) - len(missing)
        self.append()

    @property
    def last(self) -> Entry | None:
        return self.entries[-1] if self.entries else None

    def draft(self, kind: str, at: str, body: dict[str, Any]) -> Entry:
        """Extend the chain in memory; `append` or `discard` must follow."""
        entry = next_entry(self.last, kind, at, body)
        self.entries.append(entry)
        return entry

    def append(self) -> None:
        """Write the drafted entries to the file and sync it."""
        drafted = self.entries[self._written :]
        if not drafted:
            return
        with self.path.open("a", encoding="utf-8") as handle:
            handle.write("".join(entry.line + "\n" for entry in drafted))
            handle.flush()
            os.fsync(handle.fileno())
        self._written = len(self.entries)

    def discard(self) -> None:
        """Forget drafted entries whose transaction did not commit."""
        del self.entries[self._written :]


def _check_links(entries: list[Entry]) -> None:
    previous = GENESIS
    for number, entry in enumerate(entries):
        if entry.sequence != number or entry.previous != previous:
            raise EvidenceError(
                f"ledger.jsonl:{number + 1}: the chain is broken: expected sequence {number} "
                f"after {previous[:12]}, found {entry.sequence} after {entry.previous[:12]}"
            )
        previous = entry.hash


def _decoded(content: bytes) -> str:
    """Every byte counts: no newline is translated, and a byte that is no text spoils its line's hash."""
    return content.decode("utf-8", errors="surrogateescape")


def _content(sequence: int, previous: str, kind: str, at: str, body: dict[str, Any]) -> dict[str, Any]:
    return {"seq": sequence, "prev": previous, "kind": kind, "at": at, "body": body}


def _truncate(path: Path, size: int) -> None:
    with path.open("r+b") as handle:
        handle.truncate(size)
