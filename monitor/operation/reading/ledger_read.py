"""The ledger as a list of short lines: what happened, where, and the hash that binds it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from monitor.operation.reading.ledger_words import summary
from monitor.registry import Entry, RegistryState

MOST_ENTRIES = 2000
"""Entries that one page shows; the file holds all."""


def ledger_of(entries: Sequence[Entry], state: RegistryState, most: int = MOST_ENTRIES) -> dict[str, Any]:
    """The newest entries, newest first, and the head of the chain.

    Args:
        entries: All, in order, their chain checked.
        state: What they fold to, for the site behind a change or an alarm.
        most: Entries to list.
    """
    head = entries[-1] if entries else None
    shown = entries[max(0, len(entries) - most) :]
    return {
        "count": len(entries),
        "head": {"sequence": head.sequence, "hash": head.hash, "at": head.at} if head else None,
        "kinds": dict(Counter(entry.kind for entry in entries)),
        "entries": [line_of(entry, state) for entry in reversed(shown)],
    }


def line_of(entry: Entry, state: RegistryState) -> dict[str, Any]:
    """One entry in one line, with the place it is about."""
    about = _about(entry.body, state)
    return {
        "sequence": entry.sequence,
        "at": entry.at,
        "kind": entry.kind,
        "site": about.get("site"),
        "finding": about.get("finding"),
        "change": entry.body.get("change"),
        "summary": summary(entry.kind, entry.body),
        "hash": entry.hash,
    }


def _about(body: Mapping[str, Any], state: RegistryState) -> Mapping[str, Any]:
    """What names the place of an entry: itself, or the change or alarm it is about."""
    if "site" in body:
        return body
    change, alarm = state.changes.get(str(body.get("change"))), state.alarms.get(str(body.get("alarm")))
    if change is not None:
        return change.opened
    return alarm.body if alarm is not None else {}
