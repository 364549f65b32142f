"""Crashes, full disks, two writers, unfinished files: a rerun leaves what an undisturbed run leaves.

`run.py` and `flips.py` beside this file do the same hundreds of times (`make faults`).
"""

from __future__ import annotations

import ctypes
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from tests.faults import scene
from tests.faults.scene import Scene

EARLY = "2026-01-20"
GROWING = """
import pathlib, sys, time
with open(sys.argv[2], "wb", buffering=0) as file:
    for line in pathlib.Path(sys.argv[1]).read_bytes().splitlines(keepends=True):
        file.write(line)
        time.sleep(0.02)
"""
"""A sender who needs minutes for a file."""
CAPBSET_DROP, DAC_OVERRIDE = 24, 1


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    folder = tmp_path_factory.mktemp("faults")
    return scene.delivered(scene.bound(folder / "bound"), folder / "inbox")


@pytest.fixture
def inbox(prepared: Scene, tmp_path: Path) -> Scene:
    return prepared.copy(tmp_path / "scene")


@pytest.fixture(scope="module")
def undisturbed(prepared: Scene, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    calm = prepared.copy(tmp_path_factory.mktemp("calm") / "scene")
    run_nights(calm)
    return scene.digest(calm)


def run_nights(on: Scene, as_of: str | None = None) -> None:
    done = scene.finished(on, on.command("nightly", "--as-of", as_of or on.last))
    assert done.returncode == 0, done.stderr


def nights_refused(on: Scene, prepare: Callable[[], None]) -> str:
    """What a run of the nights says that cannot end well."""
    command = on.command("nightly", "--as-of", on.last)
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=scene.ROOT, preexec_fn=prepare, check=False
    )
    assert done.returncode not in (0, 1), done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def test_every_command_killed_at_work_leaves_the_undisturbed_state_after_a_rerun() -> None:
    script = Path(__file__).with_name("run.py")
    done = subprocess.run(
        [sys.executable, str(script), "--hits", "9", "--seed", "7"],
        capture_output=True,
        text=True,
        cwd=scene.ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    row = next(line for line in done.stdout.splitlines() if line.startswith("| together |"))
    tried, early, hit, late, equal, lost = (int(cell) for cell in row.split("|")[3:-1])
    assert (hit, equal, lost) == (9, tried, 0)
    assert tried == early + hit + late


@pytest.mark.parametrize("largest_file", [20_000, 1_500_000])
def test_a_full_disk_is_said_and_nothing_is_lost(
    inbox: Scene, undisturbed: dict[str, str], largest_file: int
) -> None:
    limits = (largest_file, largest_file)
    nights_refused(inbox, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limits))
    run_nights(inbox)
    assert scene.digest(inbox) == undisturbed


def test_a_full_file_system_is_said_and_nothing_is_lost(
    inbox: Scene, undisturbed: dict[str, str], tmp_path: Path
) -> None:
    """A workspace on a tmpfs of 4 MB, copied away as the failed command left it."""
    small = tmp_path / "small"
    small.mkdir()
    on_it = Scene(small, inbox.last)
    script = (
        'mount -t tmpfs -o size=4m none "$0" || exit 77; cp -a "$1/." "$0" || exit 78; shift; '
        '"$@"; code=$?; rm -rf "$0/logs" "$FROM"; cp -a "$0/." "$FROM"; exit $code'
    )
    unshare = [*namespace(), "sh", "-c", script, str(small), str(inbox.folder)]
    done = subprocess.run(
        [*unshare, *on_it.command("nightly", "--as-of", inbox.last)],
        capture_output=True,
        text=True,
        cwd=scene.ROOT,
        env={**os.environ, "FROM": str(inbox.folder)},
        check=False,
    )
    assert done.returncode not in (0, 1, 77, 78), done.stderr
    assert "Traceback" not in done.stderr
    run_nights(inbox)
    assert scene.digest(inbox) == undisturbed


def namespace() -> list[str]:
    """A command that gives the next one file systems of its own, where that is permitted."""
    for found in (["unshare", "--mount"], ["unshare", "--map-root-user", "--mount"]):
        probe = [*found, "mount", "-t", "tmpfs", "none", "/mnt"]
        if (
            shutil.which("unshare")
            and subprocess.run(probe, capture_output=True, check=False).returncode == 0
        ):
            return found
    pytest.skip("no file system can be mounted here")


def test_a_folder_that_cannot_be_written_is_said_and_nothing_is_lost(
    inbox: Scene, undisturbed: dict[str, str]
) -> None:
    files = {file: file.read_bytes() for file in inbox.workspace.rglob("*") if file.is_file()}
    folders = [inbox.workspace, *(path for path in inbox.workspace.rglob("*") if path.is_dir())]
    for path in (*folders, *files):
        path.chmod(0o500 if path.is_dir() else 0o400)
    told = nights_refused(inbox, without_override)
    assert "ermission" in told
    assert {file: file.read_bytes() for file in files} == files
    for path in (*folders, *files):
        path.chmod(0o700 if path.is_dir() else 0o600)
    run_nights(inbox)
    assert scene.digest(inbox) == undisturbed


def without_override() -> None:
    """The next program heeds file modes even when root runs it."""
    ctypes.CDLL(None).prctl(CAPBSET_DROP, DAC_OVERRIDE, 0, 0, 0)


def test_of_two_writers_one_is_told_who_holds_the_workspace(
    inbox: Scene, undisturbed: dict[str, str]
) -> None:
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
    assert scene.digest(inbox) == undisturbed


def test_a_reader_beside_a_writer_sees_the_last_finished_state(inbox: Scene) -> None:
    run_nights(inbox, EARLY)
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


def test_a_file_under_its_unfinished_name_waits_in_the_inbox(inbox: Scene) -> None:
    folder = inbox.workspace / "inbox"
    whole = (folder / "outcomes.csv").read_text()
    (folder / "outcomes.csv").rename(folder / "outcomes.csv.part")
    run_nights(inbox, EARLY)
    assert (folder / "outcomes.csv.part").read_text() == whole
    assert not (folder / "predictions.csv").exists()


def test_a_growing_file_waits_until_it_is_whole(inbox: Scene, tmp_path: Path) -> None:
    outcomes = inbox.workspace / "inbox" / "outcomes.csv"
    delivered = outcomes.rename(tmp_path / "outcomes.csv")
    calm = inbox.copy(tmp_path / "calm")
    writer = subprocess.Popen([sys.executable, "-c", GROWING, str(delivered), str(outcomes)])
    while not outcomes.exists():
        time.sleep(0.01)
    run_nights(inbox, EARLY)
    assert writer.poll() is None
    writer.terminate()
    writer.wait()
    for one in (inbox, calm):
        if one is calm:
            run_nights(calm, EARLY)
        shutil.copy(delivered, one.workspace / "inbox" / "outcomes.csv")
        run_nights(one)
    assert scene.digest(inbox) == scene.digest(calm)


def test_a_half_written_file_is_made_up_for_by_the_whole_one(inbox: Scene, tmp_path: Path) -> None:
    predictions = inbox.workspace / "inbox" / "predictions.csv"
    whole, calm = predictions.read_bytes(), inbox.copy(tmp_path / "calm")
    predictions.write_bytes(whole[: len(whole) // 2])
    run_nights(inbox)
    predictions.write_bytes(whole)
    run_nights(inbox)
    run_nights(calm)
    assert stored(inbox) == stored(calm)


def stored(one: Scene) -> list[list[tuple[object, ...]]]:
    """Rows of the snapshot, in any order, without the batch and the line that brought them."""
    with duckdb.connect(str(one.workspace / "snapshot.duckdb"), read_only=True) as connection:
        asked = (
            "SELECT * EXCLUDE (batch, line) FROM predictions",
            "SELECT * EXCLUDE (batch, line) FROM outcomes",
        )
        return [sorted(connection.execute(question).fetchall(), key=str) for question in asked]


def test_a_truncated_parquet_file_is_refused_and_stays(inbox: Scene) -> None:
    batch = next((inbox.workspace / "inbox").glob("*.csv"))
    target = inbox.workspace / "inbox" / "cut.parquet"
    target.write_bytes(b"PAR1" + batch.read_bytes()[:500])
    done = scene.finished(inbox, inbox.command("nightly", "--as-of", inbox.last))
    assert done.returncode == 11
    assert "Traceback" not in done.stderr
    assert target.exists()


def test_a_clock_that_goes_backwards_is_refused(inbox: Scene) -> None:
    run_nights(inbox)
    before = (inbox.workspace / "ledger.jsonl").read_bytes()
    again = scene.finished(inbox, inbox.command("nightly", "--as-of", "2026-01-05"))
    assert again.returncode == 2
    assert (inbox.workspace / "ledger.jsonl").read_bytes() == before


def test_a_workspace_that_moved_goes_on(inbox: Scene, tmp_path: Path) -> None:
    moved = Scene(tmp_path / "elsewhere", inbox.last)
    shutil.move(inbox.folder, moved.folder)
    assert scene.finished(moved, moved.command("nightly", "--as-of", moved.last)).returncode == 0
