"""A simulated cohort without dates: one site, some patients with several studies, one known shift."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from monitor.logistic import expit
from monitor.records import FloatArray, IntArray
from monitor.simulation.files import NetworkFiles, write_rows
from monitor.simulation.law import calibrated_night, shifted_outcomes
from monitor.simulation.scenario import AUC

EXTRA_STUDIES_PER_PATIENT = 0.3
CONSTANTS: Mapping[str, str] = {
    "site": "simulated",
    "scanner_vendor": "",
    "model_version": "ge-lr-1",
    "slice_thickness": "",
    "pixel_spacing": "",
    "contrast_used": "",
    "diameter_mm": "",
}


@dataclass(frozen=True)
class UndatedCohort:
    """Studies of one cohort, arrays of shape (n,).

    Attributes:
        patient: Number of the patient, from 1.
        log_odds: Of the score.
        risk: The true probability of an event given the score.
        outcome: 0.0 or 1.0.
    """

    patient: IntArray
    log_odds: FloatArray
    risk: FloatArray
    outcome: FloatArray

    def __post_init__(self) -> None:
        for array in (self.patient, self.log_odds, self.risk, self.outcome):
            array.flags.writeable = False

    def __len__(self) -> int:
        return len(self.log_odds)

    def write(self, folder: Path, constants: Mapping[str, str] = CONSTANTS) -> NetworkFiles:
        """Write predictions.csv (study_id, patient_id, the constants, score) and outcomes.csv.

        Args:
            folder: Made if absent.
            constants: Columns that hold one value throughout, in order; by default those of the lung
                nodule plan, its covariates empty.
        """
        folder.mkdir(parents=True, exist_ok=True)
        fixed = "".join(f"{value}," for value in constants.values())
        header = "".join(f"{name}," for name in constants)
        scores = expit(self.log_odds).tolist()
        rows = zip(range(len(self)), self.patient.tolist(), scores, strict=True)
        predictions = [f"S{study},P{patient:05d},{fixed}{score:.6f}" for study, patient, score in rows]
        outcomes = [f"S{study},{outcome:.0f}" for study, outcome in enumerate(self.outcome.tolist())]
        return NetworkFiles(
            (write_rows(folder / "predictions.csv", f"study_id,patient_id,{header}score", predictions),),
            (write_rows(folder / "outcomes.csv", "study_id,label", outcomes),),
        )


def undated_cohort(
    patients: int, shift: float, seed: int, prevalence: float = 0.3, auc: float = AUC
) -> UndatedCohort:
    """Simulate an undated cohort whose true log-odds are the score's plus `shift`.

    Args:
        patients: How many, each with 1.3 studies on average.
        shift: In log-odds; 0 leaves the score exactly calibrated.
        seed: From which everything follows.
        prevalence: Share of events before the shift.
        auc: Area under the ROC curve before the shift.

    Raises:
        ValueError: No patient, or prevalence or auc outside its range.

    Example:
        >>> cohort = undated_cohort(3000, 1.0, seed=1)
        >>> 1.25 < len(cohort) / 3000 < 1.35, int(cohort.patient.max())
        (True, 3000)
    """
    if patients < 1:
        raise ValueError("a cohort needs at least one patient")
    rng = np.random.default_rng(seed)
    patient = np.repeat(np.arange(1, patients + 1), 1 + rng.poisson(EXTRA_STUDIES_PER_PATIENT, patients))
    log_odds, _ = calibrated_night(rng, len(patient), prevalence, auc)
    outcome = shifted_outcomes(rng, log_odds, shift)
    return UndatedCohort(patient, log_odds, expit(log_odds + shift), outcome)
