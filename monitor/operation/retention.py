"""Delivered files leave inbox/done when the plan's days have passed; evidence is never deleted."""

from __future__ import annotations

from datetime import date, timedelta

from monitor.hashing import sha256_file
from monitor.operation.workspace import Workspace


def purge_delivered(workspace: Workspace, as_of: date) -> int:
    """Delete files in inbox/done that arrived more than the plan's days ago.

    A file is known by its bytes, and its day is that of its batch on the ledger: a copied or touched
    file is no younger, and one that no batch names stays.

    Args:
        workspace: Open for writing.
        as_of: Today, as far as this run is concerned.

    Returns:
        How many were deleted; 0 without the plan's `records.delivered_files_days`.
    """
    records = workspace.loaded.plan.records
    if records is None or records.delivered_files_days is None:
        return 0
    last = (as_of - timedelta(days=records.delivered_files_days)).isoformat()
    old = {
        entry.body["source_sha256"]
        for entry in workspace.ledger.entries
        if entry.kind == "batch" and entry.body["received_on"] < last
    }
    purged = 0
    for file in sorted((workspace.path / "inbox" / "done").glob("*")):
        if old and file.is_file() and not file.is_symlink() and sha256_file(file) in old:
            file.unlink()
            purged += 1
    return purged
