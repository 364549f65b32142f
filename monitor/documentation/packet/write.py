"""A packet on disk: the printed page, its record, the review pages and the dossiers that they lead to."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

from monitor.documentation.evidence import Record
from monitor.documentation.packet.printed import counts_line, plain, printed
from monitor.documentation.packet.summary import summary
from monitor.documentation.pdf import all_printable, block, typeset
from monitor.documentation.review import write_review
from monitor.documentation.review.addresses import dossier_address
from monitor.documentation.review.loose import many
from monitor.documentation.review.write import prepared
from monitor.hashing import canonical_json, sha256_text

SUMMARY: Final = "summary"
DOSSIER_FILES: Final = ("dossier.html", "dossier.pdf", "dossier.json")


def write_packet_files(
    report: dict[str, Any], since: Record, identity: Mapping[str, str], folder: Path, dossiers: Path
) -> dict[str, Any]:
    """Write summary.pdf, summary.json, review/ and dossiers/ into a new folder.

    Args:
        report: Of the review pages.
        since: What the ledger holds since the packet before.
        identity: `packet`, the packet's name, and `asked_on`, the day for which nights are counted.
        folder: Empty.
        dossiers: Of the workspace.

    Returns:
        The record in summary.json.
    """
    found = {**identity, **summary(prepared(report), since)}
    text = canonical_json(found)
    (folder / f"{SUMMARY}.json").write_bytes(text.encode())
    (folder / f"{SUMMARY}.pdf").write_bytes(summary_pdf(found, sha256_text(text)))
    write_review(report, folder / "review")
    for change in many(report, "changes"):
        if dossier_address(change):
            _take_along(dossiers / change["id"], folder / "dossiers" / change["id"])
    return found


def summary_pdf(found: Record, content_sha256: str) -> bytes:
    """The printed page as PDF/A-2a and PDF/UA-1: the same bytes for the same record.

    Args:
        found: As in summary.json.
        content_sha256: Of summary.json, printed at the foot.
    """
    day = date.fromisoformat(found["asked_on"])
    parts = [
        {"title": title, "blocks": [block(each, {}) for each in blocks]} for title, blocks in printed(found)
    ]
    values = {
        **plain(found),
        "counts": counts_line(found["status_counts"]),
        "parts": parts,
        "content_sha256": content_sha256,
        "day": [day.year, day.month, day.day],
    }
    return typeset("packet.typ", f"{SUMMARY}.json", all_printable(values))


def _take_along(source: Path, target: Path) -> None:
    """Page, PDF and record of a dossier: one file under two names where the disk allows, else a copy.

    A dossier that is issued anew is another file, so the packet keeps the one it was made with.
    """
    target.mkdir(parents=True)
    for name in DOSSIER_FILES:
        if not (source / name).is_file():
            continue
        try:
            os.link(source / name, target / name)
        except OSError:
            shutil.copyfile(source / name, target / name)
