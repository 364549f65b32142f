"""The store's nightly sums and evidence equal a plain engine that reads the files row by row.

The plain engine below shares no code with the product: mid-ranks by counting, e-values one by one,
patients averaged in a dictionary, products in the order of the nights.
"""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path
from statistics import NormalDist
from typing import Any

import duckdb
import numpy as np
import pytest

from monitor.operation.replay import replay
from tests.evidence import bound
from tests.watching import EDITS, NORTH

FIRST, NIGHTS, LOOKS, ROWS = date(2026, 1, 1), 30, 10, 300
Row = dict[str, Any]
GAINS, RATIOS, DOWN = (0.2, 0.5, 1.0, 1.6), (1.5, 2.0, 3.0), (0.3, 0.6, 0.95)


def generated(seed: int) -> list[Row]:
    """Odd rows on purpose: repeats of patients, ties, missing and implausible values, unlisted levels."""
    rng = np.random.default_rng(seed)
    rows: list[Row] = []
    for night in range(NIGHTS):
        for site in ("Alpha", "Beta"):
            for _ in range(int(rng.integers(25, 60))):
                rows.append(one(rng, site, night, len(rows)))
    return rows


def one(rng: np.random.Generator, site: str, night: int, number: int) -> Row:
    age = round(rng.normal(60 + 4 * (night > 20), 12))
    view = rng.choice(["PA", "AP", "ap ", "lateral", ""], p=[0.6, 0.2, 0.1, 0.05, 0.05])
    return {
        "accession": f"A{number}",
        "mrn": f"{site}{rng.integers(0, 400)}",
        "hospital": site,
        "inference_time": f"{FIRST + timedelta(days=night)}T12:00:00+01:00",
        "model_version": "ptx-3.2.0",
        "ptx_score": f"{rng.beta(1, 9):.2f}",
        "age": rng.choice([str(age), "", "999"], p=[0.9, 0.05, 0.05]),
        "kvp": f"{rng.integers(60, 150)}",
        "view": view,
        "scanner_vendor": rng.choice(["A", "B"]),
        "sex": "F",
        "night": night,
    }


def write(file: Path, rows: list[Row], names: list[str]) -> Path:
    with file.open("w", newline="") as opened:
        writer = csv.DictWriter(opened, names, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return file


# The plain engine.


def feature(row: Row, name: str) -> Any:
    """The value a stream reads: None where it is missing or not plausible."""
    if name == "score":
        return min(max(float(row["ptx_score"]), 1e-6), 1 - 1e-6)  # as every log-odds is clipped
    if name in ("age", "kvp"):
        low, high = {"age": (18, 110), "kvp": (60, 150)}[name]
        value = float(row[name]) if row[name] else math.nan
        return value if low <= value <= high else None
    listed = {"view": ["PA", "AP"], "scanner_vendor": ["A", "B", "C"]}[name]
    text = row[name].strip()
    known = [level for level in listed if level.casefold() == text.casefold()]
    return known[0] if known else text or None


def number_readings(reference: list[float], value: float) -> list[float]:
    below = sum(other < value for other in reference)
    equal = sum(other == value for other in reference)
    rank = (below + equal / 2) / len(reference)
    return [rank, abs(2 * rank - 1)]


def number_bets(reference: list[float], patients: int) -> list[tuple[int, float, float]]:
    half = NormalDist().cdf(0.1 / math.sqrt(2)) - 0.5 + 2 / math.sqrt(12 * patients)
    readings = [number_readings(reference, value) for value in reference]
    bets = []
    for index in (0, 1):
        mean = sum(reading[index] for reading in readings) / len(readings)
        low, high = max(0.0, mean - half), min(1.0, mean + half)
        bets += [(index, high, min(gain, 0.95 / high)) for gain in GAINS]
        bets += [(index, low, -min(gain, 0.95 / (1 - low))) for gain in GAINS]
    return bets


def rate_bets(shares: list[tuple[int, int]], patients: int, tolerance: float, errors: float) -> list[Any]:
    bets = []
    for index, (ones, rows) in enumerate(shares):
        rate = (ones + 0.5) / (rows + 1)
        half = tolerance + errors / math.sqrt(patients * rate * (1 - rate))
        centre = math.log(rate / (1 - rate))
        for sign in (1, -1):
            edge = 1 / (1 + math.exp(-(centre + sign * half)))
            for ratio in RATIOS:
                furthest = max if sign > 0 else min
                odds = furthest(rate / (1 - rate) * ratio**sign, edge / (1 - edge) * ratio ** (sign / 2))
                bets.append((index, edge, (odds / (1 + odds) - edge) / (edge * (1 - edge))))
    return bets


class Plain:
    """One stream of one site: readings and bets from the reference rows."""

    def __init__(self, reference: list[Row], stream: str) -> None:
        self.kind, _, self.name = stream.partition(":")
        known = [row for row in reference if self.value(row) is not None]
        self.reference = [self.value(row) for row in known]
        patients = len({row["mrn"] for row in known})
        total = len(known)
        if self.kind == "missingness" or stream == "alert_rate":
            self.bets = rate_bets([(sum(self.reference), total)], patients, 0.2, 2.0)
        elif self.name in ("view", "scanner_vendor"):
            levels = sorted(set(self.reference))
            self.levels = [level for level in levels if self.reference.count(level) / total >= 0.01]
            counts = [self.reference.count(level) for level in self.levels]
            shares = [(count, total) for count in (*counts, total - sum(counts))]
            self.bets = rate_bets(shares, patients, 0.2, 2.0)
        elif stream == "score_mean":
            self.bets = self.mean_bets(patients)
        else:
            self.bets = number_bets(self.reference, patients)

    def value(self, row: Row) -> Any:
        if self.kind == "missingness":
            return float(feature(row, self.name) is None)
        if self.kind == "alert_rate":
            return float(feature(row, "score") >= 0.08)
        return feature(row, self.name or "score")

    def mean_bets(self, patients: int) -> list[Any]:
        p = np.array(self.reference)
        mean, with_, without = p.mean(), (p**2).sum() / p.sum(), (p * (1 - p)).sum() / (1 - p).sum()
        error = p.std() / math.sqrt(patients)
        bets = []
        for sign in (1, -1):
            moved = 1 / (1 + math.exp(-(math.log(mean / (1 - mean)) + sign * 0.1)))
            edge = mean + (moved - mean) * (with_ - without) + sign * error
            if sign > 0:
                odds = [mean / (1 - mean) * ratio for ratio in RATIOS]
                gains = [(o / (1 + o) - mean) / (mean * (1 - mean)) for o in odds]
                bets += [(0, edge, min(gain, 0.95 / edge)) for gain in gains]
            else:
                bets += [(0, edge, -min(gain, 0.95 / (1 - edge))) for gain in DOWN]
        return bets

    def readings(self, row: Row) -> list[float]:
        value = self.value(row)
        if self.kind in ("missingness", "alert_rate"):
            return [value]
        if self.kind == "score_mean":
            # The reference's score of the same code: between two values that were met, their middle.
            met = sorted(set(self.reference))
            if value in met:
                return [value]
            below, above = [v for v in met if v < value], [v for v in met if v > value]
            return [(below[-1] + above[0]) / 2 if below and above else (met[0] if above else met[-1])]
        if self.name in ("view", "scanner_vendor"):
            hits = [float(value == level) for level in self.levels]
            return [*hits, float(not any(hits))]
        return number_readings(self.reference, value)

    def look(self, rows: list[Row]) -> tuple[list[float], list[float]]:
        """Sums of the patients' mean readings, and the log of e per bet."""
        by_patient: dict[str, list[list[float]]] = defaultdict(list)
        for row in rows:
            if self.value(row) is not None:
                by_patient[row["mrn"]].append(self.readings(row))
        sums = [0.0] * (1 + max(bet[0] for bet in self.bets))
        log_e = [0.0] * len(self.bets)
        for readings in by_patient.values():
            for index in range(len(sums)):
                sums[index] += sum(reading[index] for reading in readings) / len(readings)
            for k, (index, edge, gain) in enumerate(self.bets):
                e = [1 + gain * (reading[index] - edge) for reading in readings]
                log_e[k] += math.log(sum(e) / len(e))
        return sums, log_e


def plain_engine(
    rows: list[Row], site: str, stream: str
) -> tuple[dict[date, list[float]], dict[date, float]]:
    """Sums and log of the mixture per night, from the files alone."""
    of_site = [row for row in rows if row["hospital"] == site]
    nights = sorted({row["night"] for row in of_site})
    frozen = next(
        n
        for k, n in enumerate(nights, start=1)
        if k >= LOOKS and sum(row["night"] <= n for row in of_site) >= ROWS
    )
    engine = Plain([row for row in of_site if row["night"] <= frozen], stream)
    r = [0.0] * len(engine.bets)
    sums: dict[date, list[float]] = {}
    mixture: dict[date, float] = {}
    for night in (n for n in nights if n > frozen):
        found, log_e = engine.look([row for row in of_site if row["night"] == night])
        r = [math.exp(e) * (before + 1) for e, before in zip(log_e, r, strict=True)]
        looked = FIRST + timedelta(days=night + 1)
        sums[looked], mixture[looked] = found, math.log(sum(r) / len(r))
    return sums, mixture


STREAMS = (
    "covariate:age",
    "covariate:kvp",
    "covariate:view",
    "covariate:scanner_vendor",
    "missingness:age",
    "missingness:view",
    "score_mean",
    "score_shape",
    "alert_rate",
)


@pytest.mark.parametrize("seed", [1, 2])
def test_sums_and_evidence_equal_those_of_a_plain_engine(tmp_path: Path, seed: int) -> None:
    rows = generated(seed)
    scene = bound(tmp_path, NORTH, nights=2, edits=EDITS)
    names = [name for name in rows[0] if name != "night"]
    predictions = write(tmp_path / "predictions.csv", rows, names)
    outcomes = write(
        tmp_path / "outcomes.csv",
        [],
        ["accession", "hospital", "ptx_confirmed", "confirmed_at", "source"],
    )
    replay(
        scene.path, [predictions], [outcomes], until=FIRST + timedelta(days=NIGHTS + 2), key_file=scene.key
    )
    with duckdb.connect(str(scene.path / "snapshot.duckdb"), read_only=True) as connection:
        found = connection.execute("SELECT site, stream, night, sums, log_r FROM mean_looks").fetchall()
    compared = 0
    for site in ("Alpha", "Beta"):
        for stream in STREAMS:
            sums, mixture = plain_engine(rows, site, stream)
            ours = {
                night: (s, log_r) for where, what, night, s, log_r in found if (where, what) == (site, stream)
            }
            assert ours.keys() == sums.keys()
            told = True
            for night in sorted(sums):
                assert ours[night][0] == pytest.approx(sums[night], abs=1e-9), (site, stream, night)
                if ours[night][1] is None:  # an alarm is open: no more bets
                    told = False
                if told:
                    assert ours[night][1] == pytest.approx(mixture[night], abs=1e-9), (site, stream, night)
                    compared += 1
    assert compared > 200
