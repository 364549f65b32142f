"""Binding a workspace: once, whole, and again only where it was cut off."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.errors import EvidenceError, UsageError
from monitor.operation.night import ingest, nightly
from monitor.operation.workspace import initialise, open_workspace
from monitor.registry import read_chain
from tests.evidence import PLAN, QUIET, bound


def bind(folder: Path) -> Path:
    initialise(folder / "workspace", PLAN, folder / "pseudonym.key", at="2026-01-01")
    return folder / "workspace"


def test_a_bound_workspace_is_not_bound_again(tmp_path: Path) -> None:
    path = bind(tmp_path)
    before = (path / "ledger.jsonl").read_bytes()
    with pytest.raises(UsageError, match="holds a workspace already"):
        bind(tmp_path)
    assert (path / "ledger.jsonl").read_bytes() == before


@pytest.mark.parametrize("left", [("plan.yaml",), ("plan.yaml", "monitor.duckdb"), ("monitor.duckdb",)])
def test_a_binding_that_was_cut_off_is_done_anew(tmp_path: Path, left: tuple[str, ...]) -> None:
    """What a process killed between the plan's copy and the first entry leaves behind."""
    path = bind(tmp_path)
    (path / "ledger.jsonl").write_bytes(b"")
    for name in {"plan.yaml", "monitor.duckdb"} - set(left):
        (path / name).unlink()
    bind(tmp_path)
    assert [entry.kind for entry in read_chain(path / "ledger.jsonl")] == ["bound"]
    with open_workspace(path, tmp_path / "pseudonym.key") as workspace:
        assert workspace.state.bound


def test_a_lost_ledger_is_no_binding_that_was_cut_off(tmp_path: Path) -> None:
    """Where rows were ever taken in, an empty ledger is a loss, and nothing is made over it."""
    scene = bound(tmp_path, QUIET, nights=3)
    ingest(scene.path, scene.made.write(scene.logs).predictions, scene.made.first_day, key_file=scene.key)
    (scene.path / "ledger.jsonl").unlink()
    with pytest.raises(UsageError, match="holds a workspace already"):
        initialise(scene.path, tmp_path / "plan.yaml", scene.key, at="2026-01-01")


def test_drafts_of_a_killed_process_are_swept_away(tmp_path: Path) -> None:
    path = bind(tmp_path)
    drafts = [path / ".plan.yaml.123.part", path / "plans" / ".abc.yaml.123.part"]
    for draft in drafts:
        draft.write_text("half")
    with open_workspace(path, tmp_path / "pseudonym.key"):
        pass
    assert not any(draft.exists() for draft in drafts)
    assert (path / "plan.yaml").exists()


def test_a_damaged_database_says_what_to_do_and_can_be_made_again(tmp_path: Path) -> None:
    scene = bound(tmp_path, QUIET, nights=3)
    ingest(scene.path, scene.made.write(scene.logs).predictions, scene.made.first_day, key_file=scene.key)
    database = scene.path / "monitor.duckdb"
    whole = database.read_bytes()
    database.write_bytes(whole[:4096] + bytes(4096) + whole[8192:])
    with pytest.raises(EvidenceError, match="delete it: the next run makes it again"):
        nightly(scene.path, scene.made.complete_on, key_file=scene.key)
    database.unlink()
    assert nightly(scene.path, scene.made.complete_on, key_file=scene.key).nights
