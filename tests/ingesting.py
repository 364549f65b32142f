"""A workspace with one plan, and short ways to deliver small files to it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from monitor import store
from monitor.plan.model import ChangePlan
from monitor.records import BatchReport, Role

KEY = b"a test key of thirty-two bytes!!"
RECEIVED = date(2026, 6, 30)
PREDICTIONS = "study_id,patient_id,site,predicted_at,model_version,score,age,view"
OUTCOMES = "study_id,site,outcome,observed_at"


class Desk:
    """Delivers files; every delivery opens and closes the store as a command would."""

    def __init__(self, folder: Path, plan: ChangePlan) -> None:
        self.folder = folder
        self.workspace = folder / "workspace"
        self.plan = plan
        self.ledger: list[str] = []
        store.create(self.workspace, plan)

    @contextmanager
    def open(self) -> Iterator[store.Store]:
        with store.open_store(self.workspace, self.plan, KEY) as opened:
            yield opened

    def file(self, content: str | bytes, name: str = "log.csv") -> Path:
        path = self.folder / name
        data = content.encode() if isinstance(content, str) else content
        path.write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)
        return path

    def record(self, report: BatchReport) -> tuple[int, str]:
        self.ledger.append(json.dumps(report.as_record()))
        return len(self.ledger) - 1, self.ledger[-1]

    def ingest(self, path: Path, received: date = RECEIVED, **options: Any) -> BatchReport:
        with self.open() as opened:
            return opened.ingest(path, received_on=received, record=self.record, **options)

    def deliver(self, content: str | bytes, name: str = "log.csv", **options: Any) -> BatchReport:
        return self.ingest(self.file(content, name), **options)

    def predictions(self, *lines: str, header: str = PREDICTIONS, **options: Any) -> BatchReport:
        return self.deliver("\n".join([header, *lines]) + "\n", "predictions.csv", **options)

    def outcomes(self, *lines: str, header: str = OUTCOMES, **options: Any) -> BatchReport:
        return self.deliver("\n".join([header, *lines]) + "\n", "outcomes.csv", **options)

    def refused(self, line: str, **options: Any) -> dict[str, int]:
        """The reasons for which one prediction line is refused."""
        return dict(self.predictions(line, **options).reasons)

    def dry_run(self, content: str, role: Role | None = None) -> store.DryRun:
        with self.open() as opened:
            return opened.dry_run(self.file(content), received_on=RECEIVED, role=role)

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Read the database directly, as only a test may."""
        import duckdb

        with duckdb.connect(str(self.workspace / "monitor.duckdb"), read_only=True) as connection:
            return connection.execute(statement).fetchall()

    def rejected(self) -> list[dict[str, Any]]:
        return [
            json.loads(line)
            for path in sorted((self.workspace / "rejected").glob("*.jsonl"))
            for line in path.read_text().splitlines()
        ]

    def bytes_kept(self) -> bytes:
        """Everything the workspace holds, to search for a clear value."""
        return b"".join(path.read_bytes() for path in sorted(self.workspace.rglob("*")) if path.is_file())


def prediction(
    study: str = "S1",
    patient: str = "P1",
    site: str = "north",
    at: str = "2026-03-01",
    score: str = "0.5",
    rest: Sequence[str] = ("m1", "60", "PA"),
) -> str:
    model_version, *covariates = rest
    return ",".join([study, patient, site, at, model_version, score, *covariates])
