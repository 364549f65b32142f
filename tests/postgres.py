"""A PostgreSQL server of the test's own, on a socket in a folder of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FOLDERS = "/usr/lib/postgresql"
USER = "postgres"


def programs() -> Path | None:
    """Folder of the server's programs; None where there is none on this machine."""
    found = shutil.which("initdb")
    folders = sorted(Path(FOLDERS).glob("*/bin/initdb")) if found is None else [Path(found).resolve()]
    return folders[-1].parent if folders else None


class Postgres:
    """A running server."""

    def __init__(self, folder: Path, bin_folder: Path) -> None:
        self.folder = folder
        self.bin_folder = bin_folder

    def catalog(self, name: str) -> str:
        """A new database, in the words of a workspace's settings."""
        self.run("createdb", "-h", str(self.folder), "-U", USER, name)
        return f"host={self.folder} dbname={name} user={USER}"

    def run(self, program: str, *arguments: str) -> None:
        """Run a program of the server, which refuses to be run by root."""
        as_user: dict[str, Any] = {"user": USER, "group": USER} if os.getuid() == 0 else {}
        command = [str(self.bin_folder / program), *arguments]
        subprocess.run(command, check=True, cwd=self.folder, stdout=subprocess.DEVNULL, **as_user)


@contextmanager
def server(bin_folder: Path) -> Iterator[Postgres]:
    """A server without network and without a password; its folder's path is short, as sockets need."""
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        folder = Path(name)
        if os.getuid() == 0:
            shutil.chown(folder, USER, USER)
        folder.chmod(0o755)
        running = Postgres(folder, bin_folder)
        data, log = str(folder / "data"), str(folder / "log")
        running.run("initdb", "-D", data, "-U", USER, "-A", "trust", "--no-sync")
        options = f"-k {folder} -c listen_addresses= -c fsync=off"
        running.run("pg_ctl", "-D", data, "-l", log, "-w", "-o", options, "start")
        try:
            yield running
        finally:
            running.run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
