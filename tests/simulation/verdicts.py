"""How often a verdict is right: looks at the margin, serial updates, and the whole rule on simulated sites.

Sites have prevalence 5 % and an area of .85 unless said; every verdict is made by the product's own
closed test, criteria and look bounds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from beside import Figure
from pydantic import TypeAdapter

from monitor.calibration import choose, winsorised_logit
from monitor.calibrators import calibrated_log_odds
from monitor.intervals import normal_quantile
from monitor.logistic import expit
from monitor.plan.model import Criterion
from monitor.records import IDENTITY, FloatArray
from monitor.simulation import calibrated_night, event_rate, intercept_keeping_prevalence, shifted_outcomes
from monitor.validation import Evidence, judge, look_bounds

PREVALENCE, AREA, ALPHA = 0.05, 0.85, 0.05
NIGHTS, FIRST_NIGHT, STUDIES = 90, 7, 60
ADAPTER: TypeAdapter[Criterion] = TypeAdapter(Criterion)
BENEFIT = {"id": "G1", "metric": "log_loss_difference", "against": "last_deployed", "bound": "lower"}
ANCHOR = {**BENEFIT, "id": "G6", "against": "original", "margin_relative": -0.01}
RATIO = {"id": "G2", "metric": "observed_expected_ratio", "interval": "two_one_sided", "limits": (0.8, 1.25)}
SLOPE = {"id": "G3", "metric": "calibration_slope", "interval": "two_one_sided"}


def criterion(body: dict[str, Any], **keys: Any) -> Criterion:
    return ADAPTER.validate_python({**body, **keys})


G1 = criterion(BENEFIT, limit=0.0)
G2 = criterion(RATIO)
STRICT = (G1, G2, criterion(SLOPE, limits=(0.75, 1.33)), criterion(ANCHOR))
BENEFIT_FIRST = (
    G1,
    criterion(RATIO, require="not_contradicted"),
    criterion(SLOPE, limits=(0.75, 1.33), require="not_contradicted"),
    criterion(ANCHOR),
)


def independent(n: int) -> Any:
    return np.arange(n).astype(str).astype(object)


def looks_at_the_margin(rng: np.random.Generator, runs: int) -> Iterator[Figure]:
    """S7b: a candidate exactly as good as the deployed map, judged over 90 nights in six ways.

    A night brings 60 studies whose log-odds are +-.3 with outcomes by a fair coin; candidate and deployed
    map err by as much in opposite directions. The benefit for power is scaled to .90 at one look.
    """
    z = normal_quantile(1 - ALPHA)
    schedules: dict[str, tuple[list[int], list[float]]] = {
        "fixed, one look": ([NIGHTS], [z]),
        "nightly from night 7": (list(range(FIRST_NIGHT, NIGHTS + 1)), [z] * NIGHTS),
        "weekly": (list(range(7, NIGHTS + 1, 7)), [z] * NIGHTS),
        "monthly": ([30, 60, 90], [z] * 3),
        "Lan-DeMets, 4 looks": (
            [23, 45, 68, 90],
            [bound.z for bound in look_bounds([23, 45, 68, 90], ALPHA, "obrien_fleming")],
        ),
        "nightly confidence sequence": (
            list(range(FIRST_NIGHT, NIGHTS + 1)),
            [sequence_bound(night) for night in range(FIRST_NIGHT, NIGHTS + 1)],
        ),
    }
    stated = (0.051, 0.244, 0.185, 0.102, 0.051, 0.016)
    power = (0.899, None, None, None, 0.892, 0.676)
    drift = (z + normal_quantile(0.9)) / np.sqrt(NIGHTS)
    nightly = _nightly_gains(rng, runs)
    for gain, column, expected in ((0.0, "at the margin", stated), (drift, "90 % power", power)):
        sums = np.cumsum(nightly + gain, axis=1)
        for (name, (nights, bounds)), figure in zip(schedules.items(), expected, strict=True):
            at = np.array(nights)
            crossed = sums[:, at - 1] / np.sqrt(at) > np.array(bounds[: len(at)])
            yield Figure(name, column, float(crossed.any(axis=1).mean()), runs, figure)


def sequence_bound(night: int, mixture: float = 13.0) -> float:
    """Standardised bound of a confidence sequence that may be read every night.

    Robbins's normal mixture at 1 - 2 alpha, so that either side errs with about alpha over all nights; the
    mixture's scale, in nights, is a choice of this table. The product offers planned looks instead.
    """
    total = night + mixture
    return float(np.sqrt(total / night * np.log(total / (mixture * (2 * ALPHA) ** 2))))


def _nightly_gains(rng: np.random.Generator, runs: int) -> FloatArray:
    """Standardised gain in log loss of each night, shape (runs, nights), with mean 0 and variance 1."""
    x = rng.choice([-0.3, 0.3], (runs, NIGHTS, STUDIES))
    outcome = rng.random((runs, NIGHTS, STUDIES)) < 0.5
    gain = np.where(outcome, np.log(expit(x)) - np.log(expit(-x)), np.log(expit(-x)) - np.log(expit(x)))
    return gain.mean(axis=2) / (0.3 / np.sqrt(STUDIES))


def margin_by_judge(rng: np.random.Generator, runs: int) -> Iterator[Figure]:
    """The same candidate through the product's judge on growing rows, at one look and at four."""
    for name, looks in (
        ("judge, one look", (500,)),
        ("judge, looks at 200/300/400/500", (200, 300, 400, 500)),
    ):
        bounds = look_bounds(looks, ALPHA, "obrien_fleming" if len(looks) > 1 else None)
        accepted = sum(_accepted_at_any(rng, looks, [b.nominal_alpha for b in bounds]) for _ in range(runs))
        yield Figure(name, "at the margin", accepted / runs, runs, 0.051)


def _accepted_at_any(rng: np.random.Generator, looks: tuple[int, ...], alphas: list[float]) -> bool:
    n = 2 * looks[-1] + 200
    x = rng.choice([-0.3, 0.3], n)
    outcome = (rng.random(n) < 0.5).astype(float)
    rarer = np.minimum(np.cumsum(outcome), np.cumsum(1 - outcome))
    for look, alpha in zip(looks, alphas, strict=True):
        m = int(np.searchsorted(rarer, look)) + 1
        rows = Evidence(outcome[:m], independent(m), x[:m], -x[:m], -x[:m])
        if judge((G1,), rows, alpha).verdict == "accept":
            return True
    return False


def bio_creep(rng: np.random.Generator, runs: int) -> Iterator[Figure]:
    """S8: twenty updates, non-inferiority margin .02 of the area, paired error .012."""
    stated = {
        "versus current only": (0.126, 0.523),
        "anchored": (0.002, 0.004),
        "anchored, alpha spent": (0.0, 0.0),
    }
    for column, mean in enumerate((-0.004, -0.01)):
        for name, expected in stated.items():
            final = _after_updates(rng, runs, mean, name)
            share = float((final < -0.02).mean())
            yield Figure(name, f"effects N({mean}, .008^2)", share, runs, expected[column])


def _after_updates(rng: np.random.Generator, runs: int, mean: float, rule: str) -> FloatArray:
    """True difference from the original after twenty proposals, shape (runs,)."""
    state, margin, error = np.zeros(runs), -0.02, 0.012
    for attempt in range(1, 21):
        candidate = state + rng.normal(mean, 0.008, runs)
        alpha = ALPHA * 6 / (np.pi**2 * attempt**2) if "spent" in rule else ALPHA
        z = normal_quantile(1 - alpha)
        against = (state,) if rule == "versus current only" else (state, np.zeros(runs))
        passes = [
            candidate - comparator + rng.normal(0, error, runs) - z * error > margin for comparator in against
        ]
        state = np.where(np.all(passes, axis=0), candidate, state)
    return state


@dataclass(frozen=True)
class Truth:
    """What became of a site: the true log-odds are intercept + slope * the score's."""

    name: str
    intercept: float
    slope: float
    fitted_on: int
    stated: tuple[tuple[float, float, float], ...]


RULE_TRUTHS = (
    Truth(
        "intercept +.5, fit on 100", 0.5, 1.0, 100,
        ((0.01, 0, 0.93), (0.29, 0, 0.67), (0.66, 0, 0.28), (0.87, 0, 0.11)),
    ),
    Truth(
        "intercept +.5, fit on 300", 0.5, 1.0, 300,
        ((0.02, 0, 0.98), (0.36, 0, 0.64), (0.83, 0, 0.17), (0.96, 0, 0.04)),
    ),
    Truth(
        "slope .7, fit on 300", intercept_keeping_prevalence(0.7, PREVALENCE, AREA), 0.7, 300,
        ((0, 0, 1), (0.17, 0, 0.83), (0.63, 0, 0.38), (0.93, 0, 0.08)),
    ),
    Truth("unchanged, fit on 100", 0.0, 1.0, 100, ((0, 0, 0),) * 4),
)  # fmt: skip
POSITIVES = (50, 100, 200, 450)
EXPLAINED = (
    "stated for one risk for all, error sqrt(.95 / O); the residuals of a score that ranks are smaller"
)


def whole_rule(rng: np.random.Generator, runs: int) -> Iterator[Figure]:
    """4.4, S14: closed test on the fitting rows, then one look at G1, G2, G3 and G6, all demonstrated."""
    for truth in RULE_TRUTHS:
        for positives, stated in zip(POSITIVES, truth.stated, strict=True):
            found = Counter(_verdict(rng, truth, positives) for _ in range(runs))
            for position, verdict in enumerate(("accept", "reject", "insufficient")):
                if truth.name.startswith("unchanged") and verdict != "accept":
                    continue
                share, column = found[verdict] / runs, f"{positives} positives: {verdict}"
                yield Figure(truth.name, column, share, runs, stated[position])


def _rows(rng: np.random.Generator, truth: Truth, positives: int) -> tuple[FloatArray, FloatArray]:
    rate = event_rate(truth.intercept, truth.slope, PREVALENCE, AREA)
    x, _ = calibrated_night(rng, int(positives / rate), PREVALENCE, AREA)
    return x, shifted_outcomes(rng, x, truth.intercept, truth.slope)


def _verdict(rng: np.random.Generator, truth: Truth, positives: int) -> str:
    x, outcome = _rows(rng, truth, truth.fitted_on)
    limited, _ = winsorised_logit(expit(x))
    choice = choose(limited, outcome, independent(len(x)), IDENTITY)
    if choice.kind == "keep":
        return "keep"
    candidate = choice.calibrator("v1")
    x, outcome = _rows(rng, truth, positives)
    rows = Evidence(outcome, independent(len(x)), calibrated_log_odds(candidate, x), x, x)
    return judge(STRICT, rows, ALPHA).verdict


def harmful(rng: np.random.Generator, runs: int) -> Iterator[Figure]:
    """A candidate moved by +.3 where nothing changed: how often it is rejected, and accepted."""
    stated = ((0.25, 0.0), (0.42, 0.0), (0.67, 0.003), (0.86, 0.0))
    for positives, (rejects, accepts) in zip(POSITIVES, stated, strict=True):
        counted = Counter(_judged_as_is(rng, positives, 0.3, STRICT) for _ in range(runs))
        first = Counter(_judged_as_is(rng, positives, 0.3, BENEFIT_FIRST) for _ in range(runs))
        row = "harmful +.3"
        yield Figure(f"{row}, strict", f"{positives}: rejected", counted["reject"] / runs, runs, rejects)
        yield Figure(f"{row}, strict", f"{positives}: accepted", counted["accept"] / runs, runs, accepts)
        yield Figure(f"{row}, benefit-first", f"{positives}: accepted", first["accept"] / runs, runs, 0.0)


def _judged_as_is(rng: np.random.Generator, positives: int, error: float, plan: tuple[Criterion, ...]) -> str:
    x, outcome = calibrated_night(rng, int(positives / PREVALENCE), PREVALENCE, AREA)
    return judge(plan, Evidence(outcome, independent(len(x)), x + error, x, x), ALPHA).verdict


def single_gates(rng: np.random.Generator, runs: int) -> Iterator[Figure]:
    """4.4: how often a perfect candidate shows each gate alone."""
    area = ADAPTER.validate_python({"id": "G5", "metric": "auc", "bound": "lower", "limit": 0.80})
    gates: dict[str, tuple[Criterion, tuple[float, ...]]] = {
        "O:E within [.8, 1.25]": (G2, (0.0, 0.48, 0.89, 1.0)),
        "slope within [.8, 1.25]": (criterion(SLOPE, limits=(0.8, 1.25)), (0.18, 0.67, 0.95, 1.0)),
        "AUC lower bound above .80": (area, (0.42, 0.66, 0.90, 1.0)),
    }
    for position, positives in enumerate(POSITIVES):
        shown = Counter(name for _ in range(runs) for name in _demonstrated(rng, positives, gates))
        for name, (gate, stated) in gates.items():
            note = EXPLAINED if gate is G2 else ""
            column = f"{positives} positives"
            yield Figure(name, column, shown[name] / runs, runs, stated[position], note=note)


def _demonstrated(
    rng: np.random.Generator, positives: int, gates: dict[str, tuple[Criterion, tuple[float, ...]]]
) -> list[str]:
    x, outcome = calibrated_night(rng, int(2 * positives / PREVALENCE), PREVALENCE, AREA)
    n = int(np.searchsorted(np.cumsum(outcome), positives)) + 1  # a look comes when the last of them does
    x, outcome = x[:n], outcome[:n]
    rows = Evidence(outcome, independent(n), x, x, x, expit(x))
    return [name for name, (gate, _) in gates.items() if judge((gate,), rows, ALPHA).verdict == "accept"]
