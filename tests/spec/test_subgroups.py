"""Subgroups are named beforehand, judged by their own bounds, and never called "no difference"."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from monitor.operation.attempt.judging import evidence_of, overrule
from monitor.plan.condition import LONGEST, And, Comparison, ConditionError, Not, Or, parse
from monitor.plan.subgroups import subgroups
from monitor.records import IDENTITY, Place, Rows
from monitor.validation import Evidence, assess_subgroups, envelope, member
from tests.build_plan import make_plan

AGE = Comparison("age", "<", (40.0,))
SEX = Comparison("sex", "=", ("F",))
RULE = {
    "harm": {"metric": "log_loss_difference", "margin_relative": -0.05},
    "multiplicity": "holm",
    "certify_with": "bonferroni",
}


def evidence(candidate: list[float], outcome: list[int], repeat: int = 1) -> Evidence:
    x = np.tile(np.array(candidate), repeat)
    who = np.arange(len(x)).astype(str).astype(object)
    return Evidence(
        np.tile(np.array(outcome, dtype=float), repeat), who, x, np.zeros(len(x)), np.zeros(len(x))
    )


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("age < 40", AGE),
        ("sex = 'F' and age < 40", And((SEX, AGE))),
        ("sex = 'F' or age < 40 and age < 40", Or((SEX, And((AGE, AGE))))),
        ("not (sex = 'F' or age < 40)", Not(Or((SEX, AGE)))),
        ("view in ('PA', 'AP')", Comparison("view", "in", ("PA", "AP"))),
        ("age != -1.5", Comparison("age", "!=", (-1.5,))),
    ],
)
def test_a_condition_is_read_into_a_tree(text: str, tree: Any) -> None:
    assert parse(text) == tree


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "at the end: expected the name"),
        ("age", "at the end: expected a comparison"),
        ("age < ", "at the end: expected a number or a 'text'"),
        ("age < 40 kvp > 60", "at character 10: expected 'and', 'or' or the end"),
        ("__import__('os')", "at character 1: expected a name"),
        ("age < 40; DROP TABLE predictions", "at character 9: expected a name"),
        ("(age < 40", "at the end: expected ')'"),
        ("age in ()", "at character 9: expected a number"),
        ("40 < age", "at character 1: expected the name"),
        ("(" * 30 + "age < 1" + ")" * 30, "more than 20"),
        ("age < 1 or " * 100 + "age < 1", f"longer than {LONGEST}"),
    ],
)
def test_anything_else_is_refused_with_its_place(text: str, told: str) -> None:
    with pytest.raises(ConditionError) as refusal:
        parse(text)
    assert told in str(refusal.value)


def test_a_missing_value_puts_a_study_in_no_subgroup_it_would_decide() -> None:
    values = {
        "age": np.array([30.0, 50.0, np.nan, np.nan]),
        "sex": np.array(["F", "F", "F", None], dtype=object),
    }
    for text, expected in (
        ("age < 40", [True, False, False, False]),
        ("not age < 40", [False, True, False, False]),
        ("age < 40 or sex = 'F'", [True, True, True, False]),
        ("not (age < 40 and sex = 'M')", [True, True, True, False]),
        ("sex != 'M'", [True, True, True, False]),
        ("sex in ('F', 'M') and age >= 50", [False, True, False, False]),
    ):
        assert member(parse(text), values).tolist() == expected, text


def test_a_covariate_stands_for_each_of_its_levels() -> None:
    plan = make_plan(
        {"logs": {"subgroups": ["view", {"name": "old_ap", "where": "view = 'AP' and age >= 65"}]}},
        modification_protocol__performance_evaluation__0__subgroups=RULE,
    )
    assert [item.name for item in subgroups(plan)] == ["view = PA", "view = AP", "old_ap"]


def test_a_subgroup_known_by_hand() -> None:
    """Of four studies three gain ln 2 - ln 4/3 = .4055 and one loses ln 4 - ln 2 = .6931.

    The mean is .1308; the squared deviations sum to .9052, so the error is sqrt(.9052) / 4 = .2379.
    """
    sure = math.log(3)
    rows = evidence([sure, sure, -sure, sure], [1, 1, 0, 0])
    (found,) = assess_subgroups({"all": np.ones(4, dtype=bool)}, rows, -0.05, 0.05)
    assert found.value == pytest.approx(0.1308, abs=5e-5)
    assert found.half_width == pytest.approx(norm.isf(0.05) * 0.2379, abs=5e-4)
    assert found.bound == pytest.approx(found.value - found.half_width)
    assert found.margin == pytest.approx(-0.05 * math.log(2))
    assert found.p_harm == pytest.approx(norm.cdf((0.1308 + 0.03466) / 0.2379), abs=1e-3)
    assert found.status == "not_powered"
    needed = 4 * ((norm.isf(0.05) + norm.isf(0.2)) * 0.23786 / 0.0346574) ** 2
    assert found.needed_n == pytest.approx(needed, rel=0.001)
    assert found.words == f"not powered to certify (needs n={found.needed_n})"


def test_an_empty_or_one_class_stratum_is_not_evaluable() -> None:
    """Lessons 11: nothing seen is never a pass."""
    rows = evidence([1.0, -1.0, 1.0, -1.0], [1, 0, 1, 1], repeat=50)
    members = {"nobody": np.zeros(200, dtype=bool), "positives": rows.outcome == 1}
    found = assess_subgroups(members, rows, -0.05, 0.05)
    assert [item.status for item in found] == ["not_evaluable", "not_evaluable"]
    assert [item.words for item in found] == ["not evaluable", "not evaluable"]
    assert (found[0].n, found[1].n, found[1].n_pos) == (0, 150, 150)


def test_harm_and_certification_share_alpha_over_all_subgroups_of_the_plan() -> None:
    helped = evidence([1.0, -1.0], [1, 0], repeat=60)
    rows = Evidence(
        np.concatenate([helped.outcome, np.tile([1.0, 0, 1, 0, 1], 24)]),
        np.arange(240).astype(str).astype(object),
        np.concatenate([helped.candidate + np.tile([0.0, 0.1], 60), np.tile([-1.0, 1, -1, 1, 1], 24)]),
        np.zeros(240),
        np.zeros(240),
    )
    first = np.arange(240) < 120
    alone = assess_subgroups({"first": first}, rows, -0.05, 0.05)[0]
    found = assess_subgroups(
        {"first": first, "second": ~first, "nobody": np.zeros(240, dtype=bool)}, rows, -0.05, 0.05
    )
    assert [item.status for item in found] == ["certified", "harmed", "not_evaluable"]
    assert found[0].half_width is not None
    assert alone.half_width is not None
    ratio = norm.isf(0.05 / 3) / norm.isf(0.05)
    assert found[0].half_width / alone.half_width == pytest.approx(ratio)


def rows_of(score: np.ndarray, outcome: np.ndarray) -> Rows:
    n = len(score)
    text = np.array(["x"] * n, dtype=object)
    studies = np.arange(n).astype(str).astype(object)
    day = np.array(["2026-01-01"] * n, dtype="datetime64[D]")
    return Rows(
        Place("A", "lesion"), text, studies, studies, day, score, outcome, text, np.zeros(n, dtype=bool)
    )


def change(intercept: float) -> Any:
    moved = {"intercept": intercept, "slope": 1.0}
    candidate = {**IDENTITY.as_record(), "version": "v1", "kind": "intercept", "parameters": moved}
    opened = {"last_deployed": IDENTITY.as_record(), "original": IDENTITY.as_record()}
    return SimpleNamespace(candidate={"candidate": candidate}, opened=opened)


def looked(plan: Any, intercept: float) -> dict[str, Any]:
    """A look at studies whose score is right for the first half and too low by 1.5 for the second."""
    rng = np.random.default_rng(4)
    x = rng.normal(0, 1, 1200)
    late = np.arange(1200) >= 600
    outcome = (rng.random(1200) < 1 / (1 + np.exp(-(x + 1.5 * late)))).astype(float)
    view = np.where(late, "AP", "PA").astype(object)
    store = SimpleNamespace(covariates=lambda _: {"view": view, "age": np.full(1200, 50.0)})
    workspace: Any = SimpleNamespace(loaded=SimpleNamespace(plan=plan), store=store)
    body: dict[str, Any] = {"verdict": "accept", "reasons": ["every criterion of the plan is met"]}
    rows = rows_of(1 / (1 + np.exp(-x)), outcome)
    overrule(workspace, change(intercept), rows, evidence_of(change(intercept), rows, None), body)
    return body


def test_a_harmed_subgroup_rejects_whatever_the_criteria_say() -> None:
    plan = make_plan(
        {"logs": {"subgroups": ["view"]}},
        modification_protocol__performance_evaluation__0__subgroups=RULE,
    )
    body = looked(plan, 1.5)
    assert body["verdict"] == "reject"
    assert body["reasons"] == ["subgroup view = PA is harmed"]
    assert [item["status"] for item in body["subgroups"]] == ["harmed", "certified"]


def test_a_candidate_outside_the_guardrails_is_rejected_with_that_reason() -> None:
    plan = make_plan(
        description_of_modifications__0__guardrails={"slope": [0.5, 2.0], "maximum_probability_change": 0.2}
    )
    body = looked(plan, 1.5)
    assert body["verdict"] == "reject"
    assert len(body["reasons"]) == 1
    assert body["reasons"][0].startswith("outside the plan's guardrails: a probability changes by 0.358")
    assert looked(plan, 0.5)["verdict"] == "accept"


def test_the_envelope_known_by_hand() -> None:
    """Slope 2 doubles log-odds of +-ln 3: 3/4 becomes 9/10, so .15; alerts go from one to two."""
    x = math.log(3) * np.array([-1.0, 1.0])
    flagged, before = np.array([True, True]), np.array([False, True])
    rows = Evidence(np.array([0.0, 1]), np.array(["a", "b"], dtype=object), 2 * x, x, x, None, flagged)
    rails = make_plan(
        description_of_modifications__0__guardrails={"slope": [0.5, 1.9], "maximum_alert_change": 0.5}
    ).modification.guardrails
    assert rails is not None
    found = envelope(rails, rows, x, before)
    assert (found.slope, found.alert_change) == (pytest.approx(2.0), pytest.approx(1.0))
    assert found.probability_change == pytest.approx(0.15)
    assert len(found.violations) == 2
    assert "cannot be computed" in envelope(rails, rows, x, None).violations[1]
