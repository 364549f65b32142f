"""Criteria at the operating point, on discrimination and on the Brier score: bounds known by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError
from scipy.stats import binom, norm, t

from monitor.plan.model import Criterion
from monitor.validation import CriterionResult, Evidence, judge
from monitor.validation.criteria import assess

CRITERION: TypeAdapter[Criterion] = TypeAdapter(Criterion)
Z = float(norm.isf(0.05))


def criterion(**body: Any) -> Criterion:
    return CRITERION.validate_python({"id": "G", "bound": "lower", **body})


def floor(metric: str, limit: float) -> Criterion:
    return criterion(metric=metric, at="operating_point", limit=limit)


def rows(outcome: list[int], flagged: list[int] | None, patients: int | None = None) -> Evidence:
    n = len(outcome)
    who = np.array([f"p{k % (patients or n)}" for k in range(n)], dtype=object)
    x = np.linspace(-1, 1, n)
    hit = None if flagged is None else np.array(flagged, dtype=bool)
    return Evidence(np.array(outcome, dtype=float), who, x, x, x, 1 / (1 + np.exp(-x)), hit)


def of(item: Criterion, evidence: Evidence) -> CriterionResult:
    return assess(item, evidence, Z)


def test_sensitivity_is_bounded_by_clopper_and_pearson() -> None:
    """17 of 20 found: the bound L solves P(Bin(20, L) >= 17) = .05."""
    found = of(floor("sensitivity", 0.5), rows([1] * 20 + [0] * 10, [1] * 17 + [0] * 13))
    assert found.estimate.value == 0.85
    assert binom.sf(16, 20, found.estimate.low) == pytest.approx(0.05, abs=1e-9)
    assert binom.cdf(17, 20, found.estimate.high) == pytest.approx(0.05, abs=1e-9)
    assert found.status == "demonstrated"


@pytest.mark.parametrize(
    ("metric", "share"), [("sensitivity", 3 / 4), ("specificity", 5 / 6), ("ppv", 3 / 4), ("npv", 5 / 6)]
)
def test_each_proportion_counts_its_own_studies(metric: str, share: float) -> None:
    """Of four with the outcome three are flagged, of six without it one."""
    evidence = rows([1, 1, 1, 1, 0, 0, 0, 0, 0, 0], [1, 1, 1, 0, 1, 0, 0, 0, 0, 0])
    assert of(floor(metric, 0.5), evidence).estimate.value == pytest.approx(share)


def test_an_alert_rate_has_a_ceiling() -> None:
    item = CRITERION.validate_python(
        {"id": "G7", "metric": "alert_rate", "at": "operating_point", "bound": "upper", "limit": 0.3}
    )
    few, many = [1] * 10 + [0] * 90, [1] * 60 + [0] * 40
    assert of(item, rows([1, 0] * 50, few)).status == "demonstrated"
    refuted = of(item, rows([1, 0] * 50, many))
    assert (refuted.status, refuted.low_limit, refuted.as_record()["limit"]) == ("contradicted", None, 0.3)


def test_repeated_studies_of_a_patient_are_no_more_evidence() -> None:
    once = rows([1] * 20, [1] * 17 + [0] * 3)
    again = rows([1] * 60, ([1] * 17 + [0] * 3) * 3, patients=20)
    bounds = [of(floor("sensitivity", 0.5), item).estimate.low for item in (once, again)]
    assert bounds[0] == pytest.approx(bounds[1], abs=1e-9)


def test_an_empty_stratum_is_never_a_pass() -> None:
    """Lessons 11: a public gate reported recall 1.0 for a class without cases."""
    for item, evidence in (
        (floor("sensitivity", 0.01), rows([0] * 30, [1] * 30)),
        (floor("ppv", 0.01), rows([1] * 30, [0] * 30)),
        (criterion(metric="auc", limit=0.01), rows([0] * 30, [0] * 30)),
    ):
        found = of(item, evidence)
        assert (found.status, found.estimate.value, found.met) == ("insufficient", None, False)
        assert judge((item,), evidence, 0.05).verdict == "insufficient"


def test_a_candidate_without_a_threshold_passes_nothing_at_the_operating_point() -> None:
    found = of(floor("sensitivity", 0.01), rows([1, 0] * 20, None))
    assert found.status == "insufficient"
    assert "no threshold" in found.estimate.method


def test_the_area_under_a_strictly_increasing_calibrator_is_rank_identical() -> None:
    """The paired difference is exactly 0 with error 0: nothing is divided by it."""
    evidence = rows([0, 1, 0, 1, 1, 0, 1, 1], None)
    moved = Evidence(
        evidence.outcome,
        evidence.patient,
        3 * evidence.candidate - 2,
        evidence.last_deployed,
        evidence.original,
        evidence.score,
    )
    found = of(criterion(metric="auc", against="original", margin=-0.03), moved)
    assert (found.estimate.value, found.standard_error, found.status) == (0.0, 0.0, "demonstrated")
    assert found.estimate.method.startswith("rank-identical")


def test_a_map_that_reverses_the_order_is_contradicted() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=400)
    outcome = (rng.random(400) < 1 / (1 + np.exp(-2 * x))).astype(float)
    who = np.arange(400).astype(str).astype(object)
    evidence = Evidence(outcome, who, -x, x, x, 1 / (1 + np.exp(-x)))
    found = of(criterion(metric="auc", against="original", margin=-0.03), evidence)
    assert found.status == "contradicted"


def test_the_bound_of_an_area_is_delongs_on_the_logit_scale_with_t() -> None:
    """Placements of 1, 1/2, 1/2 and 1 make the area 3/4 and DeLong's variance 1/8 / 2 + 1/8 / 2."""
    evidence = rows([0, 1, 0, 1], None)
    found = of(criterion(metric="auc", limit=0.01), evidence)
    error = np.sqrt(0.125 / 2 + 0.125 / 2)
    assert found.standard_error == pytest.approx(error)
    half = t.isf(0.05, 1) * error / (0.75 * 0.25)
    assert found.estimate.low == pytest.approx(1 / (1 + np.exp(-(np.log(3) - half))))


def test_the_brier_score_saved_is_the_mean_paired_difference() -> None:
    """A probability of 3/4 in the right direction costs 1/16, of 1/2 always 1/4: 3/16 are saved."""
    right = np.log(3) * np.array([1.0, -1, 1, -1])
    outcome, who = np.array([1.0, 0, 1, 0]), np.array(list("abcd"), dtype=object)
    evidence = Evidence(outcome, who, right, np.zeros(4), np.zeros(4))
    item = criterion(metric="brier_score_difference", against="last_deployed", limit=0.1)
    found = of(item, evidence)
    assert found.estimate.value == pytest.approx(3 / 16)
    assert found.standard_error == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(
    "body",
    [
        {"metric": "auc"},
        {"metric": "auc", "limit": 0.8, "against": "original", "margin": -0.03},
        {"metric": "auc", "margin": -0.03},
        {"metric": "auc", "limit": 0.8, "against": "original"},
        {"metric": "sensitivity", "limit": 0.8},
        {"metric": "sensitivity", "at": "operating_point"},
    ],
)
def test_a_criterion_says_exactly_what_its_bound_must_meet(body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        criterion(**body)
