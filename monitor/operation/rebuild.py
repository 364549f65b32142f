"""`monitor.duckdb` is gone: the same store again, from the archived batches and the ledger."""

from __future__ import annotations

import logging
import shutil
import tempfile
from pathlib import Path

from monitor import store
from monitor.errors import EvidenceError
from monitor.operation.rederivation import Evidence, Progress, rederive
from monitor.plan import LoadedPlan
from monitor.registry import read_chain

PREFIX = ".rebuild-"

_log = logging.getLogger(__name__)


def rebuild(
    path: Path, loaded: LoadedPlan, progress: Progress = lambda _done, _total, _what: None
) -> None:
    """Rebuild a workspace's databases; the new ones appear whole or not at all.

    Args:
        path: A workspace without `monitor.duckdb`.
        loaded: Its plan.
        progress: Told of each step.

    Raises:
        EvidenceError: Archive and ledger do not lead to each other; names what does not hold.
        BusyError: Another process is writing.
    """
    with store.undisturbed(path):
        if (path / store.DATABASE).exists():
            return
        _log.warning("%s: %s is missing; rebuilding it from archive and ledger", path, store.DATABASE)
        for left in path.glob(f"{PREFIX}*"):
            shutil.rmtree(left)
        shadow = Path(tempfile.mkdtemp(prefix=PREFIX, dir=path))
        try:
            evidence = Evidence(read_chain(path / "ledger.jsonl"), loaded, path / "archive")
            found = rederive(evidence, shadow, progress)
            if found.problems:
                raise EvidenceError("\n".join(map(str, found.problems)))
            store.install(shadow, path)
        finally:
            shutil.rmtree(shadow)
        _log.warning("%s: rebuilt, %d nights run again", path, found.nights)
