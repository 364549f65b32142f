"""The raw layer: each batch's accepted rows, pseudonymised, as Parquet named by its own hash."""
# ruff: noqa: S608  (statements are built from quoted names and literals of this package)

from __future__ import annotations

import os
from pathlib import Path

from monitor.hashing import sha256_file
from monitor.store.connection import STAGING, Session, literal, run, scalar

FOLDER = "archive"
ROWS_PER_GROUP = 122_880


def write(connection: Session, workspace: Path, accepted: str) -> str | None:
    """Write the rows of the SQL `accepted` and return the file's SHA-256; None when there is no row.

    The rows and their order depend on the delivery and the key alone. So do the bytes of one row group; of a
    larger file the engine may cut the groups elsewhere, by the cores it has and by which of them was ready
    first: then another hash names the same rows.
    """
    if scalar(connection, f"SELECT count(*) FROM ({accepted})") == 0:
        return None
    written = workspace / STAGING / "accepted.parquet"
    run(
        connection,
        f"COPY ({accepted}) TO {literal(str(written.resolve()))} "
        "(FORMAT parquet, PARQUET_VERSION v2, COMPRESSION zstd, COMPRESSION_LEVEL 1, "
        f"ROW_GROUP_SIZE {ROWS_PER_GROUP})",
    )
    digest = sha256_file(written)
    publish(written, workspace / FOLDER / f"{digest}.parquet")
    return digest


def publish(written: Path, place: Path) -> None:
    """Sync a finished file to disk, close it to others, and give it its name in one step."""
    written.chmod(0o600)
    with written.open("rb") as handle:
        os.fsync(handle.fileno())
    place.parent.mkdir(mode=0o700, exist_ok=True)
    written.replace(place)
