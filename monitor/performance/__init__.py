"""Performance of a calibrator on rows with known outcomes. Nothing here decides; criteria do."""

from monitor.performance.abstention import abstains, outside, straddles
from monitor.performance.agreement import ReaderBand, kappa, reader_band
from monitor.performance.ascertainment import Ascertainment, ScoreBin, ascertainment_by_score
from monitor.performance.calibration import (
    calibration_summary,
    expected_calibration_error,
    observed_expected,
    recalibration_estimates,
    reliability_bins,
    score_histogram,
)
from monitor.performance.calibration_over_time import observed_expected_over_time
from monitor.performance.discrimination import area_under_curve
from monitor.performance.frozen_target import Target, Threshold, keep_target
from monitor.performance.gain import log_loss_gain
from monitor.performance.net_benefit import decision_curve, net_benefit, net_benefit_change
from monitor.performance.operating_point import alerts_per_100, as_records, measured, reclassified
from monitor.performance.proportions import proportion

__all__ = [
    "Ascertainment",
    "ReaderBand",
    "ScoreBin",
    "Target",
    "Threshold",
    "abstains",
    "alerts_per_100",
    "area_under_curve",
    "as_records",
    "ascertainment_by_score",
    "calibration_summary",
    "decision_curve",
    "expected_calibration_error",
    "kappa",
    "keep_target",
    "log_loss_gain",
    "measured",
    "net_benefit",
    "net_benefit_change",
    "observed_expected",
    "observed_expected_over_time",
    "outside",
    "proportion",
    "reader_band",
    "recalibration_estimates",
    "reclassified",
    "reliability_bins",
    "score_histogram",
    "straddles",
]
