"""Logs from FHIR R4 bundles and DICOM structured reports, as files in the contract's own columns.

A converter stands outside the store: it writes a CSV that a plan maps, so that pseudonyms, rules and
accounting are those of every other log. Nothing is guessed: a code that the mapping does not name, a
subject that cannot be found, a number without its unit are refused with their place and reason.
"""

from monitor.interchange.convert import FORMS, convert
from monitor.interchange.mapping import Mapping, read_mapping
from monitor.interchange.records import COLUMNS, Conversion, Refusal
from monitor.interchange.writing import write

__all__ = ["COLUMNS", "FORMS", "Conversion", "Mapping", "Refusal", "convert", "read_mapping", "write"]
