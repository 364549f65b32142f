"""Workspaces with long histories, simulated and run through the product, and the nights that follow them."""
# ruff: noqa: S608  (statements are built from numbers and names of this file)

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from scene import HERE

from monitor.operation.replay import replay
from monitor.operation.workspace import initialise
from monitor.simulation import calibrated_night

PLAN = HERE.parent / "change_plans" / "chest_xray_pneumothorax.yaml"
FIRST = date(2026, 1, 1)
PREVALENCE, AUC = 0.09, 0.85
STUDIES_PER_PATIENT = 2.7
LABELLED, LONGEST_DELAY = 0.95, 12
CONTINUOUS_SHARE = 2 / 3
CHUNK_ROWS = 1_000_000


@dataclass(frozen=True)
class Size:
    """What a history consists of.

    Attributes:
        nights: Nights before the one that is timed.
        sites: Hospitals, all alike.
        features: Covariates, two thirds of them numbers.
        studies: Predictions a night at all sites together.
        looked_at: The newest nights whose rows were looked at; all of them when None. Older rows then only
            lie in the store, as after a bulk load, which is quick to make.
    """

    nights: int
    sites: int
    features: int
    studies: int
    looked_at: int | None = None


@dataclass(frozen=True)
class History:
    """A workspace after its last finished night."""

    size: Size
    folder: Path

    @property
    def workspace(self) -> Path:
        return self.folder / "workspace"

    @property
    def key(self) -> Path:
        return self.folder / "key" / "pseudonym.key"


def build(folder: Path, size: Size, seed: int = 5) -> History:
    """Simulate the history and run it through the product; a million studies take about a minute."""
    history = History(size, folder)
    (folder / "logs").mkdir(parents=True)
    write_plan(folder / "plan.yaml", size)
    initialise(history.workspace, folder / "plan.yaml", history.key, at=FIRST.isoformat())
    chunk = max(1, CHUNK_ROWS // size.studies)
    starts = range(0, size.nights, chunk)
    parts = [_simulate(size, day, min(day + chunk, size.nights), seed) for day in starts]
    last = FIRST + timedelta(days=size.nights)
    predictions, outcomes = [], []
    for number, day in enumerate(starts):
        upto = min(day + chunk, size.nights)
        predictions.append(_predictions(folder / "logs" / f"predictions-{number}.parquet", parts, day, upto))
        outcomes.append(_outcomes(folder / "logs" / f"outcomes-{number}.parquet", parts, day, upto))
    replay(history.workspace, predictions, outcomes, until=last, key_file=history.key)
    for file in (*predictions, *outcomes):
        file.unlink()
    return history


def write_nights(history: History, count: int, seed: int = 6) -> None:
    """The two files of each night that follows, for `files_of`."""
    first = history.size.nights
    simulated = [_simulate(history.size, first - LONGEST_DELAY, first, seed)]
    for day in range(first, first + count):
        simulated.append(_simulate(history.size, day, day + 1, seed))
        predictions, outcomes = files_of(history, day)
        _predictions(predictions, simulated, day, day + 1)
        _outcomes(outcomes, simulated, day, day + 1)


def files_of(history: History, day: int) -> tuple[Path, Path]:
    """Predictions and outcomes that arrive on one day, counted from the history's first."""
    logs = history.folder / "logs"
    return logs / f"predictions-of-{day}.parquet", logs / f"outcomes-of-{day}.parquet"


def night_after(day: int) -> date:
    """The night in which a day's files are read."""
    return FIRST + timedelta(days=day + 1)


def recompute(history: History, days: int | None = None) -> int:
    """A plain recomputation, from raw rows, of the sums that a night adds to; how many sums.

    By site and day: studies, patients and alerts; each covariate and the score by value (256 bins of a
    number, levels of a category, missing ones); each study's latest outcome by 20 bins of its score.

    Args:
        history: Its published snapshot is read.
        days: So many days back; the whole history when None.
    """
    first = 0 if days is None else max(0, history.size.nights - days)
    window = f"(SELECT * FROM predictions WHERE day >= DATE '{FIRST + timedelta(days=first)}')"
    binned = {"score": "least(floor(score * 256), 255)"} | {
        name: f'floor(("covariate_{name}" + 9) * 14)' if kind == "continuous" else f'"covariate_{name}"'
        for name, kind in features(history.size.features)
    }
    latest = "SELECT site, study, arg_max(outcome, revision) AS outcome FROM outcomes GROUP BY site, study"
    queries = [
        "SELECT site, day, count(*), count(DISTINCT patient), count_if(score >= 0.08)",
        *(f"SELECT site, day, {value} AS bin, count(*)" for value in binned.values()),
    ]
    statements = [f"{query} FROM {window} GROUP BY ALL" for query in queries]
    statements.append(
        "SELECT p.site, p.day, least(floor(p.score * 20), 19) AS bin, count(*), sum(o.outcome) "
        f"FROM {window} p JOIN ({latest}) o ON o.site = p.site AND o.study = p.study GROUP BY ALL"
    )
    return _read(history, statements)


def scan(history: History) -> int:
    """One bare scan of the columns that a night looks at, over the whole history."""
    named = features(history.size.features)
    cells = ", ".join(
        f'{"sum" if kind == "continuous" else "max"}("covariate_{name}")' for name, kind in named
    )
    return _read(history, [f"SELECT sum(score), max(day), max(site), {cells} FROM predictions"])


def _read(history: History, statements: Sequence[str]) -> int:
    """Run the statements as a reader of the snapshot would; how many rows they found."""
    with duckdb.connect(str(history.workspace / "snapshot.duckdb"), read_only=True) as connection:
        found = [connection.execute(statement).fetchnumpy() for statement in statements]
    return sum(len(next(iter(columns.values()))) for columns in found)


def features(count: int) -> list[tuple[str, str]]:
    """Name and kind of each covariate."""
    numbers = math.floor(CONTINUOUS_SHARE * count)
    return [(f"x{n:02d}", "continuous" if n < numbers else "categorical") for n in range(count)]


def write_plan(file: Path, size: Size) -> None:
    """The demonstration's plan with other covariates, and a reference that is frozen early."""
    text = PLAN.read_text(encoding="utf-8")
    start, end = text.index("  covariates:\n    - {name"), text.index("\nmonitoring:")
    lines = [
        f"    - {{name: {name}, kind: continuous, unit: mm, range: [-9, 9]}}"
        if kind == "continuous"
        else f"    - {{name: {name}, kind: categorical, levels: [A, B, C]}}"
        for name, kind in features(size.features)
    ]
    text = text[:start] + "  covariates:\n" + "\n".join(lines) + "\n" + text[end:]
    reference = text[text.index("  reference: {looks") :].split("\n", 1)[0]
    text = text.replace(reference, "  reference: {looks: 7, minimum_rows: 100, minimum_events: 20}")
    if size.looked_at is not None:
        first = FIRST + timedelta(days=size.nights - size.looked_at)
        text = text.replace("  cadence: daily\n", f'  cadence: daily\n  first_cohort: "{first}"\n')
    file.write_text(text, encoding="utf-8")


Columns = dict[str, Any]


def _simulate(size: Size, first: int, end: int, seed: int) -> Columns:
    """Studies of some days in order of time, as numbers; the text of a log is made of them by DuckDB."""
    rng = np.random.default_rng((seed, first))
    rows = (end - first) * size.studies
    log_odds, outcome = calibrated_night(rng, rows, PREVALENCE, AUC)
    day = np.repeat(np.arange(first, end), size.studies)
    number = np.arange(first * size.studies, end * size.studies)
    site = number % size.sites
    patients = max(1, int(size.nights * size.studies / size.sites / STUDIES_PER_PATIENT))
    delay = rng.integers(1, LONGEST_DELAY, rows)
    found: Columns = {
        "day": day,
        "site": site,
        "study": number,
        "patient": rng.integers(0, patients, rows),
        "second": np.sort(rng.integers(0, 86_400, (end - first, size.studies)), axis=1).ravel(),
        "score": 1 / (1 + np.exp(-log_odds)),
        "outcome": outcome.astype(np.int64),
        "confirmed": np.where(rng.random(rows) < LABELLED, day + delay, -1),
    }
    for name, kind in features(size.features):
        drawn = rng.standard_normal(rows) if kind == "continuous" else rng.choice(3, rows, p=[0.5, 0.3, 0.2])
        found[name] = np.round(drawn, 2) if kind == "continuous" else drawn
    return found


def _predictions(file: Path, parts: Sequence[Columns], first: int, end: int) -> Path:
    cells = "".join(
        f", {name}" if kind == "continuous" else f", ['A', 'B', 'C'][{name} + 1] AS {name}"
        for name, kind in features(sum(name.startswith("x") for name in parts[0]))
    )
    select = (
        "SELECT 'S' || study AS accession, site || '-' || patient AS mrn, 'Site ' || site AS hospital, "
        f"{_time('day')} AS inference_time, 'ptx-3.2.0' AS model_version, round(score, 6) AS ptx_score"
        f"{cells} FROM studies WHERE day >= {first} AND day < {end} ORDER BY day, second"
    )
    return _write(file, parts, select, day=(first, end))


def _outcomes(file: Path, parts: Sequence[Columns], first: int, end: int) -> Path:
    select = (
        "SELECT 'S' || study AS accession, 'Site ' || site AS hospital, outcome AS ptx_confirmed, "
        f"{_time('confirmed')} AS confirmed_at, 'ct_or_two_readers' AS source "
        f"FROM studies WHERE confirmed >= {first} AND confirmed < {end} ORDER BY confirmed, second"
    )
    return _write(file, parts, select, day=(first - LONGEST_DELAY, end))


def _time(day: str) -> str:
    return (
        f"strftime(DATE '{FIRST}' + {day}::INTEGER, '%Y-%m-%d') || "
        "printf('T%02d:%02d:%02d+01:00', second // 3600, second // 60 % 60, second % 60)"
    )


def _write(file: Path, parts: Sequence[Columns], select: str, *, day: tuple[int, int]) -> Path:
    """One Parquet file of the studies of the days that can matter."""
    near = [part for part in parts if part["day"][0] < day[1] and part["day"][-1] >= day[0]]
    studies = {name: np.concatenate([part[name] for part in near]) for name in near[0]}
    with duckdb.connect() as connection:
        connection.register("studies", studies)
        connection.execute(f"COPY ({select}) TO '{file}' (FORMAT parquet)")
    return file
