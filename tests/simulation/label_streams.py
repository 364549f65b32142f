"""Streams of outcomes and scores beside the rules of the field: S2, S10 and S11 of the design.

Sites are those of `label_sites`; in the table of false alarms every rule sees the same ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from beside import Figure, show
from calibration_stream import PREVALENCE, fitted_maps
from covariate_stream import BoolArray, print_delay, waited
from label_sites import (
    COLUMNS,
    REFERENCE_ROWS,
    SHIFTED_LOGITS,
    alarmed,
    alarms_of_column,
    benign_shift,
    label_shift,
    prevalence_bets,
    score_bets,
)

from monitor.records import FloatArray

SEED, RUNS, PREVALENCE_RUNS, SCORE_RUNS, STATED_RUNS = 20261129, 400, 1000, 200, 500
STATED_SPIEGELHALTER_NIGHT = 14
STATED: Mapping[str, tuple[float, ...]] = {
    "Spiegelhalter, nightly": (1.0, 1.0, 1.0, 1.0, 1.0),
    "Spiegelhalter, 30 nights": (0.922, 0.983, 0.977, 0.954, 0.984),
    "O:E of 30 nights": (0.003, 0.256, 0.100, 0.015, 0.020),
    "risk-adjusted CUSUM": (0.117, 0.470, 0.311, 0.166, 0.513),
    "e-SR, point null": (0.018, 0.556, 0.304, 0.069, 0.137),
    "ours, .1 + 1 se": (0.001, 0.028, 0.004, 0.000, 0.006),
}
PREVALENCE_DELAYS: Mapping[int, Mapping[float, float]] = {
    18_000: {0.10: 4, 0.075: 16, 0.025: 10},
    5000: {0.10: 4, 0.075: 20, 0.025: 10},
}
"""By rows of the reference and new prevalence: median nights of matured labels."""
SCORE_DELAYS: Mapping[float, Mapping[float, float]] = {
    0.85: {0.10: 15, 0.075: 86, 0.025: 65},
    0.92: {0.10: 10, 0.075: 46, 0.025: 32},
}
"""By area under the curve and new prevalence: median nights, without outcomes."""


def label_streams() -> bool:
    """S2: probability of any alarm in a year; S10 and S11: delays of the prevalence and score streams."""
    held = show("No change: share of sites with any alarm in 365 nights", _false_alarms())
    held &= _prevalence()
    held &= _scores()
    return held & _benign_shift()


def _false_alarms() -> Iterator[Figure]:
    for number, column in enumerate(COLUMNS):
        rng = np.random.default_rng([SEED, 4, number])
        maps = fitted_maps(rng, RUNS, column.positives)
        shares = np.mean([alarms_of_column(rng, column, maps, run) for run in range(RUNS)], axis=0)
        for (name, stated), share in zip(STATED.items(), shares.tolist(), strict=True):
            yield Figure(name, column.name, share, RUNS, stated[number], STATED_RUNS)


def _prevalence() -> bool:
    """S10: labelled prevalence against the site's own reference."""
    held = True
    for number, (rows, stated) in enumerate(PREVALENCE_DELAYS.items()):
        rng = np.random.default_rng([SEED, 5, number])
        quiet = float(alarmed(_prevalence_bets(rng, rows, PREVALENCE)).any(axis=1).mean())
        expected = 0.002 if rows == REFERENCE_ROWS else None
        figure = Figure("prevalence", f"m = {rows}", quiet, PREVALENCE_RUNS, expected, STATED_RUNS)
        held &= show("No change: share of sites with any alarm in 365 nights", [figure])
        delays = {new: alarmed(_prevalence_bets(rng, rows, new)) for new in stated}
        held &= _print_delays(f"prevalence, m = {rows}, 5 %", delays, stated)
    return held


def _prevalence_bets(rng: np.random.Generator, rows: int, after: float) -> FloatArray:
    """Log e-values, shape (runs, nights, bets), of a prevalence that becomes `after`."""
    return np.stack([prevalence_bets(rng, rows, after) for _ in range(PREVALENCE_RUNS)])


def _scores() -> bool:
    """S11: the mean calibrated probability, which needs no outcome."""
    held = True
    for number, (area, stated) in enumerate(SCORE_DELAYS.items()):
        rng = np.random.default_rng([SEED, 6, number])
        quiet = float(alarmed(_score_bets(rng, area, PREVALENCE)).any(axis=1).mean())
        figure = Figure("score mean", f"AUC {area:g}", quiet, SCORE_RUNS, 0.0, STATED_RUNS)
        held &= show("No change: share of sites with any alarm in 365 nights", [figure])
        delays = {new: alarmed(_score_bets(rng, area, new)) for new in stated}
        held &= _print_delays(f"score mean, AUC {area:g}, 5 %", delays, stated)
    return held


def _score_bets(rng: np.random.Generator, area: float, after: float) -> FloatArray:
    return np.stack([score_bets(rng, area, label_shift(rng, area, after)) for _ in range(SCORE_RUNS)])


def _benign_shift() -> bool:
    """All log-odds rise by .3 and the outcomes with them: the calibration stream must stay quiet."""
    rng = np.random.default_rng([SEED, 7])
    runs = [benign_shift(rng) for _ in range(SCORE_RUNS)]
    scores = alarmed(np.stack([score for _, score, _ in runs]))
    print(f"\nCovariate shift that stays calibrated, all log-odds +{SHIFTED_LOGITS}, {SCORE_RUNS} sites")
    held = print_delay("score mean, from the change", waited(scores, True), 7)
    first = np.stack([spiegelhalter for _, _, spiegelhalter in runs])
    held &= print_delay(
        "Spiegelhalter nightly, from the start", waited(first, False, 0), STATED_SPIEGELHALTER_NIGHT
    )
    share = float(np.mean([calibration for calibration, _, _ in runs]))
    figure = Figure("calibration stream", "any alarm", share, SCORE_RUNS, 0.0, STATED_RUNS)
    return show("The same: share of sites with a calibration alarm", [figure]) and held


def _print_delays(name: str, found: Mapping[float, BoolArray], stated: Mapping[float, float]) -> bool:
    held = True
    for new, alarms in found.items():
        held &= print_delay(f"{name} -> {100 * new:g} %", waited(alarms, remembers=True), stated[new])
    return held
