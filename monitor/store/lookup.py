"""Where one pseudonym stands in the archived batches, which keep every accepted row for good."""
# ruff: noqa: S608  (statements are built from quoted names and literals of this package)

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from monitor.records import Place, Role
from monitor.store import exclusions
from monitor.store.archive import FOLDER
from monitor.store.connection import Session, literal, rows
from monitor.store.rejected import FOLDER as REJECTED
from monitor.store.source import WHITE_SPACE

Identifier = Literal["study", "patient"]


@dataclass(frozen=True)
class FoundPrediction:
    """One prediction about the person who is looked for, or a study of theirs that was excluded.

    Attributes:
        place: Site and finding.
        hospital: The site as the logs name it: the place's own, or the hospital of its stratum.
        study: Pseudonym; the study number itself where the plan says `research_id: true`.
        cohort: Its maturity cohort.
        model_version: Of the device that made it.
        excluded: True where the row says that the study was excluded.
        source_sha256: Of the delivered file.
        archive_sha256: Of the archived batch.
    """

    place: Place
    hospital: str
    study: str
    cohort: str
    model_version: str
    excluded: bool
    source_sha256: str
    archive_sha256: str


@dataclass(frozen=True)
class FoundOutcome:
    """One revision of an outcome; the outcome itself is not told, only whether one is known.

    Attributes:
        site: None when the log names no site.
        finding: As the plan calls it.
        study: As in `FoundPrediction`.
        reader: Pseudonym; None when the log names none.
        revision: Counts from one per reader.
        known: False for an indeterminate one.
        label_source: None when the log has none.
        source_sha256: Of the delivered file.
        archive_sha256: Of the archived batch.
    """

    site: str | None
    finding: str
    study: str
    reader: str | None
    revision: int
    known: bool
    label_source: str | None
    source_sha256: str
    archive_sha256: str


def as_delivered(identifier: str) -> str:
    """An identifier without the white space that a cell would lose at the door."""
    return identifier.strip(WHITE_SPACE)


def predictions(
    connection: Session, workspace: Path, who: tuple[Identifier, str], hospital: str
) -> list[FoundPrediction]:
    """Every prediction and exclusion of a study or a patient, by site, finding and cohort.

    Args:
        connection: Of the store.
        workspace: Holds the archived batches.
        who: What is looked for, and its pseudonym.
        hospital: Column of predictions that holds the site as the logs name it.
    """
    excluded = f"EXISTS (FROM {exclusions.TABLE} e WHERE e.batch = b.batch AND e.line = r.line) AS excluded"
    if not exclusions.present(connection):
        excluded = "false AS excluded"
    names = f"site, finding, {hospital} AS hospital, study, cohort, model_version, {excluded}"
    found = _matching(connection, workspace, "predictions", names, (who[0], [who[1]]))
    return [FoundPrediction(Place(*row[:2]), *row[2:]) for row in found]


def outcomes(connection: Session, workspace: Path, studies: Sequence[str]) -> list[FoundOutcome]:
    """Every revision of every outcome of some studies."""
    names = "site, finding, study, reader_id, revision, outcome IS NOT NULL, label_source"
    return [
        FoundOutcome(*row) for row in _matching(connection, workspace, "outcomes", names, ("study", studies))
    ]


def refused(workspace: Path, pseudonyms: Sequence[str]) -> dict[str, int]:
    """Refused rows that name one of the pseudonyms: how many, by the first digits of the file's hash."""
    counts: dict[str, int] = {}
    for file in sorted((workspace / REJECTED).glob("*.jsonl")):
        with file.open(encoding="utf-8", errors="replace") as lines:
            count = sum(any(pseudonym in line for pseudonym in pseudonyms) for line in lines)
        if count:
            counts[file.stem] = count
    return counts


def _matching(
    connection: Session, workspace: Path, role: Role, names: str, where: tuple[str, Sequence[str]]
) -> list[tuple[Any, ...]]:
    """Archived rows of committed batches, each followed by the hashes of its source and its archive."""
    column, values = where
    batches = rows(
        connection,
        "SELECT archive_sha256 FROM batches WHERE role = ? AND archive_sha256 IS NOT NULL ORDER BY batch",
        [role],
    )
    if not batches:
        return []
    folder = (workspace / FOLDER).resolve()
    files = ", ".join(literal(str(folder / f"{sha256}.parquet")) for (sha256,) in batches)
    return rows(
        connection,
        f"SELECT {names}, b.source_sha256, b.archive_sha256 "
        f"FROM read_parquet([{files}], union_by_name = true, filename = true) r "
        f"JOIN batches b ON b.archive_sha256 = parse_filename(r.filename, true) AND b.role = {literal(role)} "
        f"WHERE list_contains($values::VARCHAR[], r.{column}) "
        "ORDER BY ALL",
        {"values": list(values)},
    )
