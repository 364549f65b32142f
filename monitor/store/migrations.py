"""Versions of the schema: each commits together with its own record, in order, once."""

from __future__ import annotations

from importlib.resources import files

from monitor.hashing import sha256_text
from monitor.plan.model import ChangePlan
from monitor.store import covariates, lake, strata
from monitor.store.connection import Session, quoted, rows, run

MIGRATIONS = (
    (1, "schema.sql"),
    (2, "working_rows.sql"),
    (3, "streams.sql"),
    (4, "exclusions.sql"),
    (5, "study_keys.sql"),
    (6, "study_keys_of_pseudonyms.sql"),
    (7, "batch_links.sql"),
)
WITH_HOSPITAL = {1: "predictions", 2: "archived_predictions", 4: "exclusions"}
"""The table of each version that says which hospital a prediction comes from."""
WITH_COVARIATES = {1: "predictions", 4: "exclusions"}
"""The table of each version that holds the plan's covariates."""


def migrate(connection: Session, plan: ChangePlan) -> None:
    """Bring the attached store to the newest version."""
    run(
        connection,
        "CREATE TABLE IF NOT EXISTS migrations "
        "(version INTEGER PRIMARY KEY, name VARCHAR NOT NULL, sha256 VARCHAR NOT NULL)",
    )
    done = versions(connection)
    for version, name in MIGRATIONS:
        if version not in done:
            _apply(connection, plan, version, name)


def versions(connection: Session) -> set[int]:
    """The versions whose scripts the attached store has seen."""
    return {version for (version,) in rows(connection, "SELECT version FROM migrations")}


def _apply(connection: Session, plan: ChangePlan, version: int, name: str) -> None:
    script = files("monitor.store").joinpath(name).read_text("utf-8")
    run(connection, "BEGIN")
    try:
        run(connection, lake.without_keys(script) if lake.is_attached(connection) else script)
        _add_covariates(connection, plan, version)
        _add_hospital(connection, plan, version)
        run(connection, "INSERT INTO migrations VALUES (?, ?, ?)", [version, name, sha256_text(script)])
    except BaseException:
        run(connection, "ROLLBACK")
        raise
    run(connection, "COMMIT")


def _add_covariates(connection: Session, plan: ChangePlan, version: int) -> None:
    if version in WITH_COVARIATES:
        for column in covariates.columns(plan):
            table = WITH_COVARIATES[version]
            run(connection, f"ALTER TABLE {table} ADD COLUMN {quoted(column.name)} {column.type}")


def _add_hospital(connection: Session, plan: ChangePlan, version: int) -> None:
    """Only where the plan has strata: without them the site is the hospital, and stores stay as they are."""
    if plan.strata and version in WITH_HOSPITAL:
        run(connection, f"ALTER TABLE {WITH_HOSPITAL[version]} ADD COLUMN {strata.HOSPITAL} VARCHAR")


def lacking_columns(connection: Session, plan: ChangePlan) -> list[str]:
    """Columns that the plan's covariates and strata need and the store does not have."""
    present = {str(name) for name, *_ in rows(connection, "DESCRIBE store.predictions")}
    needed = [strata.HOSPITAL] if plan.strata else []
    needed += [column.name for column in covariates.columns(plan)]
    return [name for name in needed if name not in present]
