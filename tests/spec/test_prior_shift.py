"""The prior shift: prevalence moved and nothing else, counted from outcomes before and after."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from monitor.calibration import Before, Policy, PriorUnknownError, choose
from monitor.calibration.prior_shift import prior_shift
from monitor.calibrators import calibrated_log_odds, straight_line
from monitor.errors import PlanError
from monitor.logistic import logit
from monitor.operation.evidence.verify import verify
from monitor.plan import load
from monitor.records import IDENTITY
from monitor.registry import read_chain
from monitor.simulation import Scenario
from tests.evidence import PLAN, Scene, bound, replayed, undrawn

POLICY = Policy(("platt", "prior_shift"), closed_test=50, before=Before(2000, 100, 50))
LATE = Scenario(
    "Harbour",
    "intercept",
    "A shift after three weeks.",
    "Accepted.",
    90.0,
    0.2,
    intercept_shift=1.6,
    change_share=24 / 70,
)


def test_it_is_bayes_rule_for_another_prevalence() -> None:
    """A calibrated map at 5 % gives the posterior at 20 % when only the prior odds change."""
    weighed = Before(2000, 100, 50)
    moved = prior_shift(np.repeat([1.0, 0.0], [200, 800]), IDENTITY, weighed, ()).calibrator("v1")
    score = np.array([0.01, 0.3, 0.9])
    odds = score / (1 - score) * (0.2 / 0.8) / (0.05 / 0.95)
    assert calibrated_log_odds(moved, logit(score)) == pytest.approx(np.log(odds))


def test_the_closed_test_calls_for_it_in_place_of_an_intercept() -> None:
    rng = np.random.default_rng(4)
    outcome = (rng.random(3000) < 0.2).astype(float)
    d = 1.466
    x = math.log(0.05 / 0.95) + rng.normal((outcome - 0.5) * d**2, d)
    who = np.arange(3000).astype(str).astype(object)
    found = choose(x, outcome, who, IDENTITY, POLICY)
    fitted = choose(x, outcome, who, IDENTITY)
    assert (found.kind, fitted.kind) == ("prior_shift", "intercept")
    assert found.steps == fitted.steps
    assert found.parameters["intercept"] == pytest.approx(fitted.parameters["intercept"], abs=0.2)


def test_its_variance_is_that_of_both_prevalences() -> None:
    current = straight_line("v1", "platt", 0.3, 0.9, ((0.02, -0.01), (-0.01, 0.03)))
    moved = prior_shift(np.repeat([1.0, 0.0], [50, 150]), current, Before(1000, 100, 50), ())
    variance = 200 / (50 * 150) + 1000 / (100 * 900)
    assert moved.covariance[0][0] == pytest.approx(0.02 + variance)
    assert moved.covariance[1] == (-0.01, 0.03)
    assert moved.parameters["slope"] == 0.9


@pytest.mark.parametrize("before", [Before(0, 0, 1), Before(5000, 49, 50)])
def test_an_unknown_prevalence_before_is_no_prevalence(before: Before) -> None:
    with pytest.raises(PriorUnknownError, match="before the change is not known well enough"):
        prior_shift(np.array([0.0, 1.0]), IDENTITY, before, ())


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [("[intercept, platt]", "[intercept, prior_shift]", "both move the intercept")],
)
def test_a_plan_says_which_way_the_intercept_moves(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = PLAN.read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "plan.yaml").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(PlanError, match=message):
        load(tmp_path / "plan.yaml")


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    edits = {"[intercept, platt]": "[prior_shift, platt]"}
    with undrawn():
        return replayed(bound(tmp_path_factory.mktemp("prior"), LATE, nights=70, edits=edits))


def bodies(scene: Scene, kind: str) -> list[dict[str, Any]]:
    return [entry.body for entry in read_chain(scene.path / "ledger.jsonl") if entry.kind == kind]


def test_a_night_freezes_it_with_the_counts_it_rests_on(scene: Scene) -> None:
    frozen = bodies(scene, "candidate_frozen")[0]
    assert frozen["candidate"]["kind"] == "prior_shift"
    opened = bodies(scene, "change_opened")[0]
    before = frozen["prior_shift"]["before"]
    assert before["positives"] > 100
    now, then = frozen["fit"]["prevalence"], before["positives"] / before["known"]
    moved = math.log(now / (1 - now)) - math.log(then / (1 - then))
    assert frozen["candidate"]["parameters"]["intercept"] == pytest.approx(moved)
    assert opened["fit_from"] > "2026-01-01"


def test_it_is_derived_again(scene: Scene) -> None:
    assert verify(scene.path).derived > 0
