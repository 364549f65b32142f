"""What one would write with scikit-learn, NumPy and pandas: fits, and metrics over resampled patients."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.calibration import CalibratedClassifierCV, calibration_curve
from sklearn.frozen import FrozenEstimator
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score

warnings.filterwarnings("ignore")
VERSIONS = ("scikit-learn", "numpy", "pandas")
SITES = 50
NUMBERS_OF_RESAMPLES = (20, 40, 100, 400, 1000, 2000)


def rows_by_patient(patient: Any) -> list[Any]:
    order = np.argsort(patient, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(patient[order])) + 1)


def resampled(rng: np.random.Generator, by_patient: list[Any]) -> Any:
    """Rows of as many patients, drawn with replacement."""
    return np.concatenate(
        [by_patient[number] for number in rng.integers(0, len(by_patient), len(by_patient))]
    )


def measured(outcome: Any, probability: Any) -> tuple[float, ...]:
    """ECE, Brier, AUC, O:E, slope and Spiegelhalter's z."""
    observed, predicted = calibration_curve(outcome, probability, n_bins=10)
    log_odds = np.log(probability / (1 - probability))
    slope = LogisticRegression(C=np.inf).fit(log_odds[:, None], outcome).coef_[0, 0]
    weight = 1 - 2 * probability
    z = ((outcome - probability) * weight).sum() / np.sqrt(
        (weight**2 * probability * (1 - probability)).sum()
    )
    return (
        float(np.abs(observed - predicted).mean()),
        float(brier_score_loss(outcome, probability)),
        float(roc_auc_score(outcome, probability)),
        float(outcome.sum() / probability.sum()),
        float(slope),
        float(z),
    )


def site(x: Any, outcome: Any, patient: Any, resamples: int) -> list[float]:
    """Fits on half of the patients, metrics of three maps on the others, with percentile intervals."""
    first = patient % 2 == 0
    fitted, events = x[first, None], outcome[first]
    line = LogisticRegression(C=np.inf).fit(fitted, events)
    steps = IsotonicRegression(out_of_bounds="clip", y_min=1e-6, y_max=1 - 1e-6).fit(x[first], events)
    later, known, who = x[~first], outcome[~first], patient[~first]
    maps = [1 / (1 + np.exp(-later)), line.predict_proba(later[:, None])[:, 1], steps.predict(later)]
    rng, by_patient = np.random.default_rng(1), rows_by_patient(who)
    found = []
    for _ in range(resamples):
        rows = resampled(rng, by_patient)
        found.append([measured(known[rows], probability[rows]) for probability in maps])
    return np.percentile(np.array(found), [2.5, 97.5], axis=0).ravel().tolist()


def area(x: Any, outcome: Any, patient: Any, resamples: int) -> list[float]:
    rng, by_patient = np.random.default_rng(2), rows_by_patient(patient)
    drawn = [resampled(rng, by_patient) for _ in range(resamples)]
    return np.percentile([roc_auc_score(outcome[rows], x[rows]) for rows in drawn], [2.5, 97.5]).tolist()


def area_with_pandas(x: Any, outcome: Any, patient: Any, resamples: int) -> list[float]:
    frame = pd.DataFrame({"x": x, "outcome": outcome, "patient": patient})
    rng, groups = np.random.default_rng(3), dict(list(frame.groupby("patient")))
    names, found = np.array(list(groups)), []
    for _ in range(resamples):
        rows = pd.concat([groups[name] for name in rng.choice(names, len(names))])
        found.append(roc_auc_score(rows["outcome"], rows["x"]))
    return np.percentile(found, [2.5, 97.5]).tolist()


def widths(x: Any, outcome: Any, patient: Any, resamples: int) -> dict[str, float]:
    """Widths of normal intervals whose errors come from resampled patients; O:E on the log scale."""
    rng, by_patient = np.random.default_rng(4), rows_by_patient(patient)
    model, found = LogisticRegression(C=np.inf, tol=1e-8), []
    for _ in range(resamples):
        rows = resampled(rng, by_patient)
        drawn, events = x[rows], outcome[rows]
        probability = 1 / (1 + np.exp(-drawn))
        slope = model.fit(drawn[:, None], events).coef_[0, 0]
        ratio = np.log(events.sum() / probability.sum())
        square = ((probability - events) ** 2).mean()
        found.append((roc_auc_score(events, drawn), intercept(drawn, events), slope, ratio, square))
    errors = np.std(found, axis=0, ddof=1)
    names = ("auc", "intercept", "slope", "observed_expected", "brier")
    return {name: float(2 * 1.959964 * error) for name, error in zip(names, errors, strict=True)}


def intercept(x: Any, outcome: Any) -> float:
    """Calibration in the large, by Newton's steps."""
    found = 0.0
    for _ in range(8):
        probability = 1 / (1 + np.exp(-(x + found)))
        found += float((outcome - probability).sum() / (probability * (1 - probability)).sum())
    return found


def fitted(sites: list[tuple[Any, Any]], method: str) -> int:
    """A frozen classifier, whose decision is the score's log-odds, calibrated site by site."""
    frozen = LogisticRegression().fit(np.array([[-1.0], [1.0]]), np.array([0, 1]))
    frozen.coef_, frozen.intercept_ = np.ones((1, 1)), np.zeros(1)
    for x, outcome in sites:
        CalibratedClassifierCV(FrozenEstimator(frozen), method=method).fit(x[:, None], outcome)
    return len(sites)


def prepare(folder: Path) -> dict[str, Callable[[], object]]:
    names = ("log_odds", "outcome", "patient")
    sites, large = np.load(folder / "sites.npz"), np.load(folder / "large.npz")
    one, whole = ([file[name][0] for name in names] for file in (sites, large))
    some = list(zip(sites["log_odds"][:SITES], sites["outcome"][:SITES].astype(int), strict=True))
    works: dict[str, Callable[[], object]] = {
        "platt": partial(fitted, some, "sigmoid"),
        "isotonic": partial(fitted, some, "isotonic"),
        "widths 1000": partial(widths, *whole, 1000),
        "pandas auc 10": partial(area_with_pandas, *whole, 10),
    }
    for number in NUMBERS_OF_RESAMPLES:
        works[f"site {number}"] = partial(site, *one, number)
        works[f"auc {number}"] = partial(area, *whole, number)
    return works
