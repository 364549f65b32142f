"""Rates expected from risks before the outcomes, beside what the outcomes show."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from label_free_laws import COVARIATE, INTERCEPT, LABEL, NONE, SLOPE, WINDOWS, fitted_on, people

from monitor.performance import measured
from monitor.performance.expected import Window, expected_performance
from monitor.performance.expected_realised import Comparison, compare_expected

SEED = 20261130
RUNS, LEVEL, THRESHOLD = 600, 0.95, 0.10
RATES = ("sensitivity", "specificity", "ppv", "npv")


class Case(NamedTuple):
    """A window, how many studies it has, and how many events its calibrator was fitted on."""

    name: str
    studies: int
    events: int
    right: bool = True


CASES = (
    Case(NONE, 600, 250),
    Case(NONE, 5600, 100),
    Case(NONE, 5600, 250),
    Case(COVARIATE, 5600, 250),
    Case(LABEL, 5600, 250, right=False),
    Case(INTERCEPT, 5600, 250, right=False),
    Case(SLOPE, 5600, 250, right=False),
)


def expected_rates() -> bool:
    """Print the table; True when a right calibrator's intervals hold as often as they promise."""
    print(f"\nPerformance expected at a risk of .1, {RUNS} runs; 'inside': share of realised rates where")
    print("chance and the calibrator's error put them (nominal .95); 'shown': in the interval on display")
    heads = "".join(f"{head:>10}" for head in ("expected", "realised", "inside", "shown"))
    print(f"{'window, studies, events of the fit':<48}{'rate':<12}{heads}")
    held = [_case(np.random.default_rng([SEED, i]), case) for i, case in enumerate(CASES)]
    return all(held)


def _case(rng: np.random.Generator, case: Case) -> bool:
    runs = [_run(rng, case) for _ in range(RUNS)]
    held = True
    for name in RATES:
        found = np.array([_row(run[name]) for run in runs])
        expected, realised, inside, shown = np.nanmean(found, axis=0)
        near = not case.right or within(inside, (LEVEL, LEVEL), int(np.isfinite(found[:, 2]).sum()))
        held &= near
        row = f"{case.name}, {case.studies}, {case.events}"
        figures = f"{expected:>10.3f}{realised:>10.3f}{inside:>10.3f}{shown:>10.3f}"
        print(f"{row:<48}{name:<12}{figures}{'' if near else '  NOT NEAR'}", flush=True)
    return held


def _run(rng: np.random.Generator, case: Case) -> dict[str, Comparison]:
    score, outcome = WINDOWS[case.name](rng, case.studies)
    who, calibrator = people(len(score)), fitted_on(rng, case.events)
    expected = expected_performance(Window(score, who), calibrator, THRESHOLD, level=LEVEL)
    realised = measured(score >= THRESHOLD, outcome, who)
    return compare_expected(expected, realised, level=LEVEL)


def _row(item: Comparison) -> tuple[float, ...]:
    """Expected, realised, inside, shown; NaN where there is no interval."""
    before, after = item.expected, item.realised.value
    if item.inside is None or before.value is None or after is None:
        return (math.nan,) * 4
    shown = before.low is not None and before.high is not None and before.low <= after <= before.high
    return before.value, after, float(item.inside), float(shown)


def within(share: float, stated: tuple[float, float], runs: int) -> bool:
    """Inside the stated range, or within three Monte Carlo errors of its ends."""
    low, high = (3 * math.sqrt(end * (1 - end) / runs) for end in stated)
    return stated[0] - low <= share <= stated[1] + high
