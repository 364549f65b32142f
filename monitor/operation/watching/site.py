"""What the streams of one site read, add up and bet in one night: a pure function of that site."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from monitor.drift import Detector, FrozenFeature, MeanStream, Tally, Visits, look, tally, visits
from monitor.operation.watching.features import Feature
from monitor.records import IntArray


class Reading(NamedTuple):
    """One stream to read: its name, the feature it reads, and its detector; None where nothing is bet."""

    name: str
    feature: str
    stream: MeanStream
    before: Detector | None


class SiteNight(NamedTuple):
    """A site's new rows as its streams read them. Patients are numbers, shape (n,); no pseudonym is in it."""

    features: Mapping[str, Feature]
    patient: IntArray
    readings: tuple[Reading, ...]


class Seen(NamedTuple):
    """One look: rows with a value, their patients, sums and squares per reading, the detector afterwards."""

    rows: int
    patients: int
    sums: tuple[float, ...]
    squares: tuple[float, ...]
    after: Detector | None


def see(night: SiteNight) -> dict[str, Seen]:
    """Every look of a site's night, by the stream's name."""
    rows, held = visits(night.patient), dict[str, Tally]()
    for reading in night.readings:
        if reading.feature not in held:
            held[reading.feature] = _tally(night.features[reading.feature], reading.stream.feature, rows)
    return {reading.name: _seen(reading, held[reading.feature]) for reading in night.readings}


def _tally(feature: Feature, frozen: FrozenFeature, rows: Visits) -> Tally:
    """What the rows hold of a feature, by the codes of its reference."""
    rows = rows.among(feature.known)
    alone, shared = feature.values.take(rows.alone), feature.values.take(rows.shared)
    if feature.kind == "categorical":
        code = frozen.code(feature.texts())
        counts = np.bincount(code.take(alone), minlength=len(frozen.counts))
        return tally(counts, code[shared], rows)
    return tally(frozen.count(alone), frozen.code(shared), rows)


def _seen(reading: Reading, held: Tally) -> Seen:
    found = reading.stream.read(held, bet=reading.before is not None)
    after = None if reading.before is None or found.log_e is None else look(reading.before, found.log_e)
    return Seen(held.rows, held.patients, tuple(found.sums.tolist()), tuple(found.squares.tolist()), after)
