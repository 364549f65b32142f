"""The mapping file: which codes mean which finding and which answer. What it does not name is refused."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, ValidationError

from monitor.errors import UsageError
from monitor.interchange.records import Refused
from monitor.plan.fault import Fault, dotted
from monitor.plan.text import invisible_characters, read_text
from monitor.plan.types import Closed, Identifier, Text
from monitor.plan.yaml import parse

Code = Annotated[str, StringConstraints(pattern=r"^[^|\s]{1,200}\|[^|\s]{1,64}$")]
"""System and code with a bar between them: http://snomed.info/sct|36118008, in DICOM SCT|36118008."""
Codes = tuple[Code, ...]
SomeCodes = Annotated[Codes, Field(min_length=1)]
Texts = Annotated[tuple[Text, ...], Field(min_length=1)]
FhirTime = Literal["effective", "issued"]


class Finding(Closed):
    """A finding of the plan and the codes that name it."""

    finding: Identifier
    codes: SomeCodes
    positive_conclusions: Codes = ()
    negative_conclusions: Codes = ()


class Answers(Closed):
    """The codes that say whether a finding is there."""

    positive: SomeCodes
    negative: SomeCodes
    indeterminate: Codes = ()


class SiteName(Closed):
    """A hospital as the files name it, and as the plan's logs do."""

    name: Text
    site: Text


class Fhir(Closed):
    """What only FHIR bundles need."""

    accession_systems: Texts
    patient_systems: Texts
    predicted_at: FhirTime
    observed_at: FhirTime
    score_extension: Text | None = None


class Dicom(Closed):
    """What only structured reports need: names of items that speak of their group's finding."""

    probability: Codes = ()
    presence: Codes = ()


class MappingFile(Closed):
    """A mapping file as it is written."""

    format: Literal[1]
    site: Text | None = None
    sites: tuple[SiteName, ...] = ()
    models: Texts
    findings: Annotated[tuple[Finding, ...], Field(min_length=1)]
    answers: Answers
    fhir: Fhir | None = None
    dicom: Dicom | None = None


@dataclass(frozen=True)
class Mapping:
    """A mapping file that was read, with its codes as tables."""

    written: MappingFile

    @cached_property
    def finding_of(self) -> dict[str, str]:
        return {code: item.finding for item in self.written.findings for code in item.codes}

    @cached_property
    def answer_of(self) -> dict[str, str]:
        """Code -> cell of the outcome log; indeterminate is an empty cell, never a negative."""
        said = self.written.answers
        pairs = ((said.positive, "1"), (said.negative, "0"), (said.indeterminate, ""))
        return {code: cell for codes, cell in pairs for code in codes}

    @cached_property
    def conclusion_of(self) -> dict[str, tuple[str, str]]:
        """Code of a conclusion -> finding and outcome."""
        found: dict[str, tuple[str, str]] = {}
        for item in self.written.findings:
            found |= dict.fromkeys(item.positive_conclusions, (item.finding, "1"))
            found |= dict.fromkeys(item.negative_conclusions, (item.finding, "0"))
        return found

    def site(self, name: str | None) -> str:
        """The plan's name of a hospital.

        Raises:
            Refused: The mapping does not name it.
        """
        if self.written.site is not None:
            return self.written.site
        named = {item.name: item.site for item in self.written.sites}
        if name is None or name not in named:
            raise Refused("missing_site" if name is None else "unknown_site")
        return named[name]


def read_mapping(path: Path) -> Mapping:
    """Read a mapping file: strict YAML, closed, no code with two meanings.

    Raises:
        UsageError: One line for each fault, with file, line and key.
    """
    text = read_text(path)
    if isinstance(text, Fault):
        raise UsageError(str(text))
    document = parse(str(path), text)
    faults = [*invisible_characters(str(path), text), *document.faults]
    if not faults:
        try:
            written = MappingFile.model_validate_json(json.dumps(document.content))
        except ValidationError as error:
            raise UsageError("\n".join(_sentences(path, error))) from error
        faults = [Fault(str(path), 1, 1, key, message) for key, message in _contradictions(written)]
        if not faults:
            return Mapping(written)
    raise UsageError("\n".join(map(str, faults)))


def _sentences(path: Path, error: ValidationError) -> Iterable[str]:
    for detail in error.errors(include_url=False, include_input=False, include_context=False):
        yield f"{path}: {dotted(detail['loc'])}: {detail['msg'].lower()}"


def _contradictions(written: MappingFile) -> Iterable[tuple[str, str]]:
    if (written.site is None) == (not written.sites):
        yield "site", "expected either site, the one hospital of all files, or sites"
    if _twice(item.name for item in written.sites):
        yield "sites", "a name occurs twice"
    said = written.answers
    if _twice((*said.positive, *said.negative, *said.indeterminate)):
        yield "answers", "a code has two meanings"
    if _twice(item.finding for item in written.findings):
        yield "findings", "a finding occurs twice"
    if _twice(code for item in written.findings for code in item.codes):
        yield "findings", "a code occurs twice in codes"
    concluded = (
        code for item in written.findings for code in (*item.positive_conclusions, *item.negative_conclusions)
    )
    if _twice(concluded):
        yield "findings", "a code of a conclusion has two meanings"


def _twice(values: Iterable[str]) -> bool:
    listed = list(values)
    return len(listed) != len(set(listed))
