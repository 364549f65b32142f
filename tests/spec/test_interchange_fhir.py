"""Logs from FHIR R4 bundles: what becomes a row, what is refused, and that no message names a patient."""

from __future__ import annotations

import copy
import csv
import json
import random
import re
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from flows import cli
from monitor.errors import UsageError
from monitor.interchange import COLUMNS, Conversion, Mapping, convert, read_mapping
from monitor.interchange.strict_json import MOST_BYTES, MOST_DEPTH
from tests.build_plan import make_plan
from tests.ingesting import Desk

EXAMPLES = Path(__file__).resolve().parents[1] / "interchange" / "examples"
BUNDLE, MAPPING = EXAMPLES / "bundle.json", EXAMPLES / "fhir.yaml"
SCORED, READ, COMPONENTS, REPORT = 4, 5, 7, 8
"""Entries of the example: a device's observation, a person's, a device's with components, a report."""
FINDING = "pneumothorax"
ACCESSION, UCUM = "http://example.org/accession", "http://unitsofmeasure.org"
Edit = Callable[[list[dict[str, Any]]], None]


@pytest.fixture
def bundle() -> dict[str, Any]:
    return json.loads(BUNDLE.read_text())


@cache
def mapping() -> Mapping:
    return read_mapping(MAPPING)


def converted(folder: Path, content: object, role: Any = "predictions") -> Conversion:
    file = folder / "bundle.json"
    file.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return convert("fhir", [file], mapping(), role)


def edited(folder: Path, edit: Edit, role: Any = "predictions") -> Conversion:
    """The example's conversion after an edit of its resources."""
    content = json.loads(BUNDLE.read_text())
    edit([entry["resource"] for entry in content["entry"]])
    return converted(folder, content, role)


def run(*arguments: object) -> int:
    return cli.run([str(argument) for argument in arguments])


def test_a_device_s_observation_is_a_prediction_and_a_person_s_an_outcome() -> None:
    predictions = convert("fhir", [BUNDLE], mapping(), "predictions")
    assert [list(row.values()) for row in predictions.rows] == [
        ["A1", "P1", "North", FINDING, "2026-03-01T08:05:00+01:00", "m1", "0.31"],
        ["A2", "P1", "North", FINDING, "2026-03-02T09:05:00+01:00", "m1", "0.071"],
    ]
    outcomes = convert("fhir", [BUNDLE], mapping(), "outcomes")
    assert [list(row.values()) for row in outcomes.rows] == [
        ["A1", "North", FINDING, "1", "2026-03-04T12:00:00+01:00", "unknown"],
        ["A2", "North", FINDING, "0", "2026-03-02T16:00:00+01:00", "aware"],
    ]
    assert not predictions.refused
    assert not outcomes.refused
    assert (predictions.set_aside, outcomes.set_aside) == (1, 2)


def test_a_converted_file_is_ingested_as_any_log_and_its_identifiers_stay_outside(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = make_plan(
        findings=[{"id": FINDING}],
        logs__predictions__time_precision="second",
        logs__predictions__columns__finding="finding",
        logs__outcomes__columns__finding="finding",
        logs__outcomes__columns__ai_influence="ai_influence",
        logs__outcomes__constants={"label_source": "pathology", "label_version": "1"},
        logs__covariates=[],
    )
    desk = Desk(tmp_path, plan)
    for role, stored in (("predictions", 2), ("outcomes", 2)):
        out = tmp_path / f"{role}.csv"
        assert run("convert", "fhir", BUNDLE, "--mapping", MAPPING, "--to", role, "--out", out) == 0
        assert out.stat().st_mode & 0o777 == 0o600
        report = desk.ingest(out)
        assert (report.role, report.rows_read, report.stored) == (role, stored, stored)
    assert desk.query("SELECT site, finding, round(score, 3) FROM predictions ORDER BY line") == [
        ("North", FINDING, 0.31),
        ("North", FINDING, 0.071),
    ]
    assert desk.query("SELECT outcome, ai_influence FROM outcomes ORDER BY line") == [
        (1, "unknown"),
        (0, "aware"),
    ]
    kept = desk.query("SELECT DISTINCT patient, study FROM predictions")
    assert not {"P1", "A1", "A2"} & {value for row in kept for value in row}
    shown = capsys.readouterr()
    assert "P1" not in shown.out + shown.err


@pytest.mark.parametrize(
    ("entry", "edit", "reason"),
    [
        (SCORED, {"subject": None}, "missing_subject"),
        (SCORED, {"subject": {"reference": "Patient/none"}}, "missing_patient"),
        (SCORED, {"subject": "Patient/1"}, "wrong_type"),
        (SCORED, {"status": "preliminary"}, "not_final"),
        (SCORED, {"status": "entered-in-error"}, "not_final"),
        (SCORED, {"status": ["final"]}, "not_final"),
        (SCORED, {"code": {"coding": [{"system": "s", "code": "c"}]}}, "unknown_code"),
        (SCORED, {"code": {"text": "Pneumothorax"}}, "unknown_code"),
        (SCORED, {"device": {"reference": "Device/none"}}, "missing_device"),
        (SCORED, {"derivedFrom": None}, "missing_study"),
        (SCORED, {"identifier": [{"system": ACCESSION, "value": "B"}]}, "ambiguous_study"),
        (SCORED, {"performer": [{"display": "Elsewhere"}]}, "unknown_site"),
        (SCORED, {"performer": None}, "missing_site"),
        (SCORED, {"issued": None}, "missing_time"),
        (SCORED, {"issued": "2026-02-30T08:00:00Z"}, "unusable_time"),
        (SCORED, {"issued": "March 2026"}, "unusable_time"),
        (SCORED, {"issued": 20260301}, "wrong_type"),
        (SCORED, {"valueQuantity": None}, "missing_score"),
        (SCORED, {"valueQuantity": {"value": "0.3", "code": "1"}}, "wrong_type"),
        (SCORED, {"valueQuantity": {"value": True}}, "wrong_type"),
        (SCORED, {"valueQuantity": {"value": 0.3}}, "unknown_unit"),
        (SCORED, {"valueQuantity": {"value": 0.3, "system": UCUM, "code": "mm"}}, "unknown_unit"),
        (SCORED, {"valueQuantity": {"value": 31, "system": UCUM, "code": "1"}}, "score_out_of_range"),
        (SCORED, {"valueQuantity": {"value": 0.3, "comparator": "<"}}, "score_with_comparator"),
        (COMPONENTS, {"component": ["x"]}, "wrong_type"),
    ],
)  # fmt: skip
def test_a_prediction_that_is_not_certain_is_refused_with_its_reason(
    tmp_path: Path, entry: int, edit: dict[str, Any], reason: str
) -> None:
    def change(resources: list[dict[str, Any]]) -> None:
        for key, value in edit.items():
            resources[entry].pop(key, None)
            if value is not None:
                resources[entry][key] = value

    found = edited(tmp_path, change)
    assert dict(found.reasons) == {reason: 1}
    assert found.refused[0].position.startswith(f"entry[{entry}].resource")
    assert found.read == 2


@pytest.mark.parametrize(
    ("names", "versions", "reason"),
    [
        (["Other"], ["m1"], "unknown_model"),
        ([["PTX Detector"]], ["m1"], "unknown_model"),
        (["PTX Detector"], [], "missing_version"),
        (["PTX Detector"], ["m1", "m2"], "ambiguous_version"),
    ],
)
def test_only_a_named_model_with_one_version_predicts(
    tmp_path: Path, names: list[Any], versions: list[str], reason: str
) -> None:
    def change(resources: list[dict[str, Any]]) -> None:
        resources[2]["deviceName"] = [{"name": name} for name in names]
        resources[2]["version"] = [{"value": value} for value in versions]

    assert dict(edited(tmp_path, change).reasons) == {reason: 2}


def test_a_score_may_stand_in_the_extension_that_the_mapping_names(tmp_path: Path) -> None:
    def change(resources: list[dict[str, Any]]) -> None:
        resources[SCORED].pop("valueQuantity")
        resources[SCORED]["extension"] = [{"url": "http://example.org/probability", "valueDecimal": 0.42}]

    assert edited(tmp_path, change).rows[0]["score"] == "0.42"


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        ({"valueCodeableConcept": {"coding": [{"system": "s", "code": "maybe"}]}}, "unknown_code"),
        ({"valueCodeableConcept": {"text": "Present"}}, "unknown_code"),
        ({"valueBoolean": True}, "wrong_type"),
        ({"status": "preliminary"}, "not_final"),
    ],
)
def test_an_outcome_is_never_guessed(tmp_path: Path, edit: dict[str, Any], reason: str) -> None:
    found = edited(tmp_path, lambda resources: resources[READ].update(edit), "outcomes")
    assert dict(found.reasons) == {reason: 1}
    assert len(found.rows) == 1


def test_two_answers_at_once_are_none(tmp_path: Path) -> None:
    def change(resources: list[dict[str, Any]]) -> None:
        snomed = "http://snomed.info/sct"
        resources[READ]["valueCodeableConcept"]["coding"].append({"system": snomed, "code": "2667000"})
        resources[REPORT]["conclusionCode"].append({"coding": [{"system": snomed, "code": "36118008"}]})

    found = edited(tmp_path, change, "outcomes")
    assert dict(found.reasons) == {"contradictory_codes": 3}
    assert not found.rows


def test_indeterminate_is_an_empty_cell_and_no_negative(tmp_path: Path) -> None:
    coding = [{"system": "http://snomed.info/sct", "code": "82334004"}]
    found = edited(
        tmp_path,
        lambda resources: resources[READ].update({"valueCodeableConcept": {"coding": coding}}),
        "outcomes",
    )
    assert found.rows[0]["outcome"] == ""


def test_a_device_s_present_never_becomes_an_outcome(tmp_path: Path) -> None:
    def change(resources: list[dict[str, Any]]) -> None:
        resources[READ]["device"] = resources[SCORED]["device"]

    found = edited(tmp_path, change, "outcomes")
    assert [row["study_id"] for row in found.rows] == ["A2"]
    assert found.set_aside == 3


def test_a_report_that_says_nothing_is_refused(tmp_path: Path) -> None:
    def change(resources: list[dict[str, Any]]) -> None:
        del resources[REPORT]["conclusionCode"], resources[REPORT]["result"]

    assert dict(edited(tmp_path, change, "outcomes").reasons) == {"no_conclusion_code": 1}


def test_two_resources_with_one_name_are_no_reference(tmp_path: Path, bundle: dict[str, Any]) -> None:
    bundle["entry"].append(copy.deepcopy(bundle["entry"][0]))
    assert dict(converted(tmp_path, bundle).reasons) == {"missing_patient": 2}


HOSTILE: list[tuple[bytes, str]] = [
    (b"", "invalid_json"),
    (b"\xff{}", "invalid_utf8"),
    (b"[" * 100_000, "nested_too_deeply"),
    (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested_too_deeply"),
    (b'"' + b'\\"' * 500_000, "invalid_json"),
    (b'{"resourceType": "Bundle", "resourceType": "Bundle"}', "duplicate_key"),
    (b'{"resourceType": "Bundle", "total": NaN}', "invalid_json"),
    (b'{"resourceType": "Bundle", "total": ' + b"9" * 5_000 + b"}", "number_too_long"),
    (b'{"resourceType": "Bundle", "total": 1e99999999999999999999}', "invalid_json"),
    (b'{"resourceType": "Patient"}', "not_a_bundle"),
    (b"[]", "not_a_bundle"),
    (b'{"resourceType": "Bundle", "entry": {}}', "wrong_type"),
    (b'{"resourceType": "Bundle", "entry": [null]}', "wrong_type"),
    (b'{"resourceType": "Bundle", "entry": [{"resource": []}]}', "wrong_type"),
    (b" " * (MOST_BYTES + 1), "file_too_large"),
]


@pytest.mark.parametrize(("content", "reason"), HOSTILE, ids=[str(i) for i in range(len(HOSTILE))])
def test_a_file_that_cannot_be_read_is_one_refused_row(tmp_path: Path, content: bytes, reason: str) -> None:
    found = converted(tmp_path, content)
    assert [(item.position, item.reason) for item in found.refused] == [("file", reason)]
    assert found.read == 1


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1E+999999", "-0.0001", "1.0000001"])
def test_a_huge_or_impossible_number_is_no_score(tmp_path: Path, number: str) -> None:
    found = converted(tmp_path, BUNDLE.read_text().replace('"value": 0.31', f'"value": {number}').encode())
    assert dict(found.reasons) == {"score_out_of_range": 1}


@pytest.mark.parametrize("text", ["\u0007", "a\nb", "\ud800", "x" * 201, "\u202e1A"])
def test_an_identifier_that_no_log_line_can_hold_is_refused(tmp_path: Path, text: str) -> None:
    def change(resources: list[dict[str, Any]]) -> None:
        resources[0]["identifier"][0]["value"] = text

    assert dict(edited(tmp_path, change).reasons) == {"unusable_text": 2}


def test_script_and_formula_text_stay_one_cell(tmp_path: Path) -> None:
    hostile = '<script>alert(1)</script>,"=1+1"'
    content = BUNDLE.read_text().replace('"value": "A1"', f'"value": {json.dumps(hostile)}')
    (tmp_path / "b.json").write_text(content)
    out = tmp_path / "out.csv"
    assert (
        run("convert", "fhir", tmp_path / "b.json", "--mapping", MAPPING, "--to", "predictions", "--out", out)
        == 0
    )
    with out.open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [row["study_id"] for row in rows] == [hostile, "A2"]
    assert list(rows[0]) == list(COLUMNS["predictions"])


def test_a_wrong_type_anywhere_is_refused_and_never_a_fault_of_the_program(tmp_path: Path) -> None:
    """Every value of the example in turn, and pairs at random, become each kind of wrong value."""
    source, odd = json.loads(BUNDLE.read_text()), [None, True, 7, "x", [], {}, [[]], [{}], {"a": [1]}]
    places = list(_places(source))
    chooser = random.Random(7)
    jobs = [[place] for place in places] + [chooser.sample(places, 2) for _ in range(200)]
    for job in jobs:
        content = copy.deepcopy(source)
        for holder_path, key in job:
            try:
                holder: Any = content
                for step in holder_path:
                    holder = holder[step]
                holder[key] = copy.deepcopy(chooser.choice(odd))
            except (KeyError, IndexError, TypeError):
                continue
        for role in ("predictions", "outcomes"):
            found = converted(tmp_path, content, role)
            assert all(row["finding"] == FINDING for row in found.rows)


def _places(value: Any, path: tuple[Any, ...] = ()) -> Any:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield path, key
        yield from _places(inner, (*path, key))


def test_refusals_are_kept_with_place_and_reason_and_no_message_names_a_patient(
    tmp_path: Path, bundle: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    secret = "MRN-SECRET-4711"
    for entry in bundle["entry"]:
        resource = entry["resource"]
        for item in resource.get("identifier", []):
            item["value"] = f"{secret}{item['value']}"
    bundle["entry"][READ]["resource"]["valueCodeableConcept"] = {"text": secret}
    bundle["entry"][SCORED]["resource"]["issued"] = secret
    file, out = tmp_path / "bundle.json", tmp_path / "out.csv"
    file.write_text(json.dumps(bundle))
    arguments = ["convert", "fhir", file, "--mapping", MAPPING, "--to", "predictions", "--out", out]
    assert run(*arguments) == 0
    side = tmp_path / "out.csv.refused"
    assert [json.loads(line) for line in side.read_text().splitlines()] == [
        {"file": str(file), "position": "entry[4].resource", "reason": "unusable_time"}
    ]
    assert side.stat().st_mode & 0o777 == 0o600
    assert run(*arguments) == 2
    shown = capsys.readouterr()
    assert "2 items read = 1 converted + 1 refused" in shown.out
    assert secret not in shown.out + shown.err + side.read_text()
    assert secret in out.read_text()


def test_nothing_converted_is_no_success(tmp_path: Path) -> None:
    (tmp_path / "b.json").write_text("{}")
    arguments = ["convert", "fhir", tmp_path / "b.json", "--mapping", MAPPING, "--to", "outcomes"]
    assert run(*arguments, "--out", tmp_path / "o.csv") == 11


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("format: 1", "format: 2", "format"),
        ("format: 1", "format: 1\nguess: true", "guess"),
        ("format: 1", "format: 1\nformat: 1", "occurs twice"),
        ("format: 1", "format: 1\nsite: North", "expected either site"),
        ("|2667000", "|52101004", "two meanings"),
        ("|36118008", "36118008", "codes"),
        ("example.org/conclusions|no-pneumothorax", "snomed.info/sct|36118008", "two meanings"),
    ],
)
def test_a_mapping_with_a_fault_is_refused_by_name(tmp_path: Path, old: str, new: str, message: str) -> None:
    file = tmp_path / "m.yaml"
    text = MAPPING.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    with pytest.raises(UsageError, match=message):
        read_mapping(file)


def test_refusals_never_lie_in_an_inbox(tmp_path: Path) -> None:
    (tmp_path / "inbox").mkdir()
    out = tmp_path / "inbox" / "p.csv"
    arguments = ["convert", "fhir", BUNDLE, "--mapping", MAPPING, "--to", "predictions", "--out", out]
    assert run(*arguments) == 2
    assert run(*arguments, "--refused", tmp_path / "refused") == 0
    assert [path.name for path in (tmp_path / "inbox").iterdir()] == ["p.csv"]


def test_the_commands_of_the_documentation_run(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (repository / "docs" / "interchange.md").read_text()
    commands = re.findall(r"^pccp (convert fhir .*)$", text, re.MULTILINE)
    shutil.copytree(EXAMPLES, tmp_path / "tests" / "interchange" / "examples")
    monkeypatch.chdir(tmp_path)
    assert [run(*command.split()) for command in commands] == [0, 0]


def test_columns_and_limits_of_the_documentation_are_the_program_s(repository: Path) -> None:
    text = " ".join((repository / "docs" / "interchange.md").read_text().split())
    for columns in COLUMNS.values():
        assert ", ".join(columns) in text
    assert f"{MOST_BYTES // 2**20} MiB, JSON {MOST_DEPTH} levels" in text
