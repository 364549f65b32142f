"""A database file put where readers open it, writing only what changed since it was put there last.

XFS and Btrfs give a file a second name for the same blocks of the disk, whatever its size. Elsewhere the file
that readers had before the last one is kept as a spare and brought up to date. A note beside it tells in
which pieces it lags behind, and DuckDB's log of what it wrote tells the rest: a night of 20,000 predictions
changes some 30 pieces of 4,400. Without the one or the other both files are compared piece by piece, which
costs a fraction of writing one to the disk. (The checksums of DuckDB's blocks do not serve for that: they are
sums without order, so two numbers that change places leave them as they were. They are a second check of the
log.)

Nobody may have the spare open while it changes; Linux tells by a lease. Where it cannot tell, or where the
file has a second name (as a backup by hard links gives it), the whole file is copied to a new one.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import signal
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from stat import S_ISREG
from typing import Any, Final, NamedTuple

from monitor.store.archive import publish

PIECE_BYTES: Final = 1 << 18
SPARE: Final = ".spare"
"""What a file is called that readers had before; it may be deleted at any time."""
LAG: Final = ".lag"
"""What the note of the pieces is called in which the spare lags behind; it may be deleted at any time."""
_SUMS_AT: Final = 3 << 12  # three headers, then blocks of a piece's size that begin with a sum of their words
_SUM_BYTES: Final = 8
_BROKEN: Final = {errno.ENOSPC, errno.EDQUOT, errno.EIO}
_CLONE: Final = 0x40049409  # FICLONE of Linux' ioctl_ficlone(2), which Python does not name


class Stamp(NamedTuple):
    """By which a file is known again as long as nobody writes it."""

    inode: int
    size: int
    written_ns: int


class Changes(NamedTuple):
    """The pieces of a file that may differ from what it held when it had a stamp."""

    since: Stamp
    pieces: frozenset[int]


def stamp(path: Path) -> Stamp | None:
    """A file's stamp; None when there is no file."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    return Stamp(found.st_ino, found.st_size, found.st_mtime_ns)


def forget_spare(target: Path) -> None:
    """Take away what readers had before the last file, and the note about it."""
    for suffix in (SPARE, LAG):
        target.with_name(target.name + suffix).unlink(missing_ok=True)


def publish_copy(
    source: Path, target: Path, *, keep_spare: bool = True, changes: Changes | None = None
) -> None:
    """Put a copy of a closed database file in the target's place, in one step.

    Args:
        source: Complete, and not written meanwhile.
        target: Whoever has it open goes on to read what it was.
        keep_spare: False where what the target held shall not stay on the disk.
        changes: Of the source, where all that was written since is known.

    Raises:
        OSError: No room, or the folder cannot be written; the target is then as it was.
    """
    fresh, spare, note = (target.with_name(target.name + suffix) for suffix in (".part", SPARE, LAG))
    before = stamp(source)  # not after: a write of another program meanwhile must show
    fresh.unlink(missing_ok=True)
    if _cloned(source, fresh):
        forget_spare(target)
        publish(fresh, target)
        return
    last, spare_lags = _lags(note, target, spare, changes)
    note.unlink(missing_ok=True)
    if not (target.exists() and _updated(spare, source, fresh, spare_lags)):
        spare.unlink(missing_ok=True)
        shutil.copyfile(source, fresh)
    if keep_spare and hasattr(fcntl, "F_SETLEASE"):
        with suppress(OSError):  # no file yet, or no second names on this file system: no spare either
            os.link(target, spare)
    publish(fresh, target)
    if keep_spare:
        with suppress(OSError):  # without a note the files are compared
            _write_note(note, [before, stamp(target), stamp(spare)], last)


def _lags(
    note: Path, target: Path, spare: Path, changes: Changes | None
) -> tuple[frozenset[int] | None, frozenset[int] | None]:
    """In which pieces at the most target and spare differ from the source; None where nobody knows."""
    noted = _read_note(note)
    if changes is None or noted is None:
        return None, None
    stamps, lag = noted
    if stamps[:2] != [changes.since, stamp(target)]:
        return None, None
    if lag is None or stamps[2] != stamp(spare):
        return changes.pieces, None
    return changes.pieces, changes.pieces | lag


def _write_note(note: Path, stamps: list[Stamp | None], lag: frozenset[int] | None) -> None:
    written = note.with_name(note.name + ".part")
    written.write_text(json.dumps({"stamps": stamps, "lag": None if lag is None else sorted(lag)}))
    written.chmod(0o600)
    written.replace(note)


def _read_note(note: Path) -> tuple[list[Stamp | None], frozenset[int] | None] | None:
    """Stamps of database, snapshot and spare, and where the spare lags; None where there is no such note."""
    try:
        held: Any = json.loads(note.read_bytes())
        lag = held["lag"]
        stamps = [None if found is None else Stamp(*map(int, found)) for found in held["stamps"]]
        return stamps, None if lag is None else frozenset(map(int, lag))
    except (OSError, ValueError, TypeError, KeyError):
        return None


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


def _updated(spare: Path, source: Path, fresh: Path, lag: frozenset[int] | None) -> bool:
    """Whether the spare was free, and now is the source's equal under the fresh file's name.

    It loses its own name first: what a crash leaves half done is never taken for a spare.
    """
    descriptor = _alone(spare)
    if descriptor is None:
        return False
    try:
        spare.replace(fresh)
        with source.open("rb") as read:
            _copy_changes(read.fileno(), descriptor, lag)
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
        if S_ISREG(found.st_mode) and found.st_nlink == 1:
            fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_WRLCK)
            return descriptor
    except OSError:
        pass
    os.close(descriptor)
    return None


def _copy_changes(source: int, target: int, lag: frozenset[int] | None) -> None:
    """Make the target equal to the source, from which it differs in no other pieces than those."""
    size = os.fstat(source).st_size
    os.ftruncate(target, size)
    every = range(-(-size // PIECE_BYTES))
    _copy_pieces(source, target, size, every if lag is None else sorted(lag.intersection(every)))
    if lag is not None and _sums(source, size) != _sums(target, size):
        _copy_pieces(source, target, size, every)
    os.utime(target)  # so that the copy is not older than the source where nothing changed


def _copy_pieces(source: int, target: int, size: int, pieces: Iterable[int]) -> None:
    buffers = bytearray(PIECE_BYTES), bytearray(PIECE_BYTES)
    for at in (piece * PIECE_BYTES for piece in pieces):
        wanted, found = (memoryview(buffer)[: size - at] for buffer in buffers)
        if not os.preadv(source, [wanted], at) == os.preadv(target, [found], at) == len(wanted):
            raise OSError(errno.EIO, "a piece of the database was read in part")
        if buffers[0] != buffers[1]:  # views would be compared item by item; an old rest only costs a write
            _write(target, wanted, at)


def _sums(descriptor: int, size: int) -> bytes:
    """The file's headers, which each checkpoint changes, and the sums that DuckDB's blocks begin with."""
    sums = (os.pread(descriptor, _SUM_BYTES, at) for at in range(_SUMS_AT, size, PIECE_BYTES))
    return os.pread(descriptor, _SUMS_AT, 0) + b"".join(sums)


def _write(target: int, piece: memoryview, at: int) -> None:
    if os.pwrite(target, piece, at) != len(piece):
        raise OSError(errno.EIO, "a piece of the database was written in part")
