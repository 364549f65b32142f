"""Subgroups named beforehand: harmed, certified, or not powered to say. Never "no difference"."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from monitor.intervals import normal_quantile
from monitor.logistic import log_loss
from monitor.plan.condition import And, Comparison, Condition, Not
from monitor.records import BoolArray, FloatArray
from monitor.validation.evidence import Evidence

POWER = 0.8
SubgroupStatus = Literal["certified", "harmed", "not_powered", "not_certified", "not_evaluable"]


@dataclass(frozen=True)
class SubgroupResult:
    """One subgroup with what its studies showed.

    Attributes:
        n, n_pos: Studies, and those with the outcome.
        value: Log loss of the calibrator in use minus the candidate's, per study.
        bound: Lower bound of the value at the certification's alpha.
        half_width: Of that bound.
        margin: Loss that is tolerated, a negative number.
        p_harm: One-sided p-value of a loss beyond the margin, before Holm.
        needed_n: Studies at which a candidate without any effect here would be certified with power .8.
    """

    name: str
    n: int
    n_pos: int
    value: float | None
    bound: float | None
    half_width: float | None
    margin: float | None
    p_harm: float | None
    status: SubgroupStatus
    needed_n: int | None

    def as_record(self) -> dict[str, Any]:
        """The ledger's form."""
        return asdict(self)

    @property
    def words(self) -> str:
        """The claim as it is printed."""
        return {
            "certified": "certified",
            "harmed": "harmed",
            "not_powered": f"not powered to certify (needs n={self.needed_n})",
            "not_certified": "not certified: powered, and the bound does not clear the margin",
            "not_evaluable": "not evaluable",
        }[self.status]


def member(condition: Condition, covariates: Mapping[str, Any]) -> BoolArray:
    """Which studies lie in a subgroup; one whose covariate is missing lies in none it would decide.

    Args:
        condition: Checked against the declared covariates.
        covariates: By name, shape (n,): floats with NaN, or texts with None where a value is missing.

    Returns:
        Shape (n,).

    Example:
        >>> from monitor.plan.condition import parse
        >>> age = np.array([30.0, 50.0, np.nan])
        >>> member(parse("not age < 40"), {"age": age}).tolist()
        [False, True, False]
    """
    return _truth(condition, covariates)[0]


def _truth(condition: Condition, covariates: Mapping[str, Any]) -> tuple[BoolArray, BoolArray]:
    """(surely true, surely false): what rests on a missing value is neither."""
    if isinstance(condition, Comparison):
        return _compared(condition, covariates[condition.name])
    if isinstance(condition, Not):
        yes, no = _truth(condition.part, covariates)
        return no, yes
    parts = [_truth(part, covariates) for part in condition.parts]
    yes, no = [part[0] for part in parts], [part[1] for part in parts]
    if isinstance(condition, And):
        return np.logical_and.reduce(yes), np.logical_or.reduce(no)
    return np.logical_or.reduce(yes), np.logical_and.reduce(no)


def _compared(comparison: Comparison, values: Any) -> tuple[BoolArray, BoolArray]:
    numbers = isinstance(comparison.values[0], float)
    known = ~np.isnan(values) if numbers else np.array([value is not None for value in values], dtype=bool)
    first = comparison.values[0]
    holds: BoolArray
    if comparison.operator in ("=", "!=", "in"):
        holds = np.isin(values, comparison.values) if numbers else _among(values, comparison.values)
        holds = ~holds if comparison.operator == "!=" else holds
    else:
        order = {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal}
        holds = order[comparison.operator](values, first)
    return known & holds, known & ~holds


def _among(values: Any, wanted: Sequence[Any]) -> BoolArray:
    return np.array([value in wanted for value in values], dtype=bool)


def assess_subgroups(
    members: Mapping[str, BoolArray], evidence: Evidence, margin_relative: float, alpha: float
) -> tuple[SubgroupResult, ...]:
    """Every subgroup of the plan on the validation rows.

    Claims of harm share alpha by Holm, claims of no harm by Bonferroni, over all subgroups of the plan:
    one that cannot be evaluated keeps its share.

    Args:
        members: Rows of each subgroup, by name, shape (n,).
        evidence: Validation rows.
        margin_relative: Loss that is tolerated, as a share of the subgroup's log loss, negative.
        alpha: One-sided, of all subgroups together.

    Returns:
        One result per subgroup, in order.

    References:
        Holm (1979), Scand J Stat 6:65-70.
    """
    z = normal_quantile(1.0 - alpha / max(1, len(members)))
    measured = [_measured(name, evidence.where(rows), margin_relative) for name, rows in members.items()]
    p_values = [1.0 if found is None else found[3] for _, found in measured]
    harmed = holm(p_values, alpha)
    return tuple(_result(part, found, z, harm) for (part, found), harm in zip(measured, harmed, strict=True))


Measured = tuple[float, float, float, float]


def _measured(name: str, rows: Evidence, margin_relative: float) -> tuple[SubgroupResult, Measured | None]:
    """(the subgroup as yet without a claim, (difference, its error, margin, p of harm))."""
    from scipy.special import ndtr

    positives = int(rows.outcome.sum())
    empty = (None, None, None, None, None)
    part = SubgroupResult(name, rows.n, positives, *empty, "not_evaluable", None)
    if rows.events == 0:
        return part, None
    losses = log_loss(rows.last_deployed, rows.outcome)
    difference: FloatArray = losses - log_loss(rows.candidate, rows.outcome)
    value, error = rows.mean(difference)
    if error <= 0.0 or not math.isfinite(error):
        return part, None
    margin = margin_relative * rows.mean(losses)[0]
    return part, (value, error, margin, float(ndtr((value - margin) / error)))


def _result(part: SubgroupResult, found: Measured | None, z: float, harmed: bool) -> SubgroupResult:
    if found is None:
        return part
    value, error, margin, p_harm = found
    half_width = z * error
    powered_at = math.ceil(part.n * ((z + normal_quantile(POWER)) * error / margin) ** 2)
    status: SubgroupStatus = "not_powered"
    if harmed:
        status = "harmed"
    elif value - half_width > margin:
        status = "certified"
    elif powered_at <= part.n:
        status = "not_certified"
    needed = powered_at if status == "not_powered" else None
    numbers = (value, value - half_width, half_width, margin, p_harm)
    return SubgroupResult(part.name, part.n, part.n_pos, *numbers, status, needed)


def holm(p_values: Sequence[float], alpha: float) -> list[bool]:
    """Which hypotheses Holm's step-down procedure rejects.

    Example:
        .01 meets .05/3 and .02 meets .05/2, but .06 does not meet .05.

        >>> holm([0.02, 0.06, 0.01], 0.05)
        [True, False, True]
    """
    order = sorted(range(len(p_values)), key=lambda position: p_values[position])
    rejected = [False] * len(p_values)
    for rank, position in enumerate(order):
        if p_values[position] > alpha / (len(p_values) - rank):
            break
        rejected[position] = True
    return rejected
