"""The store: log files in, mature rows out. The only room that knows DuckDB."""

from monitor.store.connection import DATABASE, SNAPSHOT, STAGING
from monitor.store.examples import DryRun, Example
from monitor.store.inbox import ready_files
from monitor.store.pseudonym import pseudonym
from monitor.store.reading import Cohort
from monitor.store.restore import Content, content_of, copy_database, install, undisturbed
from monitor.store.store import Store
from monitor.store.streams import CohortCount, StreamRow
from monitor.store.workspace import create, open_snapshot, open_store

__all__ = [
    "DATABASE",
    "SNAPSHOT",
    "STAGING",
    "Cohort",
    "CohortCount",
    "Content",
    "DryRun",
    "Example",
    "Store",
    "StreamRow",
    "content_of",
    "copy_database",
    "create",
    "install",
    "open_snapshot",
    "open_store",
    "pseudonym",
    "ready_files",
    "undisturbed",
]
