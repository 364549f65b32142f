"""Wrong and right accepts over a year of nightly runs: four attempts at a site, judged at the plan's looks.

One site as in `calibration_stream`: 200 studies a night, prevalence 5 %, AUC .85. Every night brings rows; an
attempt is judged on the first night with the look's events and on rows no attempt has used; the next attempt
begins the night after. Fitting windows are left out, so that more attempts come into the year than in life.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from calibration_stream import AREA, NIGHTS, PREVALENCE, STUDIES

from monitor.logistic import expit, log_loss
from monitor.plan import ChangePlan, load
from monitor.records import FloatArray
from monitor.rehearsal.candidates import ValidationRows, look_rows, patients
from monitor.rehearsal.passing import Share, bounds_of
from monitor.simulation import calibrated_night, score_law
from monitor.validation import Evidence, judge

Map = tuple[float, float]
"""Intercept and slope on the true log-odds; (0, 1) is the truth."""

TRUTH: Map = (0.0, 1.0)
TOO_LOW: Map = (-1.0, 1.0)
PLAN = Path(__file__).resolve().parents[1] / "plans" / "chest_xray.yaml"


@dataclass(frozen=True)
class Case:
    """A candidate beside the maps it is compared with.

    Attributes:
        at: Which criterion it sits on the margin of, or what it does.
        candidate, last_deployed, original: Maps of the true log-odds.
    """

    at: str
    candidate: Map
    last_deployed: Map
    original: Map


def plan_of(*required: str, looks: tuple[int, ...] = (200,)) -> ChangePlan:
    """The shipped chest plan with what each of its four criteria requires."""
    content = json.loads(load(PLAN).plan.model_dump_json(exclude_none=True))
    evaluation = content["modification_protocol"]["performance_evaluation"][0]
    evaluation["looks"] = {"events": looks} | ({"spending": "obrien_fleming"} if len(looks) > 1 else {})
    for criterion, word in zip(evaluation["criteria"], required, strict=True):
        criterion["require"] = word
    return ChangePlan.model_validate_json(json.dumps(content))


STRICT = plan_of(*["demonstrated"] * 4)
BENEFIT_FIRST = plan_of("demonstrated", "not_contradicted", "not_contradicted", "demonstrated")
TWO_LOOKS = plan_of(*["demonstrated"] * 4, looks=(350, 500))


def mapped(line: Map, log_odds: FloatArray) -> FloatArray:
    """Log-odds that a map gives where the truth is `log_odds`."""
    return line[0] + line[1] * log_odds


def loss(line: Map) -> float:
    """Expected log loss of a map, by quadrature."""
    x, weight = score_law(PREVALENCE, AREA)
    said = mapped(line, x)
    event, none = (log_loss(said, np.full_like(x, outcome)) for outcome in (1.0, 0.0))
    return float(weight @ (expit(x) * event + expit(-x) * none))


def mean_risk(line: Map) -> float:
    """Expected events of a map, as a share of studies."""
    x, weight = score_law(PREVALENCE, AREA)
    return float(weight @ expit(mapped(line, x)))


def solve(falls_short: Callable[[float], bool], low: float, high: float) -> float:
    """The number at which `falls_short` turns from True to False, by bisection."""
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if falls_short(middle) else (low, middle)
    return (low + high) / 2


def margins() -> tuple[Case, ...]:
    """A candidate exactly on the margin of each criterion, and well inside the others where that can be."""
    deployed: Map = (-0.15, 1.0)
    no_better = solve(lambda shift: loss((shift, 1.0)) < loss(deployed), 0.0, 3.0)
    expected = solve(lambda shift: mean_risk((shift, 1.0)) < PREVALENCE / 0.8, 0.0, 3.0)
    steep = 1.0 / 0.75
    centred = solve(lambda shift: mean_risk((shift, steep)) < PREVALENCE, -5.0, 5.0)
    worse = solve(lambda shift: loss((shift, 1.0)) < 1.01 * loss(TRUTH), 0.0, 3.0)
    return (
        Case("G1, no better than deployed", (no_better, 1.0), deployed, deployed),
        Case("G2, observed/expected .8", (expected, 1.0), TOO_LOW, TOO_LOW),
        Case("G3, slope .75", (centred, steep), TOO_LOW, TOO_LOW),
        Case("G6, 1 % worse than original", (worse, 1.0), TOO_LOW, TRUTH),
    )


HARMFUL = Case("harmful, +.3 on exact", (0.3, 1.0), TRUTH, TRUTH)
REPAIRS = tuple(Case(f"repairs {error:g}", TRUTH, (-error, 1.0), (-error, 1.0)) for error in (0.5, 1.0))


@dataclass(frozen=True)
class Accepts:
    """Shares of years: accepted at the first attempt, and at any."""

    first: Share
    year: Share


def accepts(plan: ChangePlan, case: Case, runs: int, seed: list[int]) -> Accepts:
    """Simulate years of one site under a plan."""
    rng = np.random.default_rng(seed)
    accepted = [_year(rng, plan, case) for _ in range(runs)]
    first, ever = sum(one[:1] == [True] for one in accepted), sum(any(one) for one in accepted)
    return Accepts(Share(first, runs), Share(ever, runs))


def _year(rng: np.random.Generator, plan: ChangePlan, case: Case) -> list[bool]:
    """Whether each attempt of the year was accepted; an accept ends the year."""
    used, ends = 0, list[bool]()
    for attempt in range(1, len(plan.evaluation.attempt_alpha) + 1):
        verdict, rows = _attempt(rng, plan, case, attempt)
        used += rows
        if used > NIGHTS * STUDIES:
            break
        ends.append(verdict == "accept")
        if ends[-1]:
            break
    return ends


def _attempt(rng: np.random.Generator, plan: ChangePlan, case: Case, attempt: int) -> tuple[str, int]:
    """The verdict and the rows it took, whole nights of them."""
    events = plan.evaluation.looks.events
    nights = math.ceil((events[-1] + 5 * math.sqrt(events[-1])) / (PREVALENCE * STUDIES))
    truth, outcome = calibrated_night(rng, nights * STUDIES, PREVALENCE, AREA)
    lengths = look_rows(ValidationRows(truth, outcome), STUDIES, events, plan.evaluation.minimum_patients)
    bounds = bounds_of(plan, attempt)
    used = nights * STUDIES
    for length, bound in zip(lengths, bounds, strict=True):
        if length is None:
            break
        maps = (mapped(line, truth[:length]) for line in (case.candidate, case.last_deployed, case.original))
        evidence = Evidence(outcome[:length], patients(length), *maps)
        used = length
        verdict = judge(plan.evaluation.criteria, evidence, bound.nominal_alpha).verdict
        if verdict != "insufficient":
            return verdict, length
    return "insufficient", used


def alphas(plan: ChangePlan) -> tuple[float, float]:
    """What the first attempt and all of them may spend."""
    spent = plan.evaluation.attempt_alpha
    return spent[0], math.fsum(spent)


PLANS = {"strict": STRICT, "benefit-first": BENEFIT_FIRST, "strict, looks at 350 and 500": TWO_LOOKS}


def wrong_of(name: str) -> tuple[Case, ...]:
    """Margins that the plan promises not to accept beyond: what is not demonstrated promises nothing."""
    on_margin = margins()
    return on_margin if name != "benefit-first" else (on_margin[0], on_margin[3])
