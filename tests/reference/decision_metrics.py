"""What the stream, the closed test and the criteria compute, on the inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import TypeAdapter

from monitor.calibration.choice import Choice
from monitor.calibration.closed_test import chi_square_tail, closed_test
from monitor.drift.bets import choose_bets, log_e_of_cohort, log_e_values
from monitor.drift.detector import change_point, log_limit, look, start
from monitor.intervals import cluster_mean_error, normal_quantile
from monitor.logistic import log_loss, logit
from monitor.plan.model import Criterion
from monitor.records import IDENTITY
from monitor.validation import CriterionResult, Evidence
from monitor.validation.criteria import assess
from monitor.validation.subgroups import holm
from tests.reference.agreement import Metric, columns

Z = normal_quantile(0.95)
AREA = {"id": "G5", "metric": "auc", "bound": "lower"}
CLAIMS = [0.001, 0.04, 0.012, 0.0126, 0.6]


def metrics() -> list[Metric]:
    """Every comparison of this module."""
    return [*_closed_test(), *_criteria(), *_operating(), *_by_hand(), *_stream()]


def _closed_test() -> list[Metric]:
    patients, many = columns("patients"), columns("clustered")
    choices = {
        "calibrated": _choice(patients, "calibrated"),
        "distorted": _choice(patients, "distorted"),
        "clustered.old": _choice(many, "old"),
        "clustered.new": _choice(many, "new"),
    }
    statistics: dict[str, float] = {}
    chances: dict[str, float] = {}
    for label, choice in choices.items():
        for step in choice.steps:
            name = f"{label}.{step.test.replace(' ', '_')}"
            statistics[f"{name}.statistic"], chances[f"{name}.p"] = step.statistic, step.p
    tails = {
        f"chi_square_tail.{statistic:g}.{degrees}": chi_square_tail(statistic, degrees)
        for statistic in (0.5, 3.841459, 25, 300)
        for degrees in (1, 2)
    }
    return [
        Metric("closed test, likelihood-ratio statistic", "glm", 1e-9, statistics),
        Metric("closed test, p", "glm", 1e-9, chances),
        Metric("chi-square tail", "glm", 1e-12, tails),
    ]


def _choice(data: dict[str, Any], column: str) -> Choice:
    return closed_test(logit(data[column]), data["outcome"], data["patient"], IDENTITY)


def _criteria() -> list[Metric]:
    benefit = _assessed(metric="log_loss_difference", against="last_deployed", bound="lower", limit=0.0)
    ratio = _assessed(metric="observed_expected_ratio", interval="two_one_sided", limits=(0.8, 1.25))
    slope = _assessed(metric="calibration_slope", interval="two_one_sided", limits=(0.8, 1.25))
    found = {
        "log_loss_difference": _value(benefit),
        "log_loss_difference.cluster_se": benefit.standard_error or 0.0,
    }
    return [
        Metric("log-loss difference, cluster-robust error", "statsmodels", 1e-10, found),
        Metric(
            "log-loss difference, cluster-robust error",
            "glm",
            1e-10,
            {f"clustered.{name}": value for name, value in found.items()},
        ),
        Metric(
            "observed/expected criterion",
            "glm",
            1e-10,
            {
                "clustered.new.observed_expected": _value(ratio),
                "clustered.new.observed_expected.log_se": ratio.standard_error or 0.0,
            },
        ),
        Metric(
            "slope criterion",
            "glm",
            1e-6,
            {
                "clustered.new.slope": _value(slope),
                "clustered.new.slope.cluster_se": slope.standard_error or 0.0,
            },
        ),
    ]


def _operating() -> list[Metric]:
    """Criteria on the Brier score, the area and the operating point."""
    brier = _assessed(metric="brier_score_difference", against="last_deployed", bound="lower", limit=0.0)
    share = _assessed(metric="sensitivity", at="operating_point", bound="lower", limit=0.5)
    floor = TypeAdapter(Criterion).validate_python({**AREA, "limit": 0.5})
    many, single, tied = columns("clustered"), columns("patients"), columns("tied")
    areas: dict[str, float] = {}
    cases = {
        "clustered.new": (many["new"], many["outcome"], many["patient"]),
        "clustered.old": (many["old"], many["outcome"], many["patient"]),
        "calibrated": (single["calibrated"], single["outcome"], single["patient"]),
        "rival": (single["rival"], single["outcome"], single["patient"]),
        "tied": (tied["score"], tied["outcome"], np.arange(len(tied["score"])).astype(str).astype(object)),
    }
    for label, (score, outcome, patient) in cases.items():
        x = logit(score)
        evidence = Evidence(outcome, patient, x, x, x, score)
        found = assess(floor, evidence, normal_quantile(0.975)).estimate
        areas |= {f"{label}.logit_t_low": found.low or 0.0, f"{label}.logit_t_high": found.high or 0.0}
    against = TypeAdapter(Criterion).validate_python({**AREA, "against": "original", "margin": -0.03})
    candidate, original = logit(single["calibrated"]), logit(single["rival"])
    evidence = Evidence(
        single["outcome"], single["patient"], candidate, original, original, single["calibrated"]
    )
    paired = assess(against, evidence, Z)
    return [
        Metric(
            "Brier score difference, cluster-robust error",
            "glm",
            1e-10,
            {
                "clustered.brier_score_difference": _value(brier),
                "clustered.brier_score_difference.cluster_se": brier.standard_error or 0.0,
            },
        ),
        Metric(
            "sensitivity criterion (qbeta)",
            "intervals",
            1e-9,
            {
                "effective.sensitivity": _value(share),
                "effective.sensitivity.0.05.lower": share.estimate.low or 0.0,
                "effective.sensitivity.0.05.upper": share.estimate.high or 0.0,
            },
        ),
        Metric("area criterion, logit scale, t", "pROC", 1e-9, areas),
        Metric(
            "area against the original, paired DeLong",
            "pROC",
            1e-9,
            {
                "paired.difference": _value(paired),
                "paired.z": _value(paired) / (paired.standard_error or 1.0),
            },
        ),
        Metric(
            "Holm (p.adjust)",
            "intervals",
            0.0,
            {f"holm.{i}": float(harm) for i, harm in enumerate(holm(CLAIMS, 0.05), start=1)},
        ),
    ]


def _assessed(**criterion: Any) -> CriterionResult:
    """A criterion of a plan on the clustered rows: old is in use, new is the candidate."""
    data = columns("clustered")
    old, new = logit(data["old"]), logit(data["new"])
    evidence = Evidence(data["outcome"], data["patient"], new, old, old, data["new"], data["new"] >= 0.3)
    return assess(TypeAdapter(Criterion).validate_python({"id": "G1", **criterion}), evidence, Z)


def _value(result: CriterionResult) -> float:
    assert result.estimate.value is not None
    return result.estimate.value


def _by_hand() -> list[Metric]:
    """The twelve paired rows."""
    data = columns("paired")
    losses = [log_loss(logit(data[column]), data["outcome"]) for column in ("old", "new")]
    difference = losses[0] - losses[1]
    found = {
        "paired.log_loss_difference": float(difference.mean()),
        "paired.log_loss_difference.cluster_se": cluster_mean_error(difference, data["patient"]),
    }
    squares = [(data[column] - data["outcome"]) ** 2 for column in ("old", "new")]
    gain = squares[0] - squares[1]
    found["paired.brier_score_difference"] = float(gain.mean())
    found["paired.brier_score_difference.cluster_se"] = cluster_mean_error(gain, data["patient"])
    return [Metric("loss differences, twelve rows", "glm", 1e-10, found)]


def _stream() -> list[Metric]:
    data = columns("stream")
    bets = choose_bets(data["log_odds"][:100])
    rows = log_e_values(data["log_odds"], data["half_width"], data["outcome"], bets)
    state, history = start(len(bets)), []
    mixtures: dict[str, float] = {}
    for cohort in range(30):
        here = data["cohort"] == cohort
        history.append(log_e_of_cohort(rows[here], data["patient"][here]))
        state = look(state, history[-1])
        if cohort in (0, 14, 29):
            mixtures[f"log_mixture.cohort_{cohort}"] = state.log_mixture
    change = change_point(np.array(history), state.log_r)
    return [
        Metric("stream, log of the mixture", "detector", 1e-10, mixtures),
        Metric(
            "stream, intercept that keeps the mean risk",
            "detector",
            1e-10,
            {f"mean_keeping_intercept.{bet.slope:g}": bet.intercept for bet in bets[6:]},
        ),
        Metric(
            "stream, estimated change",
            "detector",
            0.0,
            {
                "change.bet": change.bet,
                "change.likeliest": change.likeliest,
                "change.earliest": change.earliest,
            },
        ),
        Metric(
            "stream, alarm limit", "detector", 1e-12, {"log_limit.365.1.05.4": log_limit(365, 1, 0.05, 0.4)}
        ),
    ]
