"""Windows with a known truth, and a fitted calibrator of every kind, for tests of recalibration."""

from __future__ import annotations

import numpy as np

from monitor.calibration.beta import fit_beta
from monitor.calibration.closed_test import fit_intercept, fit_platt
from monitor.calibration.isotonic import fit_isotonic
from monitor.calibration.pooled import fit_near_current
from monitor.logistic import expit
from monitor.records import IDENTITY, Calibrator, FloatArray

KINDS = ("identity", "intercept", "platt", "pooled", "beta", "isotonic")


def people(n: int) -> np.ndarray:
    """One patient for each row."""
    return np.array([f"p{k:06d}" for k in range(n)], dtype=object)


def window(seed: int, n: int, intercept: float = 0.0, slope: float = 1.0) -> tuple[FloatArray, FloatArray]:
    """Log-odds of scores, and outcomes whose true log-odds are intercept + slope * x."""
    rng = np.random.default_rng(seed)
    x = rng.normal(-1.5, 1.4, n)
    return x, (rng.random(n) < expit(intercept + slope * x)).astype(float)


def calibrator_of(kind: str, n: int = 4000) -> Calibrator:
    """A calibrator of a kind, fitted on a window whose truth bends."""
    rng = np.random.default_rng(11)
    x = rng.normal(-1.5, 1.4, n)
    y = (rng.random(n) < expit(-0.4 + 0.9 * x + 0.6 * np.tanh(x + 1.5))).astype(float)
    fits = {
        "intercept": fit_intercept,
        "platt": fit_platt,
        "pooled": fit_near_current,
        "beta": fit_beta,
        "isotonic": fit_isotonic,
    }
    if kind == "identity":
        return IDENTITY
    return fits[kind](x, y, people(n), IDENTITY).calibrator("v1")
