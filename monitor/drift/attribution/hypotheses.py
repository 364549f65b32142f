"""What each explanation of a shift says stays the same, as tests between reference and window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from monitor.drift.attribution.contrast import Contrast, Side, mean_contrast
from monitor.drift.labelled import Labelled
from monitor.drift.partial_labels import Mean, PostStratification
from monitor.records import BoolArray, FloatArray

Explanation = Literal["none", "covariate", "label", "concept", "acquisition"]
EXPLANATIONS: tuple[Explanation, ...] = ("none", "covariate", "label", "concept", "acquisition")
Contrasts = Mapping[Explanation, tuple[Contrast | None, ...]]
PValues = Mapping[Explanation, float | None]


def mid_rank(reference: FloatArray, score: FloatArray) -> FloatArray:
    """Share of the reference below each score plus half of that equal to it, shape (n,).

    Example:
        >>> mid_rank(np.array([0.1, 0.2, 0.2, 0.3]), np.array([0.2, 0.9])).tolist()
        [0.5, 1.0]
    """
    ordered = np.sort(reference)
    below, to = (np.searchsorted(ordered, score, side) for side in ("left", "right"))
    return (below + to) / (2.0 * len(ordered))


@dataclass(frozen=True)
class Sides:
    """One sample's means: of u and |2u - 1| within the classes 0 and 1, of both over all, of the outcome."""

    by_class: tuple[Side, ...]
    overall: tuple[Side, ...]
    outcome: tuple[Side, ...]


def sides_of(sample: Labelled, reference_score: FloatArray) -> Sides:
    """What the tests compare of one sample.

    Args:
        sample: At least one study.
        reference_score: Raw scores of the reference, which u ranks among, shape (m,).
    """
    u = mid_rank(reference_score, sample.score)
    kinds = (u, np.abs(2.0 * u - 1.0))
    strata, patient = PostStratification(sample), sample.patient_number if sample.repeats else None
    simple = patient is None and bool(sample.known.all())

    def known(values: FloatArray, member: BoolArray) -> Side:
        mean = strata.mean(values, member)
        return Side(mean.value, mean.size, values[member], 0.0 if simple else mean.variance(patient))

    def every(values: FloatArray) -> Side:
        mean, n = float(values.mean()), len(values)
        robust = 0.0 if patient is None else Mean(mean, (values - mean) / n, n).variance(patient)
        return Side(mean, n, values, robust)

    return Sides(
        tuple(known(kind, sample.outcome == outcome) for outcome in (0.0, 1.0) for kind in kinds),
        tuple(every(kind) for kind in kinds),
        (known(sample.outcome, sample.known),),
    )


def contrasts_of(reference: Sides, window: Sides, calibration: Contrast | None) -> Contrasts:
    """The tests of every explanation but "none", whose tests are those of covariate and concept.

    Args:
        reference, window: Both ranked among the reference.
        calibration: Of P(y | s) in the window against the deployed calibrator.

    Returns:
        covariate: P(y | s) is the calibrator's. label: P(s | y) is the reference's. concept: P(s) is.
        acquisition: P(y) is. None where a test needs outcomes that are not there.
    """
    return {
        "covariate": (calibration,),
        "label": _compare(reference.by_class, window.by_class),
        "concept": _compare(reference.overall, window.overall),
        "acquisition": _compare(reference.outcome, window.outcome),
    }


def _compare(reference: tuple[Side, ...], window: tuple[Side, ...]) -> tuple[Contrast | None, ...]:
    return tuple(mean_contrast(*pair) for pair in zip(reference, window, strict=True))


def p_values_of(contrasts: Contrasts) -> PValues:
    """One p-value per explanation: Bonferroni over its tests; None where no test could be made.

    Example:
        p_none is twice the smaller of covariate's exp(-1) and concept's twice .3173.

        >>> one = Contrast(np.zeros(1), np.eye(1), np.eye(1), 1.0)
        >>> two = Contrast(np.zeros(2), np.eye(2), np.eye(2), 2.0)
        >>> found = p_values_of({"covariate": (two,), "label": (None,), "concept": (one, one),
        ...                      "acquisition": (None,)})
        >>> [f"{found[name]:.4f}" for name in ("none", "covariate", "concept")], found["label"]
        (['0.7358', '0.3679', '0.6346'], None)
    """
    found: dict[Explanation, float | None] = {}
    for name, tests in contrasts.items():
        found[name] = _bonferroni([test.p if test else None for test in tests])
    found["none"] = _bonferroni([found["covariate"], found["concept"]])
    return found


def _bonferroni(p: list[float | None]) -> float | None:
    """Smallest p times the number of tests, those that could not be made included."""
    made = [value for value in p if value is not None]
    return min(1.0, len(p) * min(made)) if made else None
