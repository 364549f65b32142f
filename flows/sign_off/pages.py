"""The review pages of a workspace as it is now: built anew when the ledger or the snapshot has moved."""

from __future__ import annotations

import stat
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from flows.terminal import Progress
from monitor.documentation.review import Desk, Draw, Refusal, drawable_pages
from monitor.documentation.review.addresses import DOSSIER
from monitor.operation.reading.monitoring import EVIDENTLY, REVIEW
from monitor.operation.reading.status import read_state
from monitor.operation.workspace import read_plan

Stamp = tuple[object, ...]


def _silent(_done: int, _total: int, _what: str) -> None:
    return None


@dataclass(frozen=True)
class Built:
    """Pages, and what they were built from.

    Attributes:
        stamp: Of the files they were built from.
        draw: What draws each page, by its name.
        roles: Of the plan in force.
        keyed: Whether it lists any key.
        dossiers: SHA-256 of the dossier on record, by change.
    """

    stamp: Stamp
    draw: Mapping[str, Draw]
    roles: tuple[str, ...]
    keyed: bool
    dossiers: Mapping[str, str]

    def desk(self, token: str, refusal: Refusal | None = None) -> Desk:
        """What a session needs on these pages."""
        return Desk(token, self.roles, self.keyed, self.dossiers, refusal)


@dataclass
class Pages:
    """What is shown of one workspace.

    Attributes:
        path: The workspace.
        key_file: Pseudonym key; needed to decide.
        report: Reads what `pccp review` shows.
        today: For how many nights are missing.
        lock: Held while pages are built and while a decision is made: DuckDB's files are opened by one of
            them at a time.
    """

    path: Path
    key_file: Path | None
    report: Callable[[Progress], dict[str, Any]]
    today: Callable[[], date]
    lock: threading.Lock = field(default_factory=threading.Lock)
    _built: Built | None = None

    def built(self, progress: Progress = _silent) -> Built:
        """The pages, built anew if what they were built from has changed since.

        Raises:
            MonitorError: As `pccp review`; pages built before are then not shown any more.
        """
        with self.lock:
            stamp = self._stamp()
            if self._built is None or self._built.stamp != stamp:
                self._built = None
                self._built = self._build(stamp, progress)
            return self._built

    def page(self, name: str, token: str, refusal: Refusal | None = None) -> str | None:
        """One page with the forms of a session; None where the workspace has no such page."""
        built = self.built()
        draw = built.draw.get(name)
        return draw(built.desk(token, refusal)) if draw else None

    def evidently_page(self, name: str) -> bytes | None:
        """A page that Evidently made."""
        return _regular(self.path / REVIEW / EVIDENTLY / name)

    def dossier(self, change: str, name: str) -> bytes | None:
        """A file of the dossier of a change that is on record."""
        known = DOSSIER.fullmatch(change) and change in self.built().dossiers
        return _regular(self.path / "dossiers" / change / name) if known else None

    def _build(self, stamp: Stamp, progress: Progress) -> Built:
        loaded = read_plan(self.path)
        state = read_state(self.path, loaded)
        approvals = loaded.plan.approvals
        return Built(
            stamp,
            drawable_pages(self.report(progress)),
            tuple(item.role for item in approvals),
            any(item.keys for item in approvals),
            {name: change.dossier["sha256"] for name, change in state.changes.items() if change.dossier},
        )

    def _stamp(self) -> Stamp:
        files = [self.path / name for name in ("ledger.jsonl", "snapshot.duckdb", "plan.yaml")]
        files += sorted(self.path.glob("dossiers/*/dossier.html"))
        return (self.today(), *(_stamp_of(file) for file in files))


def _stamp_of(file: Path) -> object:
    try:
        found = file.stat()
    except OSError:
        return str(file)
    return (str(file), found.st_ino, found.st_size, found.st_mtime_ns)


def _regular(file: Path) -> bytes | None:
    """The content of a regular file; None for anything else, links included."""
    try:
        return file.read_bytes() if stat.S_ISREG(file.lstat().st_mode) else None
    except OSError:
        return None
