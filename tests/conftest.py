"""What tests share: where the real data and a browser are, keys, and Prefect's own test server.

`PCCP_REQUIRE_ALL=1`, as the continuous build sets it, turns a skip for something missing on this
machine into a failure. Tests of encrypted databases are another matter: the extra they need pins another
DuckDB, so they are left out where it is not installed, and `make test-lake` runs them in its own environment.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

import flows  # noqa: F401  its settings must stand before Prefect is imported

ROOT = Path(__file__).resolve().parents[1]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
KEY = bytes(range(32))


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Only test files are tests: scripts and what tests share are not imported for their doctests."""
    name = collection_path.name
    script = name.endswith(".py") and not name.startswith("test_") and name != "conftest.py"
    return True if script and ROOT / "tests" in collection_path.parents else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out, and do not count as skipped, what the extra `lake` is needed for."""
    if importlib.util.find_spec("duckdb_extension_ducklake"):
        return
    left_out = [item for item in items if item.get_closest_marker("lake")]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)


def missing(reason: str) -> NoReturn:
    """Skip a test for want of something, or fail it where everything is required."""
    if os.environ.get("PCCP_REQUIRE_ALL") == "1":
        pytest.fail(f"{reason} (PCCP_REQUIRE_ALL=1)", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The top folder of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of the four real data sets, which are no part of the repository."""
    folder = Path(os.environ.get("PCCP_DATA") or ROOT.parent / "shared" / "data")
    if not (folder / "ist_stroke" / "predictions.csv").is_file():
        missing("the real data sets are not beside the repository; PCCP_DATA may name their folder")
    return folder


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium."""
    found = os.environ.get("PCCP_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if not found or not Path(found).is_file():
        missing("no Chromium on this machine; PCCP_CHROMIUM may name one")
    return found


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """The packages of npm that tests/browser/package.json names, in the versions it names."""
    folder = ROOT / "tests" / "browser"
    for name, version in json.loads((folder / "package.json").read_text("utf-8"))["dependencies"].items():
        found = folder / "node_modules" / name / "package.json"
        if not found.is_file() or json.loads(found.read_text("utf-8"))["version"] != version:
            missing(f"npm's {name} {version} is not in tests/browser/node_modules: `make browser-tools`")
    return folder / "node_modules"


@pytest.fixture(scope="session")
def loopback_port() -> int:
    """A free port of 127.0.0.1."""
    try:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return int(probe.getsockname()[1])
    except OSError:
        missing("no server can listen on 127.0.0.1 here")


@pytest.fixture(scope="session")
def pseudonym_key() -> bytes:
    """One key for every test, so that hashes repeat."""
    return KEY


@pytest.fixture
def key_file(tmp_path: Path, pseudonym_key: bytes) -> Path:
    """The key in a file that only its owner may read."""
    path = tmp_path / "pseudonym.key"
    path.write_text(pseudonym_key.hex() + "\n")
    path.chmod(0o600)
    return path


@pytest.fixture(scope="session")
def prefect_server() -> Iterator[None]:
    """Prefect's in-process test server; takes some seconds, so one for all flow tests."""
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=120):
        yield
