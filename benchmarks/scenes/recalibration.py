"""Recalibrating and judging a site (P3), intervals without resampling (P3b), fits (P3c) and the AUC (P3d)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from logs import PLAN, SEED
from scene import HERE, Check, Effort, Goal, Scene, Task

from monitor.calibration.closed_test import closed_test, fit_platt
from monitor.calibration.isotonic import fit_isotonic, isotonic_blocks
from monitor.calibrators import calibrated_log_odds
from monitor.errors import EstimationError
from monitor.intervals import cluster_mean_error, normal_quantile
from monitor.logistic import cluster_numbers, expit, fit_logistic
from monitor.performance import area_under_curve, calibration_summary, recalibration_estimates
from monitor.plan import load
from monitor.records import IDENTITY, FloatArray, IntArray, TextArray
from monitor.simulation import undated_cohort
from monitor.validation import Evidence, judge

SITES, MORE_SITES, ROWS, LARGE = 50, 500, 5000, 10_000
RESAMPLES, CALZONE_RESAMPLES = 2000, 1000
WIDTH = 0.10
"""Largest difference of a closed interval's width from the bootstrap's, as a share."""


def scene(effort: Effort) -> Scene:
    """Ours in full; a peer's bootstrap as far as the effort goes, its clock scaled to the whole."""
    ours, peers = Path(__file__), HERE / "peers"
    stack, calzone = peers / "scikit_learn_stack.py", peers / "calzone_metrics.py"
    part = effort.resamples
    scaled = "" if part >= RESAMPLES else f"{part} resamples timed; "

    def peer(title: str, script: Path, work: str, resamples: int, note: str = "") -> Task:
        timed = min(part, resamples)
        return Task(
            title, script, work, script.stem.rsplit("_", 1)[0], resamples / timed, False, scaled + note
        )

    tasks = {
        "site": Task(
            "ours: fits; for raw, Platt, isotonic AUC, slope, intercept, O:E with intervals; verdict",
            ours,
            "sites",
            times=1 / SITES,
            note="a site's share of 50; closed forms, calibration error without an interval",
        ),
        "sklearn site": peer(
            "scikit-learn stack, 2,000 resamples of patients", stack, f"site {part}", RESAMPLES, "one site"
        ),
        "calzone site": peer(
            "calzone, 2,000 resamples of rows, three maps",
            calzone,
            f"site {part}",
            RESAMPLES,
            "one site; without Loess, fits not timed, patients ignored",
        ),
        "intervals": Task(
            "ours: AUC, Brier, O:E, intercept, slope with intervals by patient, 10,000 rows",
            ours,
            "intervals",
            note="patients come as numbers, as to every competitor",
        ),
        "intervals of names": Task(
            "ours: the same, patients come as pseudonyms and are numbered first", ours, "intervals of names"
        ),
        "calzone intervals": peer(
            "calzone, 1,000 resamples of rows, 10,000 rows",
            calzone,
            f"intervals {min(part, CALZONE_RESAMPLES)}",
            CALZONE_RESAMPLES,
            "without Loess, patients ignored",
        ),
        "widths": Task(
            "NumPy, 1,000 resamples of patients: AUC, Brier, O:E, intercept, slope",
            stack,
            f"widths {CALZONE_RESAMPLES}",
            "scikit_learn",
            warm_up=False,
            note="to compare widths with",
        ),
        "platt": Task("ours: Platt's fit alone, 50 sites", ours, "platt"),
        "isotonic": Task("ours: isotonic fit alone, 50 sites", ours, "isotonic"),
        "platt candidate": Task(
            "ours: Platt with covariance, pseudonyms numbered, 50 sites", ours, "platt candidate"
        ),
        "isotonic candidate": Task(
            "ours: isotonic and Platt with errors, pseudonyms numbered, 50 sites", ours, "isotonic candidate"
        ),
        "sklearn platt": Task(
            "CalibratedClassifierCV(FrozenEstimator), sigmoid, 50 sites", stack, "platt", "scikit_learn"
        ),
        "sklearn isotonic": Task(
            "CalibratedClassifierCV(FrozenEstimator), isotonic, 50 sites", stack, "isotonic", "scikit_learn"
        ),
        "failures": Task(
            "ours: Platt and isotonic on 550 sites of 5,000 rows", ours, "failures", warm_up=False
        ),
        "auc": Task("ours: AUC with an interval by patient, 10,000 rows", ours, "auc"),
        "sklearn auc": peer(
            "roc_auc_score, 2,000 resamples of patients", stack, f"auc {part}", RESAMPLES, "index lists"
        ),
        "pandas auc": Task(
            "pandas: 2,000 resamples, patients' rows put together",
            stack,
            "pandas auc 10",
            "scikit_learn",
            RESAMPLES / 10,
            False,
            "10 resamples timed",
        ),
    }
    goals = (
        Goal("P3", "site", "calzone site", "faster", 200.0),
        Goal("P3", "site", "sklearn site", "faster", 300.0),
        Goal("P3b", "intervals", "calzone intervals", "faster", 3000.0),
        Goal("", "intervals of names", "calzone intervals", "faster"),
        Goal("P3c", "platt", "sklearn platt", "faster", 15.0),
        Goal("P3c", "isotonic", "sklearn isotonic", "faster", 20.0),
        Goal("", "platt candidate", "sklearn platt", "faster"),
        Goal("", "isotonic candidate", "sklearn isotonic", "faster"),
        Goal("P3d", "auc", "sklearn auc", "faster", 20.0),
        Goal("", "auc", "pandas auc", "faster"),
    )
    checks = (
        Check("P3b", "largest difference of a width from the bootstrap's", _width_difference, WIDTH),
        Check("P3c", "fits that failed, of 1,100 on 550 sites", _failures, 0.0),
    )
    return Scene("recalibration", "Recalibration and validation", write_inputs, tasks, goals, checks)


def _width_difference(told: Mapping[str, Any]) -> float:
    ours, resampled = told["intervals"], told["widths"]
    return max(abs(ours[name] / width - 1.0) for name, width in resampled.items())


def _failures(told: Mapping[str, Any]) -> float:
    return float(told["failures"])


def write_inputs(folder: Path) -> None:
    """Sites of 5,000 rows whose log-odds are half a unit above the score's, and one of 10,000."""
    sites = [_drawn(ROWS, number) for number in range(SITES + MORE_SITES)]
    for name, drawn in (("sites", sites), ("large", [_drawn(LARGE, SITES + MORE_SITES)])):
        columns = zip(*drawn, strict=True)
        log_odds, outcome, patient = (np.stack(values) for values in columns)
        np.savez(folder / f"{name}.npz", log_odds=log_odds, outcome=outcome, patient=patient)
    (x, outcome, patient), (later, known, _) = _halves(_sites(folder / "sites.npz")[0])
    maps = [expit(log_odds) for log_odds in _mapped(x, outcome, patient, later)]
    np.savez(folder / "judged.npz", outcome=known, maps=np.stack(maps))


def _drawn(rows: int, number: int) -> tuple[Any, Any, Any]:
    """Patients have 1.3 studies on average."""
    cohort = undated_cohort(rows, 0.5, seed=SEED + number, prevalence=0.1)
    return cohort.log_odds[:rows], cohort.outcome[:rows], cohort.patient[:rows]


Site = tuple[FloatArray, FloatArray, TextArray]


def _sites(file: Path) -> list[Site]:
    """Patients as pseudonyms, as the store has them."""
    drawn = np.load(file)
    names = [
        hashlib.sha256(str(number).encode()).hexdigest() for number in range(int(drawn["patient"].max()) + 1)
    ]
    pseudonym = np.array(names, dtype=object)
    triples = zip(drawn["log_odds"], drawn["outcome"], drawn["patient"], strict=True)
    return [(x, outcome, pseudonym[patient]) for x, outcome, patient in triples]


def _halves(site: Site) -> tuple[Site, Site]:
    """Half of the patients to fit, the others to judge."""
    x, outcome, patient = site
    first = np.array([int(name[:8], 16) % 2 == 0 for name in patient.tolist()])
    return tuple((x[keep], outcome[keep], patient[keep]) for keep in (first, ~first))  # type: ignore[return-value]


def recalibrated(halves: tuple[Site, Site], criteria: Any) -> str:
    """Everything that is computed about a candidate of a site, and its verdict."""
    (x, outcome, patient), (later, known, who) = halves
    choice = closed_test(x, outcome, patient, IDENTITY)
    for log_odds in _mapped(x, outcome, patient, later):
        calibration_summary(log_odds, known)
        recalibration_estimates(log_odds, known, who)
        area_under_curve(log_odds, known, who)
    mapped = calibrated_log_odds(choice.calibrator("v1"), later) if choice.kind != "keep" else later
    return judge(criteria, Evidence(known, who, mapped, later, later, expit(later)), 0.025).verdict


def _mapped(x: FloatArray, outcome: FloatArray, patient: TextArray, later: FloatArray) -> list[FloatArray]:
    """Log-odds of later rows: raw, Platt, isotonic."""
    fits = (fit_platt(x, outcome, patient, IDENTITY), fit_isotonic(x, outcome, patient, IDENTITY))
    return [later, *(calibrated_log_odds(fit.calibrator("v1"), later) for fit in fits)]


def intervals(x: FloatArray, outcome: FloatArray, patient: IntArray) -> dict[str, float]:
    """Widths of the 95 % intervals, that of O:E on the log scale."""
    found = recalibration_estimates(x, outcome, patient)
    brier = cluster_mean_error((expit(x) - outcome) ** 2, patient)
    area = area_under_curve(x, outcome, patient)
    ends = {"auc": area, "intercept": found["intercept"], "slope": found["slope"]}
    widths = {name: float(item.high) - float(item.low) for name, item in ends.items()}  # type: ignore[arg-type]
    ratio: Any = found["observed_expected"]
    widths["observed_expected"] = float(np.log(ratio.high / ratio.low))
    return {**widths, "brier": 2 * normal_quantile(0.975) * brier}


def failures(sites: list[Site]) -> int:
    """Fits without a finite result."""
    failed = 0
    for site in sites:
        for fit in (fit_platt, fit_isotonic):
            try:
                fit(*site, IDENTITY)
            except EstimationError:
                failed += 1
    return failed


def prepare(folder: Path) -> dict[str, Callable[[], object]]:
    sites, large = _sites(folder / "sites.npz"), _sites(folder / "large.npz")[0]
    criteria = load(PLAN).plan.evaluation.criteria
    some = sites[:SITES]
    lines = [np.column_stack([np.ones_like(x), x]) for x, _, _ in some]
    halves = [_halves(site) for site in some]
    numbered = large[0], large[1], cluster_numbers(large[2])
    return {
        "sites": lambda: [recalibrated(half, criteria) for half in halves],
        "intervals": lambda: intervals(*numbered),
        "intervals of names": lambda: intervals(large[0], large[1], cluster_numbers(large[2])),
        "platt": lambda: len(
            [fit_logistic(line, outcome) for line, (_, outcome, _) in zip(lines, some, strict=True)]
        ),
        "isotonic": lambda: len([isotonic_blocks(x, outcome) for x, outcome, _ in some]),
        "platt candidate": lambda: len([fit_platt(*site, IDENTITY) for site in some]),
        "isotonic candidate": lambda: len([fit_isotonic(*site, IDENTITY) for site in some]),
        "failures": lambda: failures(sites),
        "auc": lambda: area_under_curve(*numbered).value,
    }


VERSIONS = ("numpy", "scipy")
