"""Files of one form to the rows of one log: read = converted + refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from monitor.interchange import dicom, fhir
from monitor.interchange.mapping import Mapping
from monitor.interchange.records import Conversion, Item, Refusal, Refused, Row
from monitor.records import Role

FORMS: dict[str, Callable[[Path, Mapping, Role], Iterator[Item]]] = {
    "fhir": fhir.read_file,
    "dicom": dicom.read_file,
}


def convert(form: str, files: Sequence[Path], mapping: Mapping, role: Role) -> Conversion:
    """Read files and keep account of every item in them.

    Args:
        form: One of `FORMS`.
        files: Bundles, or structured reports.
        mapping: What codes mean.
        role: The log to make.

    Returns:
        Rows in the order of the files; a file that cannot be read at all is one refused row.

    Raises:
        UsageError: The mapping, or this installation, does not know the form.
    """
    rows: list[Row] = []
    refused: list[Refusal] = []
    set_aside = 0
    for file in files:
        place = "file"
        try:
            for place, make in FORMS[form](file, mapping, role):
                if make is None:
                    set_aside += 1
                    continue
                try:
                    rows.append(make())
                except Refused as reason:
                    refused.append(Refusal(str(file), place, str(reason)))
        except Refused as reason:
            refused.append(Refusal(str(file), place, str(reason)))
    return Conversion(role, tuple(rows), tuple(refused), set_aside)
