"""Candidates whose worth is known, and the rows that judge them, drawn from a site's law."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple, cast

import numpy as np

from monitor.calibration import RankingLostError, SaturatedScoreError, choose, winsorised_logit
from monitor.calibrators import calibrated_log_odds
from monitor.logistic import SeparationError, expit
from monitor.performance import Target, keep_target
from monitor.plan import ChangePlan
from monitor.records import IDENTITY, Calibrator, FloatArray, TextArray
from monitor.rehearsal.sites import DAYS_PER_MONTH, SiteProfile
from monitor.simulation import calibrated_night
from monitor.validation import Evidence

COHORTS_PER_MONTH = {"daily": DAYS_PER_MONTH, "weekly": DAYS_PER_MONTH / 7.0, "monthly": 1.0}
EXACT = ((0.0, 0.0), (0.0, 0.0))


@dataclass(frozen=True)
class Candidate:
    """What is put forward.

    Attributes:
        name: In one word.
        description: In words, for a heading.
        error: By how much the deployed log-odds lie below the truth.
        offset: By how much the candidate's lie above it.
        fitted: The candidate is not given but fitted by the product on as many events as the plan asks.
    """

    name: str
    description: str
    error: float
    offset: float = 0.0
    fitted: bool = False


CANDIDATES = (
    Candidate("perfect", "the truth itself, where the deployed log-odds are 1.0 too low", error=1.0),
    Candidate(
        "useful", "fitted as the plan says, where the deployed log-odds are 0.5 too low", 0.5, fitted=True
    ),
    Candidate("harmful", "0.3 too high, where the deployed log-odds are exact", error=0.0, offset=0.3),
)
"""What every site is tried with."""


class Volume(NamedTuple):
    """What a site brings, in rows.

    Attributes:
        cohort: Rows in one cohort, the least by which windows grow.
        fit: Rows until the fitting window holds the plan's minimum, on average.
        validation: Most rows a validation window can hold before the plan's longest wait is over.
    """

    cohort: int
    fit: int
    validation: int


def volume_of(plan: ChangePlan, site: SiteProfile) -> Volume:
    """Rows of a site's windows under the plan.

    Args:
        plan: Its cadence, minima and longest wait.
        site: Its volume; of an undated log the size of its cohort, split by the plan's share.
    """
    share = plan.data.split.fitting_share
    if share is not None:
        fit = round(site.studies_per_month * share)
        left = max(1, round(site.studies_per_month) - fit)
        return Volume(left, fit, left)
    cohort = max(1, round(site.studies_per_month / COHORTS_PER_MONTH[plan.monitoring.cadence]))
    rarer = min(site.prevalence, 1.0 - site.prevalence)
    fit = whole_cohorts(plan.retraining.events_for.closed_test / rarer, cohort)
    wait = site.studies_per_month * plan.evaluation.maximum_wait_days / DAYS_PER_MONTH
    return Volume(cohort, fit, max(0, round(wait) - fit))


class Proposal(NamedTuple):
    """A candidate as it would be frozen: its map, and the raw threshold where the finding has one."""

    calibrator: Calibrator
    raw_threshold: float | None


def given(plan: ChangePlan, candidate: Candidate) -> Proposal:
    """A candidate that nobody fits; the raw threshold in use stays."""
    point = plan.findings[0].operating_point
    moved = {"intercept": candidate.error + candidate.offset, "slope": 1.0}
    return Proposal(Calibrator("v1", "intercept", moved, EXACT), point.threshold if point else None)


def draw_proposal(
    rng: np.random.Generator, plan: ChangePlan, site: SiteProfile, candidate: Candidate
) -> Proposal | None:
    """What is put forward in one run; None when the plan's fit puts nothing forward."""
    if not candidate.fitted:
        return given(plan, candidate)
    rows = volume_of(plan, site).fit
    log_odds, outcome = calibrated_night(rng, rows, site.prevalence, site.auc)
    score, who = expit(log_odds - candidate.error), patients(rows)
    try:
        x, _ = winsorised_logit(score)
        choice = choose(x, outcome, who, IDENTITY)
    except (SeparationError, RankingLostError, SaturatedScoreError):
        return None
    if choice.kind not in plan.modification.methods:
        return None
    return Proposal(choice.calibrator("v1"), _threshold(plan, score, outcome, who))


def _threshold(plan: ChangePlan, score: FloatArray, outcome: FloatArray, who: TextArray) -> float | None:
    """The raw threshold that keeps the plan's target on the fitting rows."""
    point = plan.findings[0].operating_point
    if point is None:
        return None
    kept = point.floor if point.alerts_per_100_studies is None else point.alerts_per_100_studies / 100.0
    error = plan.evaluation.attempt_alpha[0] if point.confidence is None else 1.0 - point.confidence
    return keep_target(Target(point.frozen, kept, error, point.threshold), score, outcome, who).raw


class ValidationRows(NamedTuple):
    """Raw log-odds and outcomes in order of time."""

    x: FloatArray
    outcome: FloatArray

    def first(self, rows: int) -> ValidationRows:
        """The first so many of them."""
        return ValidationRows(self.x[:rows], self.outcome[:rows])


def draw_validation(
    rng: np.random.Generator, rows: int, site: SiteProfile, candidate: Candidate
) -> ValidationRows:
    """Later studies of the site, whose deployed log-odds lie `candidate.error` below the truth."""
    log_odds, outcome = calibrated_night(rng, rows, site.prevalence, site.auc)
    return ValidationRows(log_odds - candidate.error, outcome)


def rows_for(events: int, patients_needed: int, volume: Volume, site: SiteProfile) -> int:
    """Rows that hold so many events but for one run in ten thousand, or all the site can bring.

    Example:
        >>> rows_for(100, 150, Volume(20, 0, 10_000), SiteProfile("A", 600, 0.05, 0.85))
        2840
        >>> rows_for(100, 150, Volume(20, 0, 1_000), SiteProfile("A", 600, 0.05, 0.85))
        1000
    """
    rarer = min(site.prevalence, 1.0 - site.prevalence)
    wanted = max((events + 4.0 * math.sqrt(events)) / rarer, float(patients_needed))
    return min(whole_cohorts(wanted, volume.cohort) + 2 * volume.cohort, volume.validation)


def look_rows(
    rows: ValidationRows, cohort: int, events: tuple[int, ...], patients_needed: int
) -> list[int | None]:
    """Rows at each look: the first whole cohort with enough of the rarer class; None when none has.

    Args:
        rows: In order of time, one study for each patient.
        cohort: Rows of a cohort.
        events: Of the looks.
        patients_needed: The plan's least number of patients.

    Example:
        >>> alternate = ValidationRows(np.zeros(8), np.tile([0.0, 1.0], 4))
        >>> look_rows(alternate, 3, (2, 3, 9), 1)
        [6, 6, None]
    """
    ends = np.arange(cohort, len(rows.outcome) + 1, cohort)
    positives = np.cumsum(rows.outcome)[ends - 1]
    rarer = np.minimum(positives, ends - positives)
    ready = [(rarer >= wanted) & (ends >= patients_needed) for wanted in events]
    return [int(ends[np.argmax(enough)]) if enough.any() else None for enough in ready]


def evidence_of(rows: ValidationRows, patient: TextArray, proposal: Proposal) -> Evidence:
    """Validation rows as the criteria see them, the original calibrator being the one in use."""
    score, raw = expit(rows.x), proposal.raw_threshold
    flagged = None if raw is None else score >= raw
    candidate = calibrated_log_odds(proposal.calibrator, rows.x)
    return Evidence(rows.outcome, patient, candidate, rows.x, rows.x, score, flagged)


def patients(rows: int) -> TextArray:
    """One patient for each row; numbers, because only their being different counts."""
    return cast(TextArray, np.arange(rows))


def whole_cohorts(rows: float, cohort: int) -> int:
    """Rows of the whole cohorts that hold at least so many.

    Example:
        >>> whole_cohorts(41.0, 20)
        60
    """
    return math.ceil(rows / cohort) * cohort
