"""Competitors in processes of their own, run in turn, so that a busy moment strikes all alike."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from environments import QUIET, python_of
from scene import Task

HERE = Path(__file__).resolve().parent
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""Fits and bootstraps are so small that a second thread only spins; the same for everybody."""
Told = Callable[[str], None]


class CompetitorError(Exception):
    """A competitor could not be installed, prepared or run."""


class Run(NamedTuple):
    """One run of one work.

    Attributes:
        wall, cpu: Seconds of the clock and of the competitor's processor time.
        peak: Largest resident bytes of its process during the run.
        told: What the work returned.
    """

    wall: float
    cpu: float
    peak: int
    told: Any


class Competitor:
    """A process that holds what a script prepared; ended by `end`."""

    def __init__(self, script: Path, folder: Path, peer: str | None) -> None:
        """Start it and wait until it is ready.

        Args:
            script: A Python file as `worker.py` describes it.
            folder: Where its inputs are.
            peer: Environment; the product's own when None.

        Raises:
            CompetitorError: No environment, or it could not prepare.
        """
        self.name = script.stem
        try:
            python = Path(sys.executable) if peer is None else python_of(peer)
        except subprocess.CalledProcessError as error:
            raise CompetitorError(f"{peer}: the environment could not be installed") from error
        path = [str(HERE), str(HERE.parent)] if peer is None else [str(HERE)]
        self._process = subprocess.Popen(  # noqa: S603  ours
            [python, HERE / "worker.py", script, folder],
            env=os.environ | QUIET | ONE_THREAD | {"PYTHONPATH": os.pathsep.join(path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            self.versions: dict[str, str] = self._answer()["versions"]
        except CompetitorError:
            self.end()
            raise

    def run(self, work: str) -> Run:
        """Run one of the works once.

        Raises:
            CompetitorError: It failed.
        """
        assert self._process.stdin is not None  # a pipe
        self._process.stdin.write(work + "\n")
        self._process.stdin.flush()
        found = self._answer()
        return Run(found["wall"], found["cpu"], found["peak"], found["told"])

    def end(self) -> None:
        """Let the process finish."""
        assert self._process.stdin is not None  # a pipe
        self._process.stdin.close()
        self._process.wait()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None  # a pipe
        line = self._process.stdout.readline()
        found: dict[str, Any] = json.loads(line) if line else {"error": "ended without an answer"}
        if "error" in found:
            raise CompetitorError(f"{self.name}: {found['error']}")
        return found


class Measured(NamedTuple):
    """What the competitors of a scene did.

    Attributes:
        runs: Of each task that did not fail, one per round.
        failures: What went wrong with each of the others.
        versions: Of the packages that took part.
    """

    runs: dict[str, list[Run]]
    failures: dict[str, str]
    versions: dict[str, str]


def measure(tasks: Mapping[str, Task], folder: Path, rounds: int, told: Told) -> Measured:
    """Run every task once per round, in turn; one that fails takes no further part.

    A warm-up goes before the first round, except of tasks that are long enough to need none.
    """
    started: dict[Path, Competitor | str] = {}
    found = Measured({name: [] for name in tasks}, {}, {})
    try:
        for script, peer in dict.fromkeys((task.script, task.peer) for task in tasks.values()):
            told(f"preparing {script.stem}")
            started[script] = _start(script, folder, peer)
        for number in range(rounds + 1):
            for name, task in tasks.items():
                if name not in found.failures and (number or task.warm_up):
                    told(f"{f'round {number} of {rounds}' if number else 'warm-up'}: {name}")
                    _run(found, name, task, started[task.script], counted=number > 0)
        for competitor in started.values():
            if isinstance(competitor, Competitor):
                found.versions.update(competitor.versions)
    finally:
        for competitor in started.values():
            if isinstance(competitor, Competitor):
                competitor.end()
    return found


def _start(script: Path, folder: Path, peer: str | None) -> Competitor | str:
    try:
        return Competitor(script, folder, peer)
    except CompetitorError as error:
        return str(error)


def _run(found: Measured, name: str, task: Task, competitor: Competitor | str, *, counted: bool) -> None:
    try:
        if isinstance(competitor, str):
            raise CompetitorError(competitor)
        run = competitor.run(task.work)
    except (CompetitorError, OSError) as error:
        found.failures[name] = str(error)
        found.runs.pop(name, None)
        return
    if counted:
        found.runs[name].append(run._replace(wall=run.wall * task.times, cpu=run.cpu * task.times))


def median_ratio(numerator: Sequence[float], denominator: Sequence[float]) -> float:
    """Median of the ratios of runs that followed each other.

    Example:
        >>> median_ratio([2.0, 6.0, 8.0], [1.0, 2.0, 8.0])
        2.0
    """
    return statistics.median(a / b for a, b in zip(numerator, denominator, strict=True))
