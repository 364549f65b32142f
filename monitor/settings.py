"""`settings.toml` of a workspace: which machines do its work. No result depends on it, no plan binds it."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from monitor.errors import UsageError

FILE = "settings.toml"
WORKERS = re.compile(r"local:[1-9][0-9]{0,2}|(?:tcp|tls)://[A-Za-z0-9_.:\[\]-]+:[0-9]{1,5}", re.ASCII)
CATALOG = re.compile(r"(?:(?:host|port|dbname|user|sslmode|sslrootcert)=[A-Za-z0-9_./-]+(?: |$))+", re.ASCII)


@dataclass(frozen=True)
class Settings:
    """What the operator of a workspace has set.

    Attributes:
        workers: Where the sites of a night are worked on: "local:4" for so many processes of this machine,
            or the address of a Dask scheduler; None for this process.
        catalog: The PostgreSQL database that says what the store holds, so that several machines can write
            to it, such as "host=db dbname=pccp"; None for the file monitor.duckdb.
    """

    workers: str | None = None
    catalog: str | None = None


def read_settings(workspace: Path) -> Settings:
    """The settings of a workspace; everything is as without the file where a key is absent.

    Raises:
        UsageError: The file is no TOML, or has another key or value than those that are known.
    """
    file = workspace / FILE
    found = _read(file) if file.exists() else {}
    known = [field.name for field in fields(Settings)]
    if unknown := sorted(found.keys() - set(known)):
        raise UsageError(
            f"{file}: expected the keys {', '.join(known)}, found {', '.join(map(repr, unknown))}"
        )
    _require(file, "workers", found, WORKERS, "local:N or a Dask scheduler such as tcp://scheduler:8786")
    _require(
        file,
        "catalog",
        found,
        CATALOG,
        "host, port, dbname, user of a PostgreSQL database, such as host=db dbname=pccp; a password belongs "
        "into ~/.pgpass",
    )
    return Settings(**found)


def _read(file: Path) -> dict[str, Any]:
    import tomllib  # most workspaces have no such file

    try:
        return tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: expected TOML: {error}") from error


def _require(file: Path, key: str, found: dict[str, Any], form: re.Pattern[str], expected: str) -> None:
    value = found.get(key)
    if value is not None and not (isinstance(value, str) and form.fullmatch(value)):
        raise UsageError(f"{file}: {key}: expected {expected}")
