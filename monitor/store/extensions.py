"""Signed extension files of DuckDB that the package index carries; none is ever downloaded by a session."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import duckdb

from monitor.errors import UsageError


def extension(name: str, needed_by: str) -> Path:
    """The installed file of an extension for the DuckDB in use.

    Args:
        name: Such as "httpfs".
        needed_by: For the message, such as "encrypted databases".

    Raises:
        UsageError: There is none; says what to install.
    """
    package = find_spec(f"duckdb_extension_{name}")
    for folder in (package.submodule_search_locations or []) if package else []:
        file = Path(folder) / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"
        if file.is_file():
            return file
    raise UsageError(
        f"{needed_by} need an extension of DuckDB that is not installed for DuckDB "
        f"{duckdb.__version__}; install the extra: pip install 'pccp-monitor[lake]'"
    )


def load(connection: duckdb.DuckDBPyConnection, file: Path) -> None:
    """Make an extension part of a session."""
    connection.execute("LOAD '" + str(file).replace("'", "''") + "'").fetchall()
