"""What a dossier must answer, checked the same way on examples, workspaces and real data."""

from __future__ import annotations

from typing import Any

from monitor.documentation.content.items import STATUSES
from monitor.documentation.sections import sections

EMPTY = ("", "none", "n/a", "unknown", "to do", "todo")


def require_thirty(found: dict[str, Any]) -> None:
    """Fails when an item is missing, empty, or points to something that is not there."""
    rows = found["items"]
    assert [row["number"] for row in rows] == list(range(1, 31))
    anchors = {"headline", *(section.id for section in sections(found))}
    for row in rows:
        assert row["status"] in STATUSES
        for text in (row["title"], row["source"], row["text"]):
            assert text.strip().lower() not in EMPTY
        assert set(row["where"]["sections"]) <= anchors
        assert row["where"]["sections"]
        assert set(row["where"]["keys"]) <= found.keys()
        assert row["where"]["keys"]
        if row["status"] == "not_applicable":
            assert row["text"].startswith("Not applicable because ")
            assert len(row["text"]) > len("Not applicable because x.")
        if row["status"] == "needs_person":
            assert row["person"]
