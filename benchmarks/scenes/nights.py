"""Whole nights end to end with 20,000 new rows, and a year's replay; no package does the same."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

from logs import PLAN, Size, draw, write
from scene import Effort, Scene, Task

from monitor.operation.night import ingest, nightly
from monitor.operation.replay import replay
from monitor.operation.workspace import initialise
from monitor.simulation import network
from monitor.simulation.clock import date_of

NIGHTLY, HISTORY = 20_000, 21
YEAR = 365
DEMO_PLAN = PLAN.parents[1] / "change_plans" / "chest_xray_pneumothorax.yaml"


def scene(effort: Effort) -> Scene:
    """One night for each number of sites, and a year of the demonstration's five."""

    def inputs(folder: Path) -> None:
        for sites in effort.sites:
            write_history(folder / str(sites), sites)
        if effort.years:
            network(nights=YEAR).write(folder / "year")
            initialise(folder / "bound", DEMO_PLAN, folder / "pseudonym.key", at="2026-01-01")

    ours = Path(__file__)
    tasks = {
        f"night {sites}": Task(
            f"ours: `pccp nightly`, {NIGHTLY:,} new predictions and the outcomes of a day, {sites} sites, "
            f"{HISTORY} nights of history",
            ours,
            f"night {sites}",
            warm_up=False,
        )
        for sites in effort.sites
    }
    if effort.years:
        title = f"ours: `pccp replay` of {YEAR} nights, five sites of the demonstration"
        tasks["year"] = Task(title, ours, "year", warm_up=False)
    return Scene("nights", "Whole nights", inputs, tasks)


def write_history(folder: Path, sites: int) -> None:
    """A workspace after its nights, and the files of the night to come."""
    folder.mkdir(parents=True)
    drawn = draw(Size(NIGHTLY * (HISTORY + 1), sites, HISTORY + 1))
    past = write(drawn, folder, last=HISTORY - 1)
    write(drawn, folder, first=HISTORY, stem="new-")
    initialise(folder / "history", PLAN, folder / "pseudonym.key", at="2026-01-01")
    ingest(folder / "history", past, date_of(HISTORY), key_file=folder / "pseudonym.key")
    nightly(folder / "history", date_of(HISTORY), key_file=folder / "pseudonym.key")


def prepare(folder: Path) -> dict[str, object]:
    numbers = itertools.count()

    def copied(source: Path) -> Path:
        """A workspace of its own for each run."""
        target = folder / f"run-{next(numbers)}"
        shutil.copytree(source, target)
        return target

    def before(history: Path) -> Path:
        workspace = copied(history / "history")
        for file in history.glob("new-*.csv"):
            shutil.copyfile(file, workspace / "inbox" / file.name)
        return workspace

    def night(key: Path, workspace: object) -> int:
        report = nightly(Path(str(workspace)), date_of(HISTORY + 1), key_file=key)
        shutil.rmtree(Path(str(workspace)))
        return sum(batch.stored for batch in report.batches)

    def year(workspace: object) -> int:
        files = ([folder / "year" / f"{name}.csv"] for name in ("predictions", "outcomes"))
        report = replay(
            Path(str(workspace)), *files, until=date_of(YEAR + 14), key_file=folder / "pseudonym.key"
        )
        shutil.rmtree(Path(str(workspace)))
        return len(report.nights)

    works: dict[str, object] = {}
    for history in (path.parent for path in folder.glob("*/history")):
        key = history / "pseudonym.key"
        works[f"night {history.name}"] = partial(before, history), partial(night, key)
    bound: Callable[[], object] = partial(copied, folder / "bound")
    return {**works, "year": (bound, year)}


VERSIONS = ("duckdb", "numpy")
