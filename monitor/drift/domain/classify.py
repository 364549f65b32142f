"""Can studies of a window be told from those of a reference by all covariates together?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from monitor.drift.domain.area import WIDENED, area_estimate
from monitor.drift.domain.carriers import Fitted, Judged, area_of, carriers_of
from monitor.drift.domain.column_tests import block_sums, column_distances
from monitor.drift.domain.encoding import encode
from monitor.drift.domain.folds import Folds, deal_folds, relabellings
from monitor.drift.domain.permutation import adjusted_p, area_distances, batches, widened_error
from monitor.drift.domain.records import Carrier, DomainRule, DomainShift, Sample, ShiftState, Values
from monitor.drift.domain.ridge import penalty_of, prepare
from monitor.records import BoolArray, Estimate, FloatArray, IntArray, TextArray

WINDOW = 1


def classify_domains(
    reference: Sample, window: Sample, *, rule: DomainRule, rng: np.random.Generator
) -> DomainShift:
    """Multivariate covariate shift: held-out area of a domain classifier, and what carries it.

    Near .5 the classifier cannot tell where a study comes from. It says nothing of the model's performance:
    outcomes are not looked at.

    Args:
        reference: Studies of the reference.
        window: Studies held against them, with the same covariates; either sample may be empty.
        rule: Folds, permutations, alpha and the fewest patients of a sample.
        rng: Deals the folds and draws the relabellings; the order of the rows does not matter.

    Returns:
        The finding.

    Raises:
        ValueError: The samples differ in covariates or their kinds, or have none.

    References:
        Lopez-Paz and Oquab (2017), ICLR, arXiv 1610.06545. Rabanser et al. (2019), NeurIPS, arXiv 1810.11953.

    Example:
        >>> rule = DomainRule(folds=5, permutations=99, alpha=0.05, minimum_patients=50)
        >>> def sample(low, high):
        ...     who = np.array([f"p{number}" for number in range(low, high)], dtype=object)
        ...     return Sample({"thickness": np.arange(low, high, dtype=float)}, who)
        >>> found = classify_domains(sample(0, 60), sample(60, 120), rule=rule, rng=np.random.default_rng(1))
        >>> found.state, found.area.value, found.p_value
        ('shift', 1.0, 0.01)
        >>> classify_domains(sample(0, 60), sample(60, 90), rule=rule, rng=np.random.default_rng(1)).reason
        'patients missing: 20 in the window'
    """
    covariates, patient, member = together(reference, window)
    short = missing_patients(reference, window, rule)
    if short:
        return without_answer(reference, window, short, rule)
    label = member.astype(np.int64)
    folds = deal_folds(patient, label, rule.folds, rng)
    fitted = fit(covariates, member, folds, (reference.patients, window.patients))
    compared = compare(fitted, relabellings(label, folds, rule.permutations, rng), rule.alpha)
    judged = Judged(compared.columns, rule.alpha, compared.p_value <= rule.alpha)
    carriers = carriers_of(fitted, covariates, judged)
    return with_answer((reference, window), compared, carriers, fitted.design.pairs, rule)


def fit(
    covariates: Mapping[str, Values], member: BoolArray, folds: Folds, patients: tuple[int, int]
) -> Fitted:
    """Encode both samples together and sum the folds.

    Args:
        covariates: Of both samples together.
        member: True for rows of the window.
        folds: How the patients were dealt.
        patients: Of the reference and of the window; one of both counts in each, as under any relabelling.
    """
    design = encode(covariates, min(patients))
    penalty = penalty_of(patients[1] / sum(patients), len(member) / sum(patients))
    return Fitted(design, prepare(design.columns, folds), folds, member, penalty, min(patients))


class Compared(NamedTuple):
    """What was seen, held against the relabellings.

    Attributes:
        area: Held-out area of all covariates.
        p_value: Of the area.
        columns: Adjusted p-value of every column.
    """

    area: Estimate
    p_value: float
    columns: list[float]


def compare(fitted: Fitted, relabelled: Iterable[IntArray], alpha: float) -> Compared:
    """Hold what was seen against the relabellings; the interval is of level 1 - alpha."""
    blocks = block_sums(fitted.design.columns, fitted.member.astype(np.int64), fitted.folds)
    areas: list[FloatArray] = []
    columns: list[FloatArray] = []
    for labels in batches(relabelled):
        areas.append(area_distances(fitted.ridge, fitted.folds, labels, [(WINDOW, fitted.penalty)])[:, :1])
        columns.append(column_distances(blocks, labels))
    distances = np.concatenate(areas)
    every = area_of(fitted, np.ones(len(fitted.design.parts), dtype=bool))
    error = widened_error(every, fitted.folds, distances[1:, 0])
    area = area_estimate(every.value, error, fitted.member, 1 - alpha, WIDENED)
    return Compared(area, adjusted_p(distances)[0], adjusted_p(np.concatenate(columns)))


def together(reference: Sample, window: Sample) -> tuple[dict[str, Values], TextArray, BoolArray]:
    """Covariates and patients of both samples, and which rows are the window's.

    Raises:
        ValueError: The samples differ in covariates or their kinds, or have none.
    """
    kinds = [
        {name: values.dtype.kind for name, values in sample.covariates.items()}
        for sample in (reference, window)
    ]
    if kinds[0] != kinds[1] or not kinds[0]:
        raise ValueError("expected the same covariates, at least one, of the same kinds in both samples")
    covariates = {
        name: np.concatenate([reference.covariates[name], window.covariates[name]])
        for name in sorted(reference.covariates)
    }
    member = np.repeat([False, True], [len(reference), len(window)])
    return covariates, np.concatenate([reference.patient, window.patient]), member


def missing_patients(reference: Sample, window: Sample, rule: DomainRule) -> str:
    """How many patients are missing where, in words; empty when none are.

    Example:
        >>> two = Sample({"x": np.zeros(2)}, np.array(["a", "b"], dtype=object))
        >>> missing_patients(two, two, DomainRule(2, 19, 0.05, 8))
        'patients missing: 6 in the reference, 6 in the window'
    """
    counts = {"reference": reference.patients, "window": window.patients}
    short = [
        f"{rule.minimum_patients - patients} in the {name}"
        for name, patients in counts.items()
        if patients < rule.minimum_patients
    ]
    return f"patients missing: {', '.join(short)}" if short else ""


def shared(reference: Sample, window: Sample) -> int:
    """Number of patients in both samples."""
    return len(np.intersect1d(reference.patient.astype(str), window.patient.astype(str)))


def without_answer(reference: Sample, window: Sample, reason: str, rule: DomainRule) -> DomainShift:
    """Too few patients: no number is given."""
    rows = len(reference) + len(window)
    nothing = Estimate(None, None, None, rows, min(len(reference), len(window)), "too few patients")
    patients = reference.patients, window.patients, shared(reference, window)
    return DomainShift("insufficient", reason, nothing, None, (), "none", *patients, rule)


def with_answer(
    samples: tuple[Sample, Sample],
    compared: Compared,
    carriers: tuple[Carrier, ...],
    pairs: str,
    rule: DomainRule,
) -> DomainShift:
    """The finding with its one sentence."""
    area, p_value = compared.area, compared.p_value
    reason = f"held-out area {area.value:.3f}, p = {p_value:.3g} over relabelled patients"
    patients = samples[0].patients, samples[1].patients, shared(*samples)
    state: ShiftState = "shift" if p_value <= rule.alpha else "no_shift_seen"
    return DomainShift(state, reason, area, p_value, carriers, pairs, *patients, rule)
