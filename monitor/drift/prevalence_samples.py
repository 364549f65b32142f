"""The two samples that a prevalence without outcomes is read from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from monitor.records import FloatArray, TextArray


@dataclass(frozen=True)
class LabelledScores:
    """Studies of the reference.

    Attributes:
        score: Raw scores, or risks, shape (n,), in [0, 1].
        outcome: 0 or 1, shape (n,).
        patient: Shape (n,); the studies of one patient may depend on each other.
    """

    score: FloatArray
    outcome: FloatArray
    patient: TextArray

    def __post_init__(self) -> None:
        _check(self.score, self.patient)
        if len(self.outcome) != len(self.score) or not np.isin(self.outcome, (0.0, 1.0)).all():
            raise ValueError("outcome must be 0 or 1, one per score: leave unknown outcomes out")

    @property
    def events(self) -> int:
        """Studies of the rarer class."""
        positives = int(self.outcome.sum())
        return min(positives, len(self.outcome) - positives)


@dataclass(frozen=True)
class UnlabelledScores:
    """Studies of a window whose outcomes are not known yet; fields as in `LabelledScores`."""

    score: FloatArray
    patient: TextArray

    def __post_init__(self) -> None:
        _check(self.score, self.patient)


def _check(score: FloatArray, patient: TextArray) -> None:
    if len(score) != len(patient) or not ((score >= 0.0) & (score <= 1.0)).all():
        raise ValueError("score must lie in [0, 1], one per patient entry")
