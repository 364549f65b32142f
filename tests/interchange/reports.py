"""Structured reports of TID 1500, made with highdicom.

`python -m tests.interchange.reports` writes the examples.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).resolve().parent / "examples"
ROOT = "1.2.826.0.1.3680043.10.1577"
"""Of example UIDs: the same script writes the same identifiers."""
PNEUMOTHORAX = ("36118008", "SCT", "Pneumothorax")
PROBABILITY = ("probability", "99EXAMPLE", "Probability")
PRESENCE = ("705057003", "SCT", "Presence")
PRESENT, ABSENT = ("52101004", "SCT", "Present"), ("2667000", "SCT", "Absent")
DETECTOR = ("PTX Detector", "m1")


def concept(code: tuple[str, str, str]) -> Any:
    from highdicom.sr import CodedConcept

    value, scheme, meaning = code
    return CodedConcept(value, scheme, meaning)


def image(study: str, patient: str) -> Any:
    """Header of the radiograph that a report is about."""
    from pydicom.dataset import Dataset

    made = Dataset()
    made.PatientID, made.PatientName = patient, "Somebody^Example"
    made.PatientBirthDate, made.PatientSex = "19500101", "F"
    made.AccessionNumber, made.StudyID = study, "1"
    made.StudyDate, made.StudyTime, made.ReferringPhysicianName = "20260301", "080000", ""
    made.StudyInstanceUID, made.SeriesInstanceUID = f"{ROOT}.1", f"{ROOT}.2"
    made.SOPInstanceUID, made.SOPClassUID = f"{ROOT}.3", "1.2.840.10008.5.1.4.1.1.1.1"
    made.Modality, made.Rows, made.Columns = "DX", 8, 8
    return made


def group(
    *,
    probability: float | None = None,
    unit: tuple[str, str, str] = ("1", "UCUM", "no units"),
    evaluation: tuple[str, str, str] | None = None,
    algorithm: tuple[str, str] | None = None,
    finding: tuple[str, str, str] = PNEUMOTHORAX,
) -> Any:
    """One measurement group."""
    from highdicom import sr

    return sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(uid=f"{ROOT}.4", identifier="group"),
        finding_type=concept(finding),
        algorithm_id=sr.AlgorithmIdentification(*algorithm) if algorithm else None,
        measurements=[sr.Measurement(concept(PROBABILITY), probability, concept(unit))]
        if probability is not None
        else None,
        qualitative_evaluations=[sr.QualitativeEvaluation(concept(PRESENCE), concept(evaluation))]
        if evaluation
        else None,
    )


def observer(*, device: bool) -> Any:
    from highdicom import sr

    if device:
        attributes: Any = sr.DeviceObserverIdentifyingAttributes(uid=f"{ROOT}.5", name=DETECTOR[0])
        return sr.ObservationContext(
            observer_device_context=sr.ObserverContext(concept(("121007", "DCM", "Device")), attributes)
        )
    attributes = sr.PersonObserverIdentifyingAttributes(name="Reader^Example")
    return sr.ObservationContext(
        observer_person_context=sr.ObserverContext(concept(("121006", "DCM", "Person")), attributes)
    )


def report(
    groups: Sequence[Any], *, device: bool, study: str = "A1", patient: str = "P1", **edits: Any
) -> Any:
    """A report on one study.

    Args:
        groups: Measurement groups.
        device: Whether a device observed, or a person.
        study: Accession number.
        patient: Patient number.
        edits: Header elements by keyword and what stands there instead.
    """
    from highdicom import sr

    content = sr.MeasurementReport(
        observation_context=observer(device=device),
        procedure_reported=concept(("399208008", "SCT", "Plain chest X-ray")),
        imaging_measurements=list(groups),
        title=concept(("126000", "DCM", "Imaging Measurement Report")),
    )
    made = sr.ComprehensiveSR(
        evidence=[image(study, patient)],
        content=content,
        series_instance_uid=f"{ROOT}.6",
        series_number=1,
        sop_instance_uid=f"{ROOT}.{7 + device}",
        instance_number=1,
        manufacturer="Example",
        is_complete=True,
        is_final=True,
        institution_name="North Hospital",
    )
    header = {"ContentDate": "20260301", "ContentTime": "080500", "TimezoneOffsetFromUTC": "+0100", **edits}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some tests want an invalid header
        for keyword, value in header.items():
            setattr(made, keyword, value)
    return made


def prediction(**options: Any) -> Any:
    return report([group(probability=0.31, algorithm=DETECTOR)], device=True, **options)


def outcome(answer: tuple[str, str, str] = PRESENT, **options: Any) -> Any:
    return report([group(evaluation=answer)], device=False, **options)


def write_examples(folder: Path) -> list[Path]:
    """The two example files: what a device said of a study, and what a person said of it."""
    files = [folder / "prediction.dcm", folder / "outcome.dcm"]
    prediction().save_as(files[0])
    outcome(ContentDate="20260304").save_as(files[1])
    return files


if __name__ == "__main__":
    for file in write_examples(EXAMPLES):
        print(file.name, file.stat().st_size)
