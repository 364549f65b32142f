"""How common the outcome is in a window whose outcomes are not known yet, and when that may be shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from monitor.drift.prevalence_estimators import (
    LEAST_SEPARATION,
    BlackBoxShift,
    black_box_shift,
    bounded,
    maximum_likelihood_prevalence,
)
from monitor.drift.prevalence_resampling import Draws, prevalence_draws
from monitor.drift.prevalence_samples import LabelledScores, UnlabelledScores
from monitor.intervals import cluster_mean_error, normal_quantile
from monitor.logistic import SeparationError, expit, fit_logistic, logit
from monitor.records import Estimate, FloatArray

LEAST_EVENTS = 100
LEAST_RESAMPLES = 50
LEAST_PATIENTS = 30
LARGEST_LOST_SHARE = 0.05
CHANGED_CLASSES = 0.05
"""At or below this p-value the scores of a class changed: the level of every test of an explanation."""

MLLS = "maximum likelihood (MLLS), bootstrap of both samples by patient"
BBSE = "share above a threshold (BBSE), delta method on both samples"
UNCHECKED = "assumes that the scores of each class did not change; that cannot be checked without outcomes"
ADVISORY = "an estimate without outcomes: it opens an investigation and never deploys a calibrator"


@dataclass(frozen=True)
class PrevalenceEstimate:
    """A prevalence read from scores.

    Attributes:
        mlls: By maximum likelihood; `n` counts the window's studies, `events` the reference's.
        bbse: From the share above a threshold, the cross-check; None where it cannot be estimated.
        reference: Prevalence of the reference, from its outcomes.
        conditions: What the figures assume; to be printed beside them.
        refusals: Why the figures must not be shown, one sentence each.
    """

    mlls: Estimate
    bbse: Estimate | None
    reference: Estimate
    conditions: tuple[str, ...]
    refusals: tuple[str, ...]

    @property
    def shown(self) -> bool:
        """True when nothing speaks against showing the figures."""
        return not self.refusals


def estimate_prevalence(
    reference: LabelledScores,
    target: UnlabelledScores,
    *,
    level: float,
    resamples: int,
    rng: np.random.Generator,
    label_shift_p: float | None = None,
) -> PrevalenceEstimate:
    """Prevalence of a window without outcomes, by maximum likelihood, with a threshold as cross-check.

    It is right when the scores of each class stayed as in the reference (label shift), and wrong, however
    narrow its interval, when they did not. Two things are held against that: the test on outcomes, where
    there are some, and the difference of the two estimates, which estimate the same only under label shift.

    Args:
        reference: Raw scores with outcomes; intercept and slope of their log-odds are fitted here, so that
            the risks are right at the reference's prevalence whatever the score's own scale.
        target: Raw scores of the window.
        level: Coverage of the intervals, strictly between 0 and 1.
        resamples: Draws of both samples by patient, at least 50.
        rng: Source of the draws.
        label_shift_p: p-value of the test that the scores of each class did not change; None without
            outcomes.

    Returns:
        The estimates, what they assume and why they are not shown, if so.

    Raises:
        ValueError: level, resamples or label_shift_p lies outside its range.

    References:
        As `maximum_likelihood_prevalence` and `black_box_shift`. Efron (1979), Annals of Statistics 7:1-26
        (standard error by resampling). Hausman (1978), Econometrica 46:1251-1271 (two estimates that agree
        only under the assumption, here by resampling).

    Example:
        A window that repeats the reference has the reference's prevalence.

        >>> score, outcome = np.tile([0.2, 0.8], 500), np.tile([0.0, 1, 0, 0, 0, 1, 1, 1, 0, 1], 100)
        >>> who = np.arange(1000).astype(str).astype(object)
        >>> found = estimate_prevalence(
        ...     LabelledScores(score, outcome, who), UnlabelledScores(score, who),
        ...     level=0.95, resamples=100, rng=np.random.default_rng(1),
        ... )
        >>> f"{found.mlls.value:.3f} {found.bbse.value:.3f}", found.shown
        ('0.500 0.500', True)
    """
    _check(level, resamples, label_shift_p)
    counts = len(target.score), reference.events
    known, conditions = _of_reference(reference, level), (_condition(label_shift_p), ADVISORY)
    fit = _fit(reference, target)
    if isinstance(fit, str):
        return PrevalenceEstimate(Estimate(None, None, None, *counts, fit), None, known, conditions, (fit,))
    draws = prevalence_draws(reference, target, fit.line, resamples, rng)
    lost = _lost(draws)
    limits = (None, None) if lost else bounded(fit.likeliest, _spread(draws.maximum_likelihood), level)[1:]
    return PrevalenceEstimate(
        Estimate(fit.likeliest, *limits, *counts, MLLS),
        Estimate(*bounded(fit.share.unbounded, fit.share.standard_error, level), *counts, BBSE),
        known,
        conditions,
        (*lost, *_changed(label_shift_p), *(() if lost else _disagreement(fit, draws, level))),
    )


@dataclass(frozen=True)
class _Fit:
    """The map fitted on the reference, shape (2,), and the estimates of the samples as they are."""

    line: FloatArray
    likeliest: float
    share: BlackBoxShift


def _fit(reference: LabelledScores, target: UnlabelledScores) -> _Fit | str:
    """The fit, or why there is none."""
    missing = LEAST_EVENTS - reference.events
    if missing > 0:
        return f"insufficient: the reference has {reference.events} events, {missing} more are needed"
    if len(np.unique(target.patient)) < LEAST_PATIENTS:
        return f"insufficient: fewer than {LEAST_PATIENTS} patients in the window"
    x = logit(reference.score)
    try:
        line = fit_logistic(np.column_stack([np.ones_like(x), x]), reference.outcome).coefficients
    except SeparationError as error:
        return f"not estimable: on the reference, {error}"
    risk, prevalence = expit(line[0] + line[1] * logit(target.score)), float(reference.outcome.mean())
    share = black_box_shift(
        LabelledScores(expit(line[0] + line[1] * x), reference.outcome, reference.patient),
        UnlabelledScores(risk, target.patient),
        prevalence,
    )
    likeliest = maximum_likelihood_prevalence(risk, prevalence)
    if share is None or likeliest is None:
        return f"not estimable: sensitivity less than {LEAST_SEPARATION} above the false-positive rate"
    return _Fit(line, likeliest, share)


def _check(level: float, resamples: int, label_shift_p: float | None) -> None:
    if not 0.0 < level < 1.0:
        raise ValueError("level must lie strictly between 0 and 1")
    if resamples < LEAST_RESAMPLES:
        raise ValueError(f"resamples must be at least {LEAST_RESAMPLES}")
    if label_shift_p is not None and not 0.0 <= label_shift_p <= 1.0:
        raise ValueError("label_shift_p must lie in [0, 1]")


def _of_reference(reference: LabelledScores, level: float) -> Estimate:
    n = len(reference.outcome)
    if reference.events == 0:
        return Estimate(None, None, None, n, 0, "insufficient: one class alone")
    error = cluster_mean_error(reference.outcome, reference.patient)
    value, low, high = bounded(float(reference.outcome.mean()), error, level)
    return Estimate(value, low, high, n, reference.events, "outcomes, cluster-robust")


def _condition(label_shift_p: float | None) -> str:
    if label_shift_p is None:
        return UNCHECKED
    return (
        f"assumes that the scores of each class did not change; tested on outcomes, p = {label_shift_p:.3g}"
    )


def _spread(draws: FloatArray) -> float:
    return float(np.nanstd(draws, ddof=1))


def _lost(draws: Draws) -> tuple[str, ...]:
    lost = float(np.isnan(draws.maximum_likelihood).mean())
    if lost <= LARGEST_LOST_SHARE:
        return ()
    return (f"no interval: {lost:.0%} of the resampled references have no finite fit",)


def _changed(label_shift_p: float | None) -> tuple[str, ...]:
    if label_shift_p is None or label_shift_p > CHANGED_CLASSES:
        return ()
    return (f"the scores of a class changed, p = {label_shift_p:.3g}: they do not tell the prevalence",)


def _disagreement(fit: _Fit, draws: Draws, level: float) -> tuple[str, ...]:
    """Both estimate one prevalence only under label shift; their common errors cancel in the difference.

    The share above the threshold enters as it is: beyond [0, 1] no prevalence explains it.
    """
    apart = abs(fit.likeliest - fit.share.unbounded)
    error = _spread(draws.maximum_likelihood - draws.black_box_shift)
    if apart <= normal_quantile(0.5 + level / 2.0) * error:
        return ()
    return (
        "the two estimates differ by more than their common error allows: "
        f"{fit.likeliest:.3f} by likelihood, {fit.share.unbounded:.3f} by threshold",
    )
