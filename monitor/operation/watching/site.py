"""What the streams of one site read, add up and bet in one night: a pure function of that site."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from monitor.drift import Detector, MeanStream, Visits, log_e_of_streams, look, visits
from monitor.operation.watching.features import Feature
from monitor.records import FloatArray, IntArray


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
    together: defaultdict[bytes, list[Reading]] = defaultdict(list)
    for reading in night.readings:
        together[night.features[reading.feature].known.tobytes()].append(reading)
    return {name: seen for readings in together.values() for name, seen in _see(night, readings)}


def _see(night: SiteNight, readings: list[Reading]) -> list[tuple[str, Seen]]:
    """Looks at features that are known of the same rows."""
    known = night.features[readings[0].feature].known
    rows, codes = visits(night.patient[known]), dict[str, IntArray]()
    for reading in readings:
        if reading.feature not in codes:
            values = night.features[reading.feature].values[known]
            codes[reading.feature] = reading.stream.feature.code(values)
    bet_on = [reading for reading in readings if reading.before is not None]
    log_e = log_e_of_streams(
        [reading.stream for reading in bet_on], [codes[reading.feature] for reading in bet_on], rows
    )
    added = dict(zip([reading.name for reading in bet_on], log_e, strict=True))
    return [
        (reading.name, _seen(reading, codes[reading.feature], rows, added.get(reading.name)))
        for reading in readings
    ]


def _seen(reading: Reading, codes: IntArray, rows: Visits, log_e: FloatArray | None) -> Seen:
    patients, sums, squares = reading.stream.sums(codes, rows)
    after = None if reading.before is None or log_e is None else look(reading.before, log_e)
    return Seen(len(codes), patients, tuple(sums.tolist()), tuple(squares.tolist()), after)
