"""Error rate and delay of the calibration stream over many simulated sites, with the product's own engine.

One site: 200 studies a night, prevalence 5 %, area under the curve .85, log-odds exactly calibrated
where nothing changed; horizon 365 nights, alpha .05, weight .40, tolerance .1 + 1 standard error.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from monitor.calibrators import straight_line
from monitor.drift import Bet, choose_bets, log_e_values, log_limit
from monitor.drift.detector import log_mean_exp
from monitor.logistic import fit_logistic
from monitor.records import Calibrator, FloatArray
from monitor.simulation import calibrated_night, intercept_keeping_prevalence, shifted_outcomes

STUDIES, PREVALENCE, AREA, NIGHTS, CHANGE_NIGHT = 200, 0.05, 0.85, 365, 100
TOLERANCE, STANDARD_ERRORS, WEIGHT, ALPHA = 0.1, 1.0, 0.40, 0.05
LIMIT = log_limit(NIGHTS, 1, ALPHA, WEIGHT)


@dataclass(frozen=True)
class Maps:
    """One calibrator per site, as arrays of shape (sites,)."""

    intercept: FloatArray
    slope: FloatArray
    variance: FloatArray


@dataclass(frozen=True)
class Shift:
    """A truth after the change: logit P(y) = intercept + slope * L, or a new prevalence."""

    name: str
    intercept: float = 0.0
    slope: float = 1.0
    prevalence: float | None = None


SHIFTS = (
    Shift("label shift 5 -> 10 %", prevalence=0.10),
    Shift("intercept +.5", intercept=0.5),
    Shift("intercept -.5", intercept=-0.5),
    Shift("slope .7, mean kept", intercept=intercept_keeping_prevalence(0.7, PREVALENCE, AREA), slope=0.7),
    Shift("intercept +.3", intercept=0.3),
)


def fitted_maps(rng: np.random.Generator, sites: int, positives: int | None) -> Maps:
    """Calibrators that each site's vendor fitted on a development set, or the truth when None."""
    if positives is None:
        return Maps(np.zeros(sites), np.ones(sites), np.zeros((sites, 2, 2)))
    fitted = [_fit_one(rng, positives) for _ in range(sites)]
    return Maps(
        np.array([item.parameters["intercept"] for item in fitted]),
        np.array([item.parameters["slope"] for item in fitted]),
        np.array([item.covariance for item in fitted]),
    )


def _fit_one(rng: np.random.Generator, positives: int) -> Calibrator:
    log_odds, outcome = calibrated_night(rng, round(positives / PREVALENCE), PREVALENCE, AREA)
    fit = fit_logistic(np.column_stack([np.ones(len(log_odds)), log_odds]), outcome.astype(float))
    (a, b), (c, d) = fit.covariance.tolist()
    return straight_line(
        "v1", "platt", float(fit.coefficients[0]), float(fit.coefficients[1]), ((a, b), (c, d))
    )


class Sites:
    """The detectors of many sites side by side."""

    def __init__(self, rng: np.random.Generator, maps: Maps) -> None:
        self.maps = maps
        reference, _ = calibrated_night(rng, (len(maps.slope), 100), PREVALENCE, AREA)
        mapped = maps.intercept[:, None] + maps.slope[:, None] * reference
        bets = [choose_bets(row) for row in mapped]
        self.intercepts = np.array([[bet.intercept for bet in row] for row in bets])
        self.slopes = np.array([bet.slope for bet in bets[0]])
        self.log_r = np.full(self.intercepts.shape, -np.inf)
        self.alarm_night = np.full(len(maps.slope), np.iinfo(np.int64).max)

    def copy(self) -> Sites:
        twin = object.__new__(Sites)
        twin.__dict__ = {
            name: np.copy(value) if isinstance(value, np.ndarray) else value
            for name, value in self.__dict__.items()
        }
        return twin

    def look(self, night: int, raw: FloatArray, outcome: FloatArray) -> None:
        """One night of every site: raw log-odds and outcomes, shape (sites, studies)."""
        maps = self.maps
        log_odds = maps.intercept[:, None] + maps.slope[:, None] * raw
        variance = (
            maps.variance[:, 0, 0, None]
            + 2 * maps.variance[:, 0, 1, None] * raw
            + maps.variance[:, 1, 1, None] * raw**2
        )
        half_width = TOLERANCE + STANDARD_ERRORS * np.sqrt(np.maximum(variance, 0))
        log_e = np.stack(
            [self._sum_of_logs(bet, log_odds, half_width, outcome) for bet in range(len(self.slopes))], axis=1
        )
        self.log_r = log_e + np.logaddexp(self.log_r, 0.0)
        crossed = (log_mean_exp(self.log_r) >= LIMIT) & (self.alarm_night > night)
        self.alarm_night[crossed] = np.minimum(self.alarm_night[crossed], night)

    def _sum_of_logs(
        self, bet: int, log_odds: FloatArray, half_width: FloatArray, outcome: FloatArray
    ) -> FloatArray:
        """Log e-value of the night per site under one bet, whose intercept differs between sites."""
        slope = float(self.slopes[bet])
        bets = [(Bet("", float(intercept), slope),) for intercept in self.intercepts[:, bet]]
        if len(set(bets)) == 1:
            rows = log_e_values(log_odds.ravel(), half_width.ravel(), outcome.ravel(), bets[0])
            return rows.reshape(log_odds.shape).sum(axis=1)
        per_site = zip(log_odds, half_width, outcome, bets, strict=True)
        return np.array([log_e_values(x, width, y, bet_).sum() for x, width, y, bet_ in per_site])


def null_alarm_share(rng: np.random.Generator, sites: int, positives: int | None) -> tuple[float, float]:
    """Share of unchanged sites with any alarm within the horizon, and its standard error."""
    tracked = Sites(rng, fitted_maps(rng, sites, positives))
    for night in range(1, NIGHTS + 1):
        tracked.look(night, *_null_night(rng, sites))
    share = float((tracked.alarm_night <= NIGHTS).mean())
    return share, math.sqrt(share * (1 - share) / sites)


@dataclass(frozen=True)
class Delay:
    """Nights of matured labels from the change to the alarm, among sites quiet before it."""

    median: float
    tenth_slowest: float
    share_found: float
    sites: int


def delays(rng: np.random.Generator, sites: int, positives: int | None) -> dict[str, Delay]:
    """Delay of every shift of the table, after a quiet start shared by all."""
    quiet = Sites(rng, fitted_maps(rng, sites, positives))
    for night in range(1, CHANGE_NIGHT + 1):
        quiet.look(night, *_null_night(rng, sites))
    return {shift.name: _delay(rng, quiet.copy(), shift) for shift in SHIFTS}


def _delay(rng: np.random.Generator, tracked: Sites, shift: Shift) -> Delay:
    started = tracked.alarm_night > CHANGE_NIGHT
    sites = len(started)
    for night in range(CHANGE_NIGHT + 1, NIGHTS + 1):
        tracked.look(night, *_shifted_night(rng, sites, shift))
        if (tracked.alarm_night[started] <= night).all():
            break
    waited = np.where(tracked.alarm_night <= NIGHTS, tracked.alarm_night - CHANGE_NIGHT, np.inf)[started]
    return Delay(
        float(np.median(waited)),
        float(np.quantile(waited, 0.9, method="higher")),
        float(np.isfinite(waited).mean()),
        int(started.sum()),
    )


def _null_night(rng: np.random.Generator, sites: int) -> tuple[FloatArray, FloatArray]:
    log_odds, outcome = calibrated_night(rng, (sites, STUDIES), PREVALENCE, AREA)
    return log_odds, outcome.astype(float)


def _shifted_night(rng: np.random.Generator, sites: int, shift: Shift) -> tuple[FloatArray, FloatArray]:
    """A night after the change; the score of a label shift keeps the laws of the old prevalence."""
    if shift.prevalence is None:
        log_odds, _ = _null_night(rng, sites)
        return log_odds, shifted_outcomes(rng, log_odds, shift.intercept, shift.slope).astype(float)
    log_odds, outcome = calibrated_night(rng, (sites, STUDIES), shift.prevalence, AREA)
    moved = math.log(PREVALENCE / (1 - PREVALENCE)) - math.log(shift.prevalence / (1 - shift.prevalence))
    return log_odds + moved, outcome.astype(float)
