"""Versions of the calibrator on windows of the data, to tell what was learned from what only changed."""

from __future__ import annotations

from typing import Any

from monitor.documentation.evidence import Change


def versions(change: Change) -> dict[str, Any] | None:
    """The matrix as the verdict recorded it; None when no look was reached."""
    found = (change.verdict or {}).get("versions")
    return dict(found) if found else None
