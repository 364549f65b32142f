"""A workspace under fire: every hostile file goes in, and everything that must hold is counted."""

from __future__ import annotations

import gzip
import io
import json
import shutil
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import FrameType
from typing import Any

from monitor import store
from monitor.errors import MonitorError
from monitor.plan.model import ChangePlan
from monitor.records import BatchReport
from tests.properties.seeds import WORDS

KEY = b"a test key of thirty-two bytes!!"
RECEIVED = date(2026, 6, 30)
SECONDS = 60
FILES_PER_WORKSPACE = 120
WATCHED = ("/monitor/store/", "/monitor/plan/", "/monitor/registry/")


class Hang(BaseException):
    """A file took longer than any file may."""


@dataclass
class Tally:
    """What became of the files of one kind."""

    tried: int = 0
    refused: int = 0
    taken: int = 0
    rows: int = 0
    rejected: int = 0
    lost: int = 0
    tracebacks: int = 0
    hangs: int = 0
    leaks: int = 0
    faults: list[str] = field(default_factory=list[str])

    def fail(self, what: str, sort: str = "tracebacks") -> None:
        setattr(self, sort, getattr(self, sort) + 1)
        if len(self.faults) < 5:
            self.faults.append(what)

    @property
    def sound(self) -> bool:
        return not (self.lost or self.tracebacks or self.hangs or self.leaks)


class Arcs:
    """Which steps from line to line of the watched rooms were ever taken: what steers the mutation."""

    def __init__(self) -> None:
        self.seen: set[tuple[str, int, int]] = set()
        self.fresh = 0

    def __enter__(self) -> Arcs:
        self.fresh = 0
        sys.settrace(self._enter)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(None)

    def _enter(self, frame: FrameType, _event: str, _argument: object) -> Any:
        name = frame.f_code.co_filename
        if not any(part in name for part in WATCHED):
            return None
        last = frame.f_lineno

        def step(inner: FrameType, event: str, _argument: object) -> Any:
            nonlocal last
            arc = (name, last, inner.f_lineno if event != "exception" else -1)
            if arc not in self.seen:
                self.seen.add(arc)
                self.fresh += 1
            last = inner.f_lineno
            return step

        return step


@contextmanager
def limited() -> Iterator[None]:
    """Raise Hang when the block does not end."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise Hang

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def attempt(tally: Tally, work: Callable[[], None]) -> bool:
    """Do the work; only a MonitorError may leave it, and no planted word with it."""
    try:
        with limited():
            work()
    except MonitorError as error:
        told = "".join(traceback.format_exception(error))
        for word in WORDS:
            if word in told:
                tally.fail(f"{word} told: {error}", "leaks")
        return False
    except Hang:
        tally.fail("a file took longer than a minute", "hangs")
        return False
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        if "Query interrupted" in str(error):  # what DuckDB makes of the alarm
            tally.fail("a file took longer than a minute", "hangs")
            return False
        tally.fail("".join(traceback.format_exception(error))[-1500:])
        return False
    return True


class Bench:
    """One plan and a workspace that is replaced now and then."""

    def __init__(self, folder: Path, plan: ChangePlan, *, strict: bool) -> None:
        self.folder = folder
        self.plan = plan
        self.strict = strict
        """False where a mutation may put an identifier into a column of labels."""
        self.workspace = folder / "workspace"
        self.taken = 0
        self.lines = 0
        self._open: ExitStack | None = None
        store.create(self.workspace, plan)

    @property
    def store(self) -> store.Store:
        """Open for many files: opening takes longer than reading a small one."""
        if self._open is None:
            self._open = ExitStack()
            self._store = self._open.enter_context(store.open_store(self.workspace, self.plan, KEY))
        return self._store

    def close(self) -> None:
        """Close the store, as a command does at its end."""
        if self._open is not None:
            self._open.close()
        self._open = None
        if any((self.workspace / ".staging").iterdir()):
            raise AssertionError("something stayed in the staging folder")

    def ingest(self, tally: Tally, path: Path) -> BatchReport | None:
        """One file; None when it was refused as a whole."""
        found: list[BatchReport] = []
        opened = self.store
        before = opened.counts()
        attempt(tally, lambda: found.append(opened.ingest(path, received_on=RECEIVED, record=self._record)))
        after = opened.counts()
        if any(path.is_file() for path in (self.workspace / ".staging").iterdir()):
            tally.fail("a copy stayed in the staging folder", "leaks")
        if not found:
            tally.refused += 1
            if after != before:
                tally.fail("a refused file left rows behind", "lost")
            return None
        self._settle(tally, path, found[0], {name: after[name] - before[name] for name in after})
        self.taken += 1
        if self.taken >= FILES_PER_WORKSPACE:
            self.renew(tally)
        return found[0]

    def _record(self, report: BatchReport) -> tuple[int, str]:
        self.lines += 1
        return self.lines, json.dumps(report.as_record(), allow_nan=False)

    def _settle(self, tally: Tally, path: Path, report: BatchReport, grown: dict[str, int]) -> None:
        """Every physical row is stored, a duplicate, a revision, waiting, or kept in rejected/."""
        tally.taken += 1
        if report.already_ingested:
            return
        tally.rows += report.rows_read
        tally.rejected += report.rejected
        kept = self.workspace / "rejected" / f"{report.source_sha256[:16]}.jsonl"
        refusals = kept.read_bytes().split(b"\n")[:-1] if kept.exists() else []
        stored = report.stored + report.revisions + report.waiting
        physical = physical_rows(path)
        gaps = {
            "rows of the file": abs(physical - report.rows_read - report.blank_lines),
            "lines in rejected/": abs(len(refusals) - report.rejected),
            "keys in the store": abs(grown[report.role] - report.stored - report.waiting),
            "rows in the archive": abs(self._archived(report) - stored),
            "reasons": abs(sum(report.reasons.values()) - report.rejected),
        }
        for name, gap in gaps.items():
            if gap or not report.reconciles():
                tally.fail(f"{name}: {gap} apart: {report.as_record()}", "lost")
        for line in refusals:
            json.loads(line)

    def _archived(self, report: BatchReport) -> int:
        if report.archive_sha256 is None:
            return 0
        import pyarrow.parquet as pq

        return pq.read_metadata(self.workspace / "archive" / f"{report.archive_sha256}.parquet").num_rows

    def renew(self, tally: Tally) -> None:
        """Search everything kept for the planted words, see that the store opens, start an empty one."""
        self.close()
        if self.strict:
            kept = everything_kept(self.workspace)
            for word in WORDS:
                if word.encode() in kept:
                    at = kept.index(word.encode())
                    tally.fail(f"{word} is kept: {kept[max(0, at - 200) : at + 60]!r}", "leaks")
        shutil.rmtree(self.workspace)
        store.create(self.workspace, self.plan)
        self.taken = 0


def _parquet_rows(path: Path) -> int:
    """By Arrow; by a DuckDB of the test's own where Arrow cannot read what was damaged."""
    import duckdb
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_metadata(path).num_rows
    except (pa.ArrowException, OSError):
        with duckdb.connect(":memory:") as connection:
            return connection.execute(
                "SELECT sum(row_group_num_rows) FROM (SELECT DISTINCT row_group_id, "
                "row_group_num_rows FROM parquet_metadata(?))",
                [str(path)],
            ).fetchall()[0][0]


def physical_rows(path: Path) -> int:
    """Rows of a file, counted without the product."""
    if path.suffix == ".parquet":
        return _parquet_rows(path)
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    lines = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    return len(lines) - (1 if ".csv" in path.name else 0)


def everything_kept(workspace: Path) -> bytes:
    """All bytes of a workspace, and all texts that compression would hide from a search."""
    import duckdb
    import pyarrow.parquet as pq

    kept = io.BytesIO()
    for path in sorted(workspace.rglob("*")):
        if path.is_file() and not path.is_symlink():
            kept.write(path.name.encode() + b"\n" + path.read_bytes() + b"\n")
            if path.suffix == ".parquet":
                kept.write(repr(pq.read_table(path).to_pylist()).encode("utf-8", "replace"))
            if path.suffix == ".duckdb":
                with duckdb.connect(str(path), read_only=True) as connection:
                    tables = connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
                    for (table,) in tables:
                        found = connection.execute(f'SELECT * FROM "{table}"').fetchall()
                        kept.write(repr(found).encode("utf-8", "replace"))
    return kept.getvalue()


def clean(folder: Path) -> None:
    """Remove what the last file left beside the workspace."""
    for path in folder.iterdir():
        if path.name == "workspace":
            continue
        with suppress(OSError):
            path.chmod(0o700, follow_symlinks=False) if path.is_dir() and not path.is_symlink() else None
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
