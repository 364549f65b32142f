"""What each criterion of a plan needs at a site when the candidate is exactly right."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from monitor.intervals import normal_quantile
from monitor.plan import ChangePlan
from monitor.plan.model import AreaCriterion, Criterion, LossCriterion, RatioCriterion
from monitor.rehearsal.candidates import (
    CANDIDATES,
    Proposal,
    Volume,
    draw_validation,
    evidence_of,
    given,
    look_rows,
    patients,
    rows_for,
)
from monitor.rehearsal.closed_forms import (
    POWER,
    auc_variance,
    gain_of_right_map,
    least_events,
    one_sided_power,
    ratio_test,
    slope_test,
    two_one_sided_power,
)
from monitor.rehearsal.sites import SiteProfile
from monitor.validation import Evidence
from monitor.validation.criteria import assess

SIMULATED_RUNS = 200
LADDER = tuple(round(25 * 2 ** (step / 2)) for step in range(17))
"""Events that are tried one after another where there is no formula: 25 to 6,400."""
MOST_ROWS = 10**7


@dataclass(frozen=True)
class Needed:
    """Studies of the rarer class for 80 % power of one criterion.

    Attributes:
        criterion, metric, require: Of the plan. `not_contradicted` passes with fewer.
        events: To demonstrate it; None when no number does.
        method: How the number was found.
    """

    criterion: str
    metric: str
    require: str
    events: int | None
    method: str

    def as_record(self) -> dict[str, Any]:
        """The form of `--json`."""
        return asdict(self)


def needed(plan: ChangePlan, criterion: Criterion, site: SiteProfile, alpha: float, seed: int) -> Needed:
    """Events at which a perfect candidate meets a criterion with probability .8.

    Args:
        plan: For its operating point.
        criterion: Of the plan.
        site: Its prevalence and AUC.
        alpha: One-sided, of the last look.
        seed: Of the simulation, where there is no formula.
    """
    form = CLOSED_FORMS.get(criterion.metric)
    if form is None:
        rng = np.random.default_rng(
            [seed, zlib.crc32(repr(site).encode()), zlib.crc32(criterion.id.encode())]
        )
        events, method = _simulated(rng, plan, criterion, site, alpha), f"simulation, {SIMULATED_RUNS} runs"
    else:
        events, method = least_events(form(criterion, site, alpha)), "closed form"
    return Needed(criterion.id, criterion.metric, criterion.require, events, method)


def _log_loss_power(criterion: LossCriterion, site: SiteProfile, alpha: float) -> Callable[[float], float]:
    gain = gain_of_right_map(CANDIDATES[0].error, site)
    limit = criterion.limit if criterion.limit is not None else (criterion.margin_relative or 0.0) * gain.loss
    return lambda events: one_sided_power(gain.mean - limit, gain.variance, events, alpha)


def _ratio_power(criterion: RatioCriterion, site: SiteProfile, alpha: float) -> Callable[[float], float]:
    return lambda events: two_one_sided_power(ratio_test(criterion.limits, site), events, alpha)


def _slope_power(criterion: RatioCriterion, site: SiteProfile, alpha: float) -> Callable[[float], float]:
    test = slope_test(criterion.limits, site)
    return lambda events: two_one_sided_power(test, events, alpha)


def _area_power(criterion: AreaCriterion, site: SiteProfile, alpha: float) -> Callable[[float], float]:
    """A margin against the original is met from the start, because no recalibration moves a rank."""
    if criterion.limit is None:
        return lambda _: 1.0
    distance = math.log(site.auc / (1.0 - site.auc)) - math.log(criterion.limit / (1.0 - criterion.limit))
    variance = auc_variance(site)
    return lambda events: one_sided_power(distance, variance, events, alpha)


CLOSED_FORMS: dict[str, Callable[[Any, SiteProfile, float], Callable[[float], float]]] = {
    "log_loss_difference": _log_loss_power,
    "observed_expected_ratio": _ratio_power,
    "calibration_slope": _slope_power,
    "auc": _area_power,
}


def _simulated(
    rng: np.random.Generator, plan: ChangePlan, criterion: Criterion, site: SiteProfile, alpha: float
) -> int | None:
    """The first rung of the ladder at which .8 of the runs demonstrate the criterion."""
    proposal, z = given(plan, CANDIDATES[0]), normal_quantile(1.0 - alpha)
    for events in LADDER:
        drawn = (_evidence(rng, site, events, proposal) for _ in range(SIMULATED_RUNS))
        shown = sum(assess(criterion, evidence, z).status == "demonstrated" for evidence in drawn)
        if shown >= POWER * SIMULATED_RUNS:
            return events
    return None


def _evidence(rng: np.random.Generator, site: SiteProfile, events: int, proposal: Proposal) -> Evidence:
    """Rows until so many of the rarer class have come; all of those drawn in the rare run that lacks some."""
    rows = draw_validation(rng, rows_for(events, 1, Volume(1, 0, MOST_ROWS), site), site, CANDIDATES[0])
    (length,) = look_rows(rows, 1, (events,), 1)
    used = rows.first(length or len(rows.x))
    return evidence_of(used, patients(len(used.x)), proposal)
