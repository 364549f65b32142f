"""What a forger does who may write to a workspace and computes every hash anew, but has no listed key."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb

from monitor import plan
from monitor.hashing import sha256_file
from monitor.operation.plans import identity
from monitor.registry import Entry, new_key, read_chain, sign_record
from monitor.registry.checkpoint import Checkpoint, seal
from tests.evidence import Scene, forge

Bodies = list[tuple[str, str, dict[str, Any]]]


@dataclass(frozen=True)
class Forgery:
    """One forgery.

    Attributes:
        make: Carries it out on a copy of a workspace; returns a checkpoint kept elsewhere, if one was.
        seen: Whether `verify` has to refuse the workspace.
    """

    make: Callable[[Scene, Path], Path | None]
    seen: bool = True


def bodies(entries: list[Entry]) -> Bodies:
    return [(entry.kind, entry.at, entry.body) for entry in entries]


def newest_checkpoint(path: Path) -> Path:
    return max((path / "checkpoints").glob("*.json"), key=lambda file: int(file.stem))


def without_databases(path: Path) -> None:
    for name in ("monitor.duckdb", "snapshot.duckdb"):
        (path / name).unlink()


def cut(path: Path) -> None:
    """Remove what came after the people's decisions, checkpoints included, and the databases."""
    lines = (path / "ledger.jsonl").read_text().splitlines(keepends=True)
    closed = next(entry for entry in read_chain(path / "ledger.jsonl") if entry.kind == "alarm_closed")
    (path / "ledger.jsonl").write_text("".join(lines[: closed.sequence + 1]))
    for file in (path / "checkpoints").glob("*.json"):
        if int(file.stem) > closed.sequence:
            file.unlink()
    without_databases(path)


def _cut_quietly(scene: Scene, _folder: Path) -> None:
    cut(scene.path)


def _cut_with_one_kept(scene: Scene, folder: Path) -> Path:
    kept = Path(shutil.copy(newest_checkpoint(scene.path), folder / "kept.json"))
    cut(scene.path)
    return kept


def _cut_with_its_checkpoints_left(scene: Scene, folder: Path) -> None:
    name = newest_checkpoint(scene.path).name
    kept = _cut_with_one_kept(scene, folder)
    shutil.copy(kept, scene.path / "checkpoints" / name)


def _last_entry_gone(scene: Scene, folder: Path) -> Path:
    kept = Path(shutil.copy(newest_checkpoint(scene.path), folder / "kept.json"))
    forge(scene.path, lambda entries: bodies(entries[:-1]))
    without_databases(scene.path)
    return kept


def _swapped_lines(scene: Scene, _folder: Path) -> None:
    ledger = scene.path / "ledger.jsonl"
    lines = ledger.read_text().splitlines(keepends=True)
    ledger.write_text("".join([*lines[:5], lines[6], lines[5], *lines[7:]]))


def _swapped_nights(scene: Scene, _folder: Path) -> None:
    def swap(entries: list[Entry]) -> Bodies:
        found = bodies(entries)
        nights = [number for number, (kind, _, _) in enumerate(found) if kind == "night"]
        one, other = nights[3], nights[4]
        found[one], found[other] = found[other], found[one]
        return found

    forge(scene.path, swap)


def _night_gone(scene: Scene, _folder: Path) -> None:
    nights = [entry for entry in read_chain(scene.path / "ledger.jsonl") if entry.kind == "night"]
    gone = next(one for one, after in pairwise(nights) if after.sequence == one.sequence + 1)
    forge(scene.path, lambda entries: bodies([entry for entry in entries if entry.hash != gone.hash]))


def _alarm_gone(scene: Scene, _folder: Path) -> None:
    forge(scene.path, lambda entries: bodies([entry for entry in entries if entry.kind != "alarm"]))


def _better_verdict(scene: Scene, _folder: Path) -> None:
    def better(entries: list[Entry]) -> Bodies:
        for entry in entries:
            if entry.kind == "verdict" and entry.body["change"] == "CHG-0001":
                entry.body["criteria"][0]["estimate"]["low"] += 0.125
        return bodies(entries)

    forge(scene.path, better)


def _resigned_approval(scene: Scene, folder: Path) -> None:
    stranger = _stranger(folder)

    def resign(entries: list[Entry]) -> Bodies:
        found = bodies(entries)
        for number, (kind, at, body) in enumerate(found):
            if kind == "approval" and body["role"] == "quality_lead":
                left = {key: value for key, value in body.items() if key not in ("key_id", "signature")}
                found[number] = (kind, at, sign_record(left, stranger))
        return found

    forge(scene.path, resign)


def _resigned_checkpoint(scene: Scene, folder: Path) -> None:
    entries = read_chain(scene.path / "ledger.jsonl")
    head = Checkpoint(len(entries), entries[-1].hash, entries[0].body["plan"]["sha256"], None)
    newest_checkpoint(scene.path).write_bytes(seal(head, _stranger(folder)))


def _turned_outcomes(scene: Scene, _folder: Path) -> None:
    """Archived outcomes turned over, the file named by its new hash, the chain computed anew."""
    entries = read_chain(scene.path / "ledger.jsonl")
    batch = next(
        entry.body for entry in entries if entry.kind == "batch" and entry.body["role"] == "outcomes"
    )
    old = scene.path / "archive" / f"{batch['archive_sha256']}.parquet"
    draft = scene.path / "draft.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT * REPLACE (1 - outcome AS outcome) FROM '{old}') TO '{draft}' (FORMAT parquet)"
        )
    digest = sha256_file(draft)
    draft.rename(old.with_name(f"{digest}.parquet"))
    old.unlink()
    before, batch["archive_sha256"] = batch["archive_sha256"], digest

    def rename(found: list[Entry]) -> Bodies:
        for entry in found:
            if entry.kind == "batch" and entry.body["archive_sha256"] == before:
                entry.body["archive_sha256"] = digest
        return bodies(found)

    forge(scene.path, rename)


def _looser_plan(scene: Scene, _folder: Path) -> None:
    """A margin of the plan widened, and entry 0 made to bind the new text."""
    text = (scene.path / "plan.yaml").read_text().replace("logit: 0.1,", "logit: 0.2,")
    (scene.path / "plan.yaml").write_text(text)
    loaded = plan.load(scene.path / "plan.yaml")
    for file in (scene.path / "plans").iterdir():
        file.unlink()
    (scene.path / "plans" / f"{loaded.sha256}.yaml").write_text(text)

    def bind(entries: list[Entry]) -> Bodies:
        entries[0].body["plan"] = identity(loaded)
        return bodies(entries)

    forge(scene.path, bind)


def _stranger(folder: Path) -> Path:
    file = folder / "stranger.pem"
    file.unlink(missing_ok=True)
    new_key(file)
    return file


ALL = {
    "tail cut off, newer checkpoints and databases removed, none kept elsewhere": Forgery(
        _cut_quietly, False
    ),
    "the same with a checkpoint kept elsewhere": Forgery(_cut_with_one_kept),
    "tail cut off, the workspace's own checkpoint left": Forgery(_cut_with_its_checkpoints_left),
    "the last entry alone removed, a checkpoint kept elsewhere": Forgery(_last_entry_gone),
    "two neighbouring lines swapped": Forgery(_swapped_lines),
    "two nights swapped, chain computed anew": Forgery(_swapped_nights),
    "a night removed, chain computed anew": Forgery(_night_gone),
    "every alarm removed, chain computed anew": Forgery(_alarm_gone),
    "a criterion's bound raised, chain computed anew": Forgery(_better_verdict),
    "an approval signed again with an unlisted key, chain computed anew": Forgery(_resigned_approval),
    "the newest checkpoint signed again with an unlisted key": Forgery(_resigned_checkpoint),
    "archived outcomes turned over, file name and chain computed anew": Forgery(_turned_outcomes),
    "a margin of the plan widened, every hash of it and the chain computed anew": Forgery(_looser_plan),
}
