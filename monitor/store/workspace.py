"""Making, opening and reading the store of a workspace."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from monitor.errors import EvidenceError, UsageError
from monitor.plan.model import ChangePlan
from monitor.settings import read_settings
from monitor.store import lake, migrations
from monitor.store.archive import FOLDER as ARCHIVE
from monitor.store.connection import DATABASE, SNAPSHOT, STAGING, Session, attach, session, translated
from monitor.store.contract import ROLES, layout
from monitor.store.ingest import clear_staging
from monitor.store.live import LiveFile
from monitor.store.lock import writing
from monitor.store.rejected import FOLDER as REJECTED
from monitor.store.restore import to_lake
from monitor.store.store import Store

INBOX = "inbox"


def create(workspace: Path, plan: ChangePlan, store_key: str | None = None) -> None:
    """Make the database and the folders of a new workspace, readable by their owner only.

    Args:
        workspace: Folder; made if absent.
        plan: Names the covariates.
        store_key: Encrypts the database; in the clear when None.

    Raises:
        UsageError: The workspace has a database already, or nothing here can encrypt, or encrypted
            databases are asked for in a workspace with a catalog.
        PlanError: The plan's logs cannot be stored.
    """
    database, catalog = workspace / DATABASE, read_settings(workspace).catalog
    if database.exists() or (catalog and lake.is_made(workspace, catalog)):
        raise UsageError(f"{workspace}: a database exists already")
    if catalog and store_key is not None:
        raise UsageError(f"{workspace}: a store with a catalog cannot be encrypted; encrypt its disk")
    for role in ROLES:
        layout(plan, role)
    workspace.mkdir(parents=True, exist_ok=True)
    for folder in (ARCHIVE, REJECTED, INBOX, STAGING):
        (workspace / folder).mkdir(mode=0o700, exist_ok=True)
    with writing(workspace):
        if catalog:
            database = workspace / STAGING / DATABASE
        with session(workspace, store_key) as connection:
            attach(connection, database)
            database.chmod(0o600)
            with translated(str(database)):
                migrations.migrate(connection, plan)
        if catalog:
            to_lake(database, workspace, catalog)
            clear_staging(workspace)


def exists(workspace: Path) -> bool:
    """Whether the workspace has its live store, where its settings say it is."""
    catalog = read_settings(workspace).catalog
    if catalog:
        return lake.is_made(workspace, catalog)
    return (workspace / DATABASE).is_file() and not (workspace / lake.MARK).exists()


@contextmanager
def open_store(
    workspace: Path, plan: ChangePlan, pseudonym_key: bytes | None, store_key: str | None = None
) -> Generator[Store]:
    """The store for writing, by one process at a time; without a pseudonym key no file can be ingested.

    Raises:
        BusyError: Another process is writing.
        EvidenceError: There is no database, it is damaged, a newer version of this program wrote it, or it
            lacks a covariate of the plan.
    """
    catalog = read_settings(workspace).catalog
    database = _existing(workspace / (lake.MARK if catalog else DATABASE), workspace)
    with writing(workspace):
        clear_staging(workspace)
        try:
            with session(workspace, store_key, catalog=catalog) as connection:
                live = None if catalog else LiveFile(connection, database)
                if live is not None:
                    live.attach()
                with translated(str(database)):
                    migrations.migrate(connection, plan)
                _check_version(connection, database)
                _check_covariates(connection, plan, database)
                yield Store(connection, workspace, plan, pseudonym_key, live=live, in_lake=live is None)
        finally:
            clear_staging(workspace)


@contextmanager
def open_snapshot(workspace: Path, plan: ChangePlan, store_key: str | None = None) -> Generator[Store]:
    """The state after the last finished night, for reading only, beside any writer.

    Raises:
        EvidenceError: No night was finished yet, the snapshot is damaged, or another version of this program
            wrote it.
    """
    database = _existing(workspace / SNAPSHOT, workspace)
    with session(workspace, store_key) as connection:
        attach(connection, database, read_only=True)
        _check_version(connection, database)
        _check_covariates(connection, plan, database)
        yield Store(connection, workspace, plan, None)


def _existing(database: Path, workspace: Path) -> Path:
    if not database.is_file():
        hint = "no night was finished yet" if database.name == SNAPSHOT else "run `pccp init` first"
        raise EvidenceError(f"{workspace}: {database.name} is missing; {hint}")
    return database


def _check_version(connection: Session, database: Path) -> None:
    known = {version for version, _ in migrations.MIGRATIONS}
    with translated(str(database)):
        done = migrations.versions(connection)
    if done - known:
        raise EvidenceError(
            f"{database}: expected schema {max(known)} or older, found {max(done)}: a newer pccp-monitor "
            "wrote it; use that version, or restore the backup made before the upgrade"
        )
    if known - done:
        raise EvidenceError(
            f"{database}: expected schema {max(known)}, found {max(done)}: an earlier pccp-monitor wrote it; "
            "the next finished night writes it anew"
        )


def _check_covariates(connection: Session, plan: ChangePlan, database: Path) -> None:
    with translated(str(database)):
        lacking = migrations.lacking_columns(connection, plan)
    if lacking:
        raise EvidenceError(
            f"{database}: expected a column for each covariate and the strata, found none for {lacking}"
        )
