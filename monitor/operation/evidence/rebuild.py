"""`monitor.duckdb` is gone: the same store again, from the archived batches and the ledger."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

from monitor import store
from monitor.errors import EvidenceError
from monitor.operation.evidence.rederivation import Evidence, Progress, rederive
from monitor.operation.plans import kept_plan
from monitor.registry import bound_plans, read_chain
from monitor.settings import read_settings

_log = logging.getLogger(__name__)


def rebuild(
    path: Path,
    database_key: str | None = None,
    progress: Progress = lambda _done, _total, _what: None,
) -> None:
    """Rebuild a workspace's databases; the new ones appear whole or not at all.

    They are made in the staging folder, which every opening of the store clears.

    Args:
        path: A workspace without `monitor.duckdb`, or whose settings name a catalog without its store.
        database_key: Encrypts the new databases; in the clear when None.
        progress: Told of each step.

    Raises:
        EvidenceError: Archive and ledger do not lead to each other; names what does not hold.
        BusyError: Another process is writing.
    """
    with store.undisturbed(path):
        if store.exists(path):
            return
        missing = "its catalog's store" if read_settings(path).catalog else store.DATABASE
        _log.warning("%s: %s is missing; rebuilding it from archive and ledger", path, missing)
        shadow = path / store.STAGING / "rebuild"
        shutil.rmtree(shadow, ignore_errors=True)
        shadow.mkdir(mode=0o700, parents=True)
        try:
            entries = read_chain(path / "ledger.jsonl")
            if not entries or entries[0].kind != "bound":
                raise EvidenceError("ledger.jsonl: expected the bound plan in entry 0")
            plans = {sha256: kept_plan(path, sha256) for sha256 in bound_plans(entries)}
            found = rederive(Evidence(entries, plans, path / "archive", database_key), shadow, progress)
            if found.problems:
                raise EvidenceError("\n".join(map(str, found.problems)))
            store.install(shadow, path)
        finally:
            shutil.rmtree(shadow)
        _log.warning("%s: rebuilt, %d nights run again", path, found.nights)
