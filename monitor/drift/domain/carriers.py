"""Which covariates tell the domains apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from monitor.drift.domain.area import HELD_OUT, Area, area_error, area_estimate, held_out_area
from monitor.drift.domain.encoding import SMALLEST_DEVIATION, Design, level_indicators, normal_scores
from monitor.drift.domain.folds import Folds
from monitor.drift.domain.records import Carrier, Values
from monitor.drift.domain.ridge import Ridge, held_out_scores
from monitor.intervals import normal_quantile
from monitor.records import BoolArray, Estimate

TOGETHER = 0.7
"""Correlation inside the domains from which two covariates are reported together."""
LOST_METHOD = "paired difference of held-out areas, DeLong by patient"


class Fitted(NamedTuple):
    """The classifier of all covariates and what it was fitted on.

    Attributes:
        member: True for rows of the window, shape (n,).
        penalty: Of the classifier.
        smaller: Patients of the smaller sample.
    """

    design: Design
    ridge: Ridge
    folds: Folds
    member: BoolArray
    penalty: float
    smaller: int


class Judged(NamedTuple):
    """What the relabellings said.

    Attributes:
        columns: Adjusted p-value of each column of the design.
        alpha: At or below it a column moved; intervals are of level 1 - alpha.
        told: Whether the domains were told apart; if not, nothing carries.
    """

    columns: list[float]
    alpha: float
    told: bool


def carriers_of(fitted: Fitted, covariates: Mapping[str, Values], judged: Judged) -> tuple[Carrier, ...]:
    """Every covariate with its part, the strongest first.

    Args:
        fitted: The classifier.
        covariates: Of both samples together.
        judged: What the relabellings said.
    """
    names = tuple(covariates)
    every = area_of(fitted, np.ones(len(fitted.design.parts), dtype=bool))
    near = correlated(fitted.design, fitted.member, len(names))
    p_values = own_p(fitted.design, judged.columns, len(names))
    partners = partners_of(fitted.design, judged, p_values)
    found = [
        Carrier(
            name,
            *alone_and_lost(fitted, at, every, judged.alpha),
            p_values[at],
            tuple(names[other] for other in np.flatnonzero(partners[at])),
            judged.told and bool(p_values[at] <= judged.alpha or partners[at].any()),
            *moved(covariates[name], fitted.member),
            *share_moved(covariates[name], fitted.member, fitted.smaller),
            tuple(names[other] for other in np.flatnonzero(near[at])),
        )
        for at, name in enumerate(names)
    ]
    return tuple(sorted(found, key=lambda carrier: (-strength(carrier), carrier.name)))


def own_p(design: Design, columns: list[float], covariates: int) -> list[float]:
    """Smallest adjusted p-value of each covariate's own columns; 1 for one that does not vary."""
    p_values = np.array(columns)
    return [float(p_values[design.only(at)].min(initial=1.0)) for at in range(covariates)]


def partners_of(design: Design, judged: Judged, p_values: list[float]) -> BoolArray:
    """Pairs that moved although neither covariate did, shape (covariates, covariates), symmetric.

    A product's mean also answers to a change of one factor, so a pair counts only where neither moved.
    """
    still = np.array(p_values) > judged.alpha
    partners = np.zeros((len(still), len(still)), dtype=bool)
    for (one, two), p_value in zip(design.owners, judged.columns, strict=True):
        if one != two and p_value <= judged.alpha and still[one] and still[two]:
            partners[one, two] = partners[two, one] = judged.told
    return partners


def alone_and_lost(fitted: Fitted, covariate: int, every: Area, alpha: float) -> tuple[Estimate, Estimate]:
    """The area of a covariate alone, and what the area of all loses without it."""
    alone = area_of(fitted, fitted.design.only(covariate))
    without = area_of(fitted, fitted.design.without(covariate))
    lost = Area(every.value - without.value, every.influence - without.influence)
    error = area_error(alone.influence, fitted.folds.patient)
    estimate = area_estimate(alone.value, error, fitted.member, 1 - alpha, HELD_OUT)
    return estimate, lost_estimate(lost, estimate, fitted.folds, alpha)


def area_of(fitted: Fitted, keep: BoolArray) -> Area:
    """Held-out area of the classifier that sees the columns kept."""
    member = fitted.member[:, None].astype(np.float64)
    score = held_out_scores(fitted.ridge, member, fitted.penalty, keep)[:, 0]
    return held_out_area(score, fitted.member, fitted.folds)


def lost_estimate(lost: Area, alone: Estimate, folds: Folds, alpha: float) -> Estimate:
    """What the area loses without a covariate, with its Wald interval of level 1 - alpha."""
    half = normal_quantile(1 - alpha / 2) * area_error(lost.influence, folds.patient)
    return Estimate(lost.value, lost.value - half, lost.value + half, alone.n, alone.events, LOST_METHOD)


def strength(carrier: Carrier) -> float:
    """By what covariates are ordered: the larger of area alone above one half and area lost.

    A covariate that moved shows alone; one that only varies otherwise with another shows when it is left out.
    """
    return max((carrier.alone.value or 0.5) - 0.5, carrier.lost.value or 0.0)


def moved(values: Values, member: BoolArray) -> tuple[float | None, float | None]:
    """Standardised difference and ratio of spreads, window against reference, on normal scores.

    Example:
        Ranks 1, 2.5, 4.5 and 6 of six have the scores -1.38, -.43, .43 and 1.38; the means lie .92 apart,
        and each sample's standard deviation is .91.

        >>> x, window = np.array([1.0, 2.0, 3.0, 2.0, 3.0, 4.0]), np.arange(6) > 2
        >>> difference, spread = moved(x, window)
        >>> round(difference, 2), round(spread, 2)
        (1.02, 1.0)
        >>> moved(np.array(["a", "b"], dtype=object), np.array([False, True]))
        (None, None)
    """
    if values.dtype.kind == "O":
        return None, None
    scores = normal_scores(values.astype(np.float64))
    reference, window = (scores[side & ~np.isnan(scores)] for side in (~member, member))
    if min(len(reference), len(window)) < 2:
        return None, None
    before, after = float(reference.std(ddof=1)), float(window.std(ddof=1))
    if min(before, after) < SMALLEST_DEVIATION:
        return None, None
    return float(window.mean() - reference.mean()) / ((before**2 + after**2) / 2) ** 0.5, after / before


def share_moved(values: Values, member: BoolArray, smaller: int) -> tuple[str | None, float | None]:
    """The level, or "missing", whose share changed most, and by how much; None where none changed.

    Example:
        >>> share_moved(np.array([1.0, 2.0, np.nan, 1.0]), np.array([False, False, True, True]), 2)
        ('missing', 0.5)
    """
    if values.dtype.kind == "O":
        held = level_indicators(values, smaller)
    else:
        held = [("missing", np.isnan(values.astype(np.float64)))]
    changes = [(label, float(where[member].mean() - where[~member].mean())) for label, where in held]
    label, change = max(changes, key=lambda one: abs(one[1]))
    return (label, change) if change else (None, None)


def correlated(design: Design, member: BoolArray, covariates: int) -> BoolArray:
    """Which covariates correlate inside the domains, shape (covariates, covariates), False on the diagonal.

    Two covariates that merely shifted at the same time correlate over both samples, not inside them.
    """
    own = np.flatnonzero([part in ("location", "level", "missing") for part in design.parts])
    within = design.columns[:, own].copy()
    for side in (member, ~member):
        within[side] -= within[side].mean(axis=0)
    length = np.sqrt((within**2).sum(axis=0))
    within = within / np.where(length > SMALLEST_DEVIATION * len(within), length, np.inf)
    near = np.zeros((covariates, covariates), dtype=bool)
    first, second = np.nonzero(np.abs(within.T @ within) >= TOGETHER)
    owner = design.owners[own, 0]
    near[owner[first], owner[second]] = True
    np.fill_diagonal(near, False)
    return near
