"""The printed page of a packet as blocks: few rows of each kind, and how many more there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from monitor.documentation.blocks import Aside, Block, Bullets, Cell, Facts, Mark, Sentence, Stack, Table
from monitor.documentation.evidence import Record
from monitor.documentation.figures.states import STATUS_WORDS
from monitor.documentation.numbers import Number
from monitor.documentation.wording import counted, listed

MOST: Final = {"attention": 8, "waiting": 6, "decisions": 8, "entries": 12, "silent": 5}
"""Rows that keep the whole on one page at most sites; the review pages hold all."""


def printed(found: Record) -> list[tuple[str, tuple[Block, ...]]]:
    """Titles with their blocks, in the order in which they are read."""
    return [
        ("Needs attention", _attention(found["attention"])),
        ("Waiting for signatures", _waiting(found["waiting"], found["rollbacks"])),
        ("Next decisions", _decisions(found["decisions"])),
        (_since_title(found["since"]), _since(found["since"])),
        ("Data", _data(found["freshness"])),
    ]


def counts_line(counts: Mapping[str, int]) -> str:
    """How many places have each status, in one line.

    Example:
        >>> counts_line({"alarm": 1, "watch": 0, "insufficient": 2, "ok": 3})
        'Alarm 1 · Watch 0 · Insufficient 2 · OK 3'
    """
    return " · ".join(f"{STATUS_WORDS[status]} {count}" for status, count in counts.items())


def _attention(places: Sequence[Record]) -> tuple[Block, ...]:
    if not places:
        return (Sentence("No place has an alarm or is on watch."),)
    rows = [
        (
            place["place"],
            Mark(place["status"], place["word"]),
            Stack((place["reason"], *([listed(place["alarms"])] if place["alarms"] else []))),
            Stack(tuple(text for text in place["next"] if text)),
        )
        for place in places
    ]
    return _table("attention", ("Place", "Status", "Why", "Next decision"), rows)


def _waiting(changes: Sequence[Record], rollbacks: Sequence[Record]) -> tuple[Block, ...]:
    harm = [
        Aside(
            f"{change['change']}, {change['place']}: the change did harm; a person decides on its rollback."
        )
        for change in rollbacks
    ]
    if not changes:
        return (Sentence("No change waits for a signature."), *harm)
    rows = [
        (change["change"], change["place"], str(change["kind"]), Stack(tuple(change["missing"])))
        for change in changes
    ]
    return (*_table("waiting", ("Change", "Place", "Method", "Signatures"), rows), *harm)


def _decisions(decisions: Sequence[Record]) -> tuple[Block, ...]:
    if not decisions:
        return (Sentence("No open change waits for a look."),)
    rows = [(row["when"], row["place"], row["why"]) for row in decisions]
    return _table("decisions", ("When", "Place", "What it waits for"), rows)


def _since_title(since: Record) -> str:
    before = since.get("packet")
    return f"Since packet {before}" if before else f"Since {since.get('from')}"


def _since(since: Record) -> tuple[Block, ...]:
    """The newest entries that are no routine, and what the routine was."""
    entries = since["entries"]
    shown = [_line(entry) for entry in reversed(entries[-MOST["entries"] :])]
    if len(entries) > len(shown):
        shown.append(
            f"and {counted(len(entries) - len(shown), 'earlier entry', 'earlier entries')}: the ledger"
        )
    routine = (
        f"{counted(since['nights'], 'night')} run; {counted(since['files'], 'file')} read, "
        f"{counted(since['rows_read'], 'row')}, {since['rejected']:,} refused."
    )
    if not entries:
        return (Sentence(f"Nothing but routine: {routine}"),)
    return Sentence(routine), Bullets(tuple(shown))


def _line(entry: Record) -> str:
    where = " ".join(str(entry[key]) for key in ("site", "finding") if entry.get(key))
    return f"{str(entry['at'])[:10]}{', ' + where if where else ''}: {entry['summary']}"


def _data(freshness: Record) -> tuple[Block, ...]:
    silent = [f"{item['place']} ({item['last']})" for item in freshness["without_new_predictions"]]
    more = [f"{len(silent) - MOST['silent']} more"] if len(silent) > MOST["silent"] else []
    named = listed([*silent[: MOST["silent"]], *more]) or "none"
    return (
        Facts(
            (
                ("Last night read", str(freshness["last_night"] or "none")),
                ("Missed nights", Number(freshness["missed_nights"])),
                ("Newest file", str(freshness["newest_file"] or "none")),
                ("Newest predictions", str(freshness["newest_predictions"] or "not known")),
                ("A week behind the others", named),
            )
        ),
    )


def _table(name: str, columns: tuple[str, ...], rows: Sequence[tuple[Cell, ...]]) -> tuple[Block, ...]:
    shown = Table(name, "", columns, tuple(rows[: MOST[name]]))
    if len(rows) <= MOST[name]:
        return (shown,)
    return shown, Sentence(f"And {len(rows) - MOST[name]} more in the review pages.")


def plain(found: Record) -> dict[str, Any]:
    """What the template reads beside the blocks."""
    return {
        key: found[key] for key in ("software", "as_of", "headline", "late", "plan", "packet", "asked_on")
    }
