"""Accept only what the rows prove; reject what they refute; otherwise say what is missing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from monitor.logistic import expit
from monitor.plan.model import Criterion
from monitor.validation import Evidence, judge

CRITERION: TypeAdapter[Criterion] = TypeAdapter(Criterion)
G1 = {"id": "G1", "metric": "log_loss_difference", "against": "last_deployed", "bound": "lower", "limit": 0.0}
G2 = {"id": "G2", "metric": "observed_expected_ratio", "interval": "two_one_sided", "limits": (0.8, 1.25)}
G3 = {"id": "G3", "metric": "calibration_slope", "interval": "two_one_sided", "limits": (0.75, 1.33)}
G6 = {
    "id": "G6",
    "metric": "log_loss_difference",
    "against": "original",
    "bound": "lower",
    "margin_relative": -0.01,
}


def criteria(*pairs: tuple[dict[str, Any], str]) -> tuple[Criterion, ...]:
    return tuple(CRITERION.validate_python({**spec, "require": require}) for spec, require in pairs)


STRICT = criteria((G1, "demonstrated"), (G2, "demonstrated"), (G3, "demonstrated"), (G6, "demonstrated"))
BENEFIT_FIRST = criteria(
    (G1, "demonstrated"), (G2, "not_contradicted"), (G3, "not_contradicted"), (G6, "demonstrated")
)


def evidence(seed: int, n: int, truth: float, candidate: float, deployed: float = 0.0) -> Evidence:
    """Studies whose log-odds are x + truth, judged for a map x + candidate against x + deployed."""
    rng = np.random.default_rng(seed)
    x = rng.normal(-1.5, 1.4, n)
    outcome = (rng.random(n) < expit(x + truth)).astype(float)
    who = np.array([f"p{k}" for k in range(n)], dtype=object)
    return Evidence(outcome, who, x + candidate, x + deployed, x)


def test_a_right_candidate_with_enough_rows_is_accepted() -> None:
    judgement = judge(STRICT, evidence(1, 6000, 0.8, 0.8), 0.025)
    assert judgement.verdict == "accept"
    assert judgement.z == pytest.approx(1.959964, abs=1e-6)


def test_the_same_candidate_with_few_rows_is_insufficient_and_says_how_many() -> None:
    judgement = judge(STRICT, evidence(1, 250, 0.8, 0.8), 0.025)
    assert judgement.verdict == "insufficient"
    assert judgement.needed_events is not None
    assert judgement.needed_events > 60
    assert "would do" in " ".join(judgement.reasons)


def test_a_harmful_candidate_is_rejected() -> None:
    judgement = judge(BENEFIT_FIRST, evidence(2, 3000, 0.0, 1.0), 0.025)
    assert judgement.verdict == "reject"
    assert any("G1" in reason and "contradicted" in reason for reason in judgement.reasons)


def test_benefit_first_accepts_where_strict_still_waits() -> None:
    rows = evidence(3, 500, -1.2, -1.2)
    assert judge(BENEFIT_FIRST, rows, 0.025).verdict == "accept"
    assert judge(STRICT, rows, 0.025).verdict == "insufficient"


def test_nothing_to_demonstrate_is_refused() -> None:
    with pytest.raises(ValueError, match="demonstrated"):
        judge(criteria((G2, "not_contradicted")), evidence(1, 100, 0, 0), 0.025)
    with pytest.raises(ValueError, match="demonstrated"):
        judge((), evidence(1, 100, 0, 0), 0.025)


def test_one_class_is_no_evidence() -> None:
    rows = evidence(4, 200, 0.0, 0.0)
    alike = Evidence(np.zeros(200), rows.patient, rows.candidate, rows.last_deployed, rows.original)
    judgement = judge(STRICT, alike, 0.025)
    assert judgement.verdict != "accept"
    assert {result.criterion.id: result.status for result in judgement.results}["G3"] == "insufficient"


def test_observed_expected_counts_the_rarer_class() -> None:
    """With 90 % events a ratio of events could never leave the limits; that of non-events does."""
    rng = np.random.default_rng(5)
    x = rng.normal(2.5, 0.5, 4000)
    outcome = (rng.random(4000) < expit(x)).astype(float)
    who = np.array([f"p{k}" for k in range(4000)], dtype=object)
    rows = Evidence(outcome, who, x - 0.8, x, x)
    found = judge(criteria((G1, "demonstrated"), (G2, "demonstrated")), rows, 0.025).results[1]
    assert found.status == "contradicted"
    assert found.estimate.value is not None
    assert found.estimate.value < 0.65
    assert found.estimate.events == int(4000 - outcome.sum())


def test_an_identical_candidate_never_demonstrates_a_benefit() -> None:
    judgement = judge(
        criteria((G1, "demonstrated"), (G6, "demonstrated")), evidence(6, 5000, 0.5, 0.0), 0.025
    )
    assert judgement.results[0].status != "demonstrated"
    assert judgement.verdict == "insufficient"


def test_repeated_rows_of_one_patient_are_not_more_evidence() -> None:
    rows = evidence(7, 400, 0.8, 0.8)
    twice = Evidence(
        *(
            np.repeat(item, 4)
            for item in (rows.outcome, rows.patient, rows.candidate, rows.last_deployed, rows.original)
        )
    )
    once, repeated = judge(STRICT, rows, 0.025), judge(STRICT, twice, 0.025)
    for first, second in zip(once.results, repeated.results, strict=True):
        assert first.standard_error == pytest.approx(second.standard_error, rel=1e-9)


def test_at_the_margin_a_wrong_accept_is_at_most_alpha() -> None:
    """The candidate is exactly as good as the deployed map: mirrored errors of +d and -d."""
    rng = np.random.default_rng(8)
    accepted, runs = 0, 600
    plan = criteria((G1, "demonstrated"))
    for _ in range(runs):
        x = rng.choice([-0.3, 0.3], 400)
        outcome = (rng.random(400) < 0.5).astype(float)
        who = np.arange(400).astype(str).astype(object)
        accepted += judge(plan, Evidence(outcome, who, x, -x, -x), 0.05).verdict == "accept"
    assert accepted / runs <= 0.05 + 3 * (0.05 * 0.95 / runs) ** 0.5


def test_the_anchor_is_the_original_even_when_the_last_version_is_worse() -> None:
    """Better than a bad live version, yet worse than the original: not accepted."""
    judgement = judge(STRICT, evidence(9, 6000, 0.0, 0.5, deployed=1.2), 0.025)
    by_id = {result.criterion.id: result.status for result in judgement.results}
    assert by_id["G1"] == "demonstrated"
    assert by_id["G6"] == "contradicted"
    assert judgement.verdict == "reject"
