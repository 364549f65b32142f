"""Rows from DICOM structured reports of TID 1500, Imaging Measurement Report.

A measurement group with an algorithm's identification is what a device said: its probability may become
a prediction, its evaluations never an outcome. A group without one, in a report that a person observed,
yields outcomes.

References:
    DICOM PS3.16, TID 1500, 1501 (measurement group), 4019 (algorithm identification), 1002 (observer).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from monitor.errors import UsageError
from monitor.interchange.mapping import Dicom, Mapping
from monitor.interchange.records import Item, Refused, Row, refuse, score_cell, text_cell, time_cell
from monitor.interchange.sr_tree import Node, Report, read_report
from monitor.records import Role

MEASUREMENTS, GROUP = "DCM|126010", "DCM|125007"
EVALUATIONS = ("UMLS|C0034375", "NCIt|C0034375")
FINDING, FINDING_CATEGORY = "DCM|121071", "SCT|276214006"
ALGORITHM_NAME, ALGORITHM_VERSION = "DCM|111001", "DCM|111003"
OBSERVER_TYPE, PERSON, DEVICE = "DCM|121005", "DCM|121006", "DCM|121007"
UCUM = "UCUM|"
DATE = re.compile(r"(\d{4})(\d{2})(\d{2})", flags=re.ASCII)
CLOCK = re.compile(r"(\d{2})(\d{2})(\d{2})(\.\d{1,6})?", flags=re.ASCII)
OFFSET = re.compile(r"([+-]\d{2})(\d{2})", flags=re.ASCII)


@dataclass(frozen=True)
class Reader:
    """One report under one mapping."""

    report: Report
    mapping: Mapping
    dicom: Dicom

    @property
    def groups(self) -> list[Node]:
        return [
            group
            for container in self.report.root.named(MEASUREMENTS)
            for group in container.named(GROUP)
            if group.kind == "CONTAINER"
        ]

    @property
    def by_a_device(self) -> bool:
        """True when only devices observed; a report that names no observer type is a person's (TID 1002)."""
        observers = {node.code for node in self.report.root.named(OBSERVER_TYPE)}
        return bool(observers) and PERSON not in observers

    @property
    def beside_a_device(self) -> bool:
        """True when a device or an algorithm has said something in this report."""
        return any(
            node.name == ALGORITHM_NAME or (node.name == OBSERVER_TYPE and node.code == DEVICE)
            for node in self.report.root.walk()
        )

    def header(self, keyword: str, absent: str) -> str:
        return text_cell(self.report.header[keyword], absent)

    def finding(self, node: Node, group: Node | None, generic: tuple[str, ...]) -> str:
        """What an item speaks of: its group's finding when its own name is a generic one."""
        name = node.name
        if name in generic:
            found = group.named(FINDING) if group is not None else []
            if len(found) != 1:
                raise Refused("ambiguous_finding" if found else "missing_finding")
            name = found[0].code
        if name not in self.mapping.finding_of:
            raise Refused("unknown_code")
        return self.mapping.finding_of[name]

    def place_cells(self) -> Row:
        """Study and site, which are those of the report."""
        return {
            "study_id": self.header("AccessionNumber", "missing_study"),
            "site": self.mapping.site(self.report.header["InstitutionName"] or None),
        }


def read_file(path: Path, mapping: Mapping, role: Role) -> Iterator[Item]:
    """Every item of a report that could be a row: measurements, or qualitative evaluations.

    Raises:
        Refused: The file as a whole cannot be read, or holds no measurement group and no evaluation.
        UsageError: The mapping has no section for DICOM, or the extra is not installed.
    """
    if mapping.written.dicom is None:
        raise UsageError("the mapping has no section `dicom`")
    reader = Reader(read_report(path), mapping, mapping.written.dicom)
    items = [*_of_groups(reader, role), *_of_report(reader, role)]
    if not items:
        raise Refused("no_measurement_or_evaluation")
    yield from items


def _of_groups(reader: Reader, role: Role) -> Iterator[Item]:
    for group in reader.groups:
        for node in group.children:
            if node.kind == "NUM":
                yield node.position, _measurement(reader, node, group, role)
            elif _is_evaluation(node):
                yield node.position, _evaluation(reader, node, group, role)


def _of_report(reader: Reader, role: Role) -> Iterator[Item]:
    """What stands in no group: evaluations, and measurements that therefore speak of no finding."""
    for container in reader.report.root.children:
        if container.name in EVALUATIONS:
            for node in container.children:
                yield node.position, _evaluation(reader, node, None, role)
        elif container.name != MEASUREMENTS and role == "predictions":
            for node in container.walk():
                if node.kind == "NUM":
                    yield node.position, lambda: refuse("outside_a_group")


def _is_evaluation(node: Node) -> bool:
    named = node.name not in (FINDING, FINDING_CATEGORY)
    return node.kind == "CODE" and node.relation == "CONTAINS" and named


def _measurement(reader: Reader, node: Node, group: Node, role: Role) -> Callable[[], Row] | None:
    """A number of a person, such as a length, is no score."""
    if role == "outcomes" or not (reader.by_a_device or _has_algorithm(group)):
        return None
    return lambda: _prediction(reader, node, group)


def _evaluation(reader: Reader, node: Node, group: Node | None, role: Role) -> Callable[[], Row] | None:
    by_device = reader.by_a_device or (group is not None and _has_algorithm(group))
    if role == "predictions" or by_device:
        return None
    return lambda: _outcome(reader, node, group)


def _has_algorithm(group: Node) -> bool:
    return any(node.name == ALGORITHM_NAME for node in group.walk())


def _prediction(reader: Reader, node: Node, group: Node) -> Row:
    _require_final(reader)
    finding = reader.finding(node, group, reader.dicom.probability)
    if node.number is None:
        raise Refused("missing_score")
    unit = node.code.removeprefix(UCUM) if node.code.startswith(UCUM) else ""
    return {
        **reader.place_cells(),
        "patient_id": reader.header("PatientID", "missing_patient"),
        "finding": finding,
        "predicted_at": _time(reader),
        "model_version": _version(reader, node, group),
        "score": score_cell(node.number, unit),
    }


def _version(reader: Reader, node: Node, group: Node) -> str:
    """Of the algorithm named at the measurement, else of the group's."""
    holder = node if node.named(ALGORITHM_NAME) else group
    names, versions = holder.named(ALGORITHM_NAME), holder.named(ALGORITHM_VERSION)
    if not names:
        raise Refused("missing_device")
    if len(names) > 1 or len(versions) > 1:
        raise Refused("ambiguous_version")
    if names[0].text not in reader.mapping.written.models:
        raise Refused("unknown_model")
    return text_cell(versions[0].text if versions else None, "missing_version")


def _outcome(reader: Reader, node: Node, group: Node | None) -> Row:
    _require_final(reader)
    if reader.report.header["CompletionFlag"] != "COMPLETE":
        raise Refused("not_final")
    finding = reader.finding(node, group, reader.dicom.presence)
    if node.kind != "CODE":
        raise Refused("wrong_type")
    if node.code not in reader.mapping.answer_of:
        raise Refused("unknown_code")
    return {
        **reader.place_cells(),
        "finding": finding,
        "outcome": reader.mapping.answer_of[node.code],
        "observed_at": _time(reader),
        "ai_influence": "aware" if reader.beside_a_device else "unknown",
    }


def _require_final(reader: Reader) -> None:
    if reader.report.header["PreliminaryFlag"] == "PRELIMINARY":
        raise Refused("not_final")


def _time(reader: Reader) -> str:
    """Content date and time, with the offset where the report has one."""
    found = reader.report.header
    day, clock = DATE.fullmatch(found["ContentDate"]), CLOCK.fullmatch(found["ContentTime"])
    if not found["ContentDate"]:
        raise Refused("missing_time")
    if day is None or clock is None:
        raise Refused("unusable_time")
    offset = OFFSET.fullmatch(found["TimezoneOffsetFromUTC"])
    if found["TimezoneOffsetFromUTC"] and offset is None:
        raise Refused("unusable_time")
    hour, minute, second, fraction = clock.groups()
    zone = ":".join(offset.groups()) if offset else ""
    return time_cell(f"{'-'.join(day.groups())}T{hour}:{minute}:{second}{fraction or ''}{zone}")
