"""The store: log files in, mature rows out. The only room that knows DuckDB."""

from monitor.store.examples import DryRun, Example
from monitor.store.inbox import ready_files
from monitor.store.pseudonym import pseudonym
from monitor.store.reading import Cohort
from monitor.store.store import Store
from monitor.store.streams import CohortCount, StreamRow
from monitor.store.workspace import create, open_snapshot, open_store

__all__ = [
    "Cohort",
    "CohortCount",
    "DryRun",
    "Example",
    "Store",
    "StreamRow",
    "create",
    "open_snapshot",
    "open_store",
    "pseudonym",
    "ready_files",
]
