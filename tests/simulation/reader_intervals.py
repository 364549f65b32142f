"""How often the intervals of reader statistics hold the truth where patients come back.

A patient has one to three studies, equally often. Device and reader share what the image shows and a part of
what they think of the patient, so both the flags and the agreement of one patient resemble each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple

import numpy as np
from beside import Figure, show

from monitor.performance.reader_shares import Agreement, agreement
from monitor.records import BoolArray, FloatArray, TextArray

RUNS = 1000
PATIENTS = (50, 150, 500)
LEAST_COVERAGE = 0.93
NAMES = ("same", "kappa", "dismissed", "added")


def reader_intervals() -> bool:
    """Print coverage; True when from 150 patients on intervals by patient hold the truth often enough."""
    figures = list(coverage(np.random.default_rng(1)))
    show("Reader and device: coverage of nominal 95 % (naive: studies taken for independent)", figures)
    return all(
        figure.ours >= LEAST_COVERAGE
        for figure in figures
        if "by patient" in figure.row and figure.column != f"{PATIENTS[0]} patients"
    )


def coverage(rng: np.random.Generator) -> Iterator[Figure]:
    """Each statistic by number of patients, naive and by patient."""
    truth = _values(agreement(*_alone(reading_room(rng, 400_000)), least=1))
    for patients in PATIENTS:
        held = np.array([_held(reading_room(rng, patients), truth) for _ in range(RUNS)]).mean(axis=0)
        for column, name in enumerate(NAMES):
            for row, kind in enumerate(("naive", "by patient")):
                share = float(held[row, column])
                yield Figure(f"{name}, {kind}", f"{patients} patients", share, RUNS)


Room = tuple[BoolArray, FloatArray, TextArray]


def reading_room(rng: np.random.Generator, patients: int) -> Room:
    """(flagged, decision, patient) of simulated studies."""
    who = np.repeat(np.arange(patients), rng.integers(1, 4, patients))
    shared = rng.standard_normal((2, patients))[:, who]
    seen = rng.standard_normal(len(who))
    device = 0.7 * shared[0] + 0.5 * seen + 0.5 * rng.standard_normal(len(who))
    reader = 0.7 * (0.8 * shared[0] + 0.6 * shared[1]) + 0.5 * seen + 0.5 * rng.standard_normal(len(who))
    return device > 0.7, (reader > 0.5).astype(np.float64), who.astype(str).astype(object)


def _alone(room: Room) -> Room:
    flagged, decision, who = room
    return flagged, decision, np.arange(len(who)).astype(str).astype(object)


def _held(room: Room, truth: list[float]) -> list[list[bool]]:
    found = (agreement(*_alone(room), least=1), agreement(*room, least=1))
    return [
        [low <= true <= high for (low, high), true in zip(_ends(one), truth, strict=True)] for one in found
    ]


def _values(found: Agreement) -> list[float]:
    return [float(part[0]) for part in astuple(found)]


def _ends(found: Agreement) -> list[tuple[float, float]]:
    """An interval that does not exist holds nothing."""
    return [(2.0, -2.0) if None in part[1:3] else (part[1], part[2]) for part in astuple(found)]


if __name__ == "__main__":
    raise SystemExit(not reader_intervals())
