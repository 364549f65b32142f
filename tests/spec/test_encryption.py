"""Databases under a key: what is said where nothing can encrypt, and, with the extra `lake`, that it holds.

Tests marked `lake` need that extra and are left out elsewhere; `make test-lake` installs it and runs them.
"""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from flows import cli
from monitor import store
from monitor.errors import EvidenceError, UsageError
from monitor.operation.database_key import database_key, derived_key
from monitor.operation.evidence.verify import verify
from monitor.operation.night import ingest, nightly
from monitor.operation.reading.finding import find
from monitor.operation.reading.status import status
from monitor.operation.workspace import initialise, open_workspace
from monitor.registry import read_chain
from monitor.store import encryption, extensions
from monitor.store.copying import LAG
from tests.evidence import flip
from tests.properties.planted import PLAN, small_network

SITE = b"Harbour"
KEY_BYTES = 32
HEADERS_BYTES, BLOCK_BYTES = 3 * 4096, 256 * 1024
"""Of a DuckDB file: three headers, then blocks."""


def without_extension(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extensions, "find_spec", lambda _: None)


def test_without_the_extra_nothing_is_made_and_the_way_out_is_said(
    tmp_path: Path, key_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    without_extension(monkeypatch)
    words = ["init", str(tmp_path / "w"), "--plan", str(PLAN), "--pseudonym-key", str(key_file), "--encrypt"]
    assert cli.run(words) == 2
    assert "pip install 'pccp-monitor[lake]'" in capsys.readouterr().err
    assert not (tmp_path / "w").exists()


def test_an_extension_for_another_duckdb_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "extensions" / "v0.0.1"
    package.mkdir(parents=True)
    (package / "httpfs.duckdb_extension").touch()

    class Found:
        submodule_search_locations = (str(tmp_path),)

    monkeypatch.setattr(extensions, "find_spec", lambda _: Found)
    with pytest.raises(UsageError, match="not installed for DuckDB"):
        encryption.require_extension()


def test_a_workspace_without_encryption_needs_no_key_to_be_read(tmp_path: Path, key_file: Path) -> None:
    initialise(tmp_path / "w", PLAN, key_file, at="2026-01-01")
    assert database_key(tmp_path / "w", tmp_path / "no such key") is None
    assert "database_encryption" not in read_chain(tmp_path / "w" / "ledger.jsonl")[0].body


def test_an_encrypted_database_in_a_workspace_that_is_not_is_refused(tmp_path: Path, key_file: Path) -> None:
    initialise(tmp_path / "w", PLAN, key_file, at="2026-01-01")
    flip(tmp_path / "w" / store.DATABASE, encryption.FLAGS_AT)
    with (
        pytest.raises(EvidenceError, match="expected a database in the clear, found one that is encrypted"),
        open_workspace(tmp_path / "w", key_file),
    ):
        pass


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory, pseudonym_key: bytes) -> Path:
    """Two workspaces with the same nights and the same key; one has encrypted databases."""
    folder = tmp_path_factory.mktemp("two")
    key = folder / "pseudonym.key"
    key.write_text(pseudonym_key.hex())
    key.chmod(0o600)
    made = small_network()
    logs = made.write(folder / "logs")
    for name in ("clear", "encrypted"):
        initialise(folder / name, PLAN, key, at="2026-01-01", encrypt=name == "encrypted")
        last = made.complete_on - timedelta(days=20)
        ingest(folder / name, [*logs.predictions, *logs.outcomes], last, key_file=key)
        nightly(folder / name, last, key_file=key)
    return folder


@pytest.fixture
def encrypted(two: Path, tmp_path: Path) -> Path:
    """A copy to disturb."""
    shutil.copytree(two / "encrypted", tmp_path / "encrypted")
    return tmp_path / "encrypted"


@pytest.fixture
def key(two: Path) -> Path:
    return two / "pseudonym.key"


def databases(workspace: Path) -> list[Path]:
    return [workspace / store.DATABASE, workspace / store.SNAPSHOT]


def tables(workspace: Path, key: Path | None, scratch: Path) -> list[Any]:
    copies = [store.copy_database(workspace, scratch / name.name, name.name) for name in databases(workspace)]
    secret = derived_key(bytes.fromhex(key.read_text())) if key else None
    return [store.content_of(copy, secret).tables for copy in copies if copy]


@pytest.mark.lake
def test_no_text_of_the_store_can_be_read_from_its_files(two: Path) -> None:
    assert all(SITE in path.read_bytes() for path in databases(two / "clear"))
    for path in (two / "encrypted").rglob("*duckdb*"):
        assert SITE not in path.read_bytes()
        assert b"known_on" not in path.read_bytes()
        assert store.is_encrypted(path) or path.suffix == LAG  # numbers of pieces, no content


@pytest.mark.lake
def test_encryption_changes_no_result(two: Path, key: Path, tmp_path: Path) -> None:
    plain, other = (read_chain(two / name / "ledger.jsonl") for name in ("clear", "encrypted"))
    assert other[0].body == {**plain[0].body, "database_encryption": "AES-256-GCM"}
    results = [[(entry.kind, entry.body) for entry in found[1:]] for found in (plain, other)]
    # A dossier cites hashes of entries, which follow from entry 0.
    assert [item for item in results[1] if item[0] != "dossier"] == [
        item for item in results[0] if item[0] != "dossier"
    ]
    assert tables(two / "clear", None, tmp_path / "a") == tables(two / "encrypted", key, tmp_path / "b")
    assert status(two / "encrypted", key) == status(two / "clear")


@pytest.mark.lake
def test_readers_need_the_key_of_this_workspace(
    two: Path, encrypted: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.key"
    other.write_text("ab" * KEY_BYTES)
    other.chmod(0o600)
    for command in ("status", "changes", "verify"):
        assert cli.run([command, str(encrypted), "--pseudonym-key", str(tmp_path / "none")]) == 2
        assert "its databases are encrypted" in capsys.readouterr().err
        assert cli.run([command, str(encrypted), "--pseudonym-key", str(other)]) == 2
        assert "bound with another pseudonym key" in capsys.readouterr().err
        assert cli.run([command, str(encrypted), "--pseudonym-key", str(two / "pseudonym.key")]) == 0
        capsys.readouterr()


@pytest.mark.lake
def test_verification_compares_the_databases_or_goes_without_them(encrypted: Path, key: Path) -> None:
    assert verify(encrypted, key_file=key).tables > 0
    for path in databases(encrypted):
        path.unlink()
    assert verify(encrypted, key_file=encrypted / "none").tables == 0


@pytest.mark.lake
def test_a_deleted_database_is_rebuilt_encrypted(encrypted: Path, key: Path, tmp_path: Path) -> None:
    before = tables(encrypted, key, tmp_path / "before")
    for path in databases(encrypted):
        path.unlink()
    with open_workspace(encrypted, key):
        pass
    assert all(store.is_encrypted(path) and SITE not in path.read_bytes() for path in databases(encrypted))
    assert tables(encrypted, key, tmp_path / "after") == before


@pytest.mark.lake
def test_a_compacted_database_stays_encrypted(encrypted: Path, key: Path) -> None:
    with open_workspace(encrypted, key) as workspace:
        workspace.store.compact()
        workspace.store.publish_snapshot()
    assert all(store.is_encrypted(path) and SITE not in path.read_bytes() for path in databases(encrypted))


@pytest.mark.lake
def test_nights_go_on_and_a_person_is_found(two: Path, encrypted: Path, key: Path) -> None:
    last = small_network().complete_on
    assert nightly(encrypted, last, key_file=key).nights
    line = next((two / "logs").glob("predictions*")).read_text().splitlines()[1]
    assert find(encrypted, "study", line.split(",")[0], key)["found"]


@pytest.mark.lake
def test_a_database_in_the_clear_is_not_taken(two: Path, encrypted: Path, key: Path) -> None:
    for path in databases(encrypted):
        shutil.copyfile(two / "clear" / path.name, path)
    with pytest.raises(EvidenceError, match="expected a database encrypted, found one that is in the clear"):
        nightly(encrypted, small_network().complete_on, key_file=key)
    with pytest.raises(EvidenceError, match="expected a database encrypted"):
        status(encrypted, key)


@pytest.mark.lake
def test_without_the_extension_it_stays_closed(
    encrypted: Path, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = [path.read_bytes() for path in databases(encrypted)]
    without_extension(monkeypatch)
    with pytest.raises(UsageError, match="lake"):
        status(encrypted, key)
    with pytest.raises(UsageError, match="lake"), open_workspace(encrypted, key):
        pass
    assert [path.read_bytes() for path in databases(encrypted)] == before


@pytest.mark.lake
def test_changed_blocks_are_seen(encrypted: Path, key: Path) -> None:
    """One byte in each block; which blocks are in use is DuckDB's own affair."""
    path = encrypted / store.DATABASE
    for start in range(HEADERS_BYTES, path.stat().st_size, BLOCK_BYTES):
        flip(path, start + 1000)
    with pytest.raises(EvidenceError, match=r"monitor\.duckdb"):
        verify(encrypted, key_file=key)


@pytest.mark.lake
def test_what_is_spilled_is_encrypted_and_no_connection_can_be_opened(tmp_path: Path) -> None:
    import duckdb

    from monitor.store.connection import run, scalar, session

    with session(tmp_path, "a key") as connection:
        assert scalar(connection, "SELECT current_setting('temp_file_encryption')") is True
        with pytest.raises(duckdb.PermissionException):
            run(connection, "SELECT * FROM read_csv('https://127.0.0.1:1/x.csv')")
