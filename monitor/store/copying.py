"""A database file put where readers open it, at the cost of what changed since it was put there last.

XFS and Btrfs give a file a second name for the same blocks of the disk, whatever its size. Elsewhere the file
that readers had before the last one is kept as a spare and brought up to date: a DuckDB file is a head and
blocks of one length, each of which begins with a checksum of its content, so a block is copied where the two
checksums differ, and nothing else is read. A night of 20,000 predictions changes some 30 blocks of 4,400.

Nobody may have the spare open while it changes; Linux tells by a lease. Where it cannot tell, where the file
has a second name (as a backup by hard links gives it), or where anything else is not as expected, the whole
file is copied to a new one.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import signal
from contextlib import suppress
from pathlib import Path
from stat import S_ISREG
from typing import Final

from monitor.store.archive import publish
from monitor.store.encryption import is_encrypted

HEAD_BYTES: Final = 3 * 4096
BLOCK_BYTES: Final = 262_144
CHECKSUM_BYTES: Final = 8
SPARE: Final = ".spare"
"""What a file is called that readers had before; it may be deleted at any time."""
_BROKEN: Final = {errno.ENOSPC, errno.EDQUOT, errno.EIO}
_CLONE: Final = 0x40049409  # FICLONE of Linux' ioctl_ficlone(2), which Python does not name


def publish_copy(source: Path, target: Path, *, keep_spare: bool = True) -> None:
    """Put a copy of a closed database file in the target's place, in one step.

    Args:
        source: Complete, and not written meanwhile.
        target: Whoever has it open goes on to read what it was.
        keep_spare: False where what the target held shall not stay on the disk.

    Raises:
        OSError: No room, or the folder cannot be written; the target is then as it was.
    """
    fresh, spare = target.with_name(target.name + ".part"), target.with_name(target.name + SPARE)
    fresh.unlink(missing_ok=True)
    if _cloned(source, fresh):
        spare.unlink(missing_ok=True)
    else:
        if not (target.exists() and _updated(spare, source, fresh)):
            spare.unlink(missing_ok=True)
            shutil.copyfile(source, fresh)
        if keep_spare:
            with suppress(OSError):  # no file yet, or no second names on this file system: no spare either
                os.link(target, spare)
    publish(fresh, target)


def _cloned(source: Path, fresh: Path) -> bool:
    """Whether the file system made a copy that shares the source's blocks."""
    with source.open("rb") as read, fresh.open("wb") as written:
        try:
            fcntl.ioctl(written.fileno(), _CLONE, read.fileno())
        except OSError as error:
            if error.errno in _BROKEN:
                raise
            return False
    return True


def _updated(spare: Path, source: Path, fresh: Path) -> bool:
    """Whether the spare was free, and now is the source's equal under the fresh file's name.

    It loses its own name first: what a crash leaves half done is never taken for a spare.
    """
    if is_encrypted(source) or not _whole_blocks(source.stat().st_size):
        return False
    descriptor = _alone(spare)
    if descriptor is None:
        return False
    try:
        spare.replace(fresh)
        with source.open("rb") as read:
            _copy_changes(read.fileno(), descriptor)
    finally:
        os.close(descriptor)
    return True


def _alone(spare: Path) -> int | None:
    """The file, open for writing and held so that nobody else can open it; None where that is not sure.

    Who tries to open it waits until it is closed; the signal that tells of it is one that is ignored.
    """
    if not hasattr(fcntl, "F_SETLEASE"):
        return None
    try:
        descriptor = os.open(spare, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        found = os.fstat(descriptor)
        if S_ISREG(found.st_mode) and found.st_nlink == 1 and _whole_blocks(found.st_size):
            fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_WRLCK)
            return descriptor
    except OSError:
        pass
    os.close(descriptor)
    return None


def _whole_blocks(size: int) -> bool:
    return size >= HEAD_BYTES and (size - HEAD_BYTES) % BLOCK_BYTES == 0


def _copy_changes(source: int, target: int) -> None:
    """Make the target equal to the source: its length, its head, and each block of another checksum."""
    size = os.fstat(source).st_size
    os.ftruncate(target, size)
    _copy(source, target, 0, HEAD_BYTES)
    for at in range(HEAD_BYTES, size, BLOCK_BYTES):
        if os.pread(source, CHECKSUM_BYTES, at) != os.pread(target, CHECKSUM_BYTES, at):
            _copy(source, target, at, BLOCK_BYTES)


def _copy(source: int, target: int, at: int, count: int) -> None:
    content = os.pread(source, count, at)
    if len(content) != count or os.pwrite(target, content, at) != count:
        raise OSError(errno.EIO, "a block of the database was read or written in part")
