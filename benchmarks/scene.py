"""What a benchmark consists of: tasks timed in turn on the same inputs, and the goals they are held to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

HERE = Path(__file__).resolve().parent


class Effort(NamedTuple):
    """How much is done.

    Attributes:
        rows: Predictions of the drift and ingest scenes; a tenth in the small one, tenfold in the large.
        resamples: How many resamples of a peer's bootstrap are run; the clock is scaled to the whole.
        sites: Of the whole nights.
        years: Whether a year is replayed, and growth measured on histories of up to three years.
        evidently: With which statistics Evidently is run; each takes a second a site.
    """

    rows: int
    resamples: int
    sites: tuple[int, ...]
    years: bool
    evidently: tuple[str, ...] = ("psi", "ks")


class Task(NamedTuple):
    """One work of one competitor.

    Attributes:
        title: In the table.
        script: As `worker.py` describes it.
        work: Its name there.
        peer: Environment of a file of requirements in `peers`; the product's own when None.
        times: The clock is multiplied by this, as where a share of the work is done.
        warm_up: Run once before the rounds.
        note: What it does that the other does not, or leaves out.
    """

    title: str
    script: Path
    work: str
    peer: str | None = None
    times: float = 1.0
    warm_up: bool = True
    note: str = ""


class Goal(NamedTuple):
    """Two tasks and what their ratio must be.

    Attributes:
        number: As in the issue, such as P2b; empty where the ratio is shown and held to nothing.
        ours, other: Names of tasks.
        kind: "faster": the other's time over ours is at least the limit; "cost": ours over the other's is at
            most the limit.
        limit: None where the ratio is only shown.
    """

    number: str
    ours: str
    other: str
    kind: Literal["faster", "cost"]
    limit: float | None = None


class Check(NamedTuple):
    """A number told by tasks that must not exceed a limit."""

    number: str
    title: str
    value: Callable[[Mapping[str, object]], float]
    limit: float


class Curve(NamedTuple):
    """One work at several sizes.

    Attributes:
        axis: What grows.
        work: What is timed.
        tasks: Names of tasks by size, ascending.
    """

    axis: str
    work: str
    tasks: Mapping[int, str]


@dataclass(frozen=True)
class Scene:
    """One area.

    Attributes:
        name: For `--only`.
        title: Above its tables.
        inputs: Writes what the competitors read into a folder.
        tasks: By name, in the order in which they are run.
        goals, checks: What they are held to.
        curves: Works at several sizes, of which the growth is told.
    """

    name: str
    title: str
    inputs: Callable[[Path], None]
    tasks: Mapping[str, Task]
    goals: tuple[Goal, ...] = ()
    checks: tuple[Check, ...] = field(default=())
    curves: tuple[Curve, ...] = ()
