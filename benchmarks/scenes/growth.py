"""What one more night costs as history, sites, features and stored rows grow (P4, P4b, P4c)."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Final

import histories
from histories import History, Size, build, files_of, night_after, write_nights
from scene import Curve, Effort, Goal, Scene, Task

from monitor.operation.night import ingest, nightly

MOST_NIGHTS: Final = 8
"""Files are made for so many rounds, the warm-up among them."""
WINDOW_DAYS: Final = 120

Axes = dict[str, dict[int, Size]]
AXES: Final[Axes] = {
    "nights of history": {nights: Size(nights, 10, 5, 2000) for nights in (30, 365, 1095)},
    "sites": {sites: Size(40, sites, 2, 20_000, looked_at=24) for sites in (10, 100, 1000)},
    "features": {count: Size(40, 10, count, 2000) for count in (5, 50)},
    "rows in the store": {
        nights * 20_000: Size(nights, 50, 12, 20_000, looked_at=26) for nights in (50, 500)
    },
}
"""Sizes by what grows; all else stays as it is along an axis, the nightly volume included."""
QUICK_AXES: Final[Axes] = {
    "nights of history": {nights: Size(nights, 5, 5, 500) for nights in (30, 120)},
    "sites": {sites: Size(40, sites, 2, 5000, looked_at=24) for sites in (5, 50)},
    "features": {count: Size(40, 5, count, 500) for count in (5, 50)},
    "rows in the store": {nights * 4000: Size(nights, 10, 12, 4000, looked_at=26) for nights in (25, 250)},
}


def scene(effort: Effort) -> Scene:
    """One more night at each size of each axis, in two works: its two files, and the night itself."""
    axes = AXES if effort.years else QUICK_AXES
    ours, tasks, curves = Path(__file__), dict[str, Task](), list[Curve]()

    def inputs(folder: Path) -> None:
        made = {_slug(axis, value): size for axis, sizes in axes.items() for value, size in sizes.items()}
        with ProcessPoolExecutor(max_workers=os.cpu_count()) as pool:
            list(pool.map(partial(_made, folder), made.items()))
        (folder / "sizes.json").write_text(json.dumps({slug: asdict(size) for slug, size in made.items()}))

    for axis, sizes in axes.items():
        for value, size in sizes.items():
            slug, of = _slug(axis, value), f"{size.studies:,} predictions, {value:,} {axis}"
            tasks[f"load {slug}"] = Task(f"ours: files of a night, {of}", ours, f"load {slug}")
            tasks[f"night {slug}"] = Task(f"ours: the night, {of}", ours, f"night {slug}")
        for work in ("load", "night"):
            curves.append(Curve(axis, work, {value: f"{work} {_slug(axis, value)}" for value in sizes}))
    small, large = (_slug("rows in the store", value) for value in axes["rows in the store"])
    tasks |= {
        "recompute window": Task(
            f"plain SQL: a night's sums anew from raw rows of {WINDOW_DAYS} days, many rows in the store",
            ours,
            f"window {large}",
            note="no streams, no patients, no alarms",
        ),
        "recompute all": Task(
            "plain SQL: a night's sums anew from all raw rows, many rows in the store",
            ours,
            f"whole {large}",
            note="no streams, no patients, no alarms",
        ),
        "scan": Task("plain SQL: a scan of the same columns, many rows in the store", ours, f"scan {large}"),
    }
    goals = (
        Goal("P4", f"night {large}", f"night {small}", "cost", 1.3),
        Goal("P4b", f"night {large}", "recompute window", "faster", 6.0),
        Goal("P4b", f"night {large}", "recompute all", "faster", 30.0),
        Goal("P4b", f"night {large}", "scan", "cost", 1.0),
        Goal("P4c", f"load {large}", f"load {small}", "cost", 1.3),
    )
    return Scene("growth", "Growth: one more night", inputs, tasks, goals, curves=tuple(curves))


def _made(folder: Path, named: tuple[str, Size]) -> None:
    slug, size = named
    write_nights(build(folder / slug, size), MOST_NIGHTS)


def _slug(axis: str, value: int) -> str:
    """Names a size in tasks and folders.

    Example:
        >>> _slug("rows in the store", 1_000_000)
        'rows-1000000'
    """
    return f"{axis.split()[0]}-{value}"


def prepare(folder: Path) -> dict[str, Callable[[], object]]:
    works: dict[str, Callable[[], object]] = {}
    for slug, size in json.loads((folder / "sizes.json").read_text()).items():
        history = History(Size(**size), folder / slug)
        loads, nights = itertools.count(history.size.nights), itertools.count(history.size.nights)
        works[f"load {slug}"] = partial(_load, history, loads)
        works[f"night {slug}"] = partial(_night, history, nights)
        works[f"window {slug}"] = partial(histories.recompute, history, WINDOW_DAYS)
        works[f"whole {slug}"] = partial(histories.recompute, history)
        works[f"scan {slug}"] = partial(histories.scan, history)
    return works


def _load(history: History, days: itertools.count[int]) -> int:
    day = next(days)
    reports = ingest(history.workspace, files_of(history, day), night_after(day), key_file=history.key)
    return sum(report.stored for report in reports)


def _night(history: History, days: itertools.count[int]) -> int:
    """The night after the day whose files were loaded; how many cohorts it read."""
    night = night_after(next(days))
    report = nightly(history.workspace, night, key_file=history.key)
    if [found.night for found in report.nights] != [night]:
        raise RuntimeError(f"expected the night {night} alone, found {report.nights}")
    return len(report.nights[0].cohorts)


VERSIONS = ("duckdb", "numpy")
