"""A DICOM structured report as a plain tree: bounded in size and depth, read once, silent about values."""

from __future__ import annotations

import logging
import struct
import warnings
from collections.abc import Generator, Iterator, MutableSequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from io import BytesIO
from pathlib import Path
from typing import Any

from monitor.errors import UsageError
from monitor.interchange.records import Refused
from monitor.interchange.strict_json import LONGEST_NUMBER, read_bytes

MOST_DEPTH = 30
MOST_ITEMS = 100_000
TRANSFER_SYNTAXES = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2")
"""The uncompressed ones: nothing in a small file can grow."""
REPORT_CLASSES = tuple(f"1.2.840.10008.5.1.4.1.1.88.{last}" for last in (22, 33, 34))
"""Enhanced, Comprehensive and Comprehensive 3D SR."""
HEADER = (
    "AccessionNumber",
    "PatientID",
    "InstitutionName",
    "ContentDate",
    "ContentTime",
    "TimezoneOffsetFromUTC",
    "CompletionFlag",
    "PreliminaryFlag",
)
UNREADABLE = (
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    ArithmeticError,
    RuntimeError,
    EOFError,
    OSError,
    MemoryError,
    struct.error,
)
"""What the library may raise on bytes that are no DICOM; RuntimeError covers recursion and what it lacks."""


@dataclass(frozen=True)
class Node:
    """One content item.

    Attributes:
        position: Such as ContentSequence[4][0], counted from 0.
        kind: Value type: CONTAINER, CODE, NUM, TEXT ...
        relation: To its parent, such as CONTAINS.
        name: Concept name as designator|code.
        code: Value of a CODE, or the unit of a NUM, as designator|code.
        text: Value of a TEXT.
        number: Value of a NUM; None when it has none or it cannot be read.
        children: In the order of the file.
    """

    position: str
    kind: str
    relation: str
    name: str
    code: str
    text: str
    number: Decimal | None
    children: tuple[Node, ...]

    def walk(self) -> Iterator[Node]:
        """This item and everything below it."""
        yield self
        for child in self.children:
            yield from child.walk()

    def named(self, name: str) -> list[Node]:
        return [child for child in self.children if child.name == name]


@dataclass(frozen=True)
class Report:
    """The header's texts by keyword, and the tree."""

    header: dict[str, str]
    root: Node


@dataclass
class _Budget:
    """How many more content items are read."""

    left: int = field(default=MOST_ITEMS)


def read_report(path: Path) -> Report:
    """Read one structured report of TID 1500.

    Raises:
        Refused: No DICOM, compressed, another kind of object, or damaged.
        UsageError: The extra `dicom` is not installed.
    """
    try:
        import pydicom
        from pydicom.errors import BytesLengthException, InvalidDicomError
        from pydicom.filereader import read_file_meta_info
    except ImportError as error:
        raise UsageError(
            "reading DICOM needs the extra `dicom`: pip install 'pccp-monitor[dicom]'"
        ) from error
    content = read_bytes(path)
    with _silent():
        try:
            meta = read_file_meta_info(str(path))
            if str(meta.get("TransferSyntaxUID", "")) not in TRANSFER_SYNTAXES:
                raise Refused("compressed_file")
            dataset = pydicom.dcmread(BytesIO(content), stop_before_pixels=True)
            return _report(dataset)
        except InvalidDicomError as error:
            raise Refused("not_dicom") from error
        except (BytesLengthException, *UNREADABLE) as error:
            raise Refused("damaged_file") from error


@contextmanager
def _silent() -> Generator[None]:
    """The library's warnings quote the values they are about."""
    logger = logging.getLogger("pydicom")
    before, logger.disabled = logger.disabled, True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.disabled = before


def _report(dataset: Any) -> Report:
    if _text(dataset, "SOPClassUID") not in REPORT_CLASSES:
        raise Refused("not_a_structured_report")
    templates = list(dataset.get("ContentTemplateSequence") or [])
    if [_text(item, "TemplateIdentifier") for item in templates] != ["1500"]:
        raise Refused("not_template_1500")
    header = {keyword: _text(dataset, keyword) for keyword in HEADER}
    return Report(header, _node(dataset, "ContentSequence", 0, _Budget()))


def _node(item: Any, position: str, depth: int, budget: _Budget) -> Node:
    budget.left -= 1
    if depth > MOST_DEPTH:
        raise Refused("nested_too_deeply")
    if budget.left < 0:
        raise Refused("too_many_items")
    measured = next(iter(item.get("MeasuredValueSequence") or []), None)
    unit = _code(measured, "MeasurementUnitsCodeSequence") if measured is not None else ""
    return Node(
        position=position,
        kind=_text(item, "ValueType"),
        relation=_text(item, "RelationshipType"),
        name=_code(item, "ConceptNameCodeSequence"),
        code=unit or _code(item, "ConceptCodeSequence"),
        text=_text(item, "TextValue"),
        number=_number(measured) if measured is not None else None,
        children=tuple(
            _node(child, f"{position}[{number}]", depth + 1, budget)
            for number, child in enumerate(item.get("ContentSequence") or [])
        ),
    )


def _text(item: Any, keyword: str) -> str:
    value = item.get(keyword)
    if isinstance(value, MutableSequence):
        raise Refused("several_values")
    return "" if value is None else str(value).strip()


def _code(item: Any, keyword: str) -> str:
    """The one code of a sequence as designator|code; nothing where there are none or several."""
    codes = list(item.get(keyword) or [])
    if len(codes) != 1:
        return ""
    scheme, code = _text(codes[0], "CodingSchemeDesignator"), _text(codes[0], "CodeValue")
    return f"{scheme}|{code}" if scheme and code else ""


def _number(measured: Any) -> Decimal | None:
    text = _text(measured, "NumericValue")
    try:
        return Decimal(text) if 0 < len(text) <= LONGEST_NUMBER else None
    except InvalidOperation:
        return None
