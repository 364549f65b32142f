"""One question of the shortcut audit: is the domain told from the score among these studies?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from monitor.drift.domain.area import WIDENED, Area, area_error, area_estimate, held_out_area
from monitor.drift.domain.encoding import encode
from monitor.drift.domain.folds import Folds, deal_folds, relabellings
from monitor.drift.domain.permutation import adjusted_p, area_distances, batches, mean_area, widened_error
from monitor.drift.domain.records import DomainRule
from monitor.drift.domain.ridge import held_out_scores, penalty_of, prepare
from monitor.drift.domain.scored import Among, DomainTold, Scored, ScoreTold, ToldState
from monitor.records import BoolArray, Estimate, FloatArray, IntArray, TextArray

HIGHER_METHOD = "area of the score itself, logit-DeLong by patient (Obuchowski)"


class Domains(NamedTuple):
    """The domains of some studies, by name.

    Attributes:
        names: Sorted, length d.
        label: Index of each study's domain, shape (n,).
        patients: Patients of each domain, shape (d,).
        missing: How many more patients a domain, or the others together, would need, shape (d,).
    """

    names: tuple[str, ...]
    label: IntArray
    patients: IntArray
    missing: IntArray

    @property
    def judged(self) -> list[int]:
        """Domains that have enough patients, as have the others together."""
        return np.flatnonzero(self.missing == 0).tolist()

    @property
    def penalties(self) -> list[tuple[int, float]]:
        """Each judged domain with its penalty."""
        total = int(self.patients.sum())
        each = len(self.label) / total
        return [(domain, penalty_of(float(self.patients[domain]) / total, each)) for domain in self.judged]


def told_from_score(scored: Scored, among: Among, rule: DomainRule, rng: np.random.Generator) -> ScoreTold:
    """Held-out area of each domain against all others, from the score alone.

    Args:
        scored: Studies with a score and a known domain.
        among: Which studies these are.
        rule: Its alpha is this question's own.
        rng: Deals the folds and draws the relabellings.
    """
    domains = count_domains(scored.domain, scored.patient, rule.minimum_patients)
    if not domains.judged:
        nothing = Estimate(None, None, None, len(scored.score), 0, "too few patients")
        described = tuple(describe(scored, domains, domain) for domain in range(len(domains.names)))
        return ScoreTold(among, "insufficient", nothing, None, rule.alpha, described)
    folds = deal_folds(scored.patient, domains.label, rule.folds, rng)
    ridge = prepare(encode({"score": scored.score}, 1).columns, folds)
    relabelled = relabellings(domains.label, folds, rule.permutations, rng)
    distances = [area_distances(ridge, folds, labels, domains.penalties) for labels in batches(relabelled)]
    areas: dict[int, Area] = {}
    for domain, penalty in domains.penalties:
        member = domains.label == domain
        score = held_out_scores(ridge, member[:, None].astype(np.float64), penalty)[:, 0]
        areas[domain] = held_out_area(score, member, folds)
    return answer(scored, among, domains, (folds, areas, np.concatenate(distances)), rule.alpha)


def answer(
    scored: Scored,
    among: Among,
    domains: Domains,
    found: tuple[Folds, dict[int, Area], FloatArray],
    alpha: float,
) -> ScoreTold:
    """Put the numbers of every domain together.

    Args:
        scored: The studies.
        among: Which these are.
        domains: Their domains.
        found: Folds, areas of the judged domains, and distances under each labelling.
        alpha: Of this question.
    """
    folds, areas, distances = found
    p_values = adjusted_p(distances)
    fewest = domains.label == min(areas, key=lambda domain: int(domains.patients[domain]))
    members = [*(domains.label == domain for domain in areas), fewest]
    estimates = [
        area_estimate(area.value, widened_error(area, folds, relabelled), member, 1 - alpha, WIDENED)
        for area, relabelled, member in zip(
            (*areas.values(), mean_area(list(areas.values()))), distances[1:].T, members, strict=True
        )
    ]
    judged = dict(zip(areas, zip(estimates, p_values, strict=True), strict=False))
    described = tuple(
        describe(scored, domains, domain, *judged.get(domain, (None, None)))
        for domain in range(len(domains.names))
    )
    state: ToldState = "told" if min(p_values) <= alpha else "not_told"
    return ScoreTold(among, state, estimates[-1], min(p_values), alpha, described)


def count_domains(domain: TextArray, patient: TextArray, minimum: int) -> Domains:
    """Domains by name with their patients.

    Example:
        Three patients at A and one at B: with two needed, B lacks one, and so do the others of A.

        >>> site, who = (np.array(list(text), dtype=object) for text in ("AAAB", "pqrs"))
        >>> count_domains(site, who, 2).missing.tolist()
        [1, 1]
    """
    names, label = np.unique(domain.astype(str), return_inverse=True)
    people, who = np.unique(patient.astype(str), return_inverse=True)
    person, at = np.divmod(np.unique(who * len(names) + label), len(names))
    nowhere_else = (np.bincount(person, minlength=len(people)) == 1)[person]
    own = np.bincount(at, minlength=len(names))
    others = len(people) - np.bincount(at[nowhere_else], minlength=len(names))
    missing = [max(0, minimum - min(pair)) for pair in zip(own.tolist(), others.tolist(), strict=True)]
    return Domains(tuple(names.tolist()), label, own, np.array(missing, dtype=np.int64))


def describe(
    scored: Scored,
    domains: Domains,
    domain: int,
    area: Estimate | None = None,
    p_value: float | None = None,
) -> DomainTold:
    """One domain's record; without an area where it could not be judged."""
    member = domains.label == domain
    count, rarer = int(member.sum()), int(min(member.sum(), (~member).sum()))
    nothing = Estimate(None, None, None, len(member), rarer, "too few patients")
    missing = int(domains.missing[domain])
    higher = nothing if missing else scores_higher(scored.score, member, scored.patient)
    patients = int(domains.patients[domain])
    return DomainTold(domains.names[domain], count, patients, missing, area or nothing, higher, p_value)


def scores_higher(score: FloatArray, member: BoolArray, patient: TextArray) -> Estimate:
    """Probability that a member scores above another study, with its 95 % interval.

    Example:
        >>> who = np.array(list("abcd"), dtype=object)
        >>> scores_higher(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True]), who).value
        0.75
    """
    _, code = np.unique(patient.astype(str), return_inverse=True)
    whole = Folds(code, np.zeros(len(code), dtype=np.int64), (np.arange(len(code)),))
    area = held_out_area(score, member, whole)
    return area_estimate(area.value, area_error(area.influence, code), member, 0.95, HIGHER_METHOD)


def sentence(told: ScoreTold) -> str:
    """The answer in words.

    Example:
        >>> nothing = Estimate(None, None, None, 8, 0, "too few patients")
        >>> sentence(ScoreTold("positives", "insufficient", nothing, None, 0.025, ()))
        'positives: too few patients'
    """
    name = "all studies" if told.among == "all" else told.among
    if told.state == "insufficient":
        return f"{name}: too few patients"
    return f"{name}: mean held-out area {told.area.value:.3f}, p = {told.p_value:.3g}"
