"""How unlikely a held-out area would be if nothing set the domains apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import numpy as np

from monitor.drift.domain.area import Area, area_error, held_out_area, studentised
from monitor.drift.domain.folds import Folds
from monitor.drift.domain.ridge import Ridge, held_out_scores
from monitor.records import FloatArray, IntArray

BATCH = 50
"""Relabellings that are fitted at once."""
SAME = 1e-9
"""Statistics closer than this count as equal, which can only raise a p-value."""


def area_distances(
    ridge: Ridge, folds: Folds, labels: IntArray, penalties: Sequence[tuple[int, float]]
) -> FloatArray:
    """Studentised held-out area of each domain against the rest, under each labelling.

    Args:
        ridge: Sums shared by all labellings.
        folds: How the patients were dealt.
        labels: One column per labelling, shape (n, b).
        penalties: Each judged domain's label and its penalty.

    Returns:
        Shape (b, domains + 1); last the mean area over the domains.
    """
    scores = [held_out_scores(ridge, (labels == value) * 1.0, penalty) for value, penalty in penalties]
    rows: list[list[float]] = []
    for at in range(labels.shape[1]):
        areas = [
            held_out_area(score[:, at], labels[:, at] == value, folds)
            for score, (value, _) in zip(scores, penalties, strict=True)
        ]
        rows.append([distance(area, folds) for area in (*areas, mean_area(areas))])
    return np.array(rows)


def batches(relabelled: Iterable[IntArray]) -> Iterator[IntArray]:
    """Labellings side by side, shape (n, at most BATCH)."""
    waiting = iter(relabelled)
    while batch := list(islice(waiting, BATCH)):
        yield np.stack(batch, axis=1)


def mean_area(areas: Sequence[Area]) -> Area:
    """Mean over domains; the influences add, so that its error knows that rows serve several."""
    influence = np.mean([area.influence for area in areas], axis=0)
    return Area(float(np.mean([area.value for area in areas])), influence)


def distance(area: Area, folds: Folds) -> float:
    """How many standard errors an area lies above one half."""
    return studentised(area.value - 0.5, area_error(area.influence, folds.patient))


def widened_error(area: Area, folds: Folds, relabelled: FloatArray) -> float:
    """Error of a held-out area by patient, times the standard deviation of what should vary by one.

    The error by patient takes the classifiers as given, but these share their training rows. Under
    relabelling the distance from chance in such errors varies by more than one; by how much is known.

    Args:
        area: As seen.
        folds: How the patients were dealt.
        relabelled: Distances under the relabellings, shape (b,).
    """
    finite = relabelled[np.isfinite(relabelled)]
    widening = max(1.0, float(finite.std())) if len(finite) else 1.0
    return area_error(area.influence, folds.patient) * widening


def permutation_p(statistic: float, relabelled: FloatArray) -> float:
    """Share of labellings, that seen included, whose statistic is at least the one seen.

    Args:
        statistic: As seen.
        relabelled: Under each relabelling, shape (b,).

    Returns:
        Between 1 / (b + 1) and 1.

    References:
        Phipson and Smyth (2010), Stat Appl Genet Mol Biol 9:39, 10.2202/1544-6115.1585.

    Example:
        >>> permutation_p(2.0, np.array([0.0, 1.0, 1.5]))
        0.25
    """
    return (1 + int((relabelled >= statistic - SAME).sum())) / (len(relabelled) + 1)


def adjusted_p(statistics: FloatArray) -> list[float]:
    """P-values of all columns against the largest statistic of each relabelling.

    Args:
        statistics: Shape (labellings, k); the first row as seen.

    References:
        Westfall and Young (1993), Resampling-Based Multiple Testing, Wiley (single step).

    Example:
        The second column of the relabelling reaches what the first showed.

        >>> adjusted_p(np.array([[2.0, 5.0], [0.0, 3.0]]))
        [1.0, 0.5]
    """
    largest = statistics[1:].max(axis=1, initial=-np.inf)
    return [permutation_p(float(statistic), largest) for statistic in statistics[0]]
