"""Refits one place's calibrator from the raw score: the smallest change the data support."""

from monitor.calibration.closed_test import Choice, RankingLostError, choose
from monitor.calibration.window import SaturatedScoreError, winsorised_logit

__all__ = ["Choice", "RankingLostError", "SaturatedScoreError", "choose", "winsorised_logit"]
