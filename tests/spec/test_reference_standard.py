"""The reference standard: how far its readers agree, and whose outcome becomes known."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.performance.agreement import kappa, reader_band
from monitor.performance.ascertainment import ascertainment_by_score
from monitor.records import FloatArray, Reads


def reads_of(table: FloatArray, patients: list[str] | None = None) -> Reads:
    """Reads from a table of studies by readers; NaN where a reader did not read."""
    study, reader = np.nonzero(~np.isnan(table))
    names = np.array([f"s{number}" for number in study], dtype=object)
    who = names if patients is None else np.array([patients[number] for number in study], dtype=object)
    seen_by = np.array([f"r{number}" for number in reader], dtype=object)
    return Reads(names, who, seen_by, table[study, reader])


class TestKappa:
    def test_is_scotts_pi_for_two_readers(self) -> None:
        """Observed agreement against chance from the pooled share of yes."""
        rng = np.random.default_rng(3)
        first = rng.random(200) < 0.3
        second = np.where(rng.random(200) < 0.8, first, rng.random(200) < 0.3)
        table = np.column_stack([first, second]).astype(float)
        share, agreed = table.mean(), float((first == second).mean())
        chance = share**2 + (1 - share) ** 2
        assert kappa(reads_of(table)).value == pytest.approx((agreed - chance) / (1 - chance), abs=1e-12)

    def test_is_one_when_all_agree(self) -> None:
        found = kappa(reads_of(np.array([[1.0, 1, 1], [0, 0, np.nan], [1, 1, np.nan], [0, 0, 0]])))
        assert found.value == 1.0
        assert found.high == 1.0

    def test_a_study_read_once_says_nothing(self) -> None:
        table = np.array([[1.0, 1], [0, 0], [1, 0]])
        alone = np.array([[1.0, np.nan], [0, np.nan]])
        with_more = np.vstack([table, alone])
        assert kappa(reads_of(with_more)).value == pytest.approx(kappa(reads_of(table)).value)
        assert kappa(reads_of(with_more)).n == 3

    @pytest.mark.parametrize("table", [np.array([[1.0, 1], [1, 1]]), np.array([[1.0, np.nan]])])
    def test_one_class_or_single_reads_give_no_value(self, table: FloatArray) -> None:
        assert kappa(reads_of(table)).value is None

    def test_the_interval_covers(self) -> None:
        """Readers who err independently with probability .1 at 30 % prevalence: kappa is .6055."""
        truth = 0.3
        share = truth * 0.9 + (1 - truth) * 0.1
        agreed = 0.9**2 + 0.1**2
        expected = (agreed - (share**2 + (1 - share) ** 2)) / (2 * share * (1 - share))
        covered = 0
        for seed in range(300):
            rng = np.random.default_rng(seed)
            real = rng.random(150) < truth
            table = np.column_stack([real ^ (rng.random(150) < 0.1) for _ in range(2)]).astype(float)
            found = kappa(reads_of(table))
            covered += found.low <= expected <= found.high
        assert covered / 300 == pytest.approx(0.95, abs=3 * np.sqrt(0.95 * 0.05 / 300))

    def test_studies_of_one_patient_widen_the_interval(self) -> None:
        rng = np.random.default_rng(8)
        table = np.repeat((rng.random((60, 2)) < 0.4).astype(float), 3, axis=0)
        patients = [f"p{number // 3}" for number in range(180)]
        alone, together = kappa(reads_of(table)), kappa(reads_of(table, patients))
        assert together.high - together.low > 1.5 * (alone.high - alone.low)


def test_the_band_holds_each_reader_against_the_others() -> None:
    """The third reader misses one of four; the first two never differ from the rest where it is decided."""
    table = np.array([[1.0, 1, 1], [1, 1, 1], [1, 1, 1], [1, 1, 0], [0, 0, 0], [0, 0, 0]])
    band = reader_band(reads_of(table), 2)
    assert band.readers == 3
    assert band.sensitivity == (0.75, 1.0)
    assert band.specificity == (1.0, 1.0)
    assert reader_band(reads_of(table), 5).sensitivity is None


class TestAscertainment:
    def test_weights_give_each_range_of_scores_its_place_again(self) -> None:
        """Outcomes known mostly for high scores double the apparent prevalence; weighting restores it."""
        rng = np.random.default_rng(11)
        score = rng.random(40_000)
        outcome = rng.random(40_000) < score * 0.2
        known = rng.random(40_000) < np.where(score > 0.8, 1.0, 0.1)
        found = ascertainment_by_score(score, known, 5)
        assert outcome[known].mean() > 1.4 * outcome.mean()
        weighted = np.average(outcome[known], weights=found.weight[known])
        assert weighted == pytest.approx(outcome.mean(), abs=0.006)
        assert found.spread == pytest.approx(0.9, abs=0.02)

    def test_every_study_is_in_one_bin_and_ties_stay_together(self) -> None:
        score = np.array([0.2] * 7 + [0.5] * 2 + [0.9])
        found = ascertainment_by_score(score, np.ones(10, dtype=bool), 5)
        assert [(item.low, item.high, item.n) for item in found.bins] == [
            (0.2, 0.2, 7),
            (0.5, 0.9, 3),
        ]
        assert found.spread == 0.0

    def test_a_bin_nobody_verified_has_share_zero(self) -> None:
        found = ascertainment_by_score(np.array([0.1, 0.9]), np.array([False, True]), 2)
        assert [item.share for item in found.bins] == [0.0, 1.0]
        assert found.weight.tolist() == [0.0, 1.0]
