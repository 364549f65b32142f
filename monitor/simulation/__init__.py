"""Simulated hospitals whose truth is known: for the demonstration, rehearsals, tests and benchmarks.

`network` makes a network of sites with dated logs, `undated_cohort` one cohort without dates; the
generators of `monitor.simulation.law` draw single nights, many sites at once, for simulation studies.
"""

from monitor.simulation.cohort import UndatedCohort, undated_cohort
from monitor.simulation.files import NetworkFiles
from monitor.simulation.law import (
    calibrated_night,
    event_rate,
    intercept_keeping_prevalence,
    normal_quadrature,
    score_law,
    separation,
    shifted_outcomes,
)
from monitor.simulation.network import Network, network
from monitor.simulation.scenario import SITES, Scenario, SiteTruth
from monitor.simulation.studies import SiteLog

__all__ = [
    "SITES",
    "Network",
    "NetworkFiles",
    "Scenario",
    "SiteLog",
    "SiteTruth",
    "UndatedCohort",
    "calibrated_night",
    "event_rate",
    "intercept_keeping_prevalence",
    "network",
    "normal_quadrature",
    "score_law",
    "separation",
    "shifted_outcomes",
    "undated_cohort",
]
