"""Who is newly flagged and who no longer, with and without the outcome."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from monitor.documentation.evidence import Record
from monitor.documentation.figures.sheet import box, finished, line, words

WIDTH: Final = 700.0
LEFT: Final = 250.0
RIGHT: Final = 170.0
PITCH: Final = 30.0
TOP: Final = 30.0
KINDS: Final = (
    ("up", "with_outcome", "Newly flagged, with the outcome", "right"),
    ("up", "without_outcome", "Newly flagged, without it", "wrong"),
    ("down", "with_outcome", "No longer flagged, with the outcome", "wrong"),
    ("down", "without_outcome", "No longer flagged, without it", "right"),
)
LEGEND: Final = (
    "Validation studies that cross the threshold because of the change. Plain: in the right direction, a "
    "study with the outcome now flagged or one without it left alone. Hatched: in the wrong one."
)


def has_moved(found: Record | None) -> bool:
    """True when the change moves any study across the threshold."""
    moved = (found or {}).get("reclassified")
    return bool(moved) and any(moved[move][kind]["studies"] for move, kind, _, _ in KINDS)


def reclassification(dossier: Record) -> str:
    """SVG of the studies that the change moves across the threshold."""
    found = dossier["operating_point"]["found"]
    counts = [found["reclassified"][move][kind] for move, kind, _, _ in KINDS]
    most = max(1, *(_length(count["studies"]) for count in counts))
    bottom = TOP + PITCH * len(KINDS)
    parts = [words((LEFT, 16), "Studies moved across the threshold (number)", size=12, colour="quiet")]
    for position, ((_, _, label, way), count) in enumerate(zip(KINDS, counts, strict=True)):
        parts += _bar(label, way, count, most, TOP + PITCH * position)
    parts.append(line((LEFT, TOP - 4), (LEFT, bottom), "ink", width=1.2))
    return finished(
        "reclassification-figure",
        ("Studies reclassified by the change", _said(found, counts)),
        (WIDTH, bottom + 8),
        parts,
    )


def _bar(label: str, way: str, count: Record, most: int, top: float) -> Iterator[str]:
    room = WIDTH - LEFT - RIGHT
    length = room * _length(count["studies"]) / most
    yield words((LEFT - 10, top + 17), label, anchor="end")
    if length:
        yield box((LEFT, top + 3), (length, 18), "middle" if way == "right" else "paper")
    if length and way == "wrong":
        yield box((LEFT, top + 3), (length, 18), "hatch")
        yield _outline((LEFT, top + 3), (length, 18))
    yield words((LEFT + length + 8, top + 17), _counted(count))


def _outline(corner: tuple[float, float], size: tuple[float, float]) -> str:
    (x, y), (width, height) = corner, size
    corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y)]
    return "".join(line(one, other, "ink") for one, other in pairwise(corners))


def _length(count: int | str) -> int:
    """A count that is withheld has no bar."""
    return count if isinstance(count, int) else 0


def _counted(count: Record) -> str:
    """Studies, and of how many patients.

    Example:
        >>> _counted({"studies": 1200, "patients": 1}), _counted({"studies": "<10", "patients": None})
        ('1,200 in 1 patient', '<10')
    """
    studies, patients = count["studies"], count["patients"]
    text = f"{studies:,}" if isinstance(studies, int) else str(studies)
    if not isinstance(patients, int):
        return text
    return f"{text} in {patients:,} patient{'' if patients == 1 else 's'}"


def _said(found: Record, counts: list[Record]) -> str:
    parts = [f"{label}: {_counted(count)}." for (_, _, label, _), count in zip(KINDS, counts, strict=True)]
    alerts = found["alerts"]
    return f"{' '.join(parts)} Alerts go from {alerts['before']:,} to {alerts['after']:,}."
