"""The three tables of S9, ours beside statistics.md's."""

from __future__ import annotations

import math

import numpy as np
from operating_point import Share, lost_predictive_value, lost_sensitivity, silence

RUNS = 4000
FITS = 1000
THEIR_RUNS = 120
"""Where statistics.md names no number of runs."""
SENSITIVITY = {
    29: (0.052, 0.65),
    50: (0.037, 0.59),
    100: (0.018, 0.58),
    300: (0.042, 0.55),
    1000: (0.050, 0.54),
}
ABSTENTION = {50: (0.087, 0.00035, 0.021), 200: (0.041, 0.00017, 0.0086), 1000: (0.018, 0.00008, 0.0031)}
ROUNDING = (0.0005, 0.000005, 0.00005)
"""Half of the last digit that is published."""
FEW_FITS = 0.3
"""The published wrong sides without abstention, 2.1, .86, .31 %, fall faster than the root of the positives;
means over many fits do not. As if theirs were of few fits, ours must be within this share of them."""
PREDICTIVE_VALUE = ((0.05, 0.10), (0.10, 0.20), (0.20, 0.50))
ERROR = 0.05


def operating_point(rng: np.random.Generator) -> bool:
    """Print the tables; True when every figure is near the published one."""
    return all([_sensitivity(rng), _predictive_values(rng), _abstention(rng)])


def _sensitivity(rng: np.random.Generator) -> bool:
    print(f"\nP(true sensitivity < .90) with a threshold set on n positives, {RUNS} runs")
    print(f"{'n':>5}{'exact':>9}{'stat.md':>9}{'plug-in':>9}{'stat.md':>9}  within 3 errors")
    held = True
    for n, theirs in SENSITIVITY.items():
        ours = lost_sensitivity(rng, n, RUNS)
        near = [
            _near(_binomial(a, RUNS), a, b, _binomial(b, THEIR_RUNS))
            for a, b in zip(ours, theirs, strict=True)
        ]
        bounded = ours[0] <= ERROR + 3 * _binomial(ERROR, RUNS)
        held &= all(near) and bounded
        cells = "".join(f"{a:>9.4f}{b:>9.3f}" for a, b in zip(ours, theirs, strict=True))
        print(f"{n:>5}{cells}  {'yes' if all(near) and bounded else 'NO'}", flush=True)
    return held


def _predictive_values(rng: np.random.Generator) -> bool:
    print(f"\nP(true PPV < v) of the fixed sequence, {FITS} runs; statistics.md: .018 to .054 at .05")
    print(
        f"{'prevalence':>11}{'v':>6}{'n':>6}{'below v':>9}{'MC error':>9}{'set':>7}  at most .05 + 3 errors"
    )
    held = True
    for prevalence, floor in PREDICTIVE_VALUE:
        for n in (500, 1000, 2000):
            lost, found = lost_predictive_value(rng, n, prevalence, floor, FITS)
            bounded = lost <= ERROR + 3 * _binomial(ERROR, FITS)
            held &= bounded
            row = f"{prevalence:>11.2f}{floor:>6.2f}{n:>6}{lost:>9.3f}{_binomial(lost, FITS):>9.3f}"
            print(f"{row}{found:>7.2f}  {'yes' if bounded else 'NO'}", flush=True)
    return held


def _abstention(rng: np.random.Generator) -> bool:
    print(f"\nAbstention at .10, calibrators on so many positives, {FITS} fits, per cent of studies")
    print("interval: its 95 % interval contains the threshold; abstains: or outside the fitted scores")
    names = ("interval", "wrong side", "without")
    print(f"{'positives':>9}{'abstains':>10}" + "".join(f"{name:>18}{'stat.md':>9}" for name in names))
    held = True
    for positives, theirs in ABSTENTION.items():
        found = silence(rng, positives, 0.10, FITS)
        ours = (found.interval, found.wrong, found.wrong_without)
        near = [
            _near(a.error, a.value, b, a.spread / math.sqrt(THEIR_RUNS) + rounded / 3)
            for a, b, rounded in zip(ours, theirs, ROUNDING, strict=True)
        ]
        near[2] = abs(ours[2].value / theirs[2] - 1) <= FEW_FITS
        held &= all(near)
        cells = "".join(f"{_per_cent(a):>18}{100 * b:>9.3f}" for a, b in zip(ours, theirs, strict=True))
        print(
            f"{positives:>9}{100 * found.abstains.value:>10.2f}{cells}  {'yes' if all(near) else 'NO'}",
            flush=True,
        )
    return held


def _near(error: float, ours: float, theirs: float, their_error: float) -> bool:
    return abs(ours - theirs) <= 3 * math.hypot(error, their_error)


def _binomial(share: float, runs: int) -> float:
    return math.sqrt(share * (1 - share) / runs)


def _per_cent(share: Share) -> str:
    return f"{100 * share.value:.3f} ± {100 * share.error:.3f}"
