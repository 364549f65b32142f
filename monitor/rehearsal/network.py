"""A simulated network in the plan's own words: each site is one run of one scenario."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import repeat
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from monitor.logistic import expit
from monitor.plan import ChangePlan
from monitor.plan.model import CategoricalCovariate, Covariate, stratum_site
from monitor.records import FloatArray, IntArray, Place
from monitor.rehearsal.sites import DAYS_PER_MONTH, SiteProfile
from monitor.rehearsal.truth import Shift, log_odds_of
from monitor.simulation import calibrated_night, shifted_outcomes
from monitor.simulation.studies import RETURNS_WITHIN_NIGHTS, first_study

FIRST_DAY = date(2026, 1, 1)
CHANGE_SHARE = 100 / 365
DAYS_PER_LOOK = {"daily": 1.0, "weekly": 7.0, "monthly": DAYS_PER_MONTH}


class Calendar(NamedTuple):
    """Days of a rehearsal, counted from `FIRST_DAY`; an undated log is one day, changed from its start."""

    days: int
    change: int

    def date_of(self, day: int) -> date:
        """The date of a day counted from 0."""
        return FIRST_DAY + timedelta(days=day)


def calendar_of(plan: ChangePlan) -> Calendar:
    """As many days as the plan's horizon has looks for; the change comes after 100 of 365.

    Example:
        >>> Calendar(365, 100).date_of(Calendar(365, 100).change).isoformat()
        '2026-04-11'
    """
    if plan.undated:
        return Calendar(1, 0)
    days = math.ceil(plan.monitoring.horizon_looks * DAYS_PER_LOOK[plan.monitoring.cadence])
    return Calendar(days, round(CHANGE_SHARE * days))


@dataclass(frozen=True)
class Run:
    """One simulated site.

    Attributes:
        site: Name in the logs.
        shift: What happens there.
        number: Counted from 0 within its scenario.
    """

    site: str
    shift: Shift
    number: int


def runs_of(shifts: tuple[Shift, ...], count: int) -> tuple[Run, ...]:
    """`count` sites of every scenario.

    Example:
        >>> [run.site for run in runs_of((Shift("a"), Shift("b")), 2)]
        ['S0-0000', 'S0-0001', 'S1-0000', 'S1-0001']
    """
    return tuple(
        Run(f"S{which}-{number:04d}", shift, number)
        for which, shift in enumerate(shifts)
        for number in range(count)
    )


def place_of(plan: ChangePlan, run: Run) -> Place:
    """Where the nights find a run: the plan's first finding, in its first stratum where it has strata.

    A simulated site is one place, so that its volume is what one place brings.
    """
    site = stratum_site(run.site, plan.strata[0]) if plan.strata else run.site
    return Place(site, plan.findings[0].id)


def rehearsal_plan(plan: ChangePlan) -> dict[str, Any]:
    """The plan with the columns of the simulated logs; monitoring and protocol are its own.

    Left out are cohorts that the plan excludes by date, since simulated dates are made up, and its rule for
    several readers: a simulated outcome is what they agreed on.
    """
    content = plan.model_dump(mode="json", exclude_none=True)
    content["monitoring"].pop("first_cohort", None)
    for name in ("readers", "consensus", "indeterminate", "band_minimum_reads"):
        content["modification_protocol"]["data_management"][0]["reference_standard"].pop(name, None)
    standard, several = plan.data.reference_standard, len(plan.findings) > 1
    finding = {"finding": "finding"} if several else {}
    when = {} if plan.undated else {"predicted_at": "day"}
    content["logs"]["predictions"] = {
        "columns": {
            "study_id": "study",
            "patient_id": "patient",
            "site": "site",
            "score": "score",
            **when,
            **finding,
        },
        "constants": {"model_version": plan.device.model_version},
        "time_precision": "none" if plan.undated else "day",
    }
    for number, covariate in enumerate(content["logs"]["covariates"]):
        covariate["column"] = f"covariate_{number}"
    content["logs"]["outcomes"] = {
        "columns": {"study_id": "study", "site": "site", "outcome": "outcome", **finding},
        "constants": {
            "label_source": standard.source,
            "label_version": standard.version,
            "ai_influence": plan.data.ai_influence.validation[0],
        },
    }
    return content


def write_network(
    plan: ChangePlan, runs: tuple[Run, ...], profile: SiteProfile, seed: int, folder: Path
) -> tuple[Path, Path]:
    """Write plan.yaml, predictions.csv and outcomes.csv of a rehearsal.

    Args:
        plan: The plan to rehearse.
        runs: The sites.
        profile: Volume, prevalence and AUC of every one of them before the change.
        seed: From which everything follows; a site's studies do not depend on the other sites.
        folder: Exists.

    Returns:
        (predictions, outcomes).
    """
    # JSON is YAML, and has no surprises to quote around.
    (folder / "plan.yaml").write_text(json.dumps(rehearsal_plan(plan), indent=1), encoding="utf-8")
    finding = [plan.findings[0].id] if len(plan.findings) > 1 else []
    label = "".join(f"{_quoted(value)}," for value in finding)
    covariates = [f"covariate_{number}" for number in range(len(plan.logs.covariates))]
    head = ["finding"] if finding else []
    when = [] if plan.undated else ["day"]
    predictions, outcomes = folder / "predictions.csv", folder / "outcomes.csv"
    with (
        predictions.open("w", encoding="utf-8", newline="\n") as scored,
        outcomes.open("w", encoding="utf-8", newline="\n") as found,
    ):
        scored.write(",".join([*head, *when, "site", "study", "patient", "score", *covariates]) + "\n")
        found.write(",".join([*head, "site", "study", "outcome"]) + "\n")
        for run in runs:
            for line in _lines(plan, run, _studies(plan, run, profile, seed)):
                scored.write(label + line.prediction)
                found.write(label + line.outcome)
    return predictions, outcomes


class _Studies(NamedTuple):
    day: IntArray
    patient: IntArray
    log_odds: FloatArray
    outcome: FloatArray
    covariates: tuple[list[str], ...]


class _Line(NamedTuple):
    prediction: str
    outcome: str


def _studies(plan: ChangePlan, run: Run, profile: SiteProfile, seed: int) -> _Studies:
    """The studies of one site, a share of them of returning patients."""
    which, number = run.site[1:].split("-")
    rng = np.random.default_rng([seed, int(which), int(number)])
    calendar = calendar_of(plan)
    per_day = profile.studies_per_month / (1.0 if plan.undated else DAYS_PER_MONTH)
    day = np.repeat(np.arange(calendar.days), rng.poisson(per_day, calendar.days))
    reach = len(day) if plan.undated else round(per_day * RETURNS_WITHIN_NIGHTS)
    log_odds, outcome = _scored(rng, day >= calendar.change, run.shift, profile)
    patient = first_study(rng, len(day), reach)
    divides = plan.stratum_covariate
    covariates = tuple(
        [_quoted(plan.strata[0])] * len(day) if item is divides else _values(rng, item, len(day))
        for item in plan.logs.covariates
    )
    return _Studies(day, patient, log_odds, outcome, covariates)


def _scored(
    rng: np.random.Generator, changed: np.ndarray, shift: Shift, profile: SiteProfile
) -> tuple[FloatArray, FloatArray]:
    """Log-odds of the scores and outcomes, calibrated before the change and by the shift's truth after it."""
    n = len(changed)
    log_odds, outcome = calibrated_night(rng, n, profile.prevalence, profile.auc)
    if shift.prevalence_odds:
        odds = math.log(profile.prevalence / (1 - profile.prevalence)) + shift.prevalence_odds
        later, events = calibrated_night(rng, n, float(expit(np.array(odds))), profile.auc)
        return np.where(changed, later - shift.prevalence_odds, log_odds), np.where(changed, events, outcome)
    later = log_odds + shift.score
    events = shifted_outcomes(rng, log_odds_of(shift.line(profile), later), 0.0)
    return np.where(changed, later, log_odds), np.where(changed, events, outcome)


def _lines(plan: ChangePlan, run: Run, studies: _Studies) -> Iterator[_Line]:
    calendar, site = calendar_of(plan), run.site
    days = [] if plan.undated else np.unique(studies.day).tolist()
    dates = {day: f"{calendar.date_of(day).isoformat()}," for day in days}
    covariates = map(",".join, zip(*studies.covariates, strict=True)) if studies.covariates else repeat("")
    columns = zip(
        studies.day.tolist(),
        studies.patient.tolist(),
        expit(studies.log_odds).tolist(),
        studies.outcome.tolist(),
        strict=True,
    )
    for number, ((day, patient, score, outcome), more) in enumerate(zip(columns, covariates, strict=False)):
        scored = f"{dates.get(day, '')}{site},{number},{site}P{patient},{score:.7f}"
        yield _Line(f"{scored},{more}\n" if more else f"{scored}\n", f"{site},{number},{outcome:.0f}\n")


def _values(rng: np.random.Generator, covariate: Covariate, n: int) -> list[str]:
    """Plausible values that depend on nothing, so that every subgroup is like the whole."""
    if isinstance(covariate, CategoricalCovariate):
        levels = [_quoted(level) for level in covariate.levels]
        return [levels[drawn] for drawn in rng.integers(0, len(levels), n).tolist()]
    low, high = covariate.range
    return [f"{value:.6g}" for value in rng.uniform(low, high, n).tolist()]


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
