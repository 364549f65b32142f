"""What a conversion yields: rows, and what was refused with its place and reason."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NoReturn

from monitor.records import Role

COLUMNS: dict[Role, tuple[str, ...]] = {
    "predictions": ("study_id", "patient_id", "site", "finding", "predicted_at", "model_version", "score"),
    "outcomes": ("study_id", "site", "finding", "outcome", "observed_at", "ai_influence"),
}
LONGEST_TEXT = 200
TIME = re.compile(
    r"\d{4}-\d{2}(-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})?)?)?", flags=re.ASCII
)
PER_UNIT = {"1": Decimal(1), "%": Decimal(100)}
"""UCUM code of a score's unit -> what a probability is divided by."""


class Refused(Exception):  # noqa: N818 - leaves this room only as a Refusal
    """One row cannot be converted; the text is the reason, a word without anything of the row."""


Row = dict[str, str]
Item = tuple[str, Callable[[], Row] | None]
"""Position, and what makes its row; None for an item of the other log."""


def refuse(reason: str) -> NoReturn:
    """For an item that is known to be no row.

    Raises:
        Refused: Always.
    """
    raise Refused(reason)


@dataclass(frozen=True)
class Refusal:
    """One row that was not converted. It stays in its file; this says where it stands there.

    Attributes:
        file: The file's path as it was given.
        position: Place in the file, such as entry[3].resource; "file" when nothing of it can be read.
        reason: A word, never a value.
    """

    file: str
    position: str
    reason: str


@dataclass(frozen=True)
class Conversion:
    """Everything read from some files for one log.

    Attributes:
        role: predictions or outcomes.
        rows: Cells by column.
        refused: What could not be converted.
        set_aside: Items that belong to the other log: a device's words are no outcome, a person's no score.
    """

    role: Role
    rows: tuple[Mapping[str, str], ...]
    refused: tuple[Refusal, ...]
    set_aside: int

    @property
    def read(self) -> int:
        """Items that this log could have had a row from."""
        return len(self.rows) + len(self.refused)

    @property
    def reasons(self) -> Counter[str]:
        return Counter(refusal.reason for refusal in self.refused)


def text_cell(value: object, absent: str) -> str:
    """A text as one cell of the log.

    Args:
        value: As the file has it.
        absent: The reason when there is none.

    Raises:
        Refused: It is no text, blank, too long, or has characters that no log line may have.

    Example:
        >>> text_cell(" A1 ", "missing_study")
        'A1'
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        raise Refused(absent)
    if not isinstance(value, str):
        raise Refused("wrong_type")
    cell = value.strip()
    if len(cell) > LONGEST_TEXT or not cell.isprintable():
        raise Refused("unusable_text")
    return cell


def time_cell(value: object) -> str:
    """A month, day or second in the form of ISO 8601, checked against the calendar.

    Raises:
        Refused: Absent, or not a time of that form.

    Example:
        >>> time_cell("2026-03-01T08:00:00+01:00"), time_cell("2026-03")
        ('2026-03-01T08:00:00+01:00', '2026-03')
    """
    cell = text_cell(value, "missing_time")
    if not TIME.fullmatch(cell):
        raise Refused("unusable_time")
    try:
        if len(cell) > len("2026-03-01"):
            datetime.fromisoformat(cell)
        else:
            date.fromisoformat(cell if len(cell) > len("2026-03") else f"{cell}-01")
    except ValueError as error:
        raise Refused("unusable_time") from error
    return cell


def score_cell(number: Decimal, unit: str) -> str:
    """A probability from a number and its UCUM unit.

    Raises:
        Refused: The unit is neither 1 nor %, or the probability is not between 0 and 1.

    Example:
        >>> score_cell(Decimal("7.1"), "%"), score_cell(Decimal("0.25"), "1")
        ('0.071', '0.25')
    """
    if unit not in PER_UNIT:
        raise Refused("unknown_unit")
    if not number.is_finite() or not 0 <= number <= PER_UNIT[unit]:
        raise Refused("score_out_of_range")
    return repr(float(number / PER_UNIT[unit]))
