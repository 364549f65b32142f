"""The prediction log of a site as text, with the dirt of real exports.

Dirt strikes at random, whatever the score and the outcome, so that the rows that survive ingestion
still follow the stated law.
"""

from __future__ import annotations

import numpy as np

from monitor.logistic import expit
from monitor.records import BoolArray, IntArray
from monitor.simulation.clock import stamps
from monitor.simulation.files import Line, accession, pick, repeated
from monitor.simulation.studies import SiteLog

HEADER = "accession,mrn,hospital,inference_time,model_version,ptx_score,age,kvp,view,scanner_vendor,sex"
MODEL_VERSION = "ptx-3.2.0"
EARLIER_VERSION = "ptx-3.1.4"
VENDORS = np.array(["A", "B", "C"])

SENTINEL_SHARE = 0.001
EARLIER_VERSION_SHARE = 0.0005
OUT_OF_RANGE_SHARE = 0.0003
NO_TIME_SHARE = 0.0003
UNTIDY_VIEW_SHARE = 0.01
MISSING_AGE_SHARE = 0.005
MISSING_KVP_SHARE = 0.01


def prediction_lines(log: SiteLog, rng: np.random.Generator) -> list[Line]:
    """Lines of the prediction log, some of them unusable, untidy or sent twice."""
    n = len(log)
    columns = zip(
        [accession(study) for study in range(1, n + 1)],
        [f"{log.truth.site[0]}{patient:06d}" for patient in log.patient.tolist()],
        [log.truth.site] * n,
        _times(log, rng),
        pick(rng.random(n) < EARLIER_VERSION_SHARE, EARLIER_VERSION, MODEL_VERSION),
        _scores(log, rng),
        _with_gaps(log.covariates.age, rng.random(n) < MISSING_AGE_SHARE),
        _with_gaps(log.covariates.kvp, rng.random(n) < MISSING_KVP_SHARE),
        _views(log, rng),
        VENDORS[log.covariates.vendor].tolist(),
        pick(log.covariates.female, "F", "M"),
        strict=True,
    )
    lines = map(Line, log.night.tolist(), log.second.tolist(), map(",".join, columns))
    return repeated(list(lines), rng)


def _times(log: SiteLog, rng: np.random.Generator) -> list[str]:
    texts = stamps(log.night, log.second)
    for index in np.flatnonzero(rng.random(len(log)) < NO_TIME_SHARE).tolist():
        texts[index] = "not recorded"
    return texts


def _scores(log: SiteLog, rng: np.random.Generator) -> list[str]:
    texts = [f"{score:.6f}" for score in expit(log.log_odds).tolist()]
    fault = rng.random(len(log))
    for index in np.flatnonzero(fault < SENTINEL_SHARE).tolist():
        texts[index] = "-1"
    for index in np.flatnonzero(fault > 1.0 - OUT_OF_RANGE_SHARE).tolist():
        texts[index] = "1.7"
    return texts


def _views(log: SiteLog, rng: np.random.Generator) -> list[str]:
    texts = pick(log.covariates.bedside, "AP", "PA")
    for index in np.flatnonzero(rng.random(len(log)) < UNTIDY_VIEW_SHARE).tolist():
        texts[index] = f" {texts[index].lower()}"
    return texts


def _with_gaps(values: IntArray, missing: BoolArray) -> list[str]:
    return ["" if gap else str(value) for value, gap in zip(values.tolist(), missing.tolist(), strict=True)]
