"""Nights whose sites are worked on by two other processes: the same ledger, the same tables."""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from flows import workers
from flows.cli import run as pccp
from flows.workers import software, spread_of
from monitor.errors import MonitorError, UsageError
from monitor.operation.night import nightly as plain_nightly
from monitor.operation.spreading import Spread
from monitor.operation.workspace import initialise, open_workspace
from monitor.settings import FILE, read_settings
from monitor.simulation import network
from tests.dying import killed_once, where

PLAN = Path(__file__).resolve().parents[2] / "change_plans" / "chest_xray_pneumothorax.yaml"
LAST = date(2026, 2, 3)
"""By then references are frozen and read, and candidates are fitted and judged."""


@pytest.fixture(scope="module")
def scheduler() -> Iterator[Any]:
    """A Dask scheduler with two worker processes on loopback."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0"
    ) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def serial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The nights of the simulated network, all in this process."""
    folder = tmp_path_factory.mktemp("serial")
    key = folder / "pseudonym.key"
    plain_nightly(filled(folder / "network", key), LAST, key_file=key)
    return folder / "network"


def filled(folder: Path, key: Path, address: str | None = None) -> Path:
    """A workspace with the simulated network's logs in its inbox, and workers if an address is given."""
    initialise(folder, PLAN, key, at="2026-01-01")
    network(36, 5).write(folder / "inbox")
    if address is not None:
        (folder / FILE).write_text(f'workers = "{address}"\n')
    return folder


def content(workspace: Path, key: Path) -> dict[str, str]:
    with open_workspace(workspace, key) as opened:
        return opened.store.content().tables


def kinds(workspace: Path) -> set[str]:
    return {json.loads(line)["kind"] for line in (workspace / "ledger.jsonl").read_text("utf-8").splitlines()}


def same(workspace: Path, serial: Path) -> bool:
    """Whether two workspaces have the same ledger, byte for byte, and the same rows in every table."""
    key = serial.parent / "pseudonym.key"
    ledgers = [(folder / "ledger.jsonl").read_bytes() for folder in (workspace, serial)]
    return ledgers[0] == ledgers[1] and content(workspace, key) == content(serial, key)


@pytest.mark.usefixtures("prefect_server")
def test_two_workers_find_what_one_process_finds(tmp_path: Path, scheduler: Any, serial: Path) -> None:
    workspace = filled(tmp_path / "network", serial.parent / "pseudonym.key", scheduler.scheduler_address)
    with scheduler.get_client() as client:
        client.get_task_stream()  # recorded from here on
        arguments = ["nightly", str(workspace), "--as-of", LAST.isoformat()]
        assert pccp([*arguments, "--pseudonym-key", str(serial.parent / "pseudonym.key")]) == 0
        used = {item["worker"] for item in client.get_task_stream()}
    assert len(used) == 2
    assert {"alarm", "candidate_frozen", "reference_frozen", "verdict"} <= kinds(workspace)
    assert same(workspace, serial)


@pytest.mark.usefixtures("prefect_server")
def test_a_worker_killed_mid_share_changes_nothing(tmp_path: Path, scheduler: Any, serial: Path) -> None:
    from prefect import flow

    key, marker = serial.parent / "pseudonym.key", tmp_path / "killed"
    workspace = filled(tmp_path / "network", key, scheduler.scheduler_address)

    def deadly(spread: Spread, work: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
        work = (
            partial(killed_once, marker, work) if len(items) > 1 else work
        )  # one item stays in this process
        return spread(work, items)

    @flow(name="killed", persist_result=False)
    def nights() -> None:
        with spread_of(workspace) as spread:
            plain_nightly(workspace, LAST, key_file=key, spread=partial(deadly, spread))

    nights()
    assert marker.exists()
    assert same(workspace, serial)


@pytest.mark.usefixtures("prefect_server")
def test_local_workers_are_processes_of_their_own_and_keep_nothing(tmp_path: Path) -> None:
    from prefect import flow

    (tmp_path / FILE).write_text('workers = "local:2"\n')

    @flow(name="local", persist_result=False)
    def spreading() -> list[int]:
        with spread_of(tmp_path) as spread:
            return spread(where, range(6))

    found = spreading()
    assert found == sorted(found, key=found.index)
    assert len(set(found)) == 2
    assert os.getpid() not in found
    assert [file.name for file in tmp_path.iterdir()] == [FILE]


def test_a_worker_with_other_software_is_refused() -> None:
    answer = pickle.dumps((software(), [1, 2]))
    assert workers._opened(answer) == [1, 2]
    with pytest.raises(MonitorError, match=r"a worker has pccp-monitor 0\.0, expected pccp-monitor .*NumPy"):
        workers._opened(pickle.dumps(("pccp-monitor 0.0", [1, 2])))


def test_no_scheduler_is_said_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "PATIENCE_SECONDS", 1.0)
    (tmp_path / FILE).write_text('workers = "tcp://127.0.0.1:9"\n')
    with (
        pytest.raises(UsageError, match="no Dask scheduler with a worker answers at tcp://127"),
        spread_of(tmp_path),
    ):
        pass


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('workers = "local:0"', "workers: expected local:N"),
        ("workers = 2", "workers: expected local:N"),
        ('workers = "http://scheduler:8786"', "workers: expected local:N"),
        ('workers = "tcp://scheduler:8786 "', "workers: expected local:N"),
        ('worker = "local:2"', "expected the keys workers, catalog, found 'worker'"),
        ('catalog = "host=db password=secret"', "catalog: expected host, port.*a password belongs"),
        ('catalog = "host=db dbname=a\' (TYPE"', "catalog: expected host"),
        ("workers", "expected TOML"),
    ],
)
def test_a_wrong_setting_is_refused(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(UsageError, match=told):
        read_settings(tmp_path)


def test_without_the_key_the_sites_stay_here(tmp_path: Path) -> None:
    with spread_of(tmp_path) as spread:
        assert spread(where, range(3)) == [os.getpid()] * 3
