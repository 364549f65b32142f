"""Databases that only a key opens: AES-256 in Galois counter mode, by DuckDB and OpenSSL.

DuckDB's own wheel refuses to write such a file: the cipher and the random numbers it wants for that are
those of OpenSSL, which the signed file of its httpfs extension carries. The package index has that file
for some versions of DuckDB only, so encryption is an extra (`lake`) with its own pins.
The extension could also open connections; `enable_external_access` is off before anything is read.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from monitor.errors import EvidenceError
from monitor.store.extensions import extension, load

CIPHER = "AES-256-GCM"
VARIABLE = "store_key"
# A DuckDB file: eight bytes of checksum, four of magic, eight of version, then flags, bit 0 "encrypted".
MAGIC, MAGIC_AT, FLAGS_AT = b"DUCK", 8, 20


def require_extension() -> Path:
    """The installed extension file for the DuckDB in use.

    Raises:
        UsageError: There is none; says what to install.
    """
    return extension("httpfs", "encrypted databases")


def prepare(connection: duckdb.DuckDBPyConnection, store_key: str) -> None:
    """Make a new session able to encrypt; the key travels as a parameter, never inside a statement."""
    load(connection, require_extension())
    connection.execute(f"SET VARIABLE {VARIABLE} = ?", [store_key]).fetchall()
    connection.execute("SET temp_file_encryption = true").fetchall()


def is_encrypted(database: Path) -> bool:
    """Whether the file says of itself that it is encrypted; False where there is none."""
    try:
        with database.open("rb") as handle:
            head = handle.read(FLAGS_AT + 1)
    except OSError:
        return False
    return head[MAGIC_AT : MAGIC_AT + len(MAGIC)] == MAGIC and bool(head[FLAGS_AT:] and head[FLAGS_AT] & 1)


def require(database: Path, *, encrypted: bool) -> None:
    """Refuse a database that is not as the workspace was bound.

    Raises:
        EvidenceError: It is encrypted and should not be, or the reverse.
    """
    if database.exists() and is_encrypted(database) != encrypted:
        words = ("in the clear", "encrypted")
        raise EvidenceError(
            f"{database}: expected a database {words[encrypted]}, found one that is {words[not encrypted]}"
        )
