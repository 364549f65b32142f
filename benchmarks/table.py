"""From runs to a table: medians, ratios of neighbouring runs, and whether each goal is reached."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scene import Check, Curve, Goal, Scene
from timing import Measured, Run, median_ratio

MEBIBYTE = 2**20
LONGEST_REMARK = 200


class Ratio(NamedTuple):
    """One goal and what was measured; the ratios are None where a competitor failed."""

    goal: Goal
    ours: str
    other: str
    wall: float | None
    cpu: float | None

    @property
    def reached(self) -> bool | None:
        """By the clock, whose ratio is of neighbouring runs; None where nothing was asked for or measured."""
        if self.wall is None or self.goal.limit is None:
            return None
        return self.wall >= self.goal.limit if self.goal.kind == "faster" else self.wall <= self.goal.limit


class Told(NamedTuple):
    """One check and its number; None where a competitor failed."""

    check: Check
    value: float | None


class Grown(NamedTuple):
    """One curve: medians by size, in seconds; sizes of which the work failed are left out."""

    curve: Curve
    wall: dict[int, float]
    cpu: dict[int, float]


@dataclass(frozen=True)
class Result:
    """A scene's measurements."""

    scene: Scene
    measured: Measured
    ratios: tuple[Ratio, ...]
    told: tuple[Told, ...]
    grown: tuple[Grown, ...]


def result(scene: Scene, measured: Measured) -> Result:
    """Hold the measurements to the scene's goals."""
    told = {name: runs[-1].told for name, runs in measured.runs.items() if runs}
    checks = tuple(Told(check, _value(check, told)) for check in scene.checks)
    ratios = tuple(_ratio(scene, goal, measured) for goal in scene.goals)
    return Result(scene, measured, ratios, checks, tuple(_grown(curve, measured) for curve in scene.curves))


def _grown(curve: Curve, measured: Measured) -> Grown:
    wall, cpu = (
        {
            size: statistics.median(getattr(run, of) for run in measured.runs[name])
            for size, name in curve.tasks.items()
            if measured.runs.get(name)
        }
        for of in ("wall", "cpu")
    )
    return Grown(curve, wall, cpu)


def exponent(costs: Mapping[int, float]) -> float | None:
    """Slope of log cost on log size by least squares: 0 is no growth, 1 is linear; None below two sizes.

    Example:
        >>> exponent({1: 2.0, 10: 20.0, 100: 200.0})
        1.0
    """
    if len(costs) < 2:
        return None
    found = np.polyfit(np.log(list(costs)), np.log(list(costs.values())), 1)
    return round(float(found[0]), 2)


def _value(check: Check, told: dict[str, Any]) -> float | None:
    try:
        return check.value(told)
    except KeyError:  # one that it needs has failed
        return None


def _ratio(scene: Scene, goal: Goal, measured: Measured) -> Ratio:
    titles = scene.tasks[goal.ours].title, scene.tasks[goal.other].title
    ours, other = measured.runs.get(goal.ours), measured.runs.get(goal.other)
    if not ours or not other:
        return Ratio(goal, *titles, None, None)
    pair = (other, ours) if goal.kind == "faster" else (ours, other)
    wall, cpu = (
        median_ratio([getattr(run, of) for run in pair[0]], [getattr(run, of) for run in pair[1]])
        for of in ("wall", "cpu")
    )
    return Ratio(goal, *titles, wall, cpu)


def markdown(results: Sequence[Result]) -> str:
    """Both tables of every scene."""
    return "\n\n".join(_section(found) for found in results)


def _section(found: Result) -> str:
    lines = [f"### {found.scene.title}", "", *_times(found)]
    if found.ratios or found.told:
        lines += ["", *_goals(found)]
    if found.grown:
        lines += ["", *_growth(found.grown)]
    return "\n".join(lines)


def _times(found: Result) -> list[str]:
    rounds = max((len(runs) for runs in found.measured.runs.values()), default=0)
    lines = [
        f"Medians of {rounds} interleaved round{'s' if rounds != 1 else ''}.",
        "",
        "| what | wall | CPU | peak memory | remarks |",
        "|---|---:|---:|---:|---|",
    ]
    for name, task in found.scene.tasks.items():
        if name in found.measured.failures:
            lines.append(f"| {task.title} | failed | | | {_cell(found.measured.failures[name])} |")
            continue
        runs = found.measured.runs[name]
        wall, cpu = (_seconds(statistics.median(getattr(run, of) for run in runs)) for of in ("wall", "cpu"))
        lines.append(f"| {task.title} | {wall} | {cpu} | {_peak(runs)} | {task.note} |")
    return lines


def _goals(found: Result) -> list[str]:
    lines = ["| goal | ours | against | asked | wall | CPU | reached |", "|---|---|---|---|---:|---:|---|"]
    for ratio in found.ratios:
        faster = ratio.goal.kind == "faster"
        limit = ratio.goal.limit
        asked = (
            ""
            if limit is None
            else f"{'≥' if faster else '≤'} {limit:,g}x {'as fast' if faster else 'its time'}"
        )
        both = [
            f"{_ratio_text(value)}{'' if value is None else ' as fast' if faster else ' its time'}"
            for value in ratio[3:]
        ]
        reached = {True: "yes", False: "**no**", None: "" if ratio.wall is not None else "not measured"}[
            ratio.reached
        ]
        cells = (ratio.goal.number, ratio.goal.ours, ratio.goal.other, asked, *both, reached)
        lines.append(f"| {' | '.join(cells)} |")
    for check, value in found.told:
        reached = "not measured" if value is None else "yes" if value <= check.limit else "**no**"
        number = "" if value is None else f"{value:.3g}"
        lines.append(f"| {check.number} | {check.title} | | ≤ {check.limit:g} | {number} | | {reached} |")
    return lines


def _growth(grown: Sequence[Grown]) -> list[str]:
    lines = [
        "Exponents: the slope of log cost on log size; 0 is no growth, 1 is linear.",
        "",
        "| along | work | sizes | CPU | exponent (CPU) | exponent (wall) |",
        "|---|---|---|---|---:|---:|",
    ]
    for curve, wall, cpu in grown:
        sizes = ", ".join(f"{size:,}" for size in cpu)
        costs = ", ".join(map(_seconds, cpu.values()))
        slopes = (_exponent_text(exponent(costs)) for costs in (cpu, wall))
        lines.append(f"| {' | '.join((curve.axis, curve.work, sizes, costs, *slopes))} |")
    return lines


def _exponent_text(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.2f}"


def _ratio_text(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}x" if value >= 20 else f"{value:.2g}x"


def _seconds(value: float) -> str:
    return f"{value:.1f} s" if value >= 10 else f"{value:.2f} s" if value >= 1 else f"{1000 * value:.3g} ms"


def _peak(runs: Sequence[Run]) -> str:
    return f"{max(run.peak for run in runs) / MEBIBYTE:.0f} MiB"


def _cell(text: str) -> str:
    return text.replace("|", "/").replace("\n", " ")[:LONGEST_REMARK]


def as_record(found: Result) -> dict[str, Any]:
    """For the JSON file: every run, not only the medians."""
    return {
        "scene": found.scene.name,
        "title": found.scene.title,
        "tasks": {
            name: {
                "title": task.title,
                "note": task.note,
                "times": task.times,
                "failure": found.measured.failures.get(name),
                "runs": [run._asdict() for run in found.measured.runs.get(name, [])],
            }
            for name, task in found.scene.tasks.items()
        },
        "goals": [
            {**ratio.goal._asdict(), "wall": ratio.wall, "cpu": ratio.cpu, "reached": ratio.reached}
            for ratio in found.ratios
        ],
        "checks": [
            {"number": check.number, "title": check.title, "limit": check.limit, "value": value}
            for check, value in found.told
        ],
        "growth": [
            {"axis": curve.axis, "work": curve.work, "wall": wall, "cpu": cpu}
            | {"exponent_wall": exponent(wall), "exponent_cpu": exponent(cpu)}
            for curve, wall, cpu in found.grown
        ],
        "versions": found.measured.versions,
    }
