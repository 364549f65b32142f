"""The converted log and the list of what was refused, each readable by its owner only."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

from monitor.errors import UsageError
from monitor.interchange.records import COLUMNS, Conversion


def write(conversion: Conversion, out: Path, refused: Path) -> None:
    """Write the log as CSV and the refusals as JSON lines; a file is complete when it has its name.

    Args:
        conversion: What was read.
        out: New file for the rows. It holds clear identifiers, which ingest makes pseudonyms of.
        refused: New file for place and reason of each refused row, written only when there is one.

    Raises:
        UsageError: A file of that name is there already, or none can be written there.
    """
    for path in (out, refused):
        if path.exists():
            raise UsageError(f"{path}: there already; expected the name of a new file")
    if conversion.refused:
        with _private(refused) as handle:
            for refusal in conversion.refused:
                handle.write(json.dumps(asdict(refusal), ensure_ascii=True) + "\n")
    with _private(out) as handle:
        table = csv.DictWriter(handle, COLUMNS[conversion.role], lineterminator="\n")
        table.writeheader()
        table.writerows(conversion.rows)


@contextmanager
def _private(path: Path) -> Generator[TextIO]:
    """A new file of mode 0600 under the name `.part`, which an inbox leaves alone, until it is complete."""
    part = path.with_name(f"{path.name}.part")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise UsageError(f"{part}: cannot be made ({error.strerror})") from error
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as handle:
            yield handle
            handle.flush()
            os.fsync(handle.fileno())
        part.rename(path)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise
