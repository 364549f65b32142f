"""Prints what the product takes beside what a plain alternative takes, interleaved, as ratios.

Usage: python benchmarks/run.py [--studies 300000] [--rounds 5]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import scenes

Timed = Callable[[], object]


def interleaved(ours: Timed, theirs: Timed, rounds: int) -> tuple[float, float, float]:
    """Median seconds of both and the median of the pairwise ratios, run in turn after one warm-up."""
    pairs: list[tuple[float, float]] = []
    for number in range(rounds + 1):
        pair = _seconds(ours), _seconds(theirs)
        if number:
            pairs.append(pair)
    return (
        statistics.median(first for first, _ in pairs),
        statistics.median(second for _, second in pairs),
        statistics.median(first / second for first, second in pairs),
    )


def _seconds(work: Timed) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=300_000, help="lines of the prediction log")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print(f"{'what':<58}{'ours, s':>10}{'other, s':>10}{'ours / other':>14}")
    with tempfile.TemporaryDirectory() as folder:
        for name, ours, theirs in scenes.pairs(Path(folder), options.studies):
            mine, other, ratio = interleaved(ours, theirs, options.rounds)
            print(f"{name:<58}{mine:>10.4f}{other:>10.4f}{ratio:>14.3f}", flush=True)
        print("\nReplay of a year, plain function, by number of sites (110 studies a night each)")
        for sites in (1, 2, 4):
            seconds, studies = scenes.replayed_year(Path(folder) / f"year-{sites}", sites)
            per_night = 1000 * seconds / 379
            print(f"  {sites} sites, {studies:,} studies: {seconds:.1f} s, {per_night:.0f} ms a night")


if __name__ == "__main__":
    main()
