"""The weekly packet: the state of a workspace in a dated folder that no later packet overwrites."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count, takewhile
from pathlib import Path
from typing import Any

import monitor
from monitor.documentation.packet import write_packet_files
from monitor.errors import UsageError
from monitor.hashing import canonical_json, sha256_file
from monitor.operation.disk import on_disk
from monitor.operation.reading.ledger_read import line_of
from monitor.operation.reading.monitoring import monitoring_report
from monitor.operation.reading.status import read_state
from monitor.operation.workspace import read_plan
from monitor.registry import Entry, fold, read_chain

PACKETS, MANIFEST = "packets", "manifest.json"
WEEK = timedelta(days=7)
ROUTINE = frozenset(
    {
        "night",
        "batch",
        "dossier",
        "stream_started",
        "reference_frozen",
        "floor_check",
        "candidate_frozen",
        "bound",
    }
)
"""Kinds of entries that are counted, or told by another one, and not listed one by one."""
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Packet:
    """A packet on disk.

    Attributes:
        folder: In `packets/` of the workspace.
        summary: The record behind its printed page.
        files: How many it holds, the manifest left out.
        new: False when the same packet was there already, byte by byte.
        beside: Packets of the same week and another state, which stay as they are.
    """

    folder: Path
    summary: dict[str, Any]
    files: int
    new: bool
    beside: tuple[str, ...]


def write_packet(
    path: Path,
    *,
    today: date,
    key_file: Path | None = None,
    progress: Progress = lambda _done, _total, _what: None,
) -> Packet:
    """Write the packet of this day's week: summary.pdf, summary.json, review/, dossiers/, manifest.json.

    A function of the day, the last published night, the ledger and the packet before: the same again gives
    the same bytes, and nothing is written. Another state in the same week gets a number behind its name.

    Args:
        path: A workspace in which a night has run.
        today: Names the week; nights are missing up to this day.
        key_file: Pseudonym key of a workspace whose databases are encrypted.
        progress: Told of each place.

    Raises:
        UsageError: No workspace, no night has run, or the day lies before the last one.
    """
    path = path.resolve()
    with on_disk(path):
        report = _report(path, today, key_file, progress)
        entries = read_chain(path / "ledger.jsonl")[: report["ledger"]["head"]["sequence"] + 1]
        week = week_of(today)
        folder = path / PACKETS
        folder.mkdir(mode=0o700, exist_ok=True)
        part = folder / f".{week}.{os.getpid()}.part"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(mode=0o700)
        try:
            since = _since(entries, _before(folder, (today, len(entries) - 1)), today)
            identity = {"packet": week, "asked_on": today.isoformat()}
            summary = write_packet_files(report, since, identity, part, path / "dossiers")
            manifest = _manifest(part, summary, entries)
            (part / MANIFEST).write_text(canonical_json(manifest) + "\n", encoding="utf-8")
            kept, new, beside = _put(part, folder, week)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return Packet(kept, summary, len(manifest["files"]), new, beside)


def week_of(day: date) -> str:
    """The week by its ISO 8601 name.

    Example:
        >>> week_of(date(2026, 2, 2)), week_of(date(2027, 1, 1))
        ('2026-W06', '2026-W53')
    """
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


def _report(path: Path, today: date, key_file: Path | None, progress: Progress) -> dict[str, Any]:
    """Without Evidently's pages: they hold single values, and a packet may be handed on."""
    last = read_state(path, read_plan(path)).last_night
    if last is None:
        raise UsageError(f"{path}: no night has run yet; run `pccp nightly {path}` first")
    if today < date.fromisoformat(last):
        raise UsageError(f"--as-of {today.isoformat()} lies before the last finished night, {last}")
    return monitoring_report(path, today=today, key_file=key_file, evidently=False, progress=progress)


def _before(folder: Path, now: tuple[date, int]) -> dict[str, Any] | None:
    """Manifest of the newest packet that is older than this day and this end of the ledger."""
    found: list[tuple[tuple[date, int], str, dict[str, Any]]] = []
    for file in folder.glob(f"*/{MANIFEST}"):
        manifest = json.loads(file.read_text(encoding="utf-8"))
        then = date.fromisoformat(manifest["asked_on"]), int(manifest["ledger"]["sequence"])
        if then < now:
            found.append((then, file.parent.name, manifest))
    if not found:
        return None
    _, name, manifest = max(found, key=lambda item: (item[0], item[1]))
    return {**manifest, "packet": name}


def _since(entries: Sequence[Entry], before: dict[str, Any] | None, today: date) -> dict[str, Any]:
    """What came to the ledger since the packet before; in the last seven days where there is none."""
    if before is not None:
        start = {"packet": before["packet"], "from": before["asked_on"]}
        new = [entry for entry in entries if entry.sequence > before["ledger"]["sequence"]]
    else:
        first = (today - WEEK).isoformat()
        start = {"packet": None, "from": first}
        new = [entry for entry in entries if entry.at[:10] >= first]
    state = fold(entries)
    batches = [entry.body for entry in new if entry.kind == "batch"]
    told = [line_of(entry, state) for entry in new if entry.kind not in ROUTINE]
    keys = ("at", "kind", "site", "finding", "summary")
    return {
        **start,
        "nights": sum(entry.kind == "night" for entry in new),
        "files": len(batches),
        "rows_read": sum(body["rows_read"] for body in batches),
        "rejected": sum(body["rejected"] for body in batches),
        "entries": [{key: line[key] for key in keys} for line in told],
    }


def _manifest(folder: Path, summary: dict[str, Any], entries: Sequence[Entry]) -> dict[str, Any]:
    """What the packet is of, and the SHA-256 of each of its files."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return {
        **{key: summary[key] for key in ("packet", "asked_on", "as_of", "plan")},
        "software": f"pccp-monitor {monitor.__version__}",
        "ledger": {"sequence": entries[-1].sequence, "hash": entries[-1].hash},
        "files": {file.relative_to(folder).as_posix(): sha256_file(file) for file in files},
    }


def _put(part: Path, folder: Path, week: str) -> tuple[Path, bool, tuple[str, ...]]:
    """Where the packet is now, whether it is new, and those of its week that hold another state."""
    manifest = (part / MANIFEST).read_bytes()
    names = (folder / (week if number == 1 else f"{week}-{number}") for number in count(1))
    taken = list(takewhile(Path.exists, names))
    same = next((found for found in taken if _holds(found, manifest)), None)
    beside = tuple(found.name for found in taken if found != same)
    if same is not None:
        return same, False, beside
    target = folder / (f"{week}-{len(taken) + 1}" if taken else week)
    part.rename(target)
    return target, True, beside


def _holds(packet: Path, manifest: bytes) -> bool:
    there = packet / MANIFEST
    return there.is_file() and there.read_bytes() == manifest
