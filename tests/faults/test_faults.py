"""Crashes, full disks, two writers, unfinished files: a rerun leaves what an undisturbed run leaves."""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import run
import scene
from scene import Scene


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> list[run.Victim]:
    return run.victims(tmp_path_factory.mktemp("faults"))


@pytest.fixture
def inbox(prepared: list[run.Victim], tmp_path: Path) -> Scene:
    return next(victim for victim in prepared if victim.name == "nightly").start.copy(tmp_path / "scene")


@pytest.mark.parametrize("name", ["ingest", "nightly", "approve", "rebuild"])
def test_killed_anywhere_a_rerun_leaves_the_undisturbed_state(
    prepared: list[run.Victim], name: str, tmp_path: Path
) -> None:
    victim = next(victim for victim in prepared if victim.name == name)
    hit, equal = run.survive(victim, 3, 7, tmp_path)
    assert equal == 3
    assert hit >= 1


def test_a_full_disk_is_said_and_nothing_is_lost(inbox: Scene, tmp_path: Path) -> None:
    calm = inbox.copy(tmp_path / "calm")
    assert scene.finished(calm, calm.command("nightly", "--as-of", calm.last)).returncode == 0

    def small_files_only() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))

    full = subprocess.run(
        inbox.command("nightly", "--as-of", inbox.last),
        capture_output=True,
        text=True,
        cwd=scene.ROOT,
        preexec_fn=small_files_only,
        check=False,
    )
    assert full.returncode != 0
    assert "Traceback" not in full.stderr
    assert scene.finished(inbox, inbox.command("nightly", "--as-of", inbox.last)).returncode == 0
    assert scene.digest(inbox) == scene.digest(calm)


def test_of_two_writers_one_is_told_who_holds_the_workspace(inbox: Scene, tmp_path: Path) -> None:
    calm = inbox.copy(tmp_path / "calm")
    assert scene.finished(calm, calm.command("nightly", "--as-of", calm.last)).returncode == 0
    writers = [
        subprocess.Popen(
            inbox.command("nightly", "--as-of", inbox.last), stderr=subprocess.PIPE, text=True, cwd=scene.ROOT
        )
        for _ in range(2)
    ]
    told = [writer.communicate(timeout=120)[1] for writer in writers]
    codes = [writer.returncode for writer in writers]
    assert 0 in codes
    assert set(codes) <= {0, 15}
    assert codes.count(15) == 0 or "being written by process" in "".join(told)
    assert scene.digest(inbox) == scene.digest(calm)


def test_a_reader_beside_a_writer_sees_the_last_finished_state(inbox: Scene) -> None:
    early = "2026-01-20"
    assert scene.finished(inbox, inbox.command("nightly", "--as-of", early)).returncode == 0
    writer = subprocess.Popen(
        inbox.command("nightly", "--as-of", inbox.last), stdout=subprocess.DEVNULL, cwd=scene.ROOT
    )
    reads = 0
    while writer.poll() is None:
        command = [sys.executable, "-m", "flows", "status", str(inbox.workspace), "--json"]
        reader = scene.finished(inbox, command)
        assert reader.returncode == 0, reader.stderr
        reads += 1
    assert writer.returncode == 0
    assert reads >= 1


def test_a_growing_or_unfinished_file_waits_in_the_inbox(inbox: Scene) -> None:
    folder = inbox.workspace / "inbox"
    whole = (folder / "outcomes.csv").read_text()
    (folder / "outcomes.csv").rename(folder / "outcomes.csv.part")
    assert scene.finished(inbox, inbox.command("nightly", "--as-of", "2026-01-20")).returncode == 0
    assert (folder / "outcomes.csv.part").read_text() == whole
    assert not (folder / "predictions.csv").exists()


def test_a_truncated_parquet_file_is_refused_and_stays(inbox: Scene) -> None:
    batch = next((inbox.workspace / "inbox").glob("*.csv"))
    target = inbox.workspace / "inbox" / "cut.parquet"
    target.write_bytes(b"PAR1" + batch.read_bytes()[:500])
    done = scene.finished(inbox, inbox.command("nightly", "--as-of", inbox.last))
    assert done.returncode == 11
    assert "Traceback" not in done.stderr
    assert target.exists()


def test_a_clock_that_goes_backwards_is_refused(inbox: Scene) -> None:
    assert scene.finished(inbox, inbox.command("nightly", "--as-of", inbox.last)).returncode == 0
    before = (inbox.workspace / "ledger.jsonl").read_bytes()
    again = scene.finished(inbox, inbox.command("nightly", "--as-of", "2026-01-05"))
    assert again.returncode == 2
    assert (inbox.workspace / "ledger.jsonl").read_bytes() == before


def test_a_workspace_that_moved_goes_on(inbox: Scene, tmp_path: Path) -> None:
    moved = Scene(tmp_path / "elsewhere", inbox.last)
    shutil.move(inbox.folder, moved.folder)
    assert scene.finished(moved, moved.command("nightly", "--as-of", moved.last)).returncode == 0
