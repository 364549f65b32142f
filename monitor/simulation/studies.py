"""The studies of one site: nights, patients, scores, covariates and when each outcome is confirmed."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from monitor.logistic import expit
from monitor.records import BoolArray, FloatArray, IntArray
from monitor.simulation.law import calibrated_night, separation, shifted_outcomes
from monitor.simulation.scenario import AUC, Scenario, SiteTruth, truth

RETURNING_SHARE = 0.15
RETURNS_WITHIN_NIGHTS = 40
FIRST_SECOND, LAST_SECOND = 6 * 3600, 22 * 3600

FOLLOW_UP_DAYS = 14
MEAN_DELAY_DAYS = 2.5
LONGEST_PROMPT_DELAY_DAYS = 11
LONGEST_LATE_DELAY_DAYS = 45
LATE_SHARE = 0.012
UNCONFIRMED_SHARE = 0.02
INDETERMINATE_SHARE = 0.004

VENDOR_SHARES = (0.5, 0.3, 0.2)
FEMALE_SHARE = 0.45


@dataclass(frozen=True)
class Confirmation:
    """When the outcomes became known, shape (n,).

    Attributes:
        delay_days: Days from the study to its confirmation; -1 when it never comes.
        indeterminate: Confirmed without a result.
    """

    delay_days: IntArray
    indeterminate: BoolArray

    def __post_init__(self) -> None:
        _freeze(self)


@dataclass(frozen=True)
class Covariates:
    """What else the log carries, shape (n,): age in years, tube voltage in kV, AP view, vendor 0..2, sex."""

    age: IntArray
    kvp: IntArray
    bedside: BoolArray
    vendor: IntArray
    female: BoolArray

    def __post_init__(self) -> None:
        _freeze(self)


@dataclass(frozen=True)
class SiteLog:
    """Everything about one site's studies, truth included; arrays of shape (n,) in order of time.

    Attributes:
        truth: What happened at the site.
        night: Night of the study, counted from 0.
        second: Second of the local day.
        patient: Number of the patient within the site, from 1.
        log_odds: Of the score.
        risk: The true probability of an event given the score.
        outcome: 0.0 or 1.0, whether anybody ever confirms it or not.
        confirmation: When it was confirmed.
        covariates: Age, view and the like.
    """

    truth: SiteTruth
    night: IntArray
    second: IntArray
    patient: IntArray
    log_odds: FloatArray
    risk: FloatArray
    outcome: FloatArray
    confirmation: Confirmation
    covariates: Covariates

    def __post_init__(self) -> None:
        _freeze(self)

    def __len__(self) -> int:
        return len(self.log_odds)

    @property
    def known_at_maturity(self) -> BoolArray:
        """Outcomes confirmed with a result within the follow-up, shape (n,)."""
        delay = self.confirmation.delay_days
        return (delay >= 0) & (delay <= FOLLOW_UP_DAYS) & ~self.confirmation.indeterminate


def generator(seed: int, site: str, purpose: str) -> np.random.Generator:
    """A stream of its own for each site and purpose, so that a new site changes no other.

    Example:
        >>> generator(1, "North", "studies").random() == generator(1, "North", "studies").random()
        True
    """
    return np.random.default_rng([seed, zlib.crc32(site.encode()), zlib.crc32(purpose.encode())])


def site_log(scenario: Scenario, nights: int, seed: int) -> SiteLog:
    """Simulate one site.

    Outcomes are independent given their scores, returning patients included; whether and when an
    outcome is confirmed depends on nothing else. Both keep P(outcome | score) exactly as stated.
    """
    rng = generator(seed, scenario.site, "studies")
    what = truth(scenario, nights)
    night = np.repeat(np.arange(nights), rng.poisson(scenario.studies_per_night, nights))
    n = len(night)
    second = rng.integers(FIRST_SECOND, LAST_SECOND, n)
    shifted = _shifted(what, night)
    baseline, _ = calibrated_night(rng, n, scenario.prevalence, AUC)
    log_odds = np.where(shifted, baseline + scenario.score_shift, baseline)
    intercept = np.where(shifted, scenario.intercept_shift, 0.0)
    first = first_study(rng, n, round(scenario.studies_per_night * RETURNS_WITHIN_NIGHTS))
    return SiteLog(
        truth=what,
        night=night,
        second=second[np.lexsort((second, night))],
        patient=np.unique(first, return_inverse=True)[1] + 1,
        log_odds=log_odds,
        risk=expit(log_odds + intercept),
        outcome=shifted_outcomes(rng, log_odds, intercept),
        confirmation=_confirmation(rng, n),
        covariates=_covariates(rng, _height(log_odds, scenario.prevalence), first),
    )


def first_study(rng: np.random.Generator, n: int, reach: int) -> IntArray:
    """Index of the first study of each study's patient, shape (n,).

    A returning study belongs to the patient of one of the `reach` studies before it.

    Example:
        >>> first = first_study(np.random.default_rng(1), 1000, 50)
        >>> bool((first <= np.arange(1000)).all()), bool((first[first] == first).all())
        (True, True)
    """
    here = np.arange(n)
    back = 1 + (rng.random(n) * np.minimum(here, max(reach, 1))).astype(np.int64)
    returning = (rng.random(n) < RETURNING_SHARE) & (here > 0)
    first = np.where(returning, here - back, here)
    while not np.array_equal(first, first[first]):
        first = first[first]
    return first


def _shifted(what: SiteTruth, night: IntArray) -> BoolArray:
    if what.change_night is None:
        return np.zeros(len(night), dtype=np.bool_)
    shifted = night >= what.change_night
    return shifted if what.reverted_night is None else shifted & (night < what.reverted_night)


def _confirmation(rng: np.random.Generator, n: int) -> Confirmation:
    prompt = np.minimum(rng.exponential(MEAN_DELAY_DAYS, n).astype(np.int64), LONGEST_PROMPT_DELAY_DAYS)
    late = rng.integers(FOLLOW_UP_DAYS + 1, LONGEST_LATE_DELAY_DAYS + 1, n)
    fate = rng.random(n)
    delay = np.where(fate < LATE_SHARE, late, prompt)
    delay = np.where(fate > 1.0 - UNCONFIRMED_SHARE, -1, delay)
    return Confirmation(delay, rng.random(n) < INDETERMINATE_SHARE)


def _height(log_odds: FloatArray, prevalence: float) -> FloatArray:
    """How far a score lies above the site's usual study without the finding, in standard deviations."""
    d = separation(AUC)
    usual = float(np.log(prevalence / (1.0 - prevalence))) - d**2 / 2
    return (log_odds - usual) / d


def _covariates(rng: np.random.Generator, height: FloatArray, first: IntArray) -> Covariates:
    """Older and bedside (AP, at a lower voltage) where the score is high.

    They depend on the score alone, so that the score is as calibrated within any of their levels as it
    is overall. Age and sex belong to the patient.
    """
    n = len(height)
    age = np.clip(np.rint(58.0 + 6.0 * height + 16.0 * rng.standard_normal(n)), 18, 104)
    bedside = rng.random(n) < expit(0.8 * height - 0.7)
    kvp = np.rint(np.where(bedside, 90.0, 125.0) + 4.0 * rng.standard_normal(n))
    vendor = rng.choice(len(VENDOR_SHARES), n, p=VENDOR_SHARES)
    female = rng.random(n) < FEMALE_SHARE
    return Covariates(
        age[first].astype(np.int64), kvp.astype(np.int64), bedside, vendor.astype(np.int64), female[first]
    )


def _freeze(record: Any) -> None:
    """A frozen dataclass does not protect the arrays inside it."""
    for item in fields(record):
        value = getattr(record, item.name)
        if isinstance(value, np.ndarray):
            value.flags.writeable = False
