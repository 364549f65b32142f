"""What a domain classifier is given and what it finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from monitor.records import Estimate, TextArray

ShiftState = Literal["insufficient", "no_shift_seen", "shift"]
Values = NDArray[Any]
"""A covariate: floats with NaN where missing are continuous, objects with None where missing categorical."""
FEWEST_PATIENTS_A_FOLD = 4


@dataclass(frozen=True)
class Sample:
    """Studies of one domain: a reference, or a window that is held against it.

    Attributes:
        covariates: Continuous and categorical ones by name, each of shape (n,).
        patient: Pseudonym of each study's patient, shape (n,).
    """

    covariates: Mapping[str, Values]
    patient: TextArray

    def __post_init__(self) -> None:
        for name, values in self.covariates.items():
            if values.shape != self.patient.shape or values.dtype.kind not in "fO":
                raise ValueError(
                    f"covariate {name}: expected an array of floats or objects, one value per study"
                )
            values.flags.writeable = False
        self.patient.flags.writeable = False

    def __len__(self) -> int:
        return len(self.patient)

    @property
    def patients(self) -> int:
        """Number of patients."""
        return len(np.unique(self.patient.astype(str)))


@dataclass(frozen=True)
class DomainRule:
    """How domains are told apart and what counts as told; none of it has a default.

    Attributes:
        folds: Parts of whole patients, each scored by a classifier that was fitted on the others.
        permutations: Relabellings of patients behind a p-value, which is at least 1 / (permutations + 1).
        alpha: A p-value at or below it is a finding.
        minimum_patients: Fewest patients of a domain for it to be judged.
    """

    folds: int
    permutations: int
    alpha: float
    minimum_patients: int

    def __post_init__(self) -> None:
        if self.folds < 2 or self.permutations < 1 or not 0 < self.alpha < 1:
            raise ValueError("expected folds >= 2, permutations >= 1 and alpha inside (0, 1)")
        if self.minimum_patients < FEWEST_PATIENTS_A_FOLD * self.folds:
            raise ValueError(f"minimum_patients: expected at least {FEWEST_PATIENTS_A_FOLD} per fold")
        if 1 / (self.permutations + 1) > self.alpha:
            raise ValueError("permutations: too few for a p-value at or below alpha")


@dataclass(frozen=True)
class Carrier:
    """One covariate's part in telling two domains apart.

    Attributes:
        name: The covariate.
        alone: Held-out area of a classifier that sees this covariate only. Where nothing moved it falls
            below .5 as often as above, further than its interval says.
        lost: What the held-out area loses without the covariate, its pairs included; near zero for a
            covariate whose news others carry too.
        p_value: That its own mean, spread, values, levels or missing share did not move, adjusted for all
            columns of all covariates.
        varies_with: Covariates with which it varies together otherwise than before, beyond chance, where
            neither moved on its own.
        carries: True where the domains are told apart and `p_value` is at most alpha or `varies_with` is not
            empty.
        difference: Mean of the window minus mean of the reference in standard deviations, on normal scores
            of the pooled ranks; None for a categorical covariate or one without variation.
        spread: Standard deviation of the window over that of the reference, on the same scale.
        level: The level, or "missing", whose share changed most; None where there is none.
        share_change: That level's share in the window minus its share in the reference.
        together: Covariates that correlate with this one inside the domains, so that their parts cannot be
            told apart.
    """

    name: str
    alone: Estimate
    lost: Estimate
    p_value: float
    varies_with: tuple[str, ...]
    carries: bool
    difference: float | None
    spread: float | None
    level: str | None
    share_change: float | None
    together: tuple[str, ...]


@dataclass(frozen=True)
class DomainShift:
    """Whether studies of a window can be told from those of a reference.

    Attributes:
        state: "insufficient" where a sample has too few patients.
        reason: One sentence; with "insufficient" how many patients are missing where.
        area: Held-out area under the curve; .5 where the domains cannot be told apart.
        p_value: Over relabelled patients; None when insufficient.
        carriers: Every covariate, the strongest first.
        pairs: Whose products the classifier saw: "all", "continuous" or "none".
        reference_patients, window_patients: Patients of each sample, those in both counted in each.
        shared_patients: Patients in both samples.
        rule: How it was judged.
    """

    state: ShiftState
    reason: str
    area: Estimate
    p_value: float | None
    carriers: tuple[Carrier, ...]
    pairs: str
    reference_patients: int
    window_patients: int
    shared_patients: int
    rule: DomainRule
