"""Vendors of a window: which are large enough to stand alone, and whether they need lines of their own."""

from __future__ import annotations

import numpy as np

from monitor.calibrators import calibrated_log_odds
from monitor.drift.attribution.calibration_test import robust_covariance
from monitor.drift.attribution.contrast import chi_square_tail, wald_statistic
from monitor.drift.attribution.finding import Interaction
from monitor.drift.labelled import Labelled
from monitor.logistic import SeparationError, fit_logistic, logit
from monitor.records import Calibrator, FloatArray, TextArray

LEAST_VENDOR_EVENTS = 20
OTHER_VENDORS = "other vendors"


def pool_small_vendors(reference: Labelled, window: Labelled) -> tuple[Labelled, Labelled]:
    """Both samples with every vendor of fewer than 20 events in the window in "other vendors".

    Studies without a vendor belong there too.

    Raises:
        ValueError: A sample has no vendors.

    Example:
        >>> def sample(vendors):
        ...     n = len(vendors)
        ...     outcome, who = np.tile([0.0, 1.0], n // 2), np.arange(n).astype(str).astype(object)
        ...     return Labelled(np.full(n, 0.5), outcome, who, np.array(vendors, dtype=object))
        >>> _, pooled = pool_small_vendors(sample(["A", "B"]), sample(["A"] * 40 + ["B"] * 38))
        >>> sorted(set(pooled.stratum))
        ['A', 'other vendors']
    """
    if reference.stratum is None or window.stratum is None:
        raise ValueError("both samples must have vendors")
    named = {str(vendor) for vendor in window.stratum if vendor}
    large = {vendor for vendor in named if _of(window, vendor).events >= LEAST_VENDOR_EVENTS}
    return _pooled(reference, large), _pooled(window, large)


def split(sample: Labelled) -> dict[str, Labelled]:
    """The studies of each vendor, by name in alphabetical order."""
    if sample.stratum is None:
        return {}
    return {vendor: _of(sample, vendor) for vendor in sorted(set(sample.stratum.tolist()))}


def interaction(window: Labelled, calibrator: Calibrator) -> Interaction | None:
    """Test one line logit P(y) = a + b * deployed log-odds for all vendors against one for each.

    Likelihood ratio; Wald with the cluster-robust covariance where patients repeat. The calibrator's own
    error moves the lines of all vendors alike and so does not enter.

    Args:
        window: With pooled vendors. Those of fewer than 20 events are left out.
        calibrator: The deployed one.

    Returns:
        The test with two degrees of freedom per vendor beyond the first; None without two vendors, or
        where no finite fit exists, or too few patients have an event.
    """
    window = window.where(window.known)
    large = [name for name, part in split(window).items() if part.events >= LEAST_VENDOR_EVENTS]
    if len(large) < 2:
        return None
    window = window.where(np.isin(_stratum(window), large))
    line = _line(window, calibrator)
    lines = np.hstack([line * (_stratum(window) == vendor)[:, None] for vendor in large])
    try:
        common, apart = fit_logistic(line, window.outcome), fit_logistic(lines, window.outcome)
    except SeparationError:
        return None
    if not window.repeats:
        gain = 2.0 * (apart.log_likelihood - common.log_likelihood)
        return _result(large, max(0.0, gain), "likelihood ratio")
    covariance = robust_covariance(lines, apart, window)
    if covariance is None:
        return None
    return _result(large, _wald_of_equal_lines(apart.coefficients, covariance), "Wald, cluster-robust")


def _result(vendors: list[str], statistic: float, method: str) -> Interaction:
    freedom = 2 * (len(vendors) - 1)
    return Interaction(tuple(vendors), statistic, freedom, chi_square_tail(statistic, freedom), method)


def _wald_of_equal_lines(coefficients: FloatArray, covariance: FloatArray) -> float:
    """Every line minus the first."""
    others = len(coefficients) // 2 - 1
    minus_first = np.hstack([np.tile(-np.eye(2), (others, 1)), np.eye(2 * others)])
    return wald_statistic(minus_first @ coefficients, minus_first @ covariance @ minus_first.T)


def _line(window: Labelled, calibrator: Calibrator) -> FloatArray:
    deployed = calibrated_log_odds(calibrator, logit(window.score))
    return np.column_stack([np.ones_like(deployed), deployed])


def _stratum(sample: Labelled) -> TextArray:
    return np.empty(0, dtype=object) if sample.stratum is None else sample.stratum


def _of(sample: Labelled, vendor: str) -> Labelled:
    return sample.where(_stratum(sample) == vendor)


def _pooled(sample: Labelled, large: set[str]) -> Labelled:
    names = [name if name in large else OTHER_VENDORS for name in _stratum(sample)]
    return Labelled(sample.score, sample.outcome, sample.patient, np.array(names, dtype=object))
