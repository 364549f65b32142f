"""Prints the methods of recalibration beside the expected figures: ours ± Monte Carlo error / expected."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from recalibration_methods import (
    EXPECTED,
    METHODS,
    NETWORK_METHODS,
    NETWORKS,
    Cell,
    methods_cell,
    network_cell,
)

SEED = 20261121
RUNS = ((100, 400), (200, 160), (1000, 60))
"""Runs of a cell by its events: at most 100, at most 200, more."""
NETWORK_RUNS = 40
AT_MOST = ("isotonic", "cv")
"""Must not lose more than expected: an expected figure of isotonic is that of a step map, ours joins the
centres of the steps. The standard error of the one-standard-error rule is not stated; ours is the paired."""


def methods() -> bool:
    """Excess log loss by truth and events, and the share of runs in which a method harms."""
    print("\nExcess log loss per study x 1,000: ours +- Monte Carlo error / expected; ! outside 3 errors")
    _print_row("truth, events", METHODS)
    held, harm = True, dict[tuple[str, int], list[Cell]]()
    for number, (truth, events) in enumerate(EXPECTED):
        rng = np.random.default_rng([SEED, 11, number])
        runs = next(runs for most, runs in RUNS if events <= most)
        cells = methods_cell(rng, truth, events, runs)
        _print_row(f"{truth}, {events}", [_shown(cell) for cell in cells])
        held &= all(_reached(cell) for cell in cells)
        harm[truth, events] = cells
    print("\nShare of runs in which a method is worse than keeping")
    _print_row("truth, events", METHODS[1:])
    for (truth, events), cells in harm.items():
        _print_row(f"{truth}, {events}", [f"{cell.worse_than_keep:.2f}" for cell in cells[1:]])
    return held


def pooling() -> bool:
    """Ten sites at a time; complete pooling uses one line for all."""
    print("\nTen sites, mean excess log loss per study x 1,000: ours +- Monte Carlo error / expected")
    _print_row("spread, events a site", NETWORK_METHODS)
    held = True
    for number, (spread, events) in enumerate(NETWORKS):
        cells = network_cell(np.random.default_rng([SEED, 12, number]), spread, events, NETWORK_RUNS)
        _print_row(f"{spread}, {events}", [_shown(cell) for cell in cells])
        held &= all(_reached(cell) for cell in cells)
    return held


def _reached(cell: Cell) -> bool:
    if cell.method in AT_MOST and cell.expected is not None:
        return cell.value <= cell.expected + 3.0 * cell.combined
    return cell.agrees is not False


def _shown(cell: Cell) -> str:
    if np.isnan(cell.value):
        return "-"
    digits = 2 if cell.value < 9.995 else 1
    expected = "" if cell.expected is None else f" / {cell.expected:g}"
    return f"{cell.value:.{digits}f} ± {cell.error:.2f}{expected}{' !' if cell.agrees is False else ''}"


def _print_row(name: str, cells: tuple[str, ...] | list[str]) -> None:
    print("| " + " | ".join([name, *cells]) + " |", flush=True)


METHOD_TABLES: Mapping[str, Callable[[], bool]] = {"methods": methods, "pooling": pooling}
