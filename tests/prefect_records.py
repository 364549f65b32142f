"""What Prefect keeps of the runs of a test session."""

from __future__ import annotations

import sqlite3
from pathlib import Path


def prefect_database() -> bytes:
    """Every row of Prefect's own database, its logs written out first, and its files."""
    from prefect.logging.handlers import APILogHandler
    from prefect.settings import get_current_settings

    APILogHandler().flush()
    settings = get_current_settings()
    url = settings.server.database.connection_url
    assert url is not None
    path = Path(url.get_secret_value().partition(":///")[2])
    text: list[str] = []
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        connection.text_factory = lambda value: value.decode("utf-8", "replace")
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            text += [f"{table} {row!r}" for row in connection.execute(f'SELECT * FROM "{table}"')]
    home = (
        [file.read_bytes() for file in Path(settings.home).rglob("*") if file.is_file()]
        if settings.home.exists()
        else []
    )
    return "\n".join(text).encode() + b"".join(home)
