"""What the streams of one site read, add up and bet in one night: a pure function of that site."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from monitor.drift import Detector, MeanStream, look
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
    return {reading.name: _see(night, reading) for reading in night.readings}


def _see(night: SiteNight, reading: Reading) -> Seen:
    feature, stream = night.features[reading.feature], reading.stream
    codes, patient = stream.feature.code(feature.values[feature.known]), night.patient[feature.known]
    patients, sums, squares = stream.sums(codes, patient)
    after = None if reading.before is None else look(reading.before, stream.log_e(codes, patient))
    return Seen(len(codes), patients, tuple(sums.tolist()), tuple(squares.tolist()), after)
