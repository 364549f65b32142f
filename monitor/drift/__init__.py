"""Streams that may be read every night: e-detectors with a promised false-alarm probability."""

from monitor.drift.bets import Bet, choose_bets, log_e_of_cohort, log_e_values
from monitor.drift.detector import ChangePoint, Detector, change_point, log_limit, look, start

__all__ = [
    "Bet",
    "ChangePoint",
    "Detector",
    "change_point",
    "choose_bets",
    "log_e_of_cohort",
    "log_e_values",
    "log_limit",
    "look",
    "start",
]
