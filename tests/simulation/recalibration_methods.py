"""Expected log loss that each method leaves on the table, by truth and number of events.

One study: the score's log-odds L is exactly calibrated for 5 % prevalence and an area under the curve of
.85; the outcome is drawn anew from a truth t(L). A window holds `events / P(outcome)` studies. The excess of
a fitted map over the truth is summed over the law of L on a grid, so it has no noise of a test set.

Choices where the expected figures do not state the generator, each made so that "keep" has its figure:
- slope .7 and intercept + slope turn about the intercept that keeps the mean risk;
- S-shaped is -2.08 + 2.49 tanh(.32 (L + 1.73)), which also leads to those of intercept, Platt and beta;
- the slopes of the ten sites turn about a log-odds of -2.5.
The expected "keep" of networks that differ is a range (6-7, 15-23), of which the middle stands here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from monitor.calibration import Choice, RankingLostError, SiteRows
from monitor.calibration.closed_test import closed_test
from monitor.calibration.cross_validation import FITS, choose_by_cross_validation
from monitor.calibration.empirical_bayes import estimate_prior
from monitor.calibration.pooled import UNCHANGED, fit_near_current
from monitor.calibration.prior import fit_with_prior
from monitor.calibrators import calibrated_log_odds
from monitor.logistic import SeparationError, expit, log_loss
from monitor.records import IDENTITY, Calibrator, FloatArray
from monitor.simulation import calibrated_night, intercept_keeping_prevalence, shifted_outcomes

PREVALENCE, AREA, SEPARATION = 0.05, 0.85, 1.466
EXPECTED_RUNS, EXPECTED_NETWORKS, SITES, TURN = 120, 20, 10, -2.5
METHODS = ("keep", "intercept", "platt", "map", "closed", "beta", "isotonic", "cv")
Truth = Callable[[FloatArray], FloatArray]

KEPT = intercept_keeping_prevalence(0.7, PREVALENCE, AREA)
TRUTHS: Mapping[str, Truth] = {
    "no change": lambda x: x,
    "intercept +.5": lambda x: 0.5 + x,
    "slope .7": lambda x: KEPT + 0.7 * x,
    "intercept+slope": lambda x: 0.5 + KEPT + 0.7 * x,
    "S-shaped": lambda x: -2.0813 + 2.4890 * np.tanh(0.3245 * (x + 1.7255)),
}
EXPECTED: Mapping[tuple[str, int], tuple[float | None, ...]] = {
    ("no change", 20): (0, 1.62, 3.36, 1.53, 0.91, 4.60, 16.4, None),
    ("no change", 100): (0, 0.20, 0.42, 0.33, 0.06, 0.73, 5.6, 0.02),
    ("no change", 1000): (0, 0.03, 0.05, 0.05, 0.01, 0.07, 1.05, 0.00),
    ("intercept +.5", 20): (6.24, 2.31, 4.33, 2.43, 5.87, 6.81, 22.5, None),
    ("intercept +.5", 100): (6.24, 0.38, 0.82, 0.65, 0.75, 1.12, 7.8, 1.65),
    ("intercept +.5", 200): (6.24, 0.15, 0.36, 0.32, 0.21, 0.58, 5.0, 0.22),
    ("slope .7", 20): (3.90, 5.73, 2.97, 2.83, 4.53, 4.07, 15.4, None),
    ("slope .7", 100): (3.90, 4.17, 0.60, 0.64, 0.79, 0.85, 5.9, 1.41),
    ("slope .7", 500): (3.90, 3.95, 0.09, 0.10, 0.09, 0.14, 1.7, 0.10),
    ("intercept+slope", 50): (13.1, 6.18, 1.50, 1.23, 2.85, 2.32, 12.6, 5.88),
    ("S-shaped", 200): (6.87, 6.65, 0.93, 0.99, 0.93, 1.00, 3.2, 0.98),
    ("S-shaped", 1000): (6.87, 6.57, 0.72, 0.73, 0.72, 0.68, 1.00, 0.72),
}
NETWORK_METHODS = ("keep", "site Platt", "MAP", "closed", "complete", "EB")
NETWORKS: Mapping[tuple[str, int], tuple[float | None, ...]] = {
    ("0, 0", 10): (2.8, 7.0, None, 4.7, 0.67, 0.94),
    ("0, 0", 20): (2.8, 3.0, None, 3.3, 0.39, 0.41),
    ("0, 0", 50): (2.8, 1.3, None, 2.4, 0.12, 0.21),
    (".3, .1", 10): (6.5, 6.6, None, 7.9, 3.7, 2.6),
    (".3, .1", 20): (6.5, 3.2, None, 4.3, 3.0, 1.7),
    (".3, .1", 50): (6.5, 1.4, None, 2.1, 3.0, 0.97),
    (".3, .1", 200): (6.5, 0.31, None, 0.47, 3.1, 0.34),
    (".6, .2", 10): (19, 8.1, None, 10.2, 15, 5.7),
    (".6, .2", 20): (19, 3.6, None, 4.8, 10, 3.1),
    (".6, .2", 50): (19, 1.4, None, 1.9, 12, 1.5),
    (".6, .2", 200): (19, 0.36, None, 0.44, 14, 0.35),
    ("nothing changed", 10): (0, None, 1.9, 0.78, None, 0.57),
    ("nothing changed", 20): (0, None, 1.2, 0.32, None, 0.34),
    ("nothing changed", 50): (0, None, 0.73, 0.27, None, 0.17),
}
SPREADS = {"0, 0": (0.0, 0.0), ".3, .1": (0.3, 0.1), ".6, .2": (0.6, 0.2)}


@dataclass(frozen=True)
class Cell:
    """One figure: ours with its standard error, and the expected one."""

    method: str
    value: float
    error: float
    worse_than_keep: float
    expected: float | None
    combined: float

    @property
    def agrees(self) -> bool | None:
        """Within three combined standard errors and the rounding of the expected figure; None without one."""
        if self.expected is None:
            return None
        return abs(self.value - self.expected) <= 3.0 * self.combined + _rounding(self.expected)


class Law:
    """The law of the score's log-odds on a grid, and what a map loses under a truth."""

    def __init__(self) -> None:
        self.grid = np.linspace(-12.0, 8.0, 1601)
        centre = np.log(PREVALENCE / (1 - PREVALENCE))
        curves = [
            share * np.exp(-((self.grid - centre - side * SEPARATION**2 / 2) ** 2) / (2 * SEPARATION**2))
            for share, side in ((1 - PREVALENCE, -1), (PREVALENCE, 1))
        ]
        self.weight = (curves[0] + curves[1]) / (curves[0] + curves[1]).sum()

    def prevalence(self, truth: Truth) -> float:
        return float(self.weight @ expit(truth(self.grid)))

    def excess(self, truth: Truth, fitted: Calibrator) -> float:
        """Expected log loss above that of the truth, per study, times 1,000."""
        right, said = truth(self.grid), calibrated_log_odds(fitted, self.grid)
        probability = expit(right)
        return 1000.0 * float(self.weight @ (log_loss(said, probability) - log_loss(right, probability)))


LAW = Law()


def drawn(rng: np.random.Generator, events: int, truth: Truth) -> tuple[FloatArray, FloatArray]:
    """Winsorised log-odds and outcomes of a window that expects this many events."""
    while True:
        x, _ = calibrated_night(rng, round(events / LAW.prevalence(truth)), PREVALENCE, AREA)
        outcome = shifted_outcomes(rng, truth(x))
        if 0 < outcome.sum() < len(outcome):
            low, high = np.percentile(x, [0.1, 99.9])
            return np.clip(x, low, high), outcome


def _map(choice: Choice) -> Calibrator:
    return Calibrator("", choice.map_kind, choice.parameters, choice.covariance)


def fitted(method: str, x: FloatArray, outcome: FloatArray) -> Calibrator:
    """The map of a method; the current one where it has none."""
    who = np.arange(len(x))
    try:
        if method == "keep":
            return IDENTITY
        if method == "map":
            return _map(fit_near_current(x, outcome, who, IDENTITY))
        if method == "closed":
            return _map(closed_test(x, outcome, who, IDENTITY))
        if method == "cv":
            return _map(choose_by_cross_validation(x, outcome, who, IDENTITY, list(FITS)))
        return _map(FITS[method](x, outcome, who, IDENTITY))
    except (SeparationError, RankingLostError):
        return IDENTITY


def methods_cell(rng: np.random.Generator, truth: str, events: int, runs: int) -> list[Cell]:
    """Every method on the same windows."""
    found = np.full((runs, len(METHODS)), np.nan)
    wanted = EXPECTED[truth, events]
    for run in range(runs):
        x, outcome = drawn(rng, events, TRUTHS[truth])
        for place, method in enumerate(METHODS):
            if method != "cv" or wanted[place] is not None:
                found[run, place] = LAW.excess(TRUTHS[truth], fitted(method, x, outcome))
    return [
        _cell(METHODS[k], found[:, k], found[:, 0], wanted[k], EXPECTED_RUNS) for k in range(len(METHODS))
    ]


def network_cell(rng: np.random.Generator, spread: str, events: int, runs: int) -> list[Cell]:
    """Ten sites at a time; each figure is the mean over the sites."""
    found = np.array([_network(rng, spread, events) for _ in range(runs)])
    wanted = NETWORKS[spread, events]
    return [
        _cell(NETWORK_METHODS[k], found[:, k], found[:, 0], wanted[k], EXPECTED_NETWORKS)
        for k in range(len(NETWORK_METHODS))
    ]


def _network(rng: np.random.Generator, spread: str, events: int) -> FloatArray:
    truths = [_site_truth(rng, spread) for _ in range(SITES)]
    windows = [drawn(rng, events, truth) for truth in truths]
    pool = [SiteRows(x, outcome) for x, outcome in windows]
    everything = np.concatenate([site.x for site in pool]), np.concatenate([site.outcome for site in pool])
    complete = fitted("platt", *everything)
    law = estimate_prior(pool, UNCHANGED)
    losses = []
    for truth, (x, outcome) in zip(truths, windows, strict=True):
        line = np.column_stack([np.ones_like(x), x])
        intercept, slope = fit_with_prior(line, outcome, law).coefficients
        shrunk = Calibrator("", "pooled", {"intercept": intercept, "slope": slope}, ())
        maps = [fitted(method, x, outcome) for method in ("keep", "platt", "map", "closed")]
        losses.append([LAW.excess(truth, item) for item in (*maps, complete, shrunk)])
    return np.array(losses).mean(axis=0)


def _site_truth(rng: np.random.Generator, spread: str) -> Truth:
    if spread == "nothing changed":
        return TRUTHS["no change"]
    sd_intercept, sd_slope = SPREADS[spread]
    intercept, slope = rng.normal(0.3, sd_intercept), rng.normal(0.85, sd_slope)
    return lambda x: intercept + TURN + slope * (x - TURN)


def _cell(
    method: str, losses: FloatArray, kept: FloatArray, expected: float | None, expected_runs: int
) -> Cell:
    spread = float(losses.std(ddof=1))
    error, theirs = spread / np.sqrt(len(losses)), spread / np.sqrt(expected_runs)
    worse = float((losses > kept).mean())
    return Cell(method, float(losses.mean()), error, worse, expected, float(np.hypot(error, theirs)))


def _rounding(figure: float) -> float:
    """Half a unit of the last digit in which the expected figure is printed."""
    digits = len(f"{figure:g}".partition(".")[2])
    return 0.5 * 10.0**-digits if digits else 0.5 * (figure != 0)
