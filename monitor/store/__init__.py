"""The store: log files in, mature rows out. The only room that knows DuckDB."""

from monitor.store.connection import DATABASE, SNAPSHOT, STAGING
from monitor.store.dictionary import Entry, dictionary
from monitor.store.encryption import is_encrypted, require_extension
from monitor.store.examples import DryRun, Example
from monitor.store.excluded import Exclusions
from monitor.store.inbox import ready_files
from monitor.store.lookup import FoundOutcome, FoundPrediction, Identifier, as_delivered, refused
from monitor.store.mean_streams import DetectorRow, MeanLook, ReferenceRow
from monitor.store.meanings import LAYERS, Layer
from monitor.store.pseudonym import pseudonym
from monitor.store.reading import Cohort, Considered
from monitor.store.restore import Content, content_of, copy_database, install, undisturbed
from monitor.store.store import Store
from monitor.store.streams import CohortCount, StreamRow
from monitor.store.working_rows import CohortRows, Removed
from monitor.store.workspace import create, exists, open_snapshot, open_store

__all__ = [
    "DATABASE",
    "LAYERS",
    "SNAPSHOT",
    "STAGING",
    "Cohort",
    "CohortCount",
    "CohortRows",
    "Considered",
    "Content",
    "DetectorRow",
    "DryRun",
    "Entry",
    "Example",
    "Exclusions",
    "FoundOutcome",
    "FoundPrediction",
    "Identifier",
    "Layer",
    "MeanLook",
    "ReferenceRow",
    "Removed",
    "Store",
    "StreamRow",
    "as_delivered",
    "content_of",
    "copy_database",
    "create",
    "dictionary",
    "exists",
    "install",
    "is_encrypted",
    "open_snapshot",
    "open_store",
    "pseudonym",
    "ready_files",
    "refused",
    "require_extension",
    "undisturbed",
]
