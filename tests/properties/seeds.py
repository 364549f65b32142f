"""Sound files from which the hostile ones are made. Identifiers carry words that occur nowhere else."""

from __future__ import annotations

import io
import json
import random
from typing import Any

PREDICTIONS = "study_id,patient_id,site,predicted_at,model_version,score,age,view,patient_name,birth_date"
OUTCOMES = "study_id,site,outcome,observed_at,comment"
WORDS = ("QUOKKA", "WOMBAT", "NUMBAT", "1931-07-19")
"""Stems of patient, study, free text, and the date of birth: none may be kept or told."""


def prediction_rows(rng: random.Random, count: int = 12) -> list[dict[str, Any]]:
    names = PREDICTIONS.split(",")
    return [
        dict(
            zip(
                names,
                (
                    f"WOMBAT-{rng.randrange(400):04d}",
                    f"QUOKKA-{rng.randrange(90):04d}",
                    rng.choice(("north", "south", "île d'Yeu")),
                    f"2026-03-{rng.randrange(1, 29):02d}",
                    rng.choice(("m1", "m1", "m1", "m1", "m0")),
                    rng.choice((0.25, 0.5, 0.75, 1.0, 0.0, -1.0, 1.5, 1e-9)),
                    rng.choice((60, 61.5, 300)),
                    rng.choice(("PA", "AP", "pa", "LATERAL")),
                    "NUMBAT",
                    "1931-07-19",
                ),
                strict=True,
            )
        )
        for _ in range(count)
    ]


def outcome_rows(rng: random.Random, count: int = 12) -> list[dict[str, Any]]:
    return [
        {
            "study_id": f"WOMBAT-{rng.randrange(400):04d}",
            "site": rng.choice(("north", "south", "île d'Yeu")),
            "outcome": rng.choice((0, 1, "", "2")),
            "observed_at": f"2026-04-{rng.randrange(1, 29):02d}",
            "comment": "NUMBAT 1931-07-19",
        }
        for _ in range(count)
    ]


def csv(rows: list[dict[str, Any]]) -> bytes:
    lines = [",".join(rows[0]), *(",".join(str(value) for value in row.values()) for row in rows)]
    return ("\n".join(lines) + "\n").encode()


def json_lines(rows: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def parquet(rows: list[dict[str, Any]], rng: random.Random) -> bytes:
    """A table whose columns may have types that no log has."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns: dict[str, Any] = {name: pa.array([str(row[name]) for row in rows]) for name in rows[0]}
    odd = _odd_columns(len(rows))
    for _ in range(rng.randrange(4)):
        columns[rng.choice((*columns, "extra", "a'b\"c"))] = rng.choice(odd)
    written = io.BytesIO()
    compression = rng.choice(("snappy", "zstd", "gzip", "none"))
    pq.write_table(
        pa.table(columns), written, compression=compression, row_group_size=rng.choice((1, 5, 100))
    )
    return written.getvalue()


def _odd_columns(count: int) -> list[Any]:
    import datetime
    from decimal import Decimal

    import pyarrow as pa

    return [
        pa.array([b"\xff\x00QUOKKA"] * count, pa.binary()),
        pa.array([float("nan")] * count),
        pa.array([float("inf")] * count),
        pa.array([2**63 - 1] * count),
        pa.array([2**64 - 1] * count, pa.uint64()),
        pa.array([Decimal("1." + "1" * 37)] * count, pa.decimal128(38, 37)),
        pa.array([[1, None]] * count),
        pa.array([{"a": 1}] * count),
        pa.array([[("k", 1)]] * count, pa.map_(pa.string(), pa.int64())),
        pa.array([None] * count, pa.null()),
        pa.array([True] * count),
        pa.array([datetime.datetime(9999, 12, 31, 23, 59)] * count, pa.timestamp("us", "UTC")),
        pa.array([-(2**62)] * count, pa.timestamp("ns")),
        pa.array([2**31 - 1] * count, pa.date32()),
        pa.array([1] * count, pa.time64("ns")),
        pa.array([datetime.timedelta(days=10**6)] * count, pa.duration("us")),
        pa.array(["PA"] * count).dictionary_encode(),
        pa.array(["x" * 100_000] * count),
        pa.array(["=cmd|' /C calc'!A0\u202e\x1b[31m"] * count),
    ]
