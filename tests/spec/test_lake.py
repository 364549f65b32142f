"""The store on several machines: what one file holds, with one writer on all of them.

Marked `lake`: left out where the extra is not installed; `make test-lake` installs it and runs them. They
start a PostgreSQL of their own.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest

from monitor.errors import BusyError, UsageError
from monitor.operation.evidence.verify import verify
from monitor.operation.night import ingest, nightly
from monitor.operation.reading.status import status
from monitor.operation.workspace import initialise, open_workspace
from monitor.settings import FILE
from monitor.simulation import SITES, network
from monitor.store import lake
from tests import postgres
from tests.conftest import missing

pytestmark = pytest.mark.lake
PLAN = Path(__file__).resolve().parents[1] / "plans" / "chest_xray.yaml"
LAST, FIRST_KEPT = date(2026, 2, 4), date(2026, 1, 8)


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Postgres]:
    folder = postgres.programs()
    if folder is None:
        missing("PostgreSQL is not installed")
    with postgres.server(folder) as running:
        yield running


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same nights with the store in one file."""
    folder = tmp_path_factory.mktemp("single")
    nightly(filled(folder / "network", folder / "key"), LAST, key_file=folder / "key")
    return folder / "network"


def filled(folder: Path, key: Path, catalog: str | None = None) -> Path:
    """A workspace with some nights of two sites in its inbox."""
    folder.mkdir(mode=0o700)
    if catalog is not None:
        (folder / FILE).write_text(f'catalog = "{catalog}"\n')
    initialise(folder, PLAN, key, at="2026-01-01")
    network(24, 5, (SITES[0], SITES[3])).write(folder / "inbox")
    return folder


def same(workspace: Path, single: Path) -> bool:
    """Whether two workspaces have the same ledger, byte for byte, and the same rows in every table."""
    ledgers, tables = [], []
    for folder in (workspace, single):
        with open_workspace(folder, single.parent / "key") as opened:
            ledgers.append((folder / "ledger.jsonl").read_bytes())
            tables.append(opened.store.content().tables)
    return ledgers[0] == ledgers[1] and tables[0] == tables[1]


def command(*arguments: object) -> subprocess.Popen[bytes]:
    """`pccp` in a process of its own, as on another machine."""
    program = "from flows.cli import main; main()"
    return subprocess.Popen([sys.executable, "-c", program, *map(str, arguments)], stderr=subprocess.PIPE)


def test_a_lake_holds_what_a_file_holds(server: postgres.Postgres, tmp_path: Path, single: Path) -> None:
    key = single.parent / "key"
    workspace = filled(tmp_path / "network", key, server.catalog("nights"))
    for _ in range(2):  # the second run, as of another machine, finds nothing to do
        with command("nightly", workspace, "--as-of", LAST, "--pseudonym-key", key) as ran:
            _, told = ran.communicate()
        assert ran.returncode == 0, told
    assert not (workspace / "monitor.duckdb").exists()
    assert status(workspace)["counts"] == status(single)["counts"]
    assert verify(workspace, key_file=key).tables > 20
    assert same(workspace, single)


def test_one_key_moves_a_workspace_there_and_back(
    server: postgres.Postgres, tmp_path: Path, single: Path
) -> None:
    key = single.parent / "key"
    workspace = filled(tmp_path / "network", key)
    nightly(workspace, LAST, key_file=key)
    (workspace / FILE).write_text(f'catalog = "{server.catalog("moved")}"\n')
    assert same(workspace, single)
    assert (workspace / lake.MARK).exists()
    assert not (workspace / "monitor.duckdb").exists()
    (workspace / FILE).unlink()
    assert same(workspace, single)
    assert (workspace / "monitor.duckdb").exists()
    assert not (workspace / lake.MARK).exists()


def test_one_writer_on_all_machines(server: postgres.Postgres, tmp_path: Path, single: Path) -> None:
    key, catalog = single.parent / "key", server.catalog("locked")
    workspace = filled(tmp_path / "network", key, catalog)
    # The lock of the operating system is free meanwhile, as it is on another machine.
    told = pytest.raises(BusyError, match=r"being written by a process on the database server since 20")
    with lake.held(workspace, catalog, 0.0), told:
        nightly(workspace, LAST, key_file=key)
    nightly(workspace, LAST, key_file=key)
    assert same(workspace, single)


def test_a_writer_killed_in_any_night_leaves_whole_nights(
    server: postgres.Postgres, tmp_path: Path, single: Path
) -> None:
    key = single.parent / "key"
    workspace = filled(tmp_path / "network", key, server.catalog("killed"))
    ledger, kills = workspace / "ledger.jsonl", 0
    for share in (0.2, 0.5, 0.8):
        ran = command("nightly", workspace, "--as-of", LAST, "--pseudonym-key", key)
        enough = share * (single / "ledger.jsonl").stat().st_size
        while ran.poll() is None and ledger.stat().st_size < enough:
            time.sleep(0.02)
        if ran.poll() is None:
            os.kill(ran.pid, signal.SIGKILL)
            kills += 1
        ran.communicate()
    assert kills >= 2
    nightly(workspace, LAST, key_file=key)
    assert same(workspace, single)


def test_archived_rows_leave_the_files_too(server: postgres.Postgres, tmp_path: Path, single: Path) -> None:
    key = single.parent / "key"
    workspace = filled(tmp_path / "network", key, server.catalog("archived"))
    ingest(workspace, sorted((workspace / "inbox").glob("*")), LAST, key_file=key)
    with open_workspace(workspace, key) as opened:
        assert earliest(workspace) < FIRST_KEPT
        removed = opened.store.remove_rows(opened.store.cohort_rows(FIRST_KEPT), 10)
        assert removed.predictions > 0
        before, after = opened.store.compact()
    assert 0 < after < before
    assert earliest(workspace) == FIRST_KEPT


def earliest(workspace: Path) -> date:
    """First day of a prediction in the files of the lake, whether or not a table still names the file."""
    files = [
        str(file) for file in (workspace / lake.FOLDER).rglob("*.parquet") if "predictions" in file.parts
    ]
    with duckdb.connect() as connection:
        return connection.execute("SELECT min(day) FROM read_parquet(?)", [files]).fetchall()[0][0]


def test_no_database_is_said_in_a_sentence(tmp_path: Path, key_file: Path) -> None:
    with pytest.raises(UsageError, match="catalog: PostgreSQL did not do as asked"):
        filled(tmp_path / "network", key_file, f"host={tmp_path} dbname=none user=nobody")
    assert not (tmp_path / "network" / lake.MARK).exists()
