"""Perfectly calibrated sets: how often a refit is called for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from monitor.calibration import choose
from monitor.drift import choose_bets, log_e_values, log_limit
from monitor.drift.detector import log_mean_exp
from monitor.logistic import expit
from monitor.records import IDENTITY, FloatArray
from monitor.simulation import calibrated_night

AREA, TOLERANCE, WEIGHT, STUDIES, BET_ROWS, HORIZON, ALPHA = 0.85, 0.1, 0.40, 200, 100, 365, 0.05
SIZES = ((2000, 0.05), (5000, 0.05), (5000, 0.3), (20_000, 0.05))
"""Studies and prevalence."""


@dataclass(frozen=True)
class Calibrated:
    """Sets whose probabilities are right, and what is ours to say of them.

    Attributes:
        alarmed: Share in which the calibration stream alarms, read 200 studies a night.
        changed: Share in which the closed test, asked without an alarm, would not keep the map.
    """

    studies: int
    prevalence: float
    sets: int
    alarmed: float
    changed: float

    @property
    def file(self) -> str:
        return f"calibration_{self.studies}_{self.prevalence:g}.npz"


def write_sets(rng: np.random.Generator, folder: Path, sets: int) -> list[Calibrated]:
    """Draw the sets, leave them in the folder for NannyML, and judge them ourselves."""
    return [_write(rng, folder, studies, prevalence, sets) for studies, prevalence in SIZES]


def _write(rng: np.random.Generator, folder: Path, studies: int, prevalence: float, sets: int) -> Calibrated:
    log_odds, outcome = calibrated_night(rng, (sets, studies), prevalence, AREA)
    reference, _ = calibrated_night(rng, (sets, BET_ROWS), prevalence, AREA)
    rows = list(zip(reference, log_odds, outcome, strict=True))
    alarmed = float(np.mean([_alarms(*row) for row in rows]))
    changed = float(np.mean([_changes(x, y) for _, x, y in rows]))
    found = Calibrated(studies, prevalence, sets, alarmed, changed)
    np.savez(folder / found.file, outcome=outcome.astype(int), probability=expit(log_odds))
    return found


def _alarms(reference: FloatArray, log_odds: FloatArray, outcome: FloatArray) -> bool:
    bets = choose_bets(reference)
    rows = log_e_values(log_odds, np.full(len(log_odds), TOLERANCE), outcome, bets)
    log_r, limit = np.full(len(bets), -np.inf), log_limit(HORIZON, 1, ALPHA, WEIGHT)
    for night in np.array_split(rows, len(rows) // STUDIES):
        log_r = night.sum(axis=0) + np.logaddexp(log_r, 0.0)
        if log_mean_exp(log_r) >= limit:
            return True
    return False


def _changes(log_odds: FloatArray, outcome: FloatArray) -> bool:
    patient = np.arange(len(log_odds)).astype(str).astype(object)
    return choose(log_odds, outcome, patient, IDENTITY).kind != "keep"


def print_refits(sets: list[Calibrated], folder: Path, version: str) -> None:
    """Share of the sets for which each calls for a refit."""
    print("\nPerfectly calibrated sets, AUC .85: share for which a refit is called for")
    print(f"{'studies':>8}{'prevalence':>12}{'sets':>6}{'ours, alarm':>13}{'ours, test alone':>18}", end="")
    print(f"{f'NannyML {version} needs_calibration':>38}")
    for drawn in sets:
        said = np.load(folder / f"nannyml_{drawn.file}")["needs_calibration"]
        ours = f"{drawn.alarmed:>13.3f}{drawn.changed:>18.3f}"
        print(f"{drawn.studies:>8}{drawn.prevalence:>12g}{drawn.sets:>6}{ours}{said.mean():>38.3f}")
