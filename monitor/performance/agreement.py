"""How far the readers who make the reference standard agree with each other."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from monitor.intervals import normal_quantile
from monitor.records import BoolArray, Estimate, FloatArray, IntArray, Reads


@dataclass(frozen=True)
class ReaderBand:
    """The range of single readers, each held against the other readers of the same studies.

    Attributes:
        readers: How many had enough reads.
        sensitivity, specificity: (lowest, highest reader); None where no reader had enough.
    """

    readers: int
    sensitivity: tuple[float, float] | None
    specificity: tuple[float, float] | None


def kappa(reads: Reads, *, level: float = 0.95) -> Estimate:
    """Chance-corrected agreement of readers on a yes-or-no question; one is perfect, zero is chance.

    Studies with a single read say nothing and are left out. Readers and their number may differ from study
    to study. With two readers everywhere this is Scott's pi.

    Args:
        reads: Definite reads.
        level: Two-sided coverage of the jackknife interval over patients.

    Returns:
        Kappa; `n` counts studies with two or more reads, `events` those with the rarer answer among them.
        No value where nobody was read twice or every read is alike.

    References:
        Fleiss and Cuzick (1979), Applied Psychological Measurement 3:537-542.

    Example:
        Two readers on four studies: they agree on three. x(n - x)/n sums to 1/2, and with p = 3/8 kappa is
        1 - (1/2) / (4 * 3/8 * 5/8) = 7/15.

        >>> text = lambda *names: np.array(names, dtype=object)
        >>> study = text(*"aabbccdd")
        >>> found = kappa(Reads(study, study, text(*"12121212"), np.array([1.0, 1, 0, 0, 0, 0, 1, 0])))
        >>> f"{found.value:.4f}", found.n
        ('0.4667', 4)
    """
    read, positive, patient = _per_study(reads)
    several = read > 1
    read, positive, patient = read[several], positive[several], patient[several]
    answers = float(positive.sum())
    rarer = int(min((positive > 0).sum(), (positive < read).sum()))
    if len(read) == 0 or answers in (0.0, float(read.sum())):
        return Estimate(None, None, None, len(read), rarer, "no study was read twice, or every read is alike")
    value = _fleiss_cuzick(read, positive)
    left_out = _jackknife(read, positive, patient)
    count = len(left_out)
    if count < 2 or not np.isfinite(left_out).all():
        return Estimate(value, None, None, len(read), rarer, "Fleiss and Cuzick")
    error = math.sqrt((count - 1) / count * float(((left_out - left_out.mean()) ** 2).sum()))
    half = normal_quantile(0.5 + level / 2) * error
    method = "Fleiss and Cuzick, jackknife over patients"
    return Estimate(value, value - half, min(1.0, value + half), len(read), rarer, method)


def reader_band(reads: Reads, minimum_reads: int) -> ReaderBand:
    """Sensitivity and specificity of single readers against the majority of the others.

    It shows how well a person does against this reference standard, which is the scale on which the
    model's figures are read. Studies on which the others are split count for nobody, and a reader without
    a name is no single reader.

    Args:
        reads: Definite reads.
        minimum_reads: Least number of reads with the outcome (for sensitivity) or without it (for
            specificity) for a reader to count.

    Example:
        Three readers; on four studies two say yes and the third says yes three times.

        >>> text = lambda *names: np.array(names, dtype=object)
        >>> study = text(*"aaabbbcccddd")
        >>> answers = np.array([1.0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0])
        >>> reader_band(Reads(study, study, text(*"123" * 4), answers), 4).sensitivity
        (0.75, 0.75)
    """
    _, code = np.unique(reads.study.astype(str), return_inverse=True)
    read, positive = np.bincount(code), np.bincount(code, weights=reads.positive)
    others, others_positive = read[code] - 1, positive[code] - reads.positive
    decided = others_positive * 2 != others
    truth = others_positive * 2 > others
    found = [
        _against(reads.positive[mine], truth[mine], minimum_reads)
        for reader in sorted(set(reads.reader.tolist()) - {""})
        for mine in [(reads.reader == reader) & decided]
    ]
    return ReaderBand(
        sum(pair != (None, None) for pair in found),
        _range([sensitivity for sensitivity, _ in found]),
        _range([specificity for _, specificity in found]),
    )


def _against(said: FloatArray, truth: BoolArray, minimum_reads: int) -> tuple[float | None, float | None]:
    with_outcome, without = said[truth], said[~truth]
    return (
        float(with_outcome.mean()) if len(with_outcome) >= minimum_reads else None,
        float(1.0 - without.mean()) if len(without) >= minimum_reads else None,
    )


def _range(values: list[float | None]) -> tuple[float, float] | None:
    known = [value for value in values if value is not None]
    return (min(known), max(known)) if known else None


def _per_study(reads: Reads) -> tuple[IntArray, FloatArray, IntArray]:
    """(reads, positive reads, number of the patient) of each study."""
    _, first, code = np.unique(reads.study.astype(str), return_index=True, return_inverse=True)
    _, patient = np.unique(reads.patient[first].astype(str), return_inverse=True)
    positive = np.bincount(code, weights=reads.positive).astype(np.float64)
    return np.bincount(code).astype(np.int64), positive, patient.astype(np.int64)


def _fleiss_cuzick(read: IntArray, positive: FloatArray) -> float:
    split = float((positive * (read - positive) / read).sum())
    return _kappa_of(split, float(len(read)), float(read.sum()), float(positive.sum()))


def _kappa_of(split: float, studies: float, reads: float, positive: float) -> float:
    """Kappa from four sums; NaN where every read is alike."""
    share = positive / reads
    chance = (reads - studies) * share * (1.0 - share)
    return 1.0 - split / chance if chance > 0 else math.nan


def _jackknife(read: IntArray, positive: FloatArray, patient: IntArray) -> FloatArray:
    """Kappa without each patient, from sums, so that the cost is linear in the studies."""
    codes, code = np.unique(patient, return_inverse=True)
    parts = [positive * (read - positive) / read, np.ones(len(read)), read.astype(float), positive]
    sums = [(values.sum(), np.bincount(code, weights=values, minlength=len(codes))) for values in parts]
    return np.array([_kappa_of(*left) for left in zip(*(total - mine for total, mine in sums), strict=True)])
