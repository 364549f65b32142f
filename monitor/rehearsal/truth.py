"""What happens at the sites of a rehearsal: the true log-odds of an event given the score."""

from __future__ import annotations

import math
from dataclasses import dataclass

from monitor.records import FloatArray
from monitor.rehearsal.sites import SiteProfile
from monitor.simulation import intercept_keeping_prevalence

LABEL_SHIFT = math.log(0.10 / 0.90) - math.log(0.05 / 0.95)
"""A prevalence that rises from 5 to 10 %, in log-odds; at another prevalence the odds rise alike."""


@dataclass(frozen=True)
class Shift:
    """A change of the truth: logit P(event | score) = intercept + slope * score's log-odds.

    Attributes:
        name: In words.
        intercept, slope: Of the truth; 0 and 1 leave the score exactly calibrated.
        keeps_prevalence: The intercept is set so that the share of events stays.
        prevalence_odds: Log of the factor on the odds of an event; scores given the outcome stay.
        score: Added to every score's log-odds; outcomes follow, so that the score stays calibrated.
    """

    name: str
    intercept: float = 0.0
    slope: float = 1.0
    keeps_prevalence: bool = False
    prevalence_odds: float = 0.0
    score: float = 0.0

    @property
    def recalibration_helps(self) -> bool:
        """True when the probabilities became wrong."""
        return self.intercept != 0.0 or self.slope != 1.0 or self.prevalence_odds != 0.0

    def line(self, site: SiteProfile) -> tuple[float, float]:
        """(intercept, slope) of the true log-odds on the score's log-odds.

        Example:
            >>> from monitor.rehearsal.sites import SiteProfile
            >>> Shift("", intercept=0.5).line(SiteProfile("A", 100, 0.1, 0.85))
            (0.5, 1.0)
        """
        if self.keeps_prevalence:
            return intercept_keeping_prevalence(self.slope, site.prevalence, site.auc), self.slope
        return self.intercept + self.prevalence_odds, self.slope


NO_CHANGE = Shift("no change")
SHIFTS = (
    NO_CHANGE,
    Shift("prevalence, odds as from 5 to 10 %", prevalence_odds=LABEL_SHIFT),
    Shift("intercept +.5", intercept=0.5),
    Shift("intercept -.5", intercept=-0.5),
    Shift("slope .7, prevalence kept", slope=0.7, keeps_prevalence=True),
    Shift("covariate: scores +.4, still calibrated", score=0.4),
)
"""The scenarios of a rehearsal; nothing needs recalibrating in the first and the last."""


def log_odds_of(line: tuple[float, float], log_odds: FloatArray) -> FloatArray:
    """True log-odds of an event.

    Example:
        >>> import numpy as np
        >>> log_odds_of((0.5, 2.0), np.array([1.0])).tolist()
        [2.5]
    """
    intercept, slope = line
    return intercept + slope * log_odds
