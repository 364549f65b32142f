"""What arrived and what became of it: every batch with counts that reconcile, and where refused rows lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from monitor.registry import RegistryState

REFUSED = "rejected"
COUNTED = ("stored", "duplicates", "revisions", "rejected", "waiting")
"""Where a row that was read can go; each goes to exactly one."""


def arrivals_of(
    path: Path, state: RegistryState, counts: Mapping[str, int], sites: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Batches in the order of the ledger, what waits now, and the freshness of every place.

    Args:
        path: The workspace; no refused row is read, only whether its file is there.
        state: Of the ledger.
        counts: Of the store, as in `status`.
        sites: Of the report, with `last_arrival`, `late_rows` and `exclusions`.
    """
    keys = ("site", "finding", "studies", "last_arrival", "late_rows", "exclusions")
    return {
        "batches": [_batch(path, number, body) for number, body in enumerate(state.batches, 1)],
        "counts": dict(counts),
        "places": [{key: site.get(key) for key in keys} for site in sites],
        "excluded": sum(body["notes"].get("excluded", 0) for body in state.batches),
    }


def _batch(path: Path, number: int, body: Mapping[str, Any]) -> dict[str, Any]:
    name = f"{REFUSED}/{body['source_sha256'][:16]}.jsonl"
    keys = ("received_on", "role", "rows_read", *COUNTED, "as_history", "reasons", "notes", "source_sha256")
    return {
        "batch": number,
        **{key: body[key] for key in keys},
        "blank_lines": body.get("blank_lines", 0),
        "reconciles": body["rows_read"] == sum(body[key] for key in COUNTED),
        "refused_rows": name if body["rejected"] else None,
        "refused_rows_there": (path / name).is_file(),
    }
