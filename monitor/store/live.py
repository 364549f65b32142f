"""The database file that is written, and which pieces of it DuckDB writes."""

from __future__ import annotations

from pathlib import Path

import duckdb

from monitor.store.connection import Session, attach, detach, rows, run, translated
from monitor.store.copying import PIECE_BYTES, Changes, Stamp, stamp


class LiveFile:
    """A database that one session closes and opens again, with DuckDB's own log of what it writes there.

    Every write of the engine to a file passes the place that logs it, at opening too, when what a crash left
    beside the file is taken in. What another program writes is told by the file's stamp.
    """

    def __init__(self, connection: Session, path: Path) -> None:
        self._connection, self._path = connection, path
        self._since: Stamp | None = None
        self._left: Stamp | None = None
        with translated(str(path)):
            run(connection, "CALL enable_logging('FileSystem')")

    def attach(self) -> None:
        """Open the file as "store".

        Raises:
            EvidenceError: It is damaged, or is encrypted where the session is not, or the reverse.
        """
        found = stamp(self._path)
        if found is None or found != self._left:
            self._start(None if self._left else found)  # another program wrote meanwhile: what, nobody knows
        attach(self._connection, self._path)

    def detach(self) -> None:
        """Close it, with everything in the one file."""
        detach(self._connection)
        self._left = stamp(self._path)

    def changes(self) -> Changes | None:
        """What was written since the file was first opened, or was published; None where nobody knows.

        The file is closed now.
        """
        if self._since is None:
            return None
        try:
            written = rows(
                self._connection,
                "SELECT DISTINCT pos, bytes FROM duckdb_logs_parsed('FileSystem') "
                "WHERE op = 'WRITE' AND path = ?",
                [str(self._path.resolve())],
            )
        except duckdb.Error:  # it does not read its own log where a path has a double quote
            return None
        pieces = (range(at // PIECE_BYTES, -(-(at + size) // PIECE_BYTES)) for at, size in written)
        return Changes(self._since, frozenset().union(*pieces))

    def published(self) -> None:
        """Readers have what the file holds, which is closed."""
        self._start(self._left)

    def _start(self, since: Stamp | None) -> None:
        self._since = since
        with translated(str(self._path)):
            run(self._connection, "CALL truncate_duckdb_logs()")
