"""Refits one place's calibrator from the raw score: the smallest change the data support."""

from monitor.calibration.choice import Choice, RankingLostError
from monitor.calibration.choose import Policy, choose
from monitor.calibration.empirical_bayes import SiteRows
from monitor.calibration.prior_shift import Before, PriorUnknownError
from monitor.calibration.window import SaturatedScoreError, winsorised_logit

__all__ = [
    "Before",
    "Choice",
    "Policy",
    "PriorUnknownError",
    "RankingLostError",
    "SaturatedScoreError",
    "SiteRows",
    "choose",
    "winsorised_logit",
]
