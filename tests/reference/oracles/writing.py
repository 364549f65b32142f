"""Reading the inputs and writing one JSON of values; used by the Python oracles."""

from __future__ import annotations

import csv
import hashlib
import json
import math
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent.parent


def read_input(name: str) -> dict[str, np.ndarray]:
    """Columns of one input: text for names, float64 for the rest."""
    with (HERE / "inputs" / f"{name}.csv").open(encoding="ascii", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = {key: [row[key] for row in rows] for key in rows[0]}
    names = {"patient", "site", "study"}
    return {
        key: np.array(column, dtype=object if key in names else np.float64) for key, column in columns.items()
    }


def write_values(
    oracle: str, packages: Sequence[str], inputs: Sequence[str], values: Mapping[str, float]
) -> None:
    """One JSON with versions, hashes of the inputs and values."""
    wrong = [name for name, value in values.items() if not math.isfinite(value)]
    if wrong:
        raise ValueError(f"not finite: {wrong}")
    record = {
        "oracle": oracle,
        "versions": {"Python": platform.python_version(), **{name: version(name) for name in packages}},
        "inputs": {
            f"{name}.csv": hashlib.sha256((HERE / "inputs" / f"{name}.csv").read_bytes()).hexdigest()
            for name in inputs
        },
        "values": {name: float(values[name]) for name in sorted(values)},
    }
    path = HERE / "values" / f"{oracle}.json"
    path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
