"""A key or value whose engine does not exist yet is refused as such: never ignored, never a typing error."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.plan import check

DATED = (Path(__file__).parents[2] / "change_plans" / "chest_xray_pneumothorax.yaml").read_text(
    encoding="utf-8"
)
EVALUATION = "modification_protocol.performance_evaluation.0"
DATA = "modification_protocol.data_management.0"

ADDED_KEYS = {
    f"{DATA}.sequestration": ("    - id: D1", "      sequestration: {rows_validate_once: true}"),
}

CHANGED_VALUES = {
    "description_of_modifications.0.scope": ("scope: local", "scope: global"),
    "description_of_modifications.0.implementation": ("implementation: manual", "implementation: both"),
    "description_of_modifications.0.type": ("type: quantitative_performance", "type: inputs"),
    "modification_protocol.retraining.0.trigger.stream": ("{stream: calibration}", "{stream: prevalence}"),
    f"{EVALUATION}.criteria.2.metric": ("metric: calibration_slope", "metric: average_precision"),
    "modification_protocol.update_procedures.0.relabel_previous_patients": (
        "relabel_previous_patients: false",
        "relabel_previous_patients: true",
    ),
    "modification_protocol.update_procedures.0.deploy_to.0": ("[proposing_site]", "[all_sites]"),
    "monitoring.label_streams.studies_per_patient": (
        "{studies_per_patient: first",
        "{studies_per_patient: all",
    ),
    "modification_protocol.update_procedures.0.rollback.when": (
        "rollback: {to: last_approved}",
        "rollback: {to: last_approved, when: [floor_breach]}",
    ),
    "device.original_calibrator": ("original_calibrator: identity", "original_calibrator: platt"),
}


def only_unavailable(folder: Path, text: str, key: str) -> None:
    path = folder / "plan.yaml"
    path.write_text(text, encoding="utf-8")
    faults = check(path)
    assert [fault.key for fault in faults] == [key], "\n".join(map(str, faults))
    assert "not available in this version" in faults[0].message
    assert key.rsplit(".", 1)[-1].isdigit() or key.rsplit(".", 1)[-1] in text.splitlines()[faults[0].line - 1]


@pytest.mark.parametrize("key", ADDED_KEYS)
def test_a_key_without_an_engine_is_refused(key: str, tmp_path: Path) -> None:
    after, line = ADDED_KEYS[key]
    assert after in DATED
    only_unavailable(tmp_path, DATED.replace(after, f"{after}\n{line}", 1), key)


@pytest.mark.parametrize("key", CHANGED_VALUES)
def test_a_value_without_an_engine_is_refused(key: str, tmp_path: Path) -> None:
    old, new = CHANGED_VALUES[key]
    assert old in DATED
    only_unavailable(tmp_path, DATED.replace(old, new, 1), key)


@pytest.mark.parametrize(
    "name", ["data_management", "retraining", "performance_evaluation", "update_procedures"]
)
def test_a_second_item_of_the_protocol_is_refused(name: str, tmp_path: Path) -> None:
    start = DATED.index(f"  {name}:\n")
    end = next(
        position
        for position in range(start + 4, len(DATED))
        if DATED[position - 1] == "\n"
        and DATED[position : position + 4].strip()
        and DATED[position + 2] != " "
    )
    body = DATED[start:end].split("\n", 1)[1].rstrip("\n") + "\n"
    text = DATED[: start + len(f"  {name}:\n")] + body + body + "\n" + DATED[end:]
    only_unavailable(tmp_path, text, f"modification_protocol.{name}.1")


def test_a_second_modification_is_refused(tmp_path: Path) -> None:
    start, end = DATED.index("  - id: M1"), DATED.index("modification_protocol:")
    second = DATED[start:end].rstrip() + "\n"
    text = DATED[:start] + second + second.replace("M1", "M2") + "\n" + DATED[end:]
    only_unavailable(tmp_path, text, "description_of_modifications.1")
