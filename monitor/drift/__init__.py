"""Streams that may be read every night: e-detectors with a promised false-alarm probability."""

from monitor.drift.bets import Bet, choose_bets, log_e_of_cohort, log_e_values
from monitor.drift.detector import (
    ChangePoint,
    Detector,
    change_point,
    log_limit,
    log_mixtures,
    look,
    look_at_each,
    start,
)
from monitor.drift.frozen import FeatureKind, FrozenFeature, freeze_continuous, freeze_levels, freeze_rate
from monitor.drift.making import (
    code_values,
    level_shares,
    location_and_spread,
    locations_and_spreads,
    rate,
    rates,
    score_mean,
    shares_of_levels,
    standardized_difference,
)
from monitor.drift.mean_streams import Added, MeanStream
from monitor.drift.reading import MISSING, NONE, AddedRows, Ones, read_rates
from monitor.drift.selection import named_by_e_bh
from monitor.drift.sequences import error_multiplier, level_of_a_sequence, mean_sequence, rate_sequence
from monitor.drift.visits import Tally, Visits, count_patients, tally, visits
from monitor.drift.wagers import Band, Wager

__all__ = [
    "MISSING",
    "NONE",
    "Added",
    "AddedRows",
    "Band",
    "Bet",
    "ChangePoint",
    "Detector",
    "FeatureKind",
    "FrozenFeature",
    "MeanStream",
    "Ones",
    "Tally",
    "Visits",
    "Wager",
    "change_point",
    "choose_bets",
    "code_values",
    "count_patients",
    "error_multiplier",
    "freeze_continuous",
    "freeze_levels",
    "freeze_rate",
    "level_of_a_sequence",
    "level_shares",
    "location_and_spread",
    "locations_and_spreads",
    "log_e_of_cohort",
    "log_e_values",
    "log_limit",
    "log_mixtures",
    "look",
    "look_at_each",
    "mean_sequence",
    "named_by_e_bh",
    "rate",
    "rate_sequence",
    "rates",
    "read_rates",
    "score_mean",
    "shares_of_levels",
    "standardized_difference",
    "start",
    "tally",
    "visits",
]
