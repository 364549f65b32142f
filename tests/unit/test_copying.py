"""A file's copy: the same bytes, whatever the file system can do."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from monitor.store.copying import copy_file


@pytest.mark.parametrize("size", [0, 1, 3_000_001])
def test_a_copy_has_the_bytes_and_replaces_what_was_there(tmp_path: Path, size: int) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(os.urandom(size))
    target.write_bytes(b"x" * 4_000_000)
    copy_file(source, target)
    assert target.read_bytes() == source.read_bytes()


@pytest.mark.parametrize("told", [errno.EXDEV, errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, None])
def test_where_blocks_cannot_be_shared_they_are_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: int | None
) -> None:
    """None: the call copies nothing and tells no error, as some file systems do."""
    calls: list[int] = []

    def refused(_read: int, _written: int, count: int) -> int:
        calls.append(count)
        if told is None:
            return 0
        raise OSError(told, os.strerror(told))

    monkeypatch.setattr(os, "copy_file_range", refused, raising=False)
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"rows")
    copy_file(source, target)
    assert target.read_bytes() == b"rows"
    assert calls == [4]


def test_a_full_disk_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_read: int, _written: int, _count: int) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "copy_file_range", full, raising=False)
    (tmp_path / "source").write_bytes(b"rows")
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        copy_file(tmp_path / "source", tmp_path / "target")
