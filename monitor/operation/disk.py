"""What the operating system refuses, in words a person can act on."""

from __future__ import annotations

import errno
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from monitor.errors import EvidenceError, MonitorError, UsageError

REMEDIES = {
    errno.EACCES: "run as the user who owns the workspace, or mend its permissions",
    errno.EPERM: "run as the user who owns the workspace, or mend its permissions",
    errno.EROFS: "the workspace lies on a medium that cannot be written; only reading commands work there",
    errno.ENOSPC: "make room, then run the same command again: nothing that was committed is lost",
    errno.EDQUOT: "make room, then run the same command again: nothing that was committed is lost",
    errno.EFBIG: "raise the limit of file sizes, then run the same command again",
}
EXCHANGED = (errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ELOOP)


@contextmanager
def on_disk(workspace: Path) -> Generator[None]:
    """Errors of files and folders as the product's own.

    The name of a delivered file may be a patient's, so of the inbox only the folder is named, and the
    cause is not chained: a scheduler keeps messages with all their causes.

    Raises:
        EvidenceError: A file of the workspace stands where a folder belongs, or the reverse.
        UsageError: It cannot be read or written as it is: permissions, a full or read-only disk.
    """
    try:
        yield
    except ConnectionError:
        raise
    except OSError as problem:
        raise _translated(workspace, problem) from None


def _translated(workspace: Path, problem: OSError) -> MonitorError:
    place, why = _named(workspace, problem.filename), problem.strerror or type(problem).__name__
    if problem.errno in EXCHANGED:
        return EvidenceError(
            f"{workspace}: {place}: {why.lower()}; the workspace was changed from outside: "
            "put back what was there, or restore it from backup"
        )
    remedy = REMEDIES.get(problem.errno or 0, "mend the file system, then run the same command again")
    return UsageError(f"{workspace}: {place}: {why.lower()}; {remedy}")


def _named(workspace: Path, found: object) -> str:
    """The file as it is called in the workspace; the whole path of one that lies elsewhere."""
    if not isinstance(found, str | Path):
        return "a file of the workspace"
    file = Path(found)
    for folder in (workspace, workspace.resolve()):
        if file.is_relative_to(folder):
            parts = file.relative_to(folder).parts
            return "inbox" if parts[:1] == ("inbox",) else "/".join(parts) or "the folder itself"
    return str(file)
