"""A simulated figure beside the one it is held against, and how far the two may lie apart."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

PUBLISHED_RUNS = 120
"""Runs behind a figure of `statistics.md` where none are stated."""
LARGEST_GAP = 3.0


@dataclass(frozen=True)
class Figure:
    """One cell of a table: ours, with the runs behind it, and the stated one.

    Attributes:
        runs: 0 for a figure that is enumerated, not simulated.
        expected: None where none is stated.
        note: Why it may differ, where that is known.
    """

    row: str
    column: str
    ours: float
    runs: int
    expected: float | None = None
    expected_runs: int = PUBLISHED_RUNS
    note: str = ""

    @property
    def error(self) -> float:
        """Monte Carlo standard error of ours."""
        return math.sqrt(self.ours * (1 - self.ours) / self.runs) if self.runs else 0.0

    @property
    def within(self) -> bool:
        """True within three combined standard errors of the stated figure, or when there is none."""
        if self.expected is None:
            return True
        pooled = min(max(self.expected, 0.5 / self.expected_runs), 1 - 0.5 / self.expected_runs)
        stated = math.sqrt(pooled * (1 - pooled) / self.expected_runs)
        return abs(self.ours - self.expected) <= LARGEST_GAP * math.hypot(self.error, stated)


def show(title: str, figures: Iterable[Figure]) -> bool:
    """Print a table; True when every figure lies within three combined standard errors, or is explained."""
    print(f"\n{title}\n{'':<58}{'ours':>8}{'MC error':>10}{'stated':>8}")
    held = True
    for figure in figures:
        stated = "-" if figure.expected is None else f"{figure.expected:.3f}"
        mark = "" if figure.within else f"  BEYOND 3 SE{': ' + figure.note if figure.note else ''}"
        held &= figure.within or bool(figure.note)
        name = f"{figure.row}, {figure.column}"
        print(f"{name:<58}{figure.ours:>8.3f}{figure.error:>10.4f}{stated:>8}{mark}", flush=True)
    return held
