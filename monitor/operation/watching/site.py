"""What the streams of one site read, add up and bet in one night: a pure function of that site."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from monitor.drift import (
    MISSING,
    NONE,
    AddedRows,
    Detector,
    FrozenFeature,
    MeanStream,
    Ones,
    Tally,
    Visits,
    log_mixtures,
    look_at_each,
    read_rates,
    tally,
)
from monitor.operation.watching.features import Feature


class Reading(NamedTuple):
    """One stream to read: its name, the feature it reads, and its detector; None where nothing is bet."""

    name: str
    feature: str
    stream: MeanStream
    before: Detector | None


class SiteNight(NamedTuple):
    """A site's new rows as its streams read them, and which share a patient; no pseudonym is in it."""

    features: Mapping[str, Feature]
    rows: Visits
    readings: tuple[Reading, ...]


class Seen(NamedTuple):
    """One look: rows with a value, their patients, sums and squares per reading, and the detector afterwards
    with the natural log of its mixture."""

    rows: int
    patients: int
    sums: tuple[float, ...]
    squares: tuple[float, ...]
    after: Detector | None
    log_r: float | None


def see(night: SiteNight) -> dict[str, Seen]:
    """Every look of a site's night, by the stream's name."""
    added = _numbers(night) | _rates(night)
    found = [added[reading.name] for reading in night.readings]
    bet = [
        (reading.before, look.added.log_e)
        for reading, look in zip(night.readings, found, strict=True)
        if reading.before is not None and look.added.log_e is not None
    ]
    after = look_at_each([before for before, _ in bet], [log_e for _, log_e in bet])
    stood = iter(zip(after, log_mixtures(after), strict=True))
    return {
        reading.name: _seen(look, *((None, None) if reading.before is None else next(stood)))
        for reading, look in zip(night.readings, found, strict=True)
    }


def _numbers(night: SiteNight) -> dict[str, AddedRows]:
    """What the night adds to the streams of numbers, which share what is held of a feature."""
    found, held = dict[str, AddedRows](), dict[str, Tally]()
    for reading in night.readings:
        if not reading.stream.one.size:
            if reading.feature not in held:
                held[reading.feature] = _tally(
                    night.features[reading.feature], reading.stream.feature, night.rows
                )
            of = held[reading.feature]
            added = reading.stream.read(of, bet=reading.before is not None)
            found[reading.name] = AddedRows(of.rows, of.patients, added)
    return found


def _tally(feature: Feature, frozen: FrozenFeature, rows: Visits) -> Tally:
    """What the rows hold of a number, by the codes of its reference."""
    rows, codes = rows.among(feature.known), frozen.code(feature.there())
    there = rows.shared if len(codes) == len(feature.known) else np.cumsum(feature.known)[rows.shared] - 1
    return tally(codes, len(frozen.counts), codes.take(there), rows)


def _rates(night: SiteNight) -> dict[str, AddedRows]:
    """What the night adds to the streams of readings that are 0 or 1."""
    readings = [reading for reading in night.readings if reading.stream.one.size]
    if not readings:
        return {}
    held = [_ones(night.features[reading.feature], reading, night.rows) for reading in readings]
    return {
        reading.name: found for reading, found in zip(readings, read_rates(held, night.rows), strict=True)
    }


def _ones(feature: Feature, reading: Reading, rows: Visits) -> Ones:
    """What the rows hold of a rate or of a category: the functional that each reads as one."""
    stream, there, shared = reading.stream, feature.there(), feature.values.take(rows.shared)
    if feature.kind == "rate":
        ones, one = np.array([np.count_nonzero(there)]), shared.astype(np.int64) + NONE
    else:
        of_level = stream.one.take(stream.feature.code(feature.texts()))
        ones = np.zeros(len(stream.functionals), dtype=np.int64)
        np.add.at(ones, of_level, np.bincount(there, minlength=len(of_level)))
        one = of_level.take(shared)
    if len(there) < len(feature.known):
        one[~feature.known.take(rows.shared)] = MISSING
    return Ones(stream, len(there), ones, one, reading.before is not None)


def _seen(look: AddedRows, after: Detector | None, log_r: float | None) -> Seen:
    sums, squares, _ = look.added
    return Seen(look.rows, look.patients, tuple(sums.tolist()), tuple(squares.tolist()), after, log_r)
