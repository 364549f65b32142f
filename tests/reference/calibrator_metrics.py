"""The maps that `monitor.calibration` fits and the agreement of readers, on the inputs."""

from __future__ import annotations

from typing import Any

import numpy as np

from monitor.calibration.beta import fit_beta
from monitor.calibration.empirical_bayes import SiteRows, estimate_prior
from monitor.calibration.isotonic import isotonic_blocks
from monitor.calibration.pooled import UNCHANGED, fit_near_current, fit_pooled
from monitor.calibrators import calibrated_log_odds
from monitor.intervals import normal_quantile
from monitor.logistic import expit, logit
from monitor.performance.agreement import kappa
from monitor.records import IDENTITY, Reads
from tests.reference.agreement import Metric, columns

RISKS = np.array([0.05, 0.15, 0.3, 0.5, 0.7])


def metrics() -> list[Metric]:
    """Every comparison of this module."""
    return [*_near_current(), *_pooled(), *_beta(), *_isotonic(), *_kappa()]


def _everyone(n: int) -> Any:
    """As many patients as rows."""
    return np.array([f"row{i}" for i in range(n)], dtype=object)


def _near_current() -> list[Metric]:
    patients, apart = columns("patients"), columns("separable")
    cases = {
        "first_sixty": (patients["distorted"][:60], patients["outcome"][:60]),
        "separable": (apart["score"], apart["outcome"]),
    }
    found: dict[str, float] = {}
    spread: dict[str, float] = {}
    for label, (score, outcome) in cases.items():
        choice = fit_near_current(logit(score), outcome, _everyone(len(score)), IDENTITY)
        found |= {f"map.{label}.{name}": choice.parameters[name] for name in ("intercept", "slope")}
        (a, between), (_, b) = (row[:2] for row in choice.covariance[:2])
        spread |= {
            f"map.{label}.intercept_variance": a,
            f"map.{label}.slope_variance": b,
            f"map.{label}.covariance": between,
        }
    return [
        Metric("Platt near the current map (optim)", "calibrators", 1e-8, found),
        Metric("Platt near the current map, covariance", "calibrators", 1e-5, spread),
    ]


def _pooled() -> list[Metric]:
    data = columns("sites")
    names = sorted(set(data["site"]))
    rows = {
        name: SiteRows(logit(data["score"][data["site"] == name]), data["outcome"][data["site"] == name])
        for name in names
    }
    law = estimate_prior(list(rows.values()), UNCHANGED)
    found: dict[str, float] = {}
    for name, own in rows.items():
        others = [rows[other] for other in names if other != name]
        choice = fit_pooled(own.x, own.outcome, _everyone(len(own.x)), IDENTITY, others)
        found[f"pooled.{name}.intercept"] = choice.parameters["intercept"]
        found[f"pooled.{name}.slope"] = choice.parameters["slope"]
        found[f"pooled.{name}.slope_variance"] = choice.covariance[1][1]
    laws = {
        f"pooled.{what}.{name}": float(values[i])
        for what, values in (("centre", law.mean), ("variance", law.variance))
        for i, name in enumerate(("intercept", "slope"))
    }
    return [
        Metric("law of the sites, 25 rounds (optim)", "calibrators", 1e-5, laws),
        Metric("site fit under that law (optim)", "calibrators", 1e-5, found),
    ]


def _beta() -> list[Metric]:
    exact: dict[str, float] = {}
    spread: dict[str, float] = {}
    package: dict[str, float] = {}
    for label, column in (("patients", "distorted"), ("quantification_reference", "score")):
        data = columns(label)
        fit = fit_beta(logit(data[column]), data["outcome"], _everyone(len(data[column])), IDENTITY)
        risks = expit(calibrated_log_odds(fit.calibrator("v1"), logit(RISKS)))
        at = {f"{label}.at.{risk:g}": float(p) for risk, p in zip(RISKS, risks, strict=True)}
        slopes = {f"{label}.{name}": fit.parameters[name] for name in ("a", "b")}
        exact |= {f"beta.{key}": value for key, value in {**at, **slopes}.items()}
        exact[f"beta.{label}.c"] = fit.parameters["intercept"]
        package |= at
        of = (0, 2, 3)  # intercept, a and b; the slope between them is fixed
        spread |= {
            f"beta.{label}.covariance.{i + 1}{j + 1}": fit.covariance[of[i]][of[j]]
            for j in range(3)
            for i in range(j + 1)
        }
    return [
        Metric("beta calibration (glm)", "calibrators", 1e-6, exact),
        Metric("beta calibration, covariance (glm)", "calibrators", 1e-6, spread),
        Metric("beta calibration, risks", "betacal", 1e-3, package),
    ]


def _isotonic() -> list[Metric]:
    data = columns("patients")
    x, score = logit(data["distorted"]), data["distorted"]
    blocks = isotonic_blocks(x, data["outcome"])
    steps, centred = {"isotonic.blocks": float(len(blocks.share))}, {}
    for risk in RISKS:
        last = int(np.argmax(np.where(score <= risk, score, -1.0)))
        steps[f"isotonic.{risk:g}"] = float(blocks.share[blocks.of[last]])
        at = float(logit(np.array([risk]))[0])
        centred[f"centred_isotonic.{risk:g}"] = float(np.interp(at, blocks.centre, blocks.share))
    tied = columns("tied")
    coarse = isotonic_blocks(logit(tied["score"]), tied["outcome"])
    ties = {
        f"isotonic.tied.{score:g}": float(coarse.share[block])
        for score, block in zip(tied["score"], coarse.of, strict=True)
    }
    return [
        Metric("isotonic regression (isoreg)", "calibrators", 1e-12, steps),
        Metric("isotonic regression of a score with ties", "sklearn", 1e-12, ties),
        Metric("centred isotonic regression (isoreg, approx)", "calibrators", 1e-12, centred),
    ]


def _kappa() -> list[Metric]:
    data = columns("readers")
    raters = {
        "three": ("first", "second", "third"),
        "first_second": ("first", "second"),
        "second_third": ("second", "third"),
    }
    found: dict[str, float] = {}
    errors: dict[str, float] = {}
    for label, names in raters.items():
        study = np.tile(data["study"], len(names))
        reader = np.repeat(np.array(names, dtype=object), len(data["study"]))
        estimate = kappa(Reads(study, study, reader, np.concatenate([data[name] for name in names])))
        assert estimate.value is not None
        assert estimate.low is not None
        found[f"kappa.{label}"] = estimate.value
        errors[f"kappa.{label}.jackknife_se"] = (estimate.value - estimate.low) / normal_quantile(0.975)
    return [
        Metric("kappa of readers (fleiss_kappa)", "statsmodels", 1e-12, found),
        Metric("kappa, jackknife error (fleiss_kappa, study by study)", "statsmodels", 1e-9, errors),
    ]
