"""The product's covariate stream over all nights of a site at once."""

from __future__ import annotations

import numpy as np
from compared import Compared

from monitor.drift import MeanStream, location_and_spread
from monitor.drift.detector import log_mean_exp
from monitor.records import FloatArray


def our_stream(compared: Compared, standardized_difference: float, standard_errors: float) -> MeanStream:
    """The product's covariate stream, frozen on the site's reference."""
    return location_and_spread(compared.feature, standardized_difference, standard_errors)


def log_mixture(compared: Compared, standardized_difference: float, standard_errors: float) -> FloatArray:
    """Natural log of R after each night, R the mean over the bets."""
    stream = our_stream(compared, standardized_difference, standard_errors)
    log_r = np.full(len(stream.wagers), -np.inf)
    path = np.empty((len(compared.codes), len(stream.wagers)))
    for night, log_e in enumerate(nightly_log_e(stream, compared)):
        log_r = log_e + np.logaddexp(log_r, 0.0)
        path[night] = log_r
    return log_mean_exp(path)


def nightly_log_e(stream: MeanStream, compared: Compared) -> FloatArray:
    """As `MeanStream.log_e`, of all nights at once: log e-values of shape (nights, bets)."""
    log_e = log_e_per_code(stream)
    if not compared.site.paired:
        return compared.counts @ log_e
    e, codes = np.exp(log_e), compared.codes
    return np.log((e[codes[:, ::2]] + e[codes[:, 1::2]]) / 2).sum(axis=1)


def log_e_per_code(stream: MeanStream) -> FloatArray:
    """What one study with each code adds to the log e-value of each bet, shape (codes, bets)."""
    gain = np.array([wager.gain for wager in stream.wagers])
    edge = np.array([wager.edge for wager in stream.wagers])
    readings = stream.values[:, [wager.functional for wager in stream.wagers]]
    return np.log1p(gain * (readings - edge))
