"""What a shortcut audit is given and what it finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from monitor.drift.domain.records import DomainRule
from monitor.records import BoolArray, Estimate, FloatArray, TextArray

Among = Literal["all", "positives", "negatives"]
ToldState = Literal["insufficient", "not_told", "told"]
AuditState = Literal["insufficient", "not_told", "told_overall", "told_within_outcome"]


@dataclass(frozen=True)
class Scored:
    """Scored studies with their domain, such as site or scanner vendor; each array of shape (n,).

    Attributes:
        score: Raw model outputs; NaN where there is none.
        domain: Names; None where unknown.
        patient: Pseudonyms.
        outcome: 1, 0, or NaN where unknown.
    """

    score: FloatArray
    domain: TextArray
    patient: TextArray
    outcome: FloatArray

    def __post_init__(self) -> None:
        columns = (self.score, self.domain, self.patient, self.outcome)
        if len({column.shape for column in columns}) != 1:
            raise ValueError("expected one score, domain, patient and outcome per study")
        for column in columns:
            column.flags.writeable = False

    def where(self, keep: BoolArray) -> Scored:
        """The studies that `keep` marks."""
        return Scored(self.score[keep], self.domain[keep], self.patient[keep], self.outcome[keep])


@dataclass(frozen=True)
class DomainTold:
    """One domain against all others, from the score alone.

    Attributes:
        domain: Its name.
        studies, patients: How many it has.
        patients_missing: How many more are needed to judge it, here or among the others; 0 when judged.
        area: Held-out area of a classifier on the score's rank and its square.
        higher: Probability that a study of the domain scores above one of the others.
        p_value: Over relabelled patients, adjusted for all domains; None when not judged.
    """

    domain: str
    studies: int
    patients: int
    patients_missing: int
    area: Estimate
    higher: Estimate
    p_value: float | None


@dataclass(frozen=True)
class ScoreTold:
    """What the score says of the domain among all studies, or among those of one outcome.

    Attributes:
        among: Which studies.
        state: "insufficient" where fewer than two domains' worth of patients are there.
        area: Mean held-out area over the judged domains; .5 where nothing can be told.
        p_value: Of the largest of all statistics, the mean's among them; None when insufficient.
        alpha: At or below it the domain is told.
        domains: Every domain by name.
    """

    among: Among
    state: ToldState
    area: Estimate
    p_value: float | None
    alpha: float
    domains: tuple[DomainTold, ...]


@dataclass(frozen=True)
class ShortcutAudit:
    """Whether the domain can be told from the score.

    Attributes:
        state: "told_within_outcome" is the finding that prevalence cannot explain; "told_overall" where it
            was not seen, or could not be judged, among studies of one outcome; "not_told" where it was seen
            in no question that could be judged, and `reason` says which could not.
        reason: One sentence on each question.
        among_all, among_positives, among_negatives: The three questions; the latter two share alpha.
        left_out: Studies without a score or without a known domain.
        rule: How it was judged.
    """

    state: AuditState
    reason: str
    among_all: ScoreTold
    among_positives: ScoreTold
    among_negatives: ScoreTold
    left_out: int
    rule: DomainRule
