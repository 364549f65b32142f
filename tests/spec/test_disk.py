"""What the operating system refuses is said in a sentence, and nothing that was committed is lost."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from flows import cli
from monitor.errors import EvidenceError, UsageError
from monitor.operation.disk import on_disk
from monitor.operation.night import nightly
from monitor.operation.workspace import initialise, open_workspace
from tests.properties.planted import NEEDLES, PLAN, planted_logs

AS_OF = date(2026, 2, 1)


@pytest.fixture
def workspace(tmp_path: Path, key_file: Path) -> Path:
    """One file in the inbox, whose name is a patient's."""
    initialise(tmp_path / "w", PLAN, key_file, at="2026-01-01")
    log = planted_logs(tmp_path / "sent")["predictions"]
    (tmp_path / "w" / "inbox" / f"{NEEDLES[0]}.csv").write_bytes(log.read_bytes())
    return tmp_path / "w"


def failing(error: OSError, when: Callable[[Path, int], bool]) -> Callable[..., int]:
    """`os.open` of a file system that refuses some files."""
    really = os.open

    def refuse(path: Any, flags: int, *rest: Any, **named: Any) -> int:
        if when(Path(path), flags):
            raise OSError(error.errno, error.strerror, str(path))
        return really(path, flags, *rest, **named)

    return refuse


@pytest.mark.parametrize("folder", ["archive", "rejected", ".staging"])
def test_a_folder_that_became_a_file_stops_the_run_and_is_named(
    workspace: Path, key_file: Path, folder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    place = workspace / folder
    place.rename(workspace / "aside")
    place.touch()
    words = ["nightly", str(workspace), "--as-of", AS_OF.isoformat(), "--pseudonym-key", str(key_file)]
    assert cli.run(words) == 14
    told = capsys.readouterr().err
    assert f": {folder}" in told
    assert "put back what was there" in told
    assert not [needle for needle in NEEDLES if needle in told]
    place.unlink()
    (workspace / "aside").rename(place)
    assert nightly(workspace, AS_OF, key_file=key_file).batches[0].stored > 0


def test_nothing_of_the_inbox_is_named(workspace: Path, key_file: Path) -> None:
    (workspace / "inbox" / "done").touch()
    with pytest.raises(EvidenceError, match=r"inbox: file exists") as refused:
        nightly(workspace, AS_OF, key_file=key_file)
    assert refused.value.__cause__ is None
    assert not [needle for needle in NEEDLES if needle in str(refused.value)]


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.EROFS, "cannot be written"),
        (errno.EACCES, "user who owns the workspace"),
        (errno.ENOSPC, "make room"),
        (errno.EIO, "mend the file system"),
    ],
)
def test_a_workspace_that_cannot_be_written_is_said_with_a_remedy(
    workspace: Path, key_file: Path, number: int, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def written(path: Path, flags: int) -> bool:
        return path.is_relative_to(workspace) and bool(flags & os.O_CREAT)

    monkeypatch.setattr(os, "open", failing(OSError(number, os.strerror(number)), written))
    with pytest.raises(UsageError, match=rf"\.lock: {os.strerror(number).lower()}; .*{remedy}"):
        nightly(workspace, AS_OF, key_file=key_file)


def test_a_workspace_that_cannot_be_made_is_said(tmp_path: Path, key_file: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EvidenceError, match="not a directory"):
        initialise(tmp_path / "file" / "w", PLAN, key_file, at="2026-01-01")


def test_an_error_without_a_file_name_is_said_too(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="a file of the workspace: no space left"), on_disk(tmp_path):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_reader_of_our_output_that_left_is_no_matter_of_the_disk(workspace: Path, key_file: Path) -> None:
    with pytest.raises(BrokenPipeError), open_workspace(workspace, key_file):
        raise BrokenPipeError
