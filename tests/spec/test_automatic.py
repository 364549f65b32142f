"""Automatic implementation: only with complete numeric guardrails, and on record as a service's act."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from monitor.errors import PlanError
from monitor.operation.evidence.verify import verify
from monitor.operation.night import nightly
from monitor.operation.reading.status import status
from monitor.plan import load
from monitor.registry import read_chain
from tests.evidence import COMPLETE_ON, DECIDED_ON, PLAN, Scene, bound, deliver, shifted, undrawn

RAILS = "{slope: [0.2, 5.0], maximum_probability_change: 0.9, maximum_alert_change: 9.0}"
AUTOMATIC = f"""implementation: automatic
    maximum_per_year: 4
    minimum_interval_days: 2
    guardrails: {RAILS}
"""


def automatic(rails: str = RAILS) -> dict[str, str]:
    return {"implementation: manual\n": AUTOMATIC.replace(RAILS, rails)}


def text_of(edits: dict[str, str]) -> str:
    text = PLAN.read_text(encoding="utf-8")
    for old, new in edits.items():
        assert old in text
        text = text.replace(old, new)
    return text


def lived(folder: Path, edits: dict[str, str]) -> Scene:
    """Every night run by the product alone; nobody signs anything."""
    with undrawn():
        scene = bound(folder, shifted("Harbour"), edits=edits)
        deliver(scene, 0, DECIDED_ON)
        deliver(scene, DECIDED_ON, COMPLETE_ON)
    return scene


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return lived(tmp_path_factory.mktemp("automatic"), automatic())


def entries(scene: Scene, kind: str) -> list[dict[str, Any]]:
    return [entry.body for entry in read_chain(scene.path / "ledger.jsonl") if entry.kind == kind]


def test_an_accepted_change_is_deployed_the_night_it_is_accepted(scene: Scene) -> None:
    change = status(scene.path)["changes"][0]
    assert (change["verdict"], change["state"], change["automatic"]) == ("accept", "deployed", True)
    (implemented,), (deployed,) = entries(scene, "implemented"), entries(scene, "deployed")
    verdict = next(body for body in entries(scene, "verdict") if body["change"] == implemented["change"])
    assert deployed["night"] == verdict["validation"]["matured_by"]
    assert not deployed["simulated"]


def test_the_record_names_the_service_and_no_person(scene: Scene) -> None:
    (implemented,) = entries(scene, "implemented")
    assert implemented["by"] == "pccp-monitor"
    assert not entries(scene, "approval")
    assert implemented["envelope"]["violations"] == []


def test_the_dossier_says_that_no_person_approved(scene: Scene) -> None:
    folder = scene.path / "dossiers" / "CHG-0001"
    assert (
        json.loads((folder / "dossier.json").read_text())["approvals"]["implemented"]["by"] == "pccp-monitor"
    )
    assert "no person approved this change" in (folder / "dossier.html").read_text()


def test_it_is_derived_again(scene: Scene) -> None:
    assert verify(scene.path).derived > 0


def test_the_night_again_changes_nothing(scene: Scene) -> None:
    before = (scene.path / "ledger.jsonl").read_bytes()
    nightly(scene.path, scene.made.complete_on, key_file=scene.key)
    assert (scene.path / "ledger.jsonl").read_bytes() == before


def test_one_outside_a_guardrail_is_rejected_and_never_deployed(tmp_path: Path) -> None:
    """The shift needs probabilities to move by more than the two percent allowed here."""
    tight = "{slope: [0.2, 5.0], maximum_probability_change: 0.02, maximum_alert_change: 9.0}"
    scene = lived(tmp_path, automatic(tight))
    (verdict,) = entries(scene, "verdict")
    assert verdict["verdict"] == "reject"
    assert any("guardrails" in reason for reason in verdict["reasons"])
    assert not entries(scene, "implemented")
    assert not entries(scene, "deployed")


@pytest.mark.parametrize(
    ("line", "named"),
    [
        (f"    guardrails: {RAILS}\n", "guardrails.slope"),
        ("    maximum_per_year: 4\n", "maximum_per_year"),
        ("    minimum_interval_days: 2\n", "minimum_interval_days"),
        ("      rollback: {to: last_approved}\n", "update_procedures.0.rollback"),
    ],
)
def test_a_plan_without_one_of_its_bounds_is_refused(tmp_path: Path, line: str, named: str) -> None:
    text = text_of(automatic())
    assert line in text
    (tmp_path / "plan.yaml").write_text(text.replace(line, ""), encoding="utf-8")
    with pytest.raises(PlanError, match=f"automatic implementation without .*{named}"):
        load(tmp_path / "plan.yaml")


@pytest.mark.parametrize("name", ["slope", "maximum_probability_change", "maximum_alert_change"])
def test_a_guardrail_without_a_number_is_refused(tmp_path: Path, name: str) -> None:
    numbers = {"slope": "[0.2, 5.0]", "maximum_probability_change": "0.9", "maximum_alert_change": "9.0"}
    kept = ", ".join(f"{key}: {value}" for key, value in numbers.items() if key != name)
    (tmp_path / "plan.yaml").write_text(text_of(automatic(f"{{{kept}}}")), encoding="utf-8")
    with pytest.raises(PlanError, match=f"guardrails.{name}"):
        load(tmp_path / "plan.yaml")
