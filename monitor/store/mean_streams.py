"""Frozen references, the looks of the streams that compare with them, and their running state."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np

from monitor.records import FloatArray, IntArray, Place
from monitor.store import bulk
from monitor.store.connection import Session, columns, rows


class ReferenceRow(NamedTuple):
    """The frozen reference of one feature; `monitor.drift.FrozenFeature` says what the columns mean."""

    site: str
    finding: str
    feature: str
    kind: str
    edges: FloatArray
    levels: tuple[str, ...]
    counts: IntArray
    patients: int
    probability: FloatArray


class MeanLook(NamedTuple):
    """What one look added to one stream.

    Attributes:
        stream: The stream's name, such as "covariate:age"; "arrivals" counts what came.
        epoch: Counts the alarms of the stream that a person has closed.
        rows, patients: Studies that had a value, and their patients.
        sums, squares: Of each reading, a patient's rows averaged.
        log_r: Natural log of the mixture after the look; None while an alarm of the stream is open.
    """

    site: str
    finding: str
    stream: str
    epoch: int
    night: date
    rows: int
    patients: int
    sums: tuple[float, ...]
    squares: tuple[float, ...]
    log_r: float | None

    @property
    def place(self) -> Place:
        return Place(self.site, self.finding)


class DetectorRow(NamedTuple):
    """The running state of one stream's detector."""

    site: str
    finding: str
    stream: str
    epoch: int
    looks: int
    log_r: tuple[float, ...]


_TEXTS = {"site": "VARCHAR", "finding": "VARCHAR"}
_REFERENCE = {
    **_TEXTS,
    "feature": "VARCHAR",
    "kind": "VARCHAR",
    "edges": "DOUBLE[]",
    "levels": "VARCHAR[]",
    "counts": "BIGINT[]",
    "patients": "BIGINT",
    "probability": "DOUBLE[]",
}
_LOOK = {
    **_TEXTS,
    "stream": "VARCHAR",
    "epoch": "INTEGER",
    "night": "DATE",
    "rows": "BIGINT",
    "patients": "BIGINT",
    "sums": "DOUBLE[]",
    "squares": "DOUBLE[]",
    "log_r": "DOUBLE",
}
_DETECTOR = {
    **_TEXTS,
    "stream": "VARCHAR",
    "epoch": "INTEGER",
    "looks": "BIGINT",
    "log_r": "DOUBLE[]",
}


def put_references(connection: Session, found: Sequence[ReferenceRow]) -> None:
    """Store frozen references; one that is there already is replaced."""
    bulk.insert(
        connection,
        "reference_features",
        _REFERENCE,
        [tuple(map(_listed, item)) for item in found],
        key=("site", "finding", "feature"),
    )


def put_looks(connection: Session, looks: Sequence[MeanLook]) -> None:
    """Store what a night added."""
    bulk.insert(connection, "mean_looks", _LOOK, [tuple(map(_listed, item)) for item in looks])


def put_detectors(connection: Session, states: Sequence[DetectorRow]) -> None:
    """Store where the detectors stand, in the place of where they stood."""
    bulk.insert(
        connection,
        "detector_states",
        _DETECTOR,
        [tuple(map(_listed, item)) for item in states],
        key=("site", "finding", "stream"),
    )


def references(connection: Session) -> list[ReferenceRow]:
    """Every frozen reference, by place and feature."""
    found = columns(connection, f"SELECT {', '.join(_REFERENCE)} FROM reference_features")  # noqa: S608
    listed = zip(*(of.tolist() for of in found.values()), strict=True)
    # The engine would move every list of edges and counts to put them in order.
    return [_reference(*values) for values in sorted(listed, key=itemgetter(0, 1, 2))]


def _reference(*values: Any) -> ReferenceRow:
    site, finding, feature, kind, edges, levels, counts, patients, probability = values
    return ReferenceRow(site, finding, feature, kind, edges, tuple(levels), counts, patients, probability)


def looks(connection: Session, *, night: date | None = None, place: Place | None = None) -> list[MeanLook]:
    """Looks in the order of place, stream and night; of one night or place where it is named."""
    conditions = ["true"] + ["night = $night"] * (night is not None)
    conditions += ["site = $site AND finding = $finding"] * (place is not None)
    parameters: dict[str, Any] = {"night": night} if night is not None else {}
    parameters |= place._asdict() if place is not None else {}
    found = rows(
        connection,
        f"SELECT {', '.join(_LOOK)} FROM mean_looks WHERE {' AND '.join(conditions)} "  # noqa: S608
        "ORDER BY site, finding, stream, epoch, night",
        parameters,
    )
    return [MeanLook(*map(_frozen, values)) for values in found]


def detectors(connection: Session) -> list[DetectorRow]:
    """Where every detector stands."""
    found = rows(
        connection,
        f"SELECT {', '.join(_DETECTOR)} FROM detector_states ORDER BY site, finding, stream",  # noqa: S608
    )
    return [DetectorRow(*map(_frozen, values)) for values in found]


def arrived_so_far(connection: Session) -> dict[Place, tuple[int, int]]:
    """Looks with a new study, and studies, of every place."""
    found = rows(
        connection,
        "SELECT site, finding, count(*), sum(rows)::BIGINT FROM mean_looks WHERE stream = 'arrivals' "
        "GROUP BY site, finding ORDER BY site, finding",
    )
    return {Place(site, finding): (count, total) for site, finding, count, total in found}


def _listed(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    return list(value) if isinstance(value, tuple) else value


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
