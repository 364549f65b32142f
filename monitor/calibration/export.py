"""A calibrator as scikit-learn sees one: a fitted classifier of raw scores, made from the JSON record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from monitor.calibrators import calibrated_log_odds, read_calibrator
from monitor.logistic import expit, logit
from monitor.records import FloatArray


class ScoreClassifier(ClassifierMixin, BaseEstimator):
    """Probabilities of a frozen calibrator; `fit` does nothing, as the plan decides what is fitted.

    Attributes:
        record: `kind`, `version`, `parameters` and `covariance`, as in the ledger.
    """

    def __init__(self, record: Mapping[str, Any]) -> None:
        self.record = record

    @property
    def classes_(self) -> FloatArray:
        """Without and with the outcome."""
        return np.array([0.0, 1.0])

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def fit(self, scores: FloatArray, outcome: FloatArray | None = None) -> ScoreClassifier:
        """Nothing to fit."""
        del scores, outcome
        return self

    def predict_proba(self, scores: FloatArray) -> FloatArray:
        """Probability without and with the outcome of raw scores, shape (n,) or (n, 1); returns (n, 2)."""
        x = logit(np.asarray(scores, dtype=float).reshape(len(scores)))
        probability = expit(calibrated_log_odds(read_calibrator(self.record), x))
        return np.column_stack([1.0 - probability, probability])

    def predict(self, scores: FloatArray) -> FloatArray:
        """1.0 where the probability is above one half."""
        return (self.predict_proba(scores)[:, 1] > 0.5).astype(float)


def sklearn_calibrator(record: Mapping[str, Any]) -> ScoreClassifier:
    """A scikit-learn classifier of a calibrator's record.

    Args:
        record: As in the ledger, in `pccp status --json` and in dossier.json.

    Raises:
        LookupError, TypeError, ValueError: The record is not that of a calibrator.

    Example:
        >>> from monitor.records import IDENTITY
        >>> sklearn_calibrator(IDENTITY.as_record()).predict_proba(np.array([[0.25]])).round(6).tolist()
        [[0.75, 0.25]]
    """
    read_calibrator(record)
    return ScoreClassifier(record)
