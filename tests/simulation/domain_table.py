"""The domain classifier: its size, what it finds and names, and two other classifiers beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from beside import Figure, show

from monitor.drift.domain import DomainRule, DomainShift, Sample, classify_domains
from monitor.drift.domain.area import held_out_area
from monitor.drift.domain.carriers import area_of
from monitor.drift.domain.classify import compare, fit, together
from monitor.drift.domain.encoding import encode
from monitor.drift.domain.folds import Folds, deal_folds, relabellings
from monitor.records import FloatArray, TextArray

SEED = 20261123
COVARIATES = 20
RULE = DomainRule(folds=5, permutations=59, alpha=0.05, minimum_patients=50)
EXACT = 10**9
"""Runs behind a figure that is known."""
SIZE_RUNS, POWER_RUNS, CLASSIFIER_RUNS = 300, 40, 6
REFERENCE = 1000
Change = Callable[[np.random.Generator, dict[str, FloatArray | TextArray]], None]


def people(prefix: str, patients: int, studies: int) -> TextArray:
    return np.array([f"{prefix}{one}" for one in range(patients) for _ in range(studies)], dtype=object)


def unchanged(rng: np.random.Generator, reference: TextArray, window: TextArray) -> tuple[Sample, Sample]:
    """Twenty covariates of one law; the studies of a patient correlate by .5."""
    patient = np.concatenate([reference, window])
    _, code = np.unique(patient.astype(str), return_inverse=True)
    own = rng.normal(size=(int(code.max()) + 1, COVARIATES))
    x = np.sqrt(0.5) * own[code] + np.sqrt(0.5) * rng.normal(size=(len(code), COVARIATES))
    m = len(reference)
    return sample(x[:m], reference), sample(x[m:], window)


def sample(x: FloatArray, patient: TextArray) -> Sample:
    return Sample({f"x{at:02d}": x[:, at].copy() for at in range(x.shape[1])}, patient)


PATIENTS = {
    "one study a patient": (people("r", 200, 1), people("w", 80, 1)),
    "three studies a patient, correlation .5": (people("r", 200, 3), people("w", 80, 3)),
    "five in the reference, one in the window": (people("r", 150, 5), people("w", 80, 1)),
    "the same patients in both, two each": (people("p", 80, 2), people("p", 80, 2)),
}


def sizes() -> Iterator[Figure]:
    """Share of p at most .05, and of intervals that hold one half, where nothing changed."""
    for number, (name, (reference, window)) in enumerate(PATIENTS.items()):
        rng = np.random.default_rng([SEED, 1, number])
        found = [unchanged_window(rng, reference, window) for _ in range(SIZE_RUNS)]
        small = float(np.mean([p <= RULE.alpha for p, _ in found]))
        holds = float(np.mean([held for _, held in found]))
        yield Figure(name, "p <= .05", small, SIZE_RUNS, RULE.alpha, EXACT)
        yield Figure(name, "interval holds .5", holds, SIZE_RUNS)


def unchanged_window(rng: np.random.Generator, reference: TextArray, window: TextArray) -> tuple[float, bool]:
    """The p-value, and whether the area's interval holds one half; carriers are not computed."""
    first, second = unchanged(rng, reference, window)
    covariates, patient, member = together(first, second)
    label = member.astype(np.int64)
    folds = deal_folds(patient, label, RULE.folds, rng)
    fitted = fit(covariates, member, folds, (first.patients, second.patients))
    found = compare(fitted, relabellings(label, folds, RULE.permutations, rng), RULE.alpha)
    return found.p_value, found.area.low is not None and found.area.low <= 0.5 <= (found.area.high or 1.0)


@dataclass(frozen=True)
class Case:
    """A change, the covariates that should be named, and the sizes of window."""

    name: str
    change: Change
    named: frozenset[str]
    sizes: tuple[int, ...] = (100, 400)


def shifted(by: float) -> Change:
    def change(rng: np.random.Generator, covariates: dict[str, FloatArray | TextArray]) -> None:
        covariates["x00"] = covariates["x00"] + by

    return change


def correlated(rng: np.random.Generator, covariates: dict[str, FloatArray | TextArray]) -> None:
    covariates["x01"] = 0.5 * covariates["x00"] + np.sqrt(0.75) * covariates["x01"]


def spread(rng: np.random.Generator, covariates: dict[str, FloatArray | TextArray]) -> None:
    covariates["x00"] = covariates["x00"] * 1.5


def new_vendor(rng: np.random.Generator, covariates: dict[str, FloatArray | TextArray]) -> None:
    vendor = covariates["vendor"].copy()
    vendor[rng.random(len(vendor)) < 0.2] = "new"
    covariates["vendor"] = vendor


CASES = (
    Case("nothing", shifted(0.0), frozenset()),
    Case(".5 SD in one", shifted(0.5), frozenset({"x00"})),
    Case(".25 SD in one", shifted(0.25), frozenset({"x00"})),
    Case("spread x 1.5 in one", spread, frozenset({"x00"})),
    Case("new vendor level, 20 %", new_vendor, frozenset({"vendor"})),
    Case("correlation 0 -> .5 of two", correlated, frozenset({"x00", "x01"}), (100, 400, 1000)),
)


def drawn(rng: np.random.Generator, rows: int) -> dict[str, FloatArray | TextArray]:
    """Nineteen continuous covariates and the vendor, all independent."""
    vendor = rng.choice(np.array(["GE", "Siemens", "Philips"], dtype=object), rows, p=[0.5, 0.3, 0.2])
    return {f"x{at:02d}": rng.normal(size=rows) for at in range(COVARIATES - 1)} | {"vendor": vendor}


def one_window(rng: np.random.Generator, case: Case, rows: int) -> DomainShift:
    reference = Sample(drawn(rng, REFERENCE), people("r", REFERENCE, 1))
    covariates = drawn(rng, rows)
    case.change(rng, covariates)
    return classify_domains(reference, Sample(covariates, people("w", rows, 1)), rule=RULE, rng=rng)


def powers() -> Iterator[Figure]:
    """Share of windows where the change is found, where all its covariates are named, and any other."""
    for number, case in enumerate(CASES):
        for rows in case.sizes:
            rng = np.random.default_rng([SEED, 2, number, rows])
            found = [one_window(rng, case, rows) for _ in range(POWER_RUNS)]
            named = [{one.name for one in shift.carriers if one.carries} for shift in found]
            row = f"{case.name}, {rows} studies"
            yield Figure(row, "found", float(np.mean([one.state == "shift" for one in found])), POWER_RUNS)
            yield Figure(row, "named", float(np.mean([case.named <= one for one in named])), POWER_RUNS)
            yield Figure(
                row, "another named", float(np.mean([bool(one - case.named) for one in named])), POWER_RUNS
            )


def classifiers() -> Iterator[Figure]:
    """Held-out area of ridge and of logistic regression on its columns, and of boosting on the raw ones."""
    for number, case in enumerate(CASES[:1] + CASES[1:2] + CASES[3:4] + CASES[5:]):
        rng = np.random.default_rng([SEED, 3, number])
        areas = np.array([three_areas(rng, case) for _ in range(CLASSIFIER_RUNS)]).mean(axis=0)
        for name, area in zip(("ridge", "logistic", "gradient boosting"), areas, strict=True):
            yield Figure(case.name, f"{name}, mean area", float(area), 0)


def three_areas(rng: np.random.Generator, case: Case) -> tuple[float, float, float]:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression

    covariates, changed = drawn(rng, 2 * REFERENCE), drawn(rng, REFERENCE // 2)
    case.change(rng, changed)
    member = np.repeat([False, True], [2 * REFERENCE, REFERENCE // 2])
    joined = {name: np.concatenate([covariates[name], changed[name]]) for name in covariates}
    folds = deal_folds(people("p", len(member), 1), member.astype(np.int64), RULE.folds, rng)
    fitted = fit(joined, member, folds, (2 * REFERENCE, REFERENCE // 2))
    raw = np.column_stack([joined[f"x{at:02d}"] for at in range(COVARIATES - 1)]).astype(float)
    level = np.unique(joined["vendor"].astype(str), return_inverse=True)[1]
    others = (
        (encode(joined, REFERENCE // 2).columns, LogisticRegression(C=0.01, max_iter=1000)),
        (
            np.column_stack([raw, level]),
            HistGradientBoostingClassifier(max_leaf_nodes=15, learning_rate=0.05),
        ),
    )
    every = area_of(fitted, np.ones(len(fitted.design.parts), dtype=bool)).value
    logistic, boosted = (other_area(model, x, member, folds) for x, model in others)
    return every, logistic, boosted


def other_area(model: object, x: FloatArray, member: np.ndarray, folds: Folds) -> float:
    score = np.empty(len(member))
    for rows in folds.held:
        rest = np.setdiff1d(np.arange(len(member)), rows)
        score[rows] = model.fit(x[rest], member[rest]).decision_function(x[rows])
    return held_out_area(score, member, folds).value


def domain_shift() -> bool:
    """Size where nothing changed, power and naming where something did, and the choice of classifier."""
    held = show(f"No change, {COVARIATES} covariates with all pairs ({SIZE_RUNS} runs)", sizes())
    figures = list(powers())
    title = f"A reference of {REFERENCE:,} studies, 19 covariates and the vendor ({POWER_RUNS} runs)"
    held &= show(title, figures)
    half = next(one for one in figures if one.row == ".5 SD in one, 400 studies" and one.column == "named")
    show(
        f"Held-out area, {2 * REFERENCE:,} + {REFERENCE // 2} studies ({CLASSIFIER_RUNS} runs)", classifiers()
    )
    return held and half.ours >= 0.95
