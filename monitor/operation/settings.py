"""`settings.toml` of a workspace: where its work is done. No result depends on it, so no plan binds it."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitor.errors import UsageError

FILE = "settings.toml"
WORKERS = re.compile(r"local:[1-9][0-9]{0,2}|(?:tcp|tls)://[A-Za-z0-9_.:\[\]-]+:[0-9]{1,5}", re.ASCII)


@dataclass(frozen=True)
class Settings:
    """What the operator of a workspace has set.

    Attributes:
        workers: Where the sites of a night are worked on: "local:4" for so many processes of this machine,
            or the address of a Dask scheduler; None for this process.
    """

    workers: str | None = None


def read_settings(workspace: Path) -> Settings:
    """The settings of a workspace; everything is as without the file where a key is absent.

    Raises:
        UsageError: The file is no TOML, or has another key or value than those that are known.
    """
    file = workspace / FILE
    try:
        found: dict[str, Any] = tomllib.loads(file.read_text("utf-8")) if file.exists() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: expected TOML: {error}") from error
    if unknown := sorted(found.keys() - {"workers"}):
        raise UsageError(f"{file}: expected the key workers, found {', '.join(map(repr, unknown))}")
    workers = found.get("workers")
    if workers is not None and not (isinstance(workers, str) and WORKERS.fullmatch(workers)):
        raise UsageError(
            f"{file}: workers: expected local:N or the address of a Dask scheduler such as "
            f"tcp://scheduler:8786, found {workers!r}"
        )
    return Settings(workers)
