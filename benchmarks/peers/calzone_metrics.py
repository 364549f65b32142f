"""calzone's bootstrap of calibration metrics for raw, Platt and isotonic; of rows, not patients."""

from __future__ import annotations

import warnings
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from calzone.metrics import CalibrationMetrics

warnings.filterwarnings("ignore")
VERSIONS = ("calzone-tool", "numpy")
METRICS = ["SpiegelhalterZ", "ECE-H", "MCE-H", "HL-H", "ECE-C", "MCE-C", "HL-C", "COX"]
"""All but Loess, which alone takes twice as long as the others together."""
NUMBERS_OF_RESAMPLES = (20, 40, 100, 400, 1000, 2000)


def bootstrapped(outcome: Any, maps: list[Any], resamples: int) -> int:
    for probability in maps:
        both = np.column_stack([1 - probability, probability])
        CalibrationMetrics(class_to_calculate=1).bootstrap(outcome, both, METRICS, n_samples=resamples)
    return len(maps)


def prepare(folder: Path) -> dict[str, object]:
    np.random.seed(1)  # calzone draws from the global generator
    judged, large = np.load(folder / "judged.npz"), np.load(folder / "large.npz")
    known, maps = judged["outcome"].astype(int), list(judged["maps"])
    whole, raw = large["outcome"][0].astype(int), [1 / (1 + np.exp(-large["log_odds"][0]))]
    works: dict[str, object] = {}
    for number in NUMBERS_OF_RESAMPLES:
        works[f"site {number}"] = partial(bootstrapped, known, maps, number)
        works[f"intervals {number}"] = partial(bootstrapped, whole, raw, number)
    return works
