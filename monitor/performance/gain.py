"""How much better one calibrator is than another on the same studies."""

from __future__ import annotations

from monitor.intervals import cluster_mean_error, normal_quantile
from monitor.logistic import log_loss
from monitor.records import Estimate, FloatArray, TextArray


def log_loss_gain(
    before: FloatArray, after: FloatArray, outcome: FloatArray, patient: TextArray, *, alpha: float
) -> Estimate:
    """Mean log loss under one calibrator minus that under another, per study.

    Above zero the second is better.

    Args:
        before, after: Calibrated log-odds under either, shape (n,).
        outcome: 0 or 1, shape (n,), at least one.
        patient: Pseudonyms, shape (n,); a patient's studies may depend on each other.
        alpha: One-sided error probability of each bound.

    Returns:
        The gain with its interval, in nats per study.

    Raises:
        ValueError: No study.

    Example:
        Even odds cost ln 2 = 0.693 a study; certainty that is right costs nothing.

        >>> import numpy as np
        >>> two = np.array(["a", "b"], dtype=object)
        >>> gain = log_loss_gain(np.zeros(2), np.array([40.0, -40]), np.array([1.0, 0]), two, alpha=0.025)
        >>> f"{gain.value:.3f} [{gain.low:.3f}, {gain.high:.3f}]"
        '0.693 [0.693, 0.693]'
    """
    if len(outcome) == 0:
        raise ValueError("at least one study is needed")
    gain = log_loss(before, outcome) - log_loss(after, outcome)
    mean, half = float(gain.mean()), normal_quantile(1.0 - alpha) * cluster_mean_error(gain, patient)
    positives = int(outcome.sum())
    events = min(positives, len(outcome) - positives)
    return Estimate(mean, mean - half, mean + half, len(outcome), events, "paired difference, cluster-robust")
