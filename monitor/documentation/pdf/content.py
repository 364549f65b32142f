"""What the PDF shows, as plain data: the same blocks as the page, every text made printable."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

from monitor.documentation.evidence import Record
from monitor.documentation.pdf.blocks import block
from monitor.documentation.pdf.glyphs import printable
from monitor.documentation.sections import headline_facts, sections

DAYS: Final = frozenset({"night", "known_by", "at"})
"""Where the record says when something happened."""


def content(dossier: Record, drawings: Mapping[str, str], content_sha256: str) -> dict[str, Any]:
    """Everything that is printed, with hidden and unprintable characters made visible.

    Args:
        dossier: The record, as `dossier()` made it.
        drawings: SVG text by figure name, as `figures()` drew it.
        content_sha256: SHA-256 of dossier.json.

    Raises:
        ValueError: A drawing has no alternative text.
    """
    exact = {
        **{key: dossier[key] for key in ("document", "headline", "banners")},
        "plan": {key: dossier["plan"][key] for key in ("id", "version", "sha256")},
        "facts": block(headline_facts(dossier), drawings),
        "sections": [
            {"title": part.title, "blocks": [block(found, drawings) for found in part.blocks]}
            for part in sections(dossier)
        ],
        "content_sha256": content_sha256,
        "day": _newest_day(dossier),
    }
    return all_printable(exact)


def _newest_day(dossier: Record) -> list[int]:
    """Year, month and day of the newest event in the record; the clock has no part in the document."""
    newest = date.fromisoformat(max(_days(dossier), default="1970-01-01"))
    return [newest.year, newest.month, newest.day]


def _days(found: Any) -> Iterator[str]:
    if isinstance(found, Mapping):
        for key, item in found.items():
            if key in DAYS and isinstance(item, str):
                yield item[:10]
            else:
                yield from _days(item)
    elif isinstance(found, Sequence) and not isinstance(found, str):
        for item in found:
            yield from _days(item)


def all_printable(found: Any) -> Any:
    """Plain data with every text made printable."""
    if isinstance(found, str):
        return printable(found)
    if isinstance(found, Mapping):
        return {key: all_printable(item) for key, item in found.items()}
    if isinstance(found, list | tuple):
        return [all_printable(item) for item in found]
    return found
