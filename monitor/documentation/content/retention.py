"""How long the evidence behind a dossier is kept."""

from __future__ import annotations

from monitor.documentation.wording import counted
from monitor.plan.model import Records


def retention(records: Records) -> list[str]:
    """The plan's rules on records as sentences for the reader.

    Example:
        >>> retention(Records(retention_years=10))
        ['The evidence of this document (ledger, archived batches, plans) is kept for at least 10 years.']
    """
    said: list[str] = []
    if records.retention_years is not None:
        years = counted(records.retention_years, "year")
        said.append(
            f"The evidence of this document (ledger, archived batches, plans) is kept for at least {years}."
        )
    if records.delivered_files_days is not None:
        days = counted(records.delivered_files_days, "day")
        said.append(f"Delivered files, with clear identifiers, are deleted {days} after their arrival.")
    return said
