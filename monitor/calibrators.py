"""What a calibrator says of a raw score: calibrated log-odds and how far its own fit may be off."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from monitor.records import Calibrator, CalibratorKind, FloatArray

Parameters = Mapping[str, Any]


def straight_line(
    version: str,
    kind: CalibratorKind,
    intercept: float,
    slope: float,
    covariance: tuple[tuple[float, float], tuple[float, float]],
) -> Calibrator:
    """A calibrator whose log-odds are intercept + slope * logit(score)."""
    return Calibrator(version, kind, {"intercept": intercept, "slope": slope}, covariance)


def read_calibrator(record: Mapping[str, Any]) -> Calibrator:
    """A calibrator from its ledger record.

    Raises:
        LookupError, TypeError, ValueError: The record is not that of a calibrator.
    """
    kind = record["kind"]
    if kind not in MAPS:
        raise ValueError(f"kind must be one of {', '.join(MAPS)}")
    parameters = {
        name: tuple(float(item) for item in value) if isinstance(value, list) else float(value)
        for name, value in record["parameters"].items()
    }
    covariance = tuple(tuple(float(item) for item in row) for row in record["covariance"])
    return Calibrator(record["version"], kind, parameters, covariance)


def calibrated_log_odds(calibrator: Calibrator, score_log_odds: FloatArray) -> FloatArray:
    """Calibrated log-odds of raw scores.

    Args:
        calibrator: Any kind.
        score_log_odds: logit of the raw score, shape (n,).

    Returns:
        Shape (n,).

    Example:
        >>> exact = ((0.0, 0.0), (0.0, 0.0))
        >>> calibrated_log_odds(straight_line("v1", "platt", 0.5, 2.0, exact), np.array([1.0])).tolist()
        [2.5]
    """
    return MAPS[calibrator.kind].log_odds(calibrator.parameters, score_log_odds)


def log_odds_error(calibrator: Calibrator, score_log_odds: FloatArray) -> FloatArray:
    """Standard error of the calibrated log-odds, from the calibrator's own fit.

    Args:
        calibrator: Any kind.
        score_log_odds: logit of the raw score, shape (n,).

    Returns:
        Shape (n,), at least zero.

    Example:
        The variance of a + b x is Var(a) + 2 x Cov(a, b) + x^2 Var(b): at x = 1 here 1 - 2 + 2 = 1.

        >>> fitted = straight_line("v1", "platt", 0.0, 1.0, ((1.0, -1.0), (-1.0, 2.0)))
        >>> log_odds_error(fitted, np.array([1.0])).tolist()
        [1.0]
    """
    design = MAPS[calibrator.kind].design(calibrator.parameters, score_log_odds)
    variance = np.einsum("ij,jk,ik->i", design, np.asarray(calibrator.covariance), design)
    return np.sqrt(np.maximum(variance, 0.0))


@dataclass(frozen=True)
class Map:
    """How one kind of calibrator is evaluated.

    Attributes:
        log_odds: (parameters, score log-odds of shape (n,)) -> shape (n,).
        design: (parameters, score log-odds) -> derivatives by the parameters, shape (n, k).
    """

    log_odds: Callable[[Parameters, FloatArray], FloatArray]
    design: Callable[[Parameters, FloatArray], FloatArray]


def _line(parameters: Parameters, x: FloatArray) -> FloatArray:
    return parameters["intercept"] + parameters["slope"] * x


def _line_design(_: Parameters, x: FloatArray) -> FloatArray:
    return np.column_stack([np.ones_like(x), x])


STRAIGHT_LINE = Map(_line, _line_design)

MAPS: Mapping[str, Map] = {
    "identity": STRAIGHT_LINE,
    "intercept": STRAIGHT_LINE,
    "platt": STRAIGHT_LINE,
}
