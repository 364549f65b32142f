"""The undated cohort: its shift, its patients and its two files."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from monitor.logistic import fit_logistic
from monitor.simulation import undated_cohort


def test_the_shift_is_the_stated_one() -> None:
    cohort = undated_cohort(3000, 1.0, seed=5)
    fit = fit_logistic(np.ones((len(cohort), 1)), cohort.outcome, offset=cohort.log_odds)
    assert abs(fit.coefficients[0] - 1.0) < 4 * np.sqrt(fit.covariance[0, 0])
    assert cohort.risk.mean() == pytest.approx(cohort.outcome.mean(), abs=0.03)


def test_without_a_shift_the_score_is_calibrated_at_the_prevalence() -> None:
    cohort = undated_cohort(3000, 0.0, seed=6, prevalence=0.2)
    assert cohort.outcome.mean() == pytest.approx(0.2, abs=4 * np.sqrt(0.16 / len(cohort)))


def test_patients_have_a_third_of_a_study_more_than_one() -> None:
    studies = np.bincount(undated_cohort(3000, 0.0, seed=7).patient)[1:]
    assert studies.min() == 1
    assert studies.mean() == pytest.approx(1.3, abs=0.05)


def test_the_files_carry_the_constants(tmp_path: Path) -> None:
    cohort = undated_cohort(50, 1.0, seed=8)
    files = cohort.write(tmp_path / "cohort", {"site": "C", "vendor": "", "model_version": "m-1"})
    with files.predictions[0].open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert list(rows[0]) == ["study_id", "patient_id", "site", "vendor", "model_version", "score"]
    assert {(row["site"], row["vendor"], row["model_version"]) for row in rows} == {("C", "", "m-1")}
    with files.outcomes[0].open(newline="") as handle:
        labels = {row["study_id"]: row["label"] for row in csv.DictReader(handle)}
    assert [labels[row["study_id"]] for row in rows] == [f"{y:.0f}" for y in cohort.outcome]


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = (undated_cohort(40, 1.0, seed=9).write(tmp_path / name) for name in "ab")
    assert first.predictions[0].read_bytes() == second.predictions[0].read_bytes()
    assert first.outcomes[0].read_bytes() == second.outcomes[0].read_bytes()


def test_a_cohort_needs_patients() -> None:
    with pytest.raises(ValueError, match="at least one patient"):
        undated_cohort(0, 1.0, seed=1)
