"""The shipped plans pass their own check, say what the issue asks, and carry a schema that is current."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import pytest

from monitor.plan import ChangePlan, check, load, schema
from monitor.plan.model import LossCriterion, RatioCriterion

ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / "change_plans").glob("*.yaml"))
OTHERS = sorted((ROOT / "tests" / "plans").glob("*.yaml"))
REAL = {
    "ist_stroke": "ist_stroke",
    "ist_stroke_strict": "ist_stroke",
    "lidc_nodule": "lidc_ct_vendor",
    "uci_heart": "uci_heart",
    "chop_all": "chop_covid_testing",
    "chop_sites": "chop_covid_testing",
}


def plan_of(name: str) -> ChangePlan:
    return load(next(path for path in [*SHIPPED, *OTHERS] if path.stem == name)).plan


def required(plan: ChangePlan) -> dict[str, str]:
    return {criterion.id: criterion.require for criterion in plan.evaluation.criteria}


@pytest.mark.parametrize("path", [*SHIPPED, *OTHERS], ids=lambda path: path.stem)
def test_a_shipped_plan_has_no_fault(path: Path) -> None:
    assert [str(fault) for fault in check(path)] == []


@pytest.mark.parametrize("path", [*SHIPPED, *OTHERS], ids=lambda path: path.stem)
def test_the_first_line_names_the_schema_for_editors(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    named = first.removeprefix("# yaml-language-server: $schema=")
    assert (path.parent / named).resolve() == ROOT / "change_plans" / "plan.schema.json"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_lines_fit_a_screen(path: Path) -> None:
    assert max(map(len, path.read_text(encoding="utf-8").splitlines())) <= 120


def test_the_five_plans_are_shipped() -> None:
    names = "chest_xray_pneumothorax ist_stroke ist_stroke_strict lidc_nodule template"
    assert [path.stem for path in SHIPPED] == names.split()


def test_the_schema_file_is_current() -> None:
    kept = json.loads((ROOT / "change_plans" / "plan.schema.json").read_text(encoding="utf-8"))
    assert kept == schema(), "write it anew: pccp plan schema > change_plans/plan.schema.json"


def test_every_key_of_the_schema_is_described() -> None:
    definitions = schema()["$defs"]
    bare = [
        f"{name}.{key}"
        for name, definition in definitions.items()
        for key, content in definition.get("properties", {}).items()
        if not content.get("description")
    ]
    assert bare == []
    assert len(definitions) > 30


def test_the_benefit_first_plan_demonstrates_the_benefit_only() -> None:
    plan = plan_of("ist_stroke")
    demonstrated, open_ended = "demonstrated", "not_contradicted"
    assert required(plan) == {"G1": demonstrated, "G2": open_ended, "G3": open_ended, "G6": demonstrated}
    assert (plan.retraining.events_for.closed_test, plan.evaluation.looks.events) == (50, (100,))
    assert (plan.data.maturity_days, plan.monitoring.horizon_looks) == (183, 65)
    assert plan.evaluation.attempt_alpha[0] == 0.025


def test_the_strict_plan_differs_in_what_it_demands_only() -> None:
    strict, first = plan_of("ist_stroke_strict"), plan_of("ist_stroke")
    assert set(required(strict).values()) == {"demonstrated"}
    assert (strict.retraining.events_for.closed_test, strict.evaluation.looks.events) == (100, (200,))
    assert strict.logs == first.logs
    assert strict.monitoring == first.monitoring
    assert strict.data == first.data


@pytest.mark.parametrize("path", [*SHIPPED, *OTHERS], ids=lambda path: path.stem)
def test_every_plan_holds_the_same_limits(path: Path) -> None:
    for criterion in load(path).plan.evaluation.criteria:
        if isinstance(criterion, RatioCriterion):
            slope = criterion.metric == "calibration_slope"
            assert criterion.limits == ((0.75, 1.33) if slope else (0.8, 1.25))
        if isinstance(criterion, LossCriterion):
            original = criterion.against == "original"
            assert (criterion.limit, criterion.margin_relative) == (
                (None, -0.01) if original else (0.0, None)
            )


def test_no_shipped_plan_claims_an_authorization_or_holds_a_key() -> None:
    for path in SHIPPED:
        plan = load(path).plan
        assert plan.plan.authorization.status == "none"
        assert not any(role.keys for role in plan.approvals)


@pytest.mark.data
@pytest.mark.parametrize("name", REAL)
def test_the_plan_names_columns_that_the_real_files_have(name: str) -> None:
    folder = Path(os.environ.get("PCCP_DATA", ROOT.parent / "shared" / "data")) / REAL[name]
    if not folder.is_dir():
        if os.environ.get("PCCP_REQUIRE_ALL"):
            pytest.fail("the real data are required and absent")
        pytest.skip("the real data are not beside the repository; PCCP_DATA may name their place")
    logs = plan_of(name).logs
    predictions, outcomes = (header(folder / f"{role}.csv") for role in ("predictions", "outcomes"))
    named = {value for value in logs.predictions.columns.model_dump().values() if value}
    assert named | {covariate.column or covariate.name for covariate in logs.covariates} <= predictions
    assert {value for value in logs.outcomes.columns.model_dump().values() if value} <= outcomes


def header(path: Path) -> set[str]:
    with path.open(encoding="utf-8", newline="") as handle:
        return set(next(csv.reader(handle)))
