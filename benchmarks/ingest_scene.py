"""Ingest beside DuckDB's own bare load and pandas doing the same work.

`delivery` makes one simulated log as CSV and Parquet; `ours`, `bare` and `with_pandas` take one of the two
files each time and do their work once, in a fresh folder. Nothing is timed here, and pandas is imported only
where it is used.
"""
# ruff: noqa: S608  (statements hold names and numbers of this file)

from __future__ import annotations

import hashlib
import hmac
import importlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from monitor.operation.night import ingest
from monitor.operation.workspace import initialise
from monitor.records import BatchReport
from monitor.simulation import Scenario, network

PLAN = Path(__file__).resolve().parents[1] / "change_plans" / "chest_xray_pneumothorax.yaml"
RECEIVED = date(2027, 1, 1)
KEY = b"a benchmark's key of 32 bytes..."
NIGHT_ROWS = 20_000
FIRST_NIGHT = date(2020, 1, 1)
MORE_COVARIATES = """
    - {name: sex, kind: categorical, levels: [F, M]}
    - {name: tube_load, kind: continuous, unit: mAs, range: [0, 10]}
    - {name: exposure_index, kind: continuous, unit: "1", range: [0, 5000]}
    - {name: kernel, kind: categorical, levels: [standard, soft, bone]}
    - {name: weight, kind: continuous, unit: kg, range: [2, 300]}
"""
MORE_COLUMNS = """
    sex, round(hash(accession, hospital, 1) / 18446744073709551615.0 * 4, 2) AS tube_load,
    round(hash(accession, hospital, 2) / 18446744073709551615.0 * 2000 + 300) AS exposure_index,
    ['standard', 'soft', 'bone'][1 + (hash(mrn, hospital, 3) % 3)::INTEGER] AS kernel,
    round(hash(mrn, hospital, 4) / 18446744073709551615.0 * 60 + 40, 1) AS weight
"""
LIMITS = {
    "age": (18, 110),
    "kvp": (60, 150),
    "tube_load": (0, 10),
    "exposure_index": (0, 5000),
    "weight": (2, 300),
}


@dataclass(frozen=True)
class Delivery:
    """One prediction log of 15 columns, twice, and an empty workspace with its plan.

    Attributes:
        csv, parquet: The same rows.
        plan: With a covariate for each of the log's.
        empty: A workspace that nothing was ingested into.
        key: File of its pseudonym key.
        scratch: Where each run may make what it needs and delete it.
    """

    csv: Path
    parquet: Path
    plan: Path
    empty: Path
    key: Path
    scratch: Path


def delivery(folder: Path, rows: int, sites: int = 50) -> Delivery:
    """The simulator's log, with study and patient numbers that no two sites share and four more columns.

    The simulator's own dirt stays in it: about 0.4 % of the rows are refused or repeated.
    """
    scenarios = tuple(
        Scenario(f"Site {n:03d}", "quiet", "Nothing changes.", "No alarm.", rows / sites / 100, 0.09)
        for n in range(sites)
    )
    written = network(nights=100, seed=1, scenarios=scenarios).write(folder / "simulated").predictions[0]
    made = Delivery(
        folder / "log.csv",
        folder / "log.parquet",
        folder / "plan.yaml",
        folder / "empty",
        folder / "pseudonym.key",
        folder / "scratch",
    )
    columns = (
        "hospital[6:] || accession AS accession, hospital[6:] || mrn AS mrn, hospital, inference_time, "
        f"model_version, ptx_score, age, kvp, view, scanner_vendor, {MORE_COLUMNS}"
    )
    with duckdb.connect() as connection:
        source = f"SELECT {columns} FROM read_csv('{written}', all_varchar = true, quote = '')"
        connection.execute(f"COPY ({source}) TO '{made.csv}' (HEADER, QUOTE '')")
        connection.execute(f"COPY (FROM read_csv('{made.csv}')) TO '{made.parquet}' (FORMAT parquet)")
    vendor = "    - {name: scanner_vendor, kind: categorical, levels: [A, B, C]}\n"
    made.plan.write_text(PLAN.read_text().replace(vendor, vendor + MORE_COVARIATES.lstrip("\n")))
    initialise(made.empty, made.plan, made.key, at="2026-01-01")
    made.scratch.mkdir()
    return made


def ours(made: Delivery, file: Path) -> BatchReport:
    """`pccp ingest` of one file into an empty workspace: all rules, pseudonyms, archive, ledger, snapshot."""
    workspace = made.scratch / "workspace"
    shutil.copytree(made.empty, workspace)
    try:
        return ingest(workspace, [file], RECEIVED, key_file=made.key)[0]
    finally:
        shutil.rmtree(workspace)


def bare(made: Delivery, file: Path) -> int:
    """DuckDB's own typed load of the same file into a new database, with its checkpoint: rows loaded."""
    database = made.scratch / "bare.duckdb"
    reader = "read_parquet" if file.suffix == ".parquet" else "read_csv"
    try:
        with duckdb.connect(str(database)) as connection:
            connection.execute(f"CREATE TABLE log AS FROM {reader}('{file}')")
            return connection.execute("SELECT count(*) FROM log").fetchall()[0][0]
    finally:
        database.unlink()


def with_pandas(made: Delivery, file: Path) -> int:
    """The same work by a data frame: casts, rules, keyed pseudonyms, duplicates, hash, archive, DuckDB.

    It keeps no raw lines of refused rows and no ledger, which ours does.

    Returns:
        Rows stored.
    """
    pd: Any = importlib.import_module("pandas")
    hashlib.sha256(file.read_bytes()).hexdigest()
    read: Callable[..., Any] = pd.read_parquet if file.suffix == ".parquet" else pd.read_csv
    frame = read(file) if file.suffix == ".parquet" else read(file, dtype=str, keep_default_na=False)
    frame = frame.astype(str)
    time = pd.to_datetime(frame["inference_time"], errors="coerce", utc=True, format="ISO8601")
    frame["predicted_at"] = time.dt.tz_convert("Europe/Berlin").dt.tz_localize(None)
    frame["score"] = pd.to_numeric(frame["ptx_score"], errors="coerce")
    for name, (low, high) in LIMITS.items():
        value = pd.to_numeric(frame[name], errors="coerce")
        frame[name] = value.where(value.between(low, high))
    frame["view"] = frame["view"].str.strip().str.upper()
    good = (
        frame["predicted_at"].notna()
        & frame["score"].between(0, 1)
        & (frame["model_version"] == "ptx-3.2.0")
        & ~frame["hospital"].str.contains(r"[\x00-\x1f\x7f-\x9f]", regex=True)
    )
    frame[~good].to_json(made.scratch / "rejected.jsonl", orient="records", lines=True)
    kept = frame[good].drop(columns=["inference_time", "ptx_score"])
    for column, domain in (("accession", b"study:"), ("mrn", b"patient:")):
        kept[column] = [
            hmac.digest(KEY, domain + value.encode(), "sha256").hex()[:32] for value in kept[column]
        ]
    kept = kept.drop_duplicates(["hospital", "accession"])
    archived, database = made.scratch / "pandas.parquet", made.scratch / "pandas.duckdb"
    kept.to_parquet(archived, compression="zstd")
    hashlib.sha256(archived.read_bytes()).hexdigest()
    try:
        with duckdb.connect(str(database)) as connection:
            connection.register("kept", kept)
            connection.execute("CREATE TABLE predictions AS FROM kept")
    finally:
        database.unlink(missing_ok=True)
    return len(kept)
