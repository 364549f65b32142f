"""Rows from FHIR R4 bundles.

An Observation with a `device` is what a device said: it may become a prediction, never an outcome. One
without, and the conclusion of a DiagnosticReport, are what people said: outcomes, never a prediction.

References:
    HL7 FHIR R4 (4.0.1): Bundle, Observation, DiagnosticReport, Device.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path

from monitor.errors import UsageError
from monitor.interchange.bundle import (
    Bundle,
    Resource,
    codes_of,
    identifiers_of,
    mapping_of,
    mappings_in,
    one_meaning,
    read_bundle,
)
from monitor.interchange.mapping import Fhir, FhirTime, Mapping
from monitor.interchange.records import Item, Refused, Row, refuse, score_cell, text_cell, time_cell
from monitor.interchange.strict_json import parse, read_bytes
from monitor.records import Role

FINAL = ("final", "amended", "corrected", "appended")
UCUM = "http://unitsofmeasure.org"
OTHER_VALUES = ("valueString", "valueInteger", "valueRange", "valueRatio", "valueBoolean")


@dataclass(frozen=True)
class Reader:
    """One bundle under one mapping."""

    bundle: Bundle
    mapping: Mapping
    fhir: Fhir

    @cached_property
    def reports(self) -> dict[int, list[Resource]]:
        """Reports by the identity of each resource they list as a result; a malformed one lists none."""
        found: dict[int, list[Resource]] = {}
        for _, report in self.bundle.of_type("DiagnosticReport"):
            with suppress(Refused):
                for item in mappings_in(report, "result"):
                    found.setdefault(id(self.bundle.resolve(report, item)), []).append(report)
        return found

    def reports_of(self, observation: Resource) -> list[Resource]:
        """The reports that list the observation among their results."""
        return self.reports.get(id(observation), [])

    def study(self, *resources: Resource) -> str:
        """The one accession number of some resources and of the imaging study and order they name."""
        found: set[str] = set()
        for resource in resources:
            found |= identifiers_of(resource, self.fhir.accession_systems)
            for key in ("imagingStudy", "derivedFrom", "basedOn"):
                for reference in mappings_in(resource, key):
                    named = self.bundle.resolve(resource, reference)
                    found |= identifiers_of(reference, self.fhir.accession_systems)
                    found |= identifiers_of(named, self.fhir.accession_systems) if named else set()
        return _one(found, "study")

    def patient(self, resource: Resource) -> str:
        subject = resource.get("subject")
        if subject is None:
            raise Refused("missing_subject")
        found = identifiers_of(mapping_of(subject), self.fhir.patient_systems)
        named = self.bundle.resolve(resource, subject)
        if named is not None and named.get("resourceType") == "Patient":
            found |= identifiers_of(named, self.fhir.patient_systems)
        return _one(found, "patient")

    def site(self, *resources: Resource) -> str:
        """The hospital that performed: the one name the mapping knows."""
        if self.mapping.written.site is not None:
            return self.mapping.site(None)
        names: set[str] = set()
        for resource in resources:
            for reference in mappings_in(resource, "performer"):
                named = self.bundle.resolve(resource, reference) or {}
                shown = named.get("name") if named.get("resourceType") == "Organization" else None
                names |= {name for name in (shown, reference.get("display")) if isinstance(name, str)}
        known = {item.site for item in self.mapping.written.sites if item.name in names}
        if not known:
            raise Refused("unknown_site" if names else "missing_site")
        return _one(known, "site")

    def version(self, observation: Resource) -> str:
        """The version of the device, which must be one of the models that the mapping names."""
        device = self.bundle.resolve(observation, observation.get("device"))
        if device is None or device.get("resourceType") != "Device":
            raise Refused("missing_device")
        names = [item.get("name") for item in mappings_in(device, "deviceName")]
        if not any(model in names for model in self.mapping.written.models):
            raise Refused("unknown_model")
        versions = {
            text_cell(item.get("value"), "missing_version") for item in mappings_in(device, "version")
        }
        return _one(versions, "version")


def read_file(path: Path, mapping: Mapping, role: Role) -> Iterator[Item]:
    """Every item of a bundle file that could be a row.

    Raises:
        Refused: The file as a whole cannot be read.
        UsageError: The mapping has no section for FHIR.
    """
    if mapping.written.fhir is None:
        raise UsageError("the mapping has no section `fhir`")
    reader = Reader(read_bundle(parse(read_bytes(path))), mapping, mapping.written.fhir)
    for place, observation in reader.bundle.of_type("Observation"):
        by_device = observation.get("device") is not None
        if by_device != (role == "predictions"):
            yield place, None
        elif role == "outcomes":
            yield place, lambda item=observation: _outcome(reader, item)
        else:
            yield from _predictions(reader, place, observation)
    if role == "outcomes":
        for place, report in reader.bundle.of_type("DiagnosticReport"):
            yield from _conclusions(reader, place, report)
    for place in reader.bundle.contained("Observation"):
        yield place, lambda: refuse("contained_observation")


def _predictions(reader: Reader, place: str, observation: Resource) -> Iterator[Item]:
    """One item for the observation's own value, or one for each component."""
    components = observation.get("component")
    if not isinstance(components, list) or not components:
        yield place, lambda: _prediction(reader, observation, observation)
        return
    if any(key.startswith("value") for key in observation):
        yield place, lambda: _prediction(reader, observation, observation)
    for number in range(len(components)):
        yield f"{place}.component[{number}]", lambda at=number: _component(reader, observation, at)


def _component(reader: Reader, observation: Resource, at: int) -> Row:
    return _prediction(reader, observation, mappings_in(observation, "component")[at])


def _prediction(reader: Reader, observation: Resource, part: Resource) -> Row:
    _require_final(observation)
    finding = one_meaning(codes_of(part.get("code")), reader.mapping.finding_of)
    reports = reader.reports_of(observation)
    return {
        "study_id": reader.study(observation, *reports),
        "patient_id": reader.patient(observation),
        "site": reader.site(observation, *reports),
        "finding": finding,
        "predicted_at": _time(observation, reader.fhir.predicted_at),
        "model_version": reader.version(observation),
        "score": _score(reader.fhir, part),
    }


def _score(fhir: Fhir, part: Resource) -> str:
    if fhir.score_extension is not None:
        named = [item for item in mappings_in(part, "extension") if item.get("url") == fhir.score_extension]
        if len(named) > 1:
            raise Refused("ambiguous_score")
        if named:
            return score_cell(_number(named[0].get("valueDecimal")), "1")
    quantity = mapping_of(part.get("valueQuantity"))
    if quantity.get("comparator") is not None:
        raise Refused("score_with_comparator")
    number = _number(quantity.get("value"))
    return score_cell(number, str(quantity.get("code")) if quantity.get("system") == UCUM else "")


def _number(value: object) -> Decimal:
    if value is None:
        raise Refused("missing_score")
    if not isinstance(value, Decimal):
        raise Refused("wrong_type")
    return value


def _outcome(reader: Reader, observation: Resource) -> Row:
    _require_final(observation)
    finding = one_meaning(codes_of(observation.get("code")), reader.mapping.finding_of)
    if any(key in observation for key in OTHER_VALUES) or observation.get("component"):
        raise Refused("wrong_type")
    outcome = one_meaning(codes_of(observation.get("valueCodeableConcept")), reader.mapping.answer_of)
    return _told(reader, observation, reader.reports_of(observation), (finding, outcome))


def _conclusions(reader: Reader, place: str, report: Resource) -> Iterator[Item]:
    """One item for each code of the conclusion; a report without one and without results is refused."""
    codes = report.get("conclusionCode")
    if codes is None:
        if not report.get("result"):
            yield place, lambda: refuse("no_conclusion_code")
        return
    for number, _ in enumerate(codes if isinstance(codes, list) and codes else [None]):
        yield f"{place}.conclusionCode[{number}]", lambda at=number: _concluded(reader, report, at)


def _concluded(reader: Reader, report: Resource, at: int) -> Row:
    _require_final(report)
    table = reader.mapping.conclusion_of
    concepts = mappings_in(report, "conclusionCode")
    if not concepts:
        raise Refused("no_conclusion_code")
    said = one_meaning(codes_of(concepts[at]), table)
    everything = {table[code] for concept in concepts for code in codes_of(concept) if code in table}
    if len([outcome for finding, outcome in everything if finding == said[0]]) > 1:
        raise Refused("contradictory_codes")
    return _told(reader, report, [report], said)


def _told(reader: Reader, resource: Resource, reports: list[Resource], said: tuple[str, str]) -> Row:
    """An outcome row. Who reads beside a device's result is aware of it; of others nothing is known."""
    results = [
        reader.bundle.resolve(report, item) for report in reports for item in mappings_in(report, "result")
    ]
    aware = any(result is not None and result.get("device") is not None for result in results)
    return {
        "study_id": reader.study(resource, *reports),
        "site": reader.site(resource, *reports),
        "finding": said[0],
        "outcome": said[1],
        "observed_at": _time(resource, reader.fhir.observed_at),
        "ai_influence": "aware" if aware else "unknown",
    }


def _require_final(resource: Resource) -> None:
    if resource.get("status") not in FINAL:
        raise Refused("not_final")


def _time(resource: Resource, which: FhirTime) -> str:
    return time_cell(resource.get("issued" if which == "issued" else "effectiveDateTime"))


def _one(found: set[str], what: str) -> str:
    if len(found) != 1:
        raise Refused(f"ambiguous_{what}" if found else f"missing_{what}")
    return next(iter(found))
