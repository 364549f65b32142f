"""Fewer rows and more: a Parquet log with all rules (P1b), and a night's look at its last fifth (P2b).

Packages compare five of the fifty sites, every tenth by volume, and their clocks are multiplied by ten.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import duckdb
from ingest_scene import Delivery, bare, ours
from logs import PLAN
from scene import HERE, Effort, Goal, Scene, Task

from monitor.operation.workspace import initialise
from scenes import drift

LARGER: Final = 10
SMALLER: Final = 10
SHARE: Final = 10
SHARED_SITES: Final = f"site[6:]::INTEGER % {SHARE} = {SHARE // 2}"


def small(effort: Effort) -> Scene:
    """A tenth of the rows; no goal names them."""
    return _scene("small", effort.rows // SMALLER, effort, ())


def large(effort: Effort) -> Scene:
    """Both goals that name ten million rows."""
    goals = Goal("P1b", "parquet", "bare parquet", "cost", 1.6), Goal("P2b", "night", "scan", "cost", 4.0)
    return _scene("large", LARGER * effort.rows, effort, goals)


def _scene(name: str, rows: int, effort: Effort, goals: tuple[Goal, ...]) -> Scene:
    def inputs(folder: Path) -> None:
        drift.write_inputs(folder, rows, peers_read=SHARED_SITES)
        made = _delivery(folder)
        made.scratch.mkdir()
        initialise(made.empty, PLAN, made.key, at="2026-01-01")
        with duckdb.connect() as connection:
            connection.execute(f"COPY (FROM read_csv('{made.csv}')) TO '{made.parquet}' (FORMAT parquet)")

    here, peers = Path(__file__), HERE / "peers"
    packaged = {
        **{f"evidently {name}": ("evidently", name) for name in effort.evidently},
        "nannyml": ("nannyml", "univariate"),
        "frouros ks": ("frouros", "ks"),
    }
    tasks = {
        "parquet": Task(
            "ours: Parquet, all rules, pseudonyms, archive, ledger, snapshot", here, "parquet", warm_up=False
        ),
        "bare parquet": Task("DuckDB: bare load of the Parquet", here, "bare parquet", warm_up=False),
        "night": Task("ours, the night: the new fifth of the rows against frozen references", here, "night"),
        "scan": Task("plain SQL: sums of the same columns, all rows", here, "scan"),
        "scan new": Task("plain SQL: sums of the same columns, new rows", here, "scan new"),
        **{
            name: Task(
                f"{name}, site by site",
                peers / f"{peer}_drift.py",
                work,
                peer,
                float(SHARE),
                False,
                f"{drift.SITES // SHARE} of {drift.SITES} sites timed",
            )
            for name, (peer, work) in packaged.items()
        },
    }
    shown = (
        *(() if goals else (Goal("", "parquet", "bare parquet", "cost"), Goal("", "night", "scan", "cost"))),
        Goal("", "night", "scan new", "cost"),
        *(Goal("", "night", package, "faster") for package in packaged),
    )
    title = f"Ingest and nightly drift, {rows:,} predictions"
    return Scene(name, title, inputs, tasks, (*goals, *shown))


def prepare(folder: Path) -> dict[str, Callable[[], object]]:
    made = _delivery(folder)
    return {
        "parquet": lambda: ours(made, made.parquet).stored,
        "bare parquet": partial(bare, made, made.parquet),
        **{
            name: work
            for name, work in drift.prepare(folder).items()
            if name in ("night", "scan", "scan new")
        },
    }


def _delivery(folder: Path) -> Delivery:
    return Delivery(
        csv=folder / "predictions.csv",
        parquet=folder / "predictions.parquet",
        plan=PLAN,
        empty=folder / "empty",
        key=folder / "pseudonym.key",
        scratch=folder / "scratch",
    )


VERSIONS = ("duckdb", "numpy")
