"""Performance of a calibrator on rows with known outcomes. Nothing here decides; criteria do."""

from monitor.performance.calibration import (
    calibration_summary,
    expected_calibration_error,
    recalibration_estimates,
    reliability_bins,
    score_histogram,
)
from monitor.performance.discrimination import area_under_curve

__all__ = [
    "area_under_curve",
    "calibration_summary",
    "expected_calibration_error",
    "recalibration_estimates",
    "reliability_bins",
    "score_histogram",
]
