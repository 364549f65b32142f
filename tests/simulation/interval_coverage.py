"""How often an interval holds the truth: each kind of interval on simulated studies with the truth known.

Where the generator is not stated: negatives are nineteen for each positive; a patient has one to three
studies, equally often; outcomes of one patient share half of a latent normal variable.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from beside import Figure
from pydantic import TypeAdapter
from scipy.special import ndtr, ndtri
from scipy.stats import binom

from monitor.intervals import normal_quantile, wilson_interval
from monitor.logistic import expit
from monitor.performance import proportion
from monitor.performance.discrimination import area_error, placements
from monitor.performance.proportions import design_effect
from monitor.plan.model import Criterion
from monitor.records import FloatArray
from monitor.simulation import calibrated_night, separation
from monitor.validation import Evidence
from monitor.validation.criteria import assess
from monitor.validation.ranking import area_bounds

Z, Z_TWO_SIDED = normal_quantile(0.95), normal_quantile(0.975)
SHARE = 0.85
SHARED = 0.5
ADAPTER: TypeAdapter[Criterion] = TypeAdapter(Criterion)
CRITERIA: dict[str, Criterion] = {
    "O:E": ADAPTER.validate_python(
        {"id": "a", "metric": "observed_expected_ratio", "interval": "two_one_sided", "limits": (0.5, 2.0)}
    ),
    "slope": ADAPTER.validate_python(
        {"id": "b", "metric": "calibration_slope", "interval": "two_one_sided", "limits": (0.5, 2.0)}
    ),
    "log loss difference": ADAPTER.validate_python(
        {"id": "c", "metric": "log_loss_difference", "against": "original", "bound": "lower", "limit": 0.0}
    ),
}


def proportions() -> Iterator[Figure]:
    """A proportion of .85, lower bounds, every sample enumerated."""
    stated = {
        "Wald": (0.827, 0.888, 0.903, 0.934),
        "Wilson": (0.962, 0.956, 0.946, 0.959),
        "Clopper-Pearson": (0.962, 0.956, 0.974, 0.959),
    }
    for position, n in enumerate((20, 50, 100, 200)):
        hits = np.arange(n + 1)
        chance = binom.pmf(hits, n, SHARE)
        for kind, expected in stated.items():
            covered = np.array([_lower(kind, int(k), n) <= SHARE for k in hits])
            yield Figure(
                f"sensitivity .85, {kind}", f"n = {n}", float(chance @ covered), 0, expected[position]
            )


def _lower(kind: str, hits: int, n: int) -> float:
    share = hits / n
    if kind == "Wald":
        return share - Z * math.sqrt(share * (1 - share) / n)
    if kind == "Wilson":
        return wilson_interval(hits, n, 0.90)[0]
    found = proportion(np.arange(n) < hits, np.arange(n).astype(str).astype(object), 0.90).low
    return 0.0 if found is None else found


def clustered_proportions(rng: np.random.Generator, runs: int) -> Iterator[Figure]:
    """A proportion of .85 among studies of patients with one to three, lower bounds."""
    stated = {
        "CP naive": (0.959, 0.947, 0.936),
        "CP effective n": (0.965, 0.959, 0.952),
        "Wilson effective n": (0.953, 0.951, 0.945),
        "bootstrap percentile": (0.921, 0.921, 0.922),
    }
    for position, patients in enumerate((30, 60, 120)):
        lower = np.array([_clustered_bounds(rng, patients) for _ in range(runs)])
        for column, (kind, expected) in enumerate(stated.items()):
            covered = float((lower[:, column] <= SHARE).mean())
            yield Figure(f"clustered, {kind}", f"{patients} patients", covered, runs, expected[position])


def _clustered_bounds(rng: np.random.Generator, patients: int) -> tuple[float, ...]:
    who = np.repeat(np.arange(patients), rng.integers(1, 4, patients))
    latent = math.sqrt(SHARED) * rng.standard_normal(patients)[who]
    hit = latent + math.sqrt(1 - SHARED) * rng.standard_normal(len(who)) < ndtri(SHARE)
    names, single = who.astype(str).astype(object), np.arange(len(who)).astype(str).astype(object)
    naive, effective = proportion(hit, single, 0.90).low, proportion(hit, names, 0.90).low
    size, share = len(hit) / design_effect(hit, names), float(hit.mean())
    centre = (share + Z**2 / (2 * size)) / (1 + Z**2 / size)
    half = Z / (1 + Z**2 / size) * math.sqrt(share * (1 - share) / size + Z**2 / (4 * size**2))
    hits, rows = np.bincount(who, hit), np.bincount(who)
    drawn = rng.multinomial(patients, np.full(patients, 1 / patients), 400)
    return (
        naive or 0.0,
        effective or 0.0,
        centre - half,
        float(np.quantile(drawn @ hits / (drawn @ rows), 0.05)),
    )


def areas(rng: np.random.Generator, runs: int) -> Iterator[Figure]:
    """An area of .85, lower bounds."""
    stated = {10: (0.842, 0.916), 20: (0.885, 0.932), 50: (0.917, 0.945), 100: (0.927, 0.947)}
    for positives, expected in stated.items():
        lower = np.array([_area_bounds(rng, positives) for _ in range(runs)])
        for column, kind in enumerate(("DeLong", "logit-DeLong with t")):
            covered = float((lower[:, column] <= SHARE).mean())
            yield Figure(f"AUC .85, {kind}", f"{positives} positives", covered, runs, expected[column])


def _area_bounds(rng: np.random.Generator, positives: int) -> tuple[float, float]:
    n = 20 * positives
    outcome = (np.arange(n) < positives).astype(float)
    score = expit(rng.standard_normal(n) + separation(SHARE) * outcome)
    rows = Evidence(outcome, np.arange(n).astype(str).astype(object), score, score, score, score)
    value, contribution = placements(score, outcome)
    error = area_error(contribution - value, outcome, rows.patient) or 0.0
    found = area_bounds(score, rows, Z)
    return value - Z * error, 0.0 if found is None else found[0].low


@dataclass(frozen=True)
class Repeated:
    """Stated coverage of a criterion's two-sided interval: naive and by patient."""

    name: str
    truth: float
    naive: tuple[float, float]
    clustered: tuple[float, float]


REPEATED = (
    Repeated("O:E", 1.0, (0.917, 0.911), (0.957, 0.961)),
    Repeated("slope", 1.0, (0.932, 0.904), (0.951, 0.929)),
    Repeated("log loss difference", float("nan"), (0.920, 0.913), (0.952, 0.956)),
)


def repeated_patients(rng: np.random.Generator, runs: int) -> Iterator[Figure]:
    """O:E, slope and log loss difference where patients come back; two-sided 95 %."""
    for position, positives in enumerate((111, 298)):
        gain = _expected_gain(np.random.default_rng(7))
        covered = np.array([_covered(rng, positives, gain) for _ in range(runs)]).mean(axis=0)
        for column, case in enumerate(REPEATED):
            for kind, stated in (("naive", case.naive), ("by patient", case.clustered)):
                share = float(covered[2 * column + (kind == "by patient")])
                yield Figure(f"{case.name}, {kind}", f"{positives} positives", share, runs, stated[position])


def _repeated(rng: np.random.Generator, positives: int) -> tuple[FloatArray, FloatArray, Any]:
    """Exactly calibrated log-odds and outcomes of patients whose scores and outcomes resemble each other."""
    patients = int(positives / 0.05 / 2)
    who = np.repeat(np.arange(patients), rng.integers(1, 4, patients))
    x, _ = calibrated_night(rng, patients, 0.05, SHARE)
    x = x[who] + 0.0
    latent = math.sqrt(SHARED) * rng.standard_normal(patients)[who]
    chance = ndtr(latent + math.sqrt(1 - SHARED) * rng.standard_normal(len(who)))
    return x, (chance < expit(x)).astype(float), who.astype(str).astype(object)


def _expected_gain(rng: np.random.Generator) -> float:
    x, _ = calibrated_night(rng, 2_000_000, 0.05, SHARE)
    p = expit(x)
    return float(np.mean(p * x - np.logaddexp(0, x) - p * (x - 0.3) + np.logaddexp(0, x - 0.3)))


def _covered(rng: np.random.Generator, positives: int, gain: float) -> list[bool]:
    x, outcome, who = _repeated(rng, positives)
    found: list[bool] = []
    for name, truth in (("O:E", 1.0), ("slope", 1.0), ("log loss difference", gain)):
        for names in (np.arange(len(x)).astype(str).astype(object), who):
            result = assess(CRITERIA[name], Evidence(outcome, names, x, x - 0.3, x - 0.3), Z_TWO_SIDED)
            low, high = result.estimate.low, result.estimate.high
            found.append(low is not None and high is not None and low <= truth <= high)
    return found
