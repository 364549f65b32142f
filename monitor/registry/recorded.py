"""A finished ledger, taken in again entry by entry while everything that can be derived is derived."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from monitor.errors import EvidenceError
from monitor.registry.comparison import Problem, compare
from monitor.registry.ledger import Entry

MOST_DIFFERENCES = 12
"""Told of one entry; a verdict on other rows differs in every number."""


class RecordedLedger:
    """Stands where a `Ledger` stands: what is drafted is compared with the record, which is kept.

    The recorded entry goes on, not the derived one, so that one forged number is told once and the
    entries after it are judged by what they were made from.
    """

    def __init__(self, recorded: Sequence[Entry]) -> None:
        self.recorded = recorded
        self.entries: list[Entry] = []
        self.problems: list[Problem] = []
        self.rounded = 0
        self.derived = 0

    @property
    def last(self) -> Entry | None:
        return self.entries[-1] if self.entries else None

    @property
    def next(self) -> Entry | None:
        """The recorded entry whose turn it is."""
        position = len(self.entries)
        return self.recorded[position] if position < len(self.recorded) else None

    @property
    def ahead(self) -> Sequence[Entry]:
        """Recorded entries from the next one on."""
        return self.recorded[len(self.entries) :]

    def take(self) -> Entry:
        """Go past one recorded entry that is a decision or an arrival, which nothing derives."""
        entry = self.recorded[len(self.entries)]
        self.entries.append(entry)
        return entry

    def draft(self, kind: str, at: str, body: dict[str, Any]) -> Entry:
        """The recorded entry in whose place `body` was derived, compared with it.

        Raises:
            EvidenceError: The record has another kind of entry here, so nothing after it can be derived.
        """
        entry = self.next
        if entry is None or entry.kind != kind:
            where = name_of(entry) if entry else f"ledger entry {len(self.entries)} (absent)"
            raise EvidenceError(f"{where}: the evidence gives {kind} {_subject(body)} here".rstrip())
        found = compare({"at": entry.at, **entry.body}, {"at": at, **body})
        self.rounded += found.rounded
        self.derived += 1
        self._tell(entry, found.differences)
        self.entries.append(entry)
        return entry

    def append(self) -> None:
        """Nothing to write: the record exists."""

    def discard(self) -> None:
        """Nothing to forget: a shadow whose transaction failed is given up."""

    def _tell(self, entry: Entry, differences: tuple[str, ...]) -> None:
        self.problems += [Problem(name_of(entry), text) for text in differences[:MOST_DIFFERENCES]]
        if len(differences) > MOST_DIFFERENCES:
            more = len(differences) - MOST_DIFFERENCES
            self.problems.append(Problem(name_of(entry), f"and {more} more values do not hold"))


def name_of(entry: Entry) -> str:
    """How messages name an entry.

    Example:
        >>> name_of(Entry(214, "", "verdict", "2026-03-01", {"change": "CHG-0003"}, ""))
        'ledger entry 214 (verdict CHG-0003)'
    """
    return f"ledger entry {entry.sequence} ({entry.kind} {_subject(entry.body)}".rstrip() + ")"


def _subject(body: Any) -> str:
    if not isinstance(body, dict):
        return ""
    for key in ("change", "alarm", "night", "site", "role"):
        if isinstance(found := body.get(key), str):
            return found[:60]
    return ""
