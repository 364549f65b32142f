"""When outcomes became known, and what a look that does not wait for them would see."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from monitor.intervals import normal_quantile
from monitor.logistic import cluster_sums
from monitor.records import BoolArray, Estimate, FloatArray, IntArray, TextArray

NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Arrivals:
    """Studies and when their outcomes became known, each array of shape (n,).

    Attributes:
        day: Of the prediction, datetime64[D].
        observed: Day on which the outcome became known, datetime64[D]; NaT where it has not.
        outcome: 1 or 0; NaN where it is not known.
        risk: Calibrated probability, in (0, 1).
        patient: Pseudonyms.
    """

    day: NDArray[np.datetime64]
    observed: NDArray[np.datetime64]
    outcome: FloatArray
    risk: FloatArray
    patient: TextArray

    def __post_init__(self) -> None:
        columns = (self.day, self.observed, self.outcome, self.risk, self.patient)
        if len({len(column) for column in columns}) > 1:
            raise ValueError("day, observed, outcome, risk and patient need one value per study")
        for column in columns:
            column.flags.writeable = False

    def where(self, keep: BoolArray) -> Arrivals:
        """The studies that `keep` marks."""
        timing = self.day[keep], self.observed[keep]
        return Arrivals(*timing, self.outcome[keep], self.risk[keep], self.patient[keep])

    def delay(self) -> IntArray:
        """Days from prediction to outcome, 0 for one known before; beyond every day where none is known."""
        days = (self.observed - self.day).astype("timedelta64[D]").astype(np.int64)
        unknown = np.isnan(self.outcome) | np.isnat(self.observed)
        return np.where(unknown, NEVER, np.maximum(days, 0))


@dataclass(frozen=True)
class LagRatio:
    """Observed over expected events when a window is read some days after its end.

    Attributes:
        lag_days: From the end of the window to the look.
        n, known: Studies of the window, and outcomes that had arrived.
        of_all: Against the mean risk of every study of the window.
        of_known: Against the mean risk of the studies whose outcome had arrived. Positives have higher
            scores, so this ratio hides a part of what the missing negatives do.
    """

    lag_days: int
    n: int
    known: int
    of_all: Estimate
    of_known: Estimate


def known_by(arrivals: Arrivals, as_of: date) -> FloatArray:
    """Outcomes that had become known by a day, NaN for the others, shape (n,)."""
    return np.where(arrivals.observed <= np.datetime64(as_of, "D"), arrivals.outcome, np.nan)


def known_within(arrivals: Arrivals, lag_days: int) -> FloatArray:
    """Outcomes that became known within so many days of their own prediction, NaN for the others."""
    return np.where(arrivals.delay() <= lag_days, arrivals.outcome, np.nan)


def apparent_ratio(
    risk: FloatArray, outcome: FloatArray, patient: TextArray, level: float = 0.95
) -> Estimate:
    """Share of events among the known outcomes over the mean risk of all studies; one is ideal.

    Above one where positives are known sooner than negatives, however good the risks are.

    Args:
        risk: Shape (n,).
        outcome: 1 or 0, NaN where not known, shape (n,).
        patient: Shape (n,).
        level: Two-sided coverage.

    Returns:
        The ratio with a cluster-robust interval on the log scale; `n` and `events` count known outcomes.
        No value without an event.

    Example:
        Of four studies at risk 1/4 two outcomes are known, one of them an event: (1/2) / (1/4).

        >>> who = np.array(["a", "b", "c", "d"], dtype=object)
        >>> apparent_ratio(np.full(4, 0.25), np.array([1.0, 0, np.nan, np.nan]), who).value
        2.0
    """
    known = ~np.isnan(outcome)
    n, events = int(known.sum()), int((outcome == 1).sum())
    if events == 0:
        return Estimate(None, None, None, n, 0, "no event")
    observed, expected = events / n, float(risk.mean())
    of_outcomes = np.where(known, outcome - observed, 0.0) / (n * observed)
    of_risks = (risk - expected) / (len(risk) * expected)
    error = math.sqrt(float((cluster_sums(of_outcomes - of_risks, patient) ** 2).sum()))
    factor = math.exp(normal_quantile(0.5 + level / 2) * error)
    value = observed / expected
    method = "log scale, cluster-robust"
    return Estimate(value, value / factor, value * factor, n, min(events, n - events), method)


def ratio_by_lag(
    arrivals: Arrivals, as_of: date, window_days: int, lags: Sequence[int]
) -> tuple[LagRatio, ...]:
    """Observed over expected events of windows of equal length that end some days before the look.

    Args:
        arrivals: Studies, with or without outcomes.
        as_of: Day of the look: what became known later does not count.
        window_days: Length of each window.
        lags: Days from the end of a window to the look, each at least 0.

    Returns:
        One record per lag, in their order.

    Example:
        Two studies a day at risk 1/2; the event is known at once, the other outcome after three days. Of
        the last two days only events are known; of two days three days ago, everything.

        >>> day = np.repeat(np.arange("2026-01-01", "2026-01-11", dtype="datetime64[D]"), 2)
        >>> outcome = np.tile([1.0, 0.0], 10)
        >>> observed = day + np.where(outcome == 1, 0, 3).astype("timedelta64[D]")
        >>> who = np.arange(20).astype(str).astype(object)
        >>> made = Arrivals(day, observed, outcome, np.full(20, 0.5), who)
        >>> [found.of_all.value for found in ratio_by_lag(made, date(2026, 1, 10), 2, (0, 3))]
        [2.0, 1.0]
    """
    look = np.datetime64(as_of, "D")
    found: list[LagRatio] = []
    for lag in lags:
        end = look - np.timedelta64(lag, "D")
        inside = (arrivals.day > end - np.timedelta64(window_days, "D")) & (arrivals.day <= end)
        found.append(_lag_ratio(lag, arrivals.where(inside), as_of))
    return tuple(found)


def _lag_ratio(lag: int, window: Arrivals, as_of: date) -> LagRatio:
    outcome = known_by(window, as_of)
    known = ~np.isnan(outcome)
    return LagRatio(
        lag,
        len(known),
        int(known.sum()),
        apparent_ratio(window.risk, outcome, window.patient),
        apparent_ratio(window.risk[known], outcome[known], window.patient[known]),
    )
