"""Ingest with all its rules (P1) against DuckDB's bare typed load of the same file, and pandas."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path

from ingest_scene import Delivery, bare, delivery, ours, with_pandas
from scene import Effort, Goal, Scene, Task

SITES = 50


def scene(effort: Effort) -> Scene:
    """CSV and Parquet."""

    def inputs(folder: Path) -> None:
        made = {name: str(path) for name, path in asdict(delivery(folder, effort.rows, SITES)).items()}
        (folder / "delivery.json").write_text(json.dumps(made))

    here = Path(__file__)
    tasks = {
        "csv": Task("ours: CSV, all rules, pseudonyms, archive, ledger, snapshot", here, "csv"),
        "bare csv": Task("DuckDB: bare typed load of the CSV", here, "bare csv"),
        "parquet": Task("ours: Parquet, the same", here, "parquet"),
        "bare parquet": Task("DuckDB: bare load of the Parquet", here, "bare parquet"),
        "pandas": Task(
            "pandas doing the same work on the CSV",
            here,
            "pandas",
            note="no ledger, no raw lines of refused rows",
        ),
    }
    goals = (
        Goal("P1", "csv", "bare csv", "cost", 1.5),
        Goal("P1b", "parquet", "bare parquet", "cost", 1.6),
        Goal("P1c", "csv", "pandas", "faster", 5.0),
    )
    return Scene("ingest", f"Ingest, {effort.rows:,} predictions", inputs, tasks, goals)


def prepare(folder: Path) -> dict[str, Callable[[], object]]:
    paths = json.loads((folder / "delivery.json").read_text())
    made = Delivery(**{name: Path(path) for name, path in paths.items()})

    def stored(file: Path) -> int:
        return ours(made, file).stored

    return {
        "csv": partial(stored, made.csv),
        "parquet": partial(stored, made.parquet),
        "bare csv": partial(bare, made, made.csv),
        "bare parquet": partial(bare, made, made.parquet),
        "pandas": partial(with_pandas, made, made.csv),
    }


VERSIONS = ("duckdb", "numpy", "pandas")
