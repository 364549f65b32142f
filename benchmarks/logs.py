"""Logs of simulated sites of unequal volume, with twelve covariates, bad rows and outcomes that come late.

Patients, scores, outcomes and delays are those of `monitor.simulation`, with its five covariates; seven more
are drawn here. On the last fifth of the nights every second site's tube current and field of view shift.
"""
# ruff: noqa: S608  (statements are built from constants of this folder)

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from monitor.logistic import expit
from monitor.records import FloatArray
from monitor.simulation import Scenario, network
from monitor.simulation.clock import date_of, utc_offset
from monitor.simulation.studies import SiteLog, generator

SEED = 20261130
LARGEST_TO_SMALLEST = 15.0
PLAN = Path(__file__).resolve().parent / "plan.yaml"

NUMBERS = ("age", "kvp", "mas", "dose", "exposure_ms", "body_mass", "field_cm")
LEVELS = ("view", "scanner_vendor", "sex", "department", "detector")
FEATURES = ("ptx_score", *NUMBERS, *LEVELS)

DUPLICATES, BAD_ROWS = 0.005, 0.004


@dataclass(frozen=True)
class Size:
    """How much is generated.

    Attributes:
        rows: Predictions, on average.
        sites: The largest has fifteen times the volume of the smallest.
        nights: Over which they come.
    """

    rows: int
    sites: int
    nights: int

    @property
    def name(self) -> str:
        return f"{self.rows}-{self.sites}-{self.nights}"


def draw(size: Size, seed: int = SEED) -> pa.Table:
    """One row per study, in order of time.

    Columns: accession, mrn, hospital, night, second, outcome, delay (days; -1: never confirmed), and the
    features.
    """
    share = LARGEST_TO_SMALLEST ** (np.arange(size.sites) / max(1, size.sites - 1))
    nightly = size.rows / size.nights * share / share.sum()
    sites = tuple(
        Scenario(f"site {number:03d}", "quiet", "", "", studies, 0.058)
        for number, studies in enumerate(nightly.tolist())
    )
    made = network(nights=size.nights, seed=seed, scenarios=sites)
    parts = [_columns(log, number, size.nights, seed) for number, log in enumerate(made.sites)]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.lexsort((columns["second"], columns["night"]))
    return pa.table({name: values[order] for name, values in columns.items()})


def _columns(log: SiteLog, number: int, nights: int, seed: int) -> dict[str, Any]:
    n, site = len(log), log.truth.site
    rng = generator(seed, site, "further covariates")
    shifted = (log.night >= 0.8 * nights) & (number % 2 == 1)
    numbers = _numbers(rng, n, shifted)
    prefix = f"{number:03d}"
    return {
        "accession": np.char.add(f"A{prefix}", np.char.zfill(np.arange(n).astype(str), 7)),
        "mrn": np.char.add(f"M{prefix}", np.char.zfill(log.patient.astype(str), 7)),
        "hospital": np.full(n, site),
        "night": log.night,
        "second": log.second,
        "outcome": log.outcome,
        "delay": np.where(log.confirmation.indeterminate, -1, log.confirmation.delay_days),
        "ptx_score": np.round(expit(log.log_odds), 6),
        "age": log.covariates.age,
        "kvp": log.covariates.kvp,
        **numbers,
        "view": np.where(log.covariates.bedside, "AP", "PA"),
        "scanner_vendor": np.array(["A", "B", "C"])[log.covariates.vendor],
        "sex": np.where(log.covariates.female, "F", "M"),
        "department": rng.choice(
            ["emergency", "ward", "intensive care", "outpatient"], n, p=[0.4, 0.3, 0.1, 0.2]
        ),
        "detector": rng.choice(["D1", "D2", "D3", "D4", "D5"], n),
    }


def _numbers(rng: np.random.Generator, n: int, shifted: Any) -> dict[str, FloatArray]:
    return {
        "mas": np.round(np.exp(rng.normal(1.0, 0.5, n) + 0.25 * shifted), 2),
        "dose": np.round(rng.gamma(4.0, 0.4, n), 3),
        "exposure_ms": np.round(rng.gamma(3.0, 4.0, n), 1),
        "body_mass": np.round(rng.normal(27.0, 5.0, n).clip(12, 60), 1),
        "field_cm": np.round(rng.normal(38.0, 3.0, n) + 1.0 * shifted, 1),
    }


def write(
    drawn: pa.Table, folder: Path, *, first: int = 0, last: int | None = None, stem: str = ""
) -> tuple[Path, Path]:
    """Write the logs of some nights as CSV with repeated and bad rows: predictions and outcomes.

    Args:
        drawn: As `draw` made it.
        folder: Exists.
        first, last: Nights, both included.
        stem: Before the names of both files.
    """
    files = folder / f"{stem}predictions.csv", folder / f"{stem}outcomes.csv"
    with duckdb.connect() as connection:
        connection.register("drawn", drawn)
        connection.register("days", _days(drawn))
        nights = {"first": first, "last": 10**6 if last is None else last}
        connection.execute("SELECT setseed(0.5)").fetchall()
        connection.execute(f"COPY ({_PREDICTIONS}) TO '{files[0]}' (HEADER)", nights).fetchall()
        connection.execute(f"COPY ({_OUTCOMES}) TO '{files[1]}' (HEADER)", nights).fetchall()
    return files


def _days(drawn: pa.Table) -> pa.Table:
    last = int(np.asarray(drawn["night"]).max()) + 60
    dates = [date_of(day) for day in range(last + 1)]
    return pa.table(
        {
            "day": list(range(last + 1)),
            "date": [day.isoformat() for day in dates],
            "shift": [utc_offset(day) for day in dates],
        }
    )


_TIME = "d.date || 'T' || printf('%02d:%02d:%02d', {s} // 3600, {s} // 60 % 60, {s} % 60) || d.shift"
_PREDICTIONS = f"""
WITH rows AS (
    SELECT *, hash(accession) % 10000 AS fate FROM drawn WHERE night BETWEEN $first AND $last
),
repeated AS (FROM rows UNION ALL FROM rows WHERE fate < {round(10000 * DUPLICATES)})
SELECT accession, mrn, hospital, {_TIME.format(s="r.second")} AS inference_time, 'ptx-3.2.0' AS model_version,
    CASE WHEN fate >= {10000 - round(10000 * BAD_ROWS)} THEN 1.7 ELSE ptx_score END AS ptx_score,
    {", ".join((*NUMBERS, *LEVELS))}
FROM repeated r JOIN days d ON d.day = r.night
ORDER BY r.night, r.second, accession
"""
_OUTCOMES = f"""
SELECT accession, hospital, outcome::INTEGER AS ptx_confirmed, {_TIME.format(s="r.second")} AS confirmed_at,
    'ct_or_two_readers' AS source
FROM drawn r JOIN days d ON d.day = r.night + r.delay
WHERE r.delay >= 0 AND r.night + r.delay BETWEEN $first AND $last
ORDER BY d.day, r.second, accession
"""
