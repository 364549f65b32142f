"""`monitor.duckdb` is a store that can be rebuilt: archive and ledger lead to the same content again."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path

import pytest

from monitor import store
from monitor.errors import EvidenceError
from monitor.operation.night import nightly
from monitor.operation.reading.status import status
from monitor.operation.workspace import open_workspace
from monitor.registry import read_chain
from tests.evidence import Scene, contents, flipped


def opened(scene: Scene) -> None:
    with open_workspace(scene.path, scene.key):
        pass


@pytest.mark.parametrize("which", ["lived_scene", "replayed_scene"])
def test_a_deleted_database_is_rebuilt_to_the_same_hashes(
    which: str, request: pytest.FixtureRequest, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    original: Scene = request.getfixturevalue(which)
    scene = original.copy(tmp_path / "copy")
    before, shown = contents(scene.path, tmp_path), status(scene.path)
    ledger = (scene.path / "ledger.jsonl").read_bytes()
    for name in (store.DATABASE, store.SNAPSHOT):
        (scene.path / name).unlink()
    (scene.path / "monitor.duckdb.wal").write_bytes(b"the log of a database that is gone")
    with caplog.at_level(logging.WARNING):
        opened(scene)
    assert "monitor.duckdb is missing; rebuilding it" in caplog.text
    assert contents(scene.path, tmp_path) == before
    assert set(before[store.DATABASE].tables) >= {"predictions", "outcomes", "batches", "stream_state"}
    assert status(scene.path) == shown
    assert (scene.path / "ledger.jsonl").read_bytes() == ledger
    assert not (scene.path / ".staging" / "rebuild").exists()


def test_nights_after_a_rebuild_are_those_that_would_have_followed(
    lived_scene: Scene, tmp_path: Path
) -> None:
    kept, lost = (lived_scene.copy(tmp_path / name) for name in ("kept", "lost"))
    (lost.path / store.DATABASE).unlink()
    until = lived_scene.made.complete_on + timedelta(days=3)
    for scene in (kept, lost):
        nightly(scene.path, until, key_file=scene.key)
    assert (kept.path / "ledger.jsonl").read_bytes() == (lost.path / "ledger.jsonl").read_bytes()
    assert contents(kept.path, tmp_path) == contents(lost.path, tmp_path)


def test_a_missing_snapshot_is_published_again(replayed_scene: Scene, tmp_path: Path) -> None:
    scene = replayed_scene.copy(tmp_path / "copy")
    shown = status(scene.path)
    (scene.path / store.SNAPSHOT).unlink()
    opened(scene)
    assert status(scene.path) == shown


def test_what_does_not_lead_to_the_ledger_is_not_installed(replayed_scene: Scene, tmp_path: Path) -> None:
    scene = replayed_scene.copy(tmp_path / "copy")
    (scene.path / store.DATABASE).unlink()
    batch = next((scene.path / "archive").glob("*.parquet"))
    batch.write_bytes(flipped(batch.read_bytes(), 100))
    with pytest.raises(EvidenceError, match=rf"archive/{batch.name}: the file does not have the hash"):
        opened(scene)
    assert not (scene.path / store.DATABASE).exists()


def test_a_restored_batch_must_hold_the_rows_on_record(replayed_scene: Scene, tmp_path: Path) -> None:
    from monitor.operation.workspace import read_plan

    loaded = read_plan(replayed_scene.path)
    entry = next(entry for entry in read_chain(replayed_scene.path / "ledger.jsonl") if entry.kind == "batch")
    archive = replayed_scene.path / "archive" / f"{entry.body['archive_sha256']}.parquet"
    store.create(tmp_path, loaded.plan)
    with store.open_store(tmp_path, loaded.plan, None) as opened_store:
        with pytest.raises(EvidenceError, match=r"on record with \d+ accepted rows, its archive holds \d+"):
            opened_store.restore_batch(archive, {**entry.body, "stored": entry.body["stored"] - 1})
        with pytest.raises(EvidenceError, match="cannot be read"):
            opened_store.restore_batch(tmp_path / "gone.parquet", entry.body)
        assert opened_store.counts()["predictions"] == 0
        opened_store.restore_batch(archive, entry.body)
        assert opened_store.counts()["predictions"] == entry.body["stored"]
