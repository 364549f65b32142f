"""The ledger browser: every entry as a line, found by kind, site and text."""

from __future__ import annotations

from typing import Any

from monitor.documentation.blocks import Code, Facts
from monitor.documentation.evidence import Record
from monitor.documentation.review.addresses import change_page
from monitor.documentation.review.loose import NO_REASON, many, part
from monitor.documentation.wording import capitalised, counted, spaced

SUMMARY = (
    "What the program and people decided, in order, each entry bound to the one before by its hash. A tail "
    "that was cut off still verifies, so compare the head with a signed checkpoint kept elsewhere."
)


def ledger_values(report: Record) -> dict[str, Any]:
    """What the template of the ledger browser needs."""
    found = part(report, "ledger")
    entries = many(found, "entries")
    changes = {str(change.get("id")) for change in many(report, "changes")}
    kinds = sorted({str(entry.get("kind")) for entry in entries})
    return {
        "heading": ledger_heading(found),
        "summary": SUMMARY,
        "facts": _facts(found),
        "shown": shown_text(len(entries), found.get("count")),
        "kinds": [(kind, capitalised(spaced(kind))) for kind in kinds],
        "sites": sorted({str(entry["site"]) for entry in entries if entry.get("site")}),
        "rows": [_row(entry, changes) for entry in entries],
        "reason": str(found.get("reason") or NO_REASON).rstrip("."),
    }


def ledger_heading(found: Record) -> str:
    """The number of entries.

    Example:
        >>> ledger_heading({"count": 2310}), ledger_heading({})
        ('2,310 entries', 'Ledger: not computed')
    """
    count = found.get("count")
    return "Ledger: not computed" if count is None else counted(count, "entry", "entries")


def shown_text(shown: int, count: int | None) -> str:
    """How many entries the page holds.

    Example:
        >>> shown_text(255, 255)
        'All 255 entries are shown.'
        >>> shown_text(2000, 12345)
        '2,000 of 12,345 entries are shown, the newest; ledger.jsonl in the workspace holds all.'
    """
    if count is None or shown == count:
        return f"All {counted(shown, 'entry', 'entries')} are shown."
    return f"{shown:,} of {count:,} entries are shown, the newest; ledger.jsonl in the workspace holds all."


def _facts(found: Record) -> Facts:
    head = part(found, "head")
    return Facts(
        (
            ("Head of the chain", Code(str(head.get("hash") or "none"))),
            ("Newest entry", f"{head.get('sequence')}, {head.get('at')}" if head else "none"),
        )
    )


def _row(entry: Record, changes: set[str]) -> dict[str, Any]:
    kind, change = str(entry.get("kind")), str(entry.get("change") or "")
    return {
        "sequence": str(entry.get("sequence")),
        "at": str(entry.get("at") or "not recorded"),
        "kind": kind,
        "words": capitalised(spaced(kind)),
        "site": str(entry.get("site") or ""),
        "finding": str(entry.get("finding") or ""),
        "summary": capitalised(str(entry.get("summary") or "no words for this entry")),
        "change": change,
        "href": change_page({"id": change}) if change in changes else "",
        "hash": str(entry.get("hash"))[:12],
    }
