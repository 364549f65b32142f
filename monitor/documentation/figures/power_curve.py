"""How probable it is that a plan's criteria are demonstrated, by the events of the rarer class."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final

from monitor.documentation.evidence import Record
from monitor.documentation.figures.sheet import (
    Point,
    diamond,
    disc,
    finished,
    line,
    polyline,
    shape,
    shortened,
    words,
)
from monitor.documentation.numbers import rounded

WIDTH: Final = 760.0
LEFT: Final = 60.0
RIGHT: Final = 236.0
TOP: Final = 30.0
HEIGHT: Final = 260.0
WANTED: Final = 0.8
GRID: Final = (25, 50, 100, 200, 400, 800, 1600, 3200, 6400)
STYLES: Final = (
    *(
        ("ink", ""),
        ("high", "8 3"),
        ("middle", "2 3"),
        ("quiet", "10 3 2 3"),
        ("ink", "5 5"),
        ("high", "1 3"),
    ),
)
"""Of one criterion after another: colour and dash both differ, so that grey print keeps them apart."""
CANDIDATES: Final = ("perfect", "useful", "harmful")
LEGEND: Final = (
    "Lines: probability that each criterion alone is demonstrated for a perfect candidate, by formula. "
    "Markers: share of simulated first attempts that all criteria together accept by a planned look, with "
    "twice the Monte Carlo standard error. Vertical: planned looks. Horizontal: 0.8. Events are studies of "
    "the rarer class (log scale)."
)


def power_curve(power: Record) -> str:
    """SVG of the curves at one site and of what the simulation accepted there.

    Args:
        power: The record of `power_for_review`.
    """
    curves = power["curves"]
    events = [float(count) for count in curves["events"]]
    looks = [look["events"] for look in power["looks"]]
    site = next(found for found in power["sites"] if found["site"] == curves["site"])
    parts = [*_background(events), *_looks(looks, events)]
    key: list[str] = []
    for position, found in enumerate(curves["lines"]):
        colour, dash = STYLES[position % len(STYLES)]
        points = [(_x(at, events), _y(p)) for at, p in zip(events, found["probability"], strict=True)]
        parts.append(polyline(points, colour, width=2, dash=dash))
        key += _key(position, f"{found['criterion']} alone", colour, dash)
    for position, name in enumerate(CANDIDATES):
        parts += _passing(name, site["passing"][name], events, position)
        key += _candidate_key(len(curves["lines"]) + position, name)
    title = f"Power of the plan at {curves['site']}"
    return finished("power-figure", (title, _said(power, site)), (WIDTH, TOP + HEIGHT + 48), [*parts, *key])


def _x(events: float, shown: Sequence[float]) -> float:
    inside = min(max(events, shown[0]), shown[-1])
    share = math.log(inside / shown[0]) / math.log(shown[-1] / shown[0])
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _y(probability: float) -> float:
    return TOP + HEIGHT * (1.0 - min(max(probability, 0.0), 1.0))


def _background(shown: Sequence[float]) -> Iterator[str]:
    end = WIDTH - RIGHT
    for tenth in (0, 2, 4, 6, 8, 10):
        y = _y(tenth / 10)
        yield line((LEFT, y), (end, y), "ink" if tenth == 8 else "grid")
        yield words((LEFT - 8, y + 4), f"{tenth / 10:g}", anchor="end", size=12, colour="quiet")
    for mark in (mark for mark in GRID if shown[0] <= mark <= shown[-1]):
        x = _x(mark, shown)
        yield line((x, TOP + HEIGHT), (x, TOP + HEIGHT + 5), "quiet")
        yield words((x, TOP + HEIGHT + 19), f"{mark:,}", anchor="middle", size=12, colour="quiet")
    middle = (LEFT + end) / 2
    yield words((middle, TOP + HEIGHT + 40), "Events (studies of the rarer class)", anchor="middle", size=12)
    yield words((0, 12), "Probability", size=12)


def _looks(looks: Sequence[int], shown: Sequence[float]) -> Iterator[str]:
    for position, events in enumerate(looks):
        x, y = _x(events, shown), TOP + HEIGHT - 6 - 14 * (position % 3)
        yield line((x, TOP), (x, TOP + HEIGHT), "quiet", dash="2 3")
        yield words((x + 4, y), f"look {position + 1}", size=11, colour="quiet")


def _passing(name: str, looks: Sequence[Record], shown: Sequence[float], position: int) -> Iterator[str]:
    """The three candidates stand a little apart, so that equal shares do not cover each other."""
    for look in looks:
        share = look["accepted"]
        x = _x(look["events"], shown) + 9 * (position - 1)
        ends = (share["value"] - 2 * share["error"], share["value"] + 2 * share["error"])
        yield line((x, _y(ends[0])), (x, _y(ends[1])), "ink", width=1.6)
        yield _marker(name, (x, _y(share["value"])))


def _marker(name: str, at: Point) -> str:
    if name == "perfect":
        return disc(at, "paper")
    if name == "useful":
        return diamond(at, "middle")
    x, y = at
    return shape([(x - 6, y + 5), (x + 6, y + 5), (x, y - 6)], "high")


def _key(position: int, label: str, colour: str, dash: str) -> list[str]:
    x, y = WIDTH - RIGHT + 18, TOP + 8 + 21 * position
    sample = line((x, y), (x + 34, y), colour, width=2, dash=dash)
    return [sample, words((x + 42, y + 4), shortened(label, 24), size=12)]


def _candidate_key(position: int, name: str) -> list[str]:
    x, y = WIDTH - RIGHT + 18, TOP + 8 + 21 * position
    return [_marker(name, (x + 17, y)), words((x + 42, y + 4), f"{name}, all criteria", size=12)]


def _said(power: Record, site: Record) -> str:
    """What the looks accept, then where each line reaches 0.8."""
    parts: list[str] = []
    for number, look in enumerate(power["looks"]):
        shares = (
            f"{name} {rounded(site['passing'][name][number]['accepted']['value'], 2)}" for name in CANDIDATES
        )
        parts.append(f"Accepted by look {number + 1}, {look['events']:,} events: {', '.join(shares)}.")
    events = power["curves"]["events"]
    for found in power["curves"]["lines"]:
        reached = [at for at, p in zip(events, found["probability"], strict=True) if p >= WANTED]
        where = f"at {reached[0]:,} events" if reached else f"not by {events[-1]:,} events"
        parts.append(f"{found['criterion']} alone reaches 0.8 {where}.")
    return " ".join(parts)
