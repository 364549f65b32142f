"""Logs from structured reports of TID 1500, made with highdicom: what becomes a row, and what is refused."""

from __future__ import annotations

import importlib.util
import json
import random
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from flows import cli
from monitor.interchange import Conversion, Mapping, convert, read_mapping
from monitor.interchange.sr_tree import MOST_DEPTH
from tests.build_plan import make_plan
from tests.conftest import missing
from tests.ingesting import Desk
from tests.interchange import reports

EXAMPLES = reports.EXAMPLES
MAPPING = EXAMPLES / "dicom.yaml"
FINDING = "pneumothorax"
PREDICTION = {
    "study_id": "A1",
    "patient_id": "P1",
    "site": "North",
    "finding": FINDING,
    "predicted_at": "2026-03-01T08:05:00+01:00",
    "model_version": "m1",
    "score": "0.31",
}
OUTCOME = {
    "study_id": "A1",
    "site": "North",
    "finding": FINDING,
    "outcome": "1",
    "observed_at": "2026-03-04T08:05:00+01:00",
    "ai_influence": "unknown",
}


@pytest.fixture(autouse=True)
def _installed() -> None:
    for name in ("pydicom", "highdicom"):
        if importlib.util.find_spec(name) is None:
            missing(f"{name} is not installed")


@cache
def mapping() -> Mapping:
    return read_mapping(MAPPING)


def converted(folder: Path, report: Any, role: Any = "predictions") -> Conversion:
    file = folder / "report.dcm"
    if isinstance(report, bytes):
        file.write_bytes(report)
    else:
        report.save_as(file)
    return convert("dicom", [file], mapping(), role)


def reasons(folder: Path, report: Any, role: Any = "predictions") -> dict[str, int]:
    found = converted(folder, report, role)
    assert not found.rows
    return dict(found.reasons)


def run(*arguments: object) -> int:
    return cli.run([str(argument) for argument in arguments])


def measurements_of(report: Any) -> Any:
    """The container of the measurement groups."""
    return report.ContentSequence[-1]


def test_a_device_s_probability_is_a_prediction_and_a_person_s_evaluation_an_outcome(tmp_path: Path) -> None:
    fresh = reports.write_examples(tmp_path)
    for files in (fresh, [EXAMPLES / file.name for file in fresh]):
        predictions = convert("dicom", files, mapping(), "predictions")
        outcomes = convert("dicom", files, mapping(), "outcomes")
        assert (predictions.rows, predictions.refused, predictions.set_aside) == ((PREDICTION,), (), 1)
        assert (outcomes.rows, outcomes.refused, outcomes.set_aside) == ((OUTCOME,), (), 1)


def test_a_converted_file_is_ingested_as_any_log(tmp_path: Path) -> None:
    plan = make_plan(
        findings=[{"id": FINDING}],
        logs__predictions__time_precision="second",
        logs__outcomes__columns__ai_influence="ai_influence",
        logs__outcomes__constants={"label_source": "pathology", "label_version": "1"},
        logs__covariates=[],
    )
    desk = Desk(tmp_path, plan)
    files = [EXAMPLES / "prediction.dcm", EXAMPLES / "outcome.dcm"]
    for role in ("predictions", "outcomes"):
        out = tmp_path / f"{role}.csv"
        assert run("convert", "dicom", *files, "--mapping", MAPPING, "--to", role, "--out", out) == 0
        report = desk.ingest(out)
        assert (report.role, report.rows_read, report.stored) == (role, 1, 1)
    assert desk.query("SELECT site, finding, score FROM predictions") == [("North", FINDING, 0.31)]
    assert desk.query("SELECT outcome, ai_influence FROM outcomes") == [(1, "unknown")]


def test_a_percentage_is_divided_by_a_hundred(tmp_path: Path) -> None:
    group = reports.group(probability=7.1, unit=("%", "UCUM", "percent"), algorithm=reports.DETECTOR)
    assert converted(tmp_path, reports.report([group], device=True)).rows[0]["score"] == "0.071"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"probability": 31.0}, "score_out_of_range"),
        ({"unit": ("mm", "UCUM", "millimetre")}, "unknown_unit"),
        ({"unit": ("1", "99X", "one")}, "unknown_unit"),
        ({"finding": ("1", "99X", "Other")}, "unknown_code"),
        ({"algorithm": ("Other", "m1")}, "unknown_model"),
        ({"algorithm": None}, "missing_device"),
    ],
)
def test_a_measurement_that_is_not_certain_is_refused(
    tmp_path: Path, options: dict[str, Any], reason: str
) -> None:
    group = reports.group(**{"probability": 0.31, "algorithm": reports.DETECTOR, **options})
    assert reasons(tmp_path, reports.report([group], device=True)) == {reason: 1}


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ({"AccessionNumber": ""}, "missing_study"),
        ({"PatientID": None}, "missing_patient"),
        ({"InstitutionName": "Elsewhere"}, "unknown_site"),
        ({"InstitutionName": ""}, "missing_site"),
        ({"ContentDate": ""}, "missing_time"),
        ({"ContentDate": "20260230"}, "unusable_time"),
        ({"ContentTime": "8"}, "unusable_time"),
        ({"TimezoneOffsetFromUTC": "CET"}, "unusable_time"),
        ({"PreliminaryFlag": "PRELIMINARY"}, "not_final"),
        ({"PatientID": "P1\\P2"}, "several_values"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.1"}, "not_a_structured_report"),
    ],
)
def test_a_report_whose_header_lacks_something_is_refused(
    tmp_path: Path, header: dict[str, Any], reason: str
) -> None:
    found = converted(tmp_path, reports.prediction(**header))
    assert dict(found.reasons) == {reason: 1}


def test_another_template_is_refused(tmp_path: Path) -> None:
    report = reports.prediction()
    report.ContentTemplateSequence[0].TemplateIdentifier = "2000"
    assert reasons(tmp_path, report) == {"not_template_1500": 1}


def test_a_device_s_evaluation_never_becomes_an_outcome(tmp_path: Path) -> None:
    for algorithm, device in ((reports.DETECTOR, False), (None, True), (reports.DETECTOR, True)):
        group = reports.group(evaluation=reports.PRESENT, algorithm=algorithm)
        found = converted(tmp_path, reports.report([group], device=device), "outcomes")
        assert (found.read, found.set_aside) == (0, 1)


def test_a_person_s_measurement_is_no_score(tmp_path: Path) -> None:
    found = converted(tmp_path, reports.report([reports.group(probability=0.4)], device=False))
    assert (found.read, found.set_aside) == (0, 1)


def test_a_reader_beside_a_device_s_result_is_aware_of_it(tmp_path: Path) -> None:
    groups = [
        reports.group(probability=0.31, algorithm=reports.DETECTOR),
        reports.group(evaluation=reports.ABSENT),
    ]
    found = converted(tmp_path, reports.report(groups, device=False), "outcomes")
    assert [(row["outcome"], row["ai_influence"]) for row in found.rows] == [("0", "aware")]
    assert found.set_aside == 1


@pytest.mark.parametrize(
    ("report", "reason"),
    [
        ({"answer": ("1", "99X", "Perhaps")}, "unknown_code"),
        ({"CompletionFlag": "PARTIAL"}, "not_final"),
        ({"study": ""}, "missing_study"),
    ],
)
def test_an_outcome_is_never_guessed(tmp_path: Path, report: dict[str, Any], reason: str) -> None:
    assert reasons(tmp_path, reports.outcome(**report), "outcomes") == {reason: 1}


def test_a_report_without_measurements_is_refused(tmp_path: Path) -> None:
    report = reports.prediction()
    measurements_of(report).ContentSequence = []
    assert reasons(tmp_path, report) == {"no_measurement_or_evaluation": 1}


@pytest.mark.parametrize("number", ["9" * 16, "1e99999", "", "abc", "1\\2"])
def test_a_number_that_cannot_be_read_is_no_score(tmp_path: Path, number: str) -> None:
    """Written as bytes, since the library itself would refuse them."""
    report = reports.prediction()
    report.save_as(tmp_path / "sound.dcm")
    sound = (tmp_path / "sound.dcm").read_bytes()
    assert sound.count(b"DS\x04\x000.31") == 1
    value = number.encode() + b" " * (len(number) % 2)
    assert len(value) < 20
    broken = sound.replace(b"DS\x04\x000.31", b"DS" + len(value).to_bytes(2, "little") + value)
    found = converted(tmp_path, broken)
    assert not found.rows
    assert set(found.reasons) <= {"score_out_of_range", "missing_score", "damaged_file", "several_values"}


def test_a_nested_bomb_is_refused(tmp_path: Path) -> None:
    from pydicom import dcmread
    from pydicom.dataset import Dataset

    report = dcmread(EXAMPLES / "prediction.dcm")
    inner = Dataset()
    inner.ValueType = "CONTAINER"
    for _ in range(MOST_DEPTH + 5):
        outer = Dataset()
        outer.ValueType, outer.ContentSequence = "CONTAINER", [inner]
        inner = outer
    measurements_of(report).ContentSequence.append(inner)
    assert reasons(tmp_path, report) == {"nested_too_deeply": 1}


def test_a_deflated_file_is_refused_before_it_grows(tmp_path: Path) -> None:
    report = reports.prediction()
    report.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1.99"
    assert reasons(tmp_path, report) == {"compressed_file": 1}


@pytest.mark.parametrize(
    "content", [b"", b"not dicom", b"\0" * 128 + b"DICM", b"\0" * 128 + b"DICM" + b"\xff" * 99]
)
def test_what_is_no_dicom_is_one_refused_row(tmp_path: Path, content: bytes) -> None:
    found = converted(tmp_path, content)
    assert (found.read, [item.position for item in found.refused]) == (1, ["file"])


def test_no_changed_byte_is_a_fault_of_the_program_or_shows_a_patient(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder
) -> None:
    secret = "MRNSECRET4711"
    reports.prediction(patient=secret).save_as(tmp_path / "sound.dcm")
    sound, chooser = (tmp_path / "sound.dcm").read_bytes(), random.Random(3)
    recwarn.clear()
    for _ in range(400):
        broken = bytearray(sound)
        for _ in range(chooser.randint(1, 4)):
            broken[chooser.randrange(132, len(broken))] = chooser.randrange(256)
        content = bytes(broken if chooser.random() < 0.8 else broken[: chooser.randrange(len(broken))])
        found = converted(tmp_path, content)
        assert secret not in json.dumps([[item.position, item.reason] for item in found.refused])
    shown = capsys.readouterr()
    assert secret not in shown.out + shown.err
    assert not [item for item in recwarn if secret in str(item.message)]


def test_what_the_library_would_say_of_a_value_is_not_heard(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, recwarn: pytest.WarningsRecorder
) -> None:
    file = tmp_path / "report.dcm"
    reports.prediction(AccessionNumber="A" * 24).save_as(file)
    caplog.clear()
    recwarn.clear()
    assert len(convert("dicom", [file], mapping(), "predictions").rows) == 1
    assert not caplog.records
    assert not list(recwarn)


def test_without_the_extra_the_command_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pydicom", None)
    arguments = ["convert", "dicom", EXAMPLES / "prediction.dcm", "--mapping", MAPPING, "--to", "predictions"]
    assert run(*arguments, "--out", tmp_path / "p.csv") == 2
    assert "pccp-monitor[dicom]" in capsys.readouterr().err
