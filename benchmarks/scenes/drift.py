"""A night's look at every site and feature (P2): a fifth of the predictions are new, from disk to verdict."""
# ruff: noqa: S608  (statements are built from constants of this folder)

from __future__ import annotations

import itertools
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import numpy as np
from logs import FEATURES, LEVELS, NUMBERS, PLAN, Size, draw, write
from scene import HERE, Effort, Goal, Scene, Task

from monitor.drift.second_opinion.definitions import recomputed
from monitor.drift.second_opinion.records import Kind
from monitor.operation.attempt.outcome_counts import OutcomeCounts
from monitor.operation.attempt.windows import Knowledge
from monitor.operation.night import Nights, ingest
from monitor.operation.watching import Watch
from monitor.operation.workspace import initialise, open_workspace
from monitor.simulation.clock import date_of

SITES, NIGHTS, REFERENCE_NIGHTS = 50, 50, 40
KNOWN_BY = date_of(NIGHTS + 10)
SCORE, REFERENCE = "score", f"day < DATE '{date_of(REFERENCE_NIGHTS).isoformat()}'"


def scene(effort: Effort) -> Scene:
    """The night against packages that compare each site's last fifth with the rest."""

    def inputs(folder: Path) -> None:
        write_inputs(folder, effort.rows)

    ours, peers = Path(__file__), HERE / "peers"
    packaged = {
        **{f"evidently {name}": ("evidently", name, "with its report") for name in effort.evidently},
        "nannyml": ("nannyml", "univariate", "KS, JS, Wasserstein, chi-square in chunks"),
        "frouros psi": ("frouros", "psi", "one statistic, of numbers alone"),
        "frouros ks": ("frouros", "ks", "one statistic, of numbers alone"),
        "frouros w1": ("frouros", "w1", "one statistic, of numbers alone"),
    }
    tasks = {
        "night": Task(
            "ours, the night: new rows read from disk against frozen references, e-values by patient, alarms",
            ours,
            "night",
        ),
        "frozen": Task("ours, references frozen anew from disk, then the night", ours, "frozen and night"),
        "binned": Task(
            "ours, as the second opinion checks Evidently: PSI and Jensen-Shannon of every site and feature, "
            "from disk",
            ours,
            "binned",
        ),
        "exact": Task(
            "ours, the same: exact KS with its p-value and Wasserstein of every site and number, from disk",
            ours,
            "exact",
        ),
        "scan": Task("plain SQL: sums of the same columns, all rows", ours, "scan"),
        "scan new": Task("plain SQL: sums of the same columns, new rows", ours, "scan new"),
        **{
            name: Task(
                f"{name}, site by site", peers / f"{peer}_drift.py", work, peer, 1.0, peer == "frouros", note
            )
            for name, (peer, work, note) in packaged.items()
        },
    }
    goals = (
        *(Goal("P2", "night", f"evidently {name}", "faster", 100.0) for name in effort.evidently),
        Goal("P2", "night", "nannyml", "faster", 70.0),
        *(Goal("P2", "night", f"frouros {name}", "faster", 2.5) for name in ("psi", "ks", "w1")),
        Goal("P2b", "night", "scan", "cost", 4.0),
        Goal("P2c", "exact", "binned", "cost", 2.5),
        Goal("", "night", "scan new", "cost"),
        Goal("", "frozen", "evidently psi", "faster"),
        Goal("", "frozen", "nannyml", "faster"),
        Goal("", "frozen", "scan", "cost"),
    )
    title = f"Nightly drift, {effort.rows:,} predictions, {SITES} sites, {len(FEATURES)} features"
    return Scene("drift", title, inputs, tasks, goals)


def write_inputs(folder: Path, rows: int, peers_read: str = "true") -> None:
    """Two workspaces, before and after the references were frozen, and the rows for the packages.

    Args:
        folder: Gets the log as `predictions.csv` too.
        rows: Of the log, on average.
        peers_read: Condition on the site, as SQL.
    """
    predictions, _ = write(draw(Size(rows, SITES, NIGHTS)), folder)
    before, after, key = folder / "before", folder / "after", folder / "pseudonym.key"
    initialise(before, PLAN, key, at="2026-01-01")
    ingest(before, [predictions], KNOWN_BY, key_file=key)
    shutil.copytree(before, after)
    with open_workspace(after, key) as workspace:
        Nights(workspace).run(date_of(REFERENCE_NIGHTS), KNOWN_BY)
    shutil.copyfile(before / "monitor.duckdb", folder / "scanned.duckdb")
    columns = ", ".join(
        [f"score AS {FEATURES[0]}", *(f"covariate_{name} AS {name}" for name in (*NUMBERS, *LEVELS))]
    )
    with duckdb.connect(str(folder / "scanned.duckdb"), read_only=True) as connection:
        for name, where in (("reference", REFERENCE), ("current", f"NOT ({REFERENCE})")):
            query = (
                f"SELECT site, {columns} FROM predictions WHERE {where} AND {peers_read} "
                "ORDER BY site, day, study"
            )
            connection.execute(f"COPY ({query}) TO '{folder / name}.parquet'").fetchall()


@contextmanager
def opened(folder: Path, name: str) -> Generator[Watch]:
    """The streams of a workspace as a night finds them; nothing that is done to them is kept."""
    with open_workspace(folder / name, folder / "pseudonym.key") as workspace:
        yield Watch(workspace, OutcomeCounts())
        workspace.ledger.discard()


def night(folder: Path) -> int:
    """The new rows against the frozen references; how many looks at streams that was."""
    with opened(folder, "after") as watch:
        watch.read_predictions(Knowledge(date_of(NIGHTS), KNOWN_BY))
        return len(watch.pending.looks)


def frozen_and_night(folder: Path) -> int:
    """The references too; they are frozen once in a site's life."""
    with opened(folder, "before") as watch:
        watch.read_predictions(Knowledge(date_of(REFERENCE_NIGHTS), KNOWN_BY))
    return night(folder)


def statistics(folder: Path, methods: dict[Kind, tuple[str, ...]]) -> int:
    """Statistics of the second opinion, each site's last fifth against the rest; how many numbers."""
    names = [SCORE, *(f"covariate_{name}" for name in (*NUMBERS, *LEVELS))]
    kinds: list[Kind] = ["continuous"] * (1 + len(NUMBERS)) + ["categorical"] * len(LEVELS)
    coded = [
        name if kind == "continuous" else f"enum_code({name}::levels_{number})"
        for number, (name, kind) in enumerate(zip(names, kinds, strict=True))
    ]
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{folder / 'scanned.duckdb'}' AS scanned (READ_ONLY)")
        for number, (name, kind) in enumerate(zip(names, kinds, strict=True)):
            if kind == "categorical":
                listed = f"SELECT DISTINCT {name} FROM scanned.predictions WHERE {name} IS NOT NULL"
                connection.execute(f"CREATE TYPE levels_{number} AS ENUM ({listed} ORDER BY 1)")
        cells = ", ".join(f"({cell})::DOUBLE AS c{number}" for number, cell in enumerate(coded))
        query = f"SELECT site, {REFERENCE} AS earlier, {cells} FROM scanned.predictions ORDER BY site"
        found = connection.execute(query).fetchnumpy()
    columns = [np.ma.filled(found[f"c{number}"], np.nan) for number in range(len(names))]
    starts = np.flatnonzero(np.r_[True, found["site"][1:] != found["site"][:-1]])
    count = 0
    for low, high in itertools.pairwise([*starts.tolist(), len(found["site"])]):
        earlier = np.asarray(found["earlier"][low:high])
        for column, kind in zip(columns, kinds, strict=True):
            values = column[low:high]
            there, usable = earlier[~np.isnan(values)], values[~np.isnan(values)]
            for method in methods[kind]:
                recomputed(method, usable[there], usable[~there], kind)
                count += 1
    return count


def prepare(folder: Path) -> dict[str, object]:
    connection = duckdb.connect(str(folder / "scanned.duckdb"), read_only=True)
    sums = ", ".join([f"sum(score), sum(covariate_{'), sum(covariate_'.join(NUMBERS)})", "max(site)"])
    sums += "".join(f", max(covariate_{name})" for name in LEVELS)

    def scan(where: str) -> int:
        connection.execute(f"SELECT {sums} FROM predictions WHERE {where}").fetchall()
        return 0

    return {
        "night": lambda: night(folder),
        "frozen and night": lambda: frozen_and_night(folder),
        "binned": lambda: statistics(
            folder, dict.fromkeys(("continuous", "categorical"), ("psi", "jensenshannon"))
        ),
        "exact": lambda: statistics(folder, {"continuous": ("ks", "wasserstein"), "categorical": ()}),
        "scan": lambda: scan("true"),
        "scan new": lambda: scan(f"NOT ({REFERENCE})"),
    }


VERSIONS = ("duckdb", "numpy")
