"""Accept, reject or insufficient: an intersection-union test over the plan's criteria."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.intervals import normal_quantile
from monitor.plan.model import Criterion
from monitor.records import VerdictName
from monitor.validation.criteria import assess
from monitor.validation.evidence import CriterionResult, Evidence


@dataclass(frozen=True)
class Judgement:
    """The verdict of one look with everything it rests on.

    Attributes:
        verdict: accept, reject or insufficient.
        reasons: One sentence per criterion that is not met; a statement of what was met on accept.
        results: One per criterion of the plan, in its order.
        alpha: One-sided error probability of each criterion at this look.
        z: Its standard normal quantile.
        needed_events: Rarer-class studies at which every unmet criterion would clear if the estimates
            stayed; None when nothing is missing or no number would do.
    """

    verdict: VerdictName
    reasons: tuple[str, ...]
    results: tuple[CriterionResult, ...]
    alpha: float
    z: float
    needed_events: int | None


def judge(criteria: tuple[Criterion, ...], evidence: Evidence, alpha: float) -> Judgement:
    """One look at a frozen candidate.

    Every criterion is tested at the full alpha: a candidate is accepted only when all are met, so a
    wrong accept needs a wrong answer of the one criterion that should have stopped it.

    Args:
        criteria: Of the plan, at least one of them required to be demonstrated.
        evidence: Validation rows.
        alpha: One-sided, of the attempt.

    Returns:
        The judgement. Accept when every criterion is met; reject when one is contradicted;
        insufficient otherwise.

    Raises:
        ValueError: No criterion has to be demonstrated, so that absence of evidence could pass.

    References:
        Berger (1982), Technometrics 24:295-300, for the intersection-union test.
    """
    if not any(criterion.require == "demonstrated" for criterion in criteria):
        raise ValueError("at least one criterion must have to be demonstrated")
    z = normal_quantile(1.0 - alpha)
    results = tuple(assess(criterion, evidence, z) for criterion in criteria)
    contradicted = [result for result in results if result.status == "contradicted"]
    unmet = [result for result in results if not result.met]
    if contradicted:
        return Judgement("reject", _sentences(contradicted), results, alpha, z, None)
    if unmet:
        return Judgement("insufficient", _sentences(unmet), results, alpha, z, _needed(unmet))
    return Judgement("accept", ("every criterion of the plan is met",), results, alpha, z, None)


def _needed(unmet: list[CriterionResult]) -> int | None:
    needs = [result.needed_events for result in unmet]
    return None if any(need is None for need in needs) else max(need for need in needs if need is not None)


def _sentences(results: list[CriterionResult]) -> tuple[str, ...]:
    return tuple(_sentence(result) for result in results)


def _sentence(result: CriterionResult) -> str:
    """A criterion's finding in words a person can act on."""
    criterion, estimate = result.criterion, result.estimate
    name = f"{criterion.id} ({criterion.metric.replace('_', ' ')})"
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return f"{name}: no estimate, {estimate.method}"
    found = f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"
    if result.high_limit is None:
        limit = f"above {result.low_limit:.3f}"
    elif result.low_limit is None:
        limit = f"below {result.high_limit:.3f}"
    else:
        limit = f"inside {result.low_limit:.3f} to {result.high_limit:.3f}"
    word = {"contradicted": "is contradicted", "insufficient": "has no estimate"}.get(
        result.status, "is not demonstrated"
    )
    need = (
        "" if result.needed_events is None else f"; about {result.needed_events} of the rarer class would do"
    )
    return f"{name} {word}: {found} must lie {limit}{need}"
