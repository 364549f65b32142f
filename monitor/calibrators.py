"""What a calibrator says of a raw score: calibrated log-odds and how far its own fit may be off.

Every kind is `intercept + slope * shape(score)`. The shape of the straight-line kinds is the log-odds of
the raw score; beta and isotonic bring their own. So one intercept or slope can be refitted for any kind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from monitor.logistic import expit
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
    return calibrator.parameters["intercept"] + calibrator.parameters["slope"] * shape(
        calibrator, score_log_odds
    )


def shape(calibrator: Calibrator, score_log_odds: FloatArray) -> FloatArray:
    """What the calibrator's slope multiplies, shape (n,); strictly increasing in the score."""
    return MAPS[calibrator.kind].shape(calibrator.parameters, score_log_odds)


def inner_design(calibrator: Calibrator, score_log_odds: FloatArray) -> FloatArray:
    """Derivatives of the shape by what the covariance covers after intercept and slope, shape (n, k)."""
    return MAPS[calibrator.kind].inner(calibrator.parameters, score_log_odds)


def is_straight_line(calibrator: Calibrator) -> bool:
    """True when the calibrated log-odds are a straight line in the raw score's.

    Example:
        >>> from monitor.records import IDENTITY
        >>> is_straight_line(IDENTITY)
        True
    """
    return MAPS[calibrator.kind] is STRAIGHT_LINE


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
    outer = np.column_stack([np.ones_like(score_log_odds), shape(calibrator, score_log_odds)])
    inner = calibrator.parameters["slope"] * inner_design(calibrator, score_log_odds)
    design = np.hstack([outer, inner])
    variance = np.einsum("ij,jk,ik->i", design, np.asarray(calibrator.covariance), design)
    return np.sqrt(np.maximum(variance, 0.0))


@dataclass(frozen=True)
class Map:
    """How one kind of calibrator is evaluated.

    Attributes:
        shape: (parameters, score log-odds of shape (n,)) -> shape (n,).
        inner: (parameters, score log-odds) -> derivatives of the shape by the parameters of its own that
            the covariance covers, shape (n, k).
    """

    shape: Callable[[Parameters, FloatArray], FloatArray]
    inner: Callable[[Parameters, FloatArray], FloatArray]


def beta_columns(x: FloatArray) -> FloatArray:
    """ln(score) and -ln(1 - score) from the log-odds of the score, shape (n, 2).

    Example:
        >>> beta_columns(np.array([0.0])).round(4).tolist()
        [[-0.6931, 0.6931]]
    """
    return np.column_stack([-np.logaddexp(0.0, -x), np.logaddexp(0.0, x)])


def _line(_: Parameters, x: FloatArray) -> FloatArray:
    return x


def _nothing(_: Parameters, x: FloatArray) -> FloatArray:
    return np.empty((len(x), 0))


def _beta(parameters: Parameters, x: FloatArray) -> FloatArray:
    columns = beta_columns(x)
    return parameters["a"] * columns[:, 0] + parameters["b"] * columns[:, 1]


def _beta_inner(_: Parameters, x: FloatArray) -> FloatArray:
    return beta_columns(x)


def _isotonic(parameters: Parameters, x: FloatArray) -> FloatArray:
    """Log-odds of share * isotonic + (1 - share) * Platt; both tails are summed, so neither is lost."""
    share = parameters["isotonic_share"]
    line = parameters["platt_intercept"] + parameters["platt_slope"] * x
    isotonic = np.interp(x, parameters["knots"], parameters["probabilities"])
    event = share * isotonic + (1.0 - share) * expit(line)
    no_event = share * (1.0 - isotonic) + (1.0 - share) * expit(-line)
    return np.log(event) - np.log(no_event)


def _isotonic_inner(parameters: Parameters, x: FloatArray) -> FloatArray:
    """One column, in units of the knots' standard errors: its variance is one."""
    return np.interp(x, parameters["knots"], parameters["standard_errors"])[:, None]


STRAIGHT_LINE = Map(_line, _nothing)

MAPS: Mapping[str, Map] = {
    "identity": STRAIGHT_LINE,
    "intercept": STRAIGHT_LINE,
    "platt": STRAIGHT_LINE,
    "pooled": STRAIGHT_LINE,
    "prior_shift": STRAIGHT_LINE,
    "beta": Map(_beta, _beta_inner),
    "isotonic": Map(_isotonic, _isotonic_inner),
}
