"""The reference standard: how far its readers agree, and whose outcome becomes known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from monitor.logistic import expit, log_loss
from monitor.performance import measured
from monitor.performance.agreement import kappa, reader_band
from monitor.performance.ascertainment import ascertainment_by_score
from monitor.performance.proportions import design_effect
from monitor.plan.model import LossCriterion, ProportionCriterion, RatioCriterion
from monitor.records import Estimate, FloatArray, Reads
from monitor.validation import Evidence
from monitor.validation.criteria import assess


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


FLAG = 0.2
METRICS = ("log_loss_difference", "observed_expected_ratio", "calibration_slope")


class TestVerificationByScore:
    """Outcomes become known mainly for high scores; weights by range of scores undo what that does."""

    def test_weighted_shares_are_those_of_begg_and_greenes(self) -> None:
        """100 flagged, all verified, 40 positive; of 900 others 90 verified, 9 positive.

        Post-stratified: 40 + 900 x 9/90 = 130 positives in 1000, of which 40 are flagged. Of the verified
        alone 40 in 49 are.
        """
        score = np.repeat([0.9, 0.1, 0.1], [100, 90, 810])
        known = np.arange(1000) < 190
        outcome = np.zeros(190)
        outcome[:40] = outcome[100:109] = 1.0
        who = np.arange(190).astype(str).astype(object)
        found = ascertainment_by_score(score, known, 10)
        shares = measured(score[known] > 0.5, outcome, who, found.weight[known])
        assert [item.n for item in found.bins] == [900, 100]
        assert np.average(outcome, weights=found.weight[known]) == pytest.approx(130 / 1000)
        assert shares["sensitivity"].value == pytest.approx(40 / 130)
        assert shares["specificity"].value == pytest.approx(810 / 870)
        assert shares["ppv"].value == pytest.approx(40 / 100)
        assert shares["npv"].value == pytest.approx(810 / 900)
        assert shares["alerts_per_100_studies"].value == pytest.approx(10.0)
        assert measured(score[known] > 0.5, outcome, who)["sensitivity"].value == pytest.approx(40 / 49)

    def test_equal_weights_change_nothing(self) -> None:
        rng = np.random.default_rng(5)
        evidence = verified(rng, weighted=False)
        alike = replace(evidence, weight=np.full(evidence.n, 3.0))
        for name in (*METRICS, "sensitivity", "ppv"):
            plain, weighted = (assess(CRITERIA[name], given, 1.96).estimate for given in (evidence, alike))
            if name != "observed_expected_ratio":
                assert (weighted.low, weighted.high) == pytest.approx((plain.low, plain.high))
            assert weighted.value == pytest.approx(plain.value)

    @pytest.mark.parametrize("name", ["log_loss_difference", "calibration_slope", "specificity", "ppv"])
    def test_a_whole_weight_is_so_many_rows_of_the_same_patient(self, name: str) -> None:
        rng = np.random.default_rng(6)
        evidence = verified(rng, weighted=False)
        weight = rng.integers(1, 4, evidence.n)
        copies = np.repeat(np.arange(evidence.n), weight)
        weighted = replace(evidence, weight=weight.astype(float))
        expected = assess(CRITERIA[name], evidence.where(copies), 1.96).estimate
        found = assess(CRITERIA[name], weighted, 1.96).estimate
        assert (found.value, found.low, found.high) == pytest.approx(
            (expected.value, expected.low, expected.high), rel=1e-9
        )

    def test_the_truth_is_recovered_with_intervals_that_cover(self) -> None:
        """Coverage may lie above .95: weights that were estimated are taken as known."""
        truth = expected_truth()
        names = list(truth)
        found = {
            weighted: [estimates(seed, weighted, names) for seed in range(200)] for weighted in (True, False)
        }
        for position, name in enumerate(names):
            right = [estimate[position] for estimate in found[True]]
            values = np.array([estimate.value for estimate in right])
            error = values.std() / np.sqrt(len(values))
            assert abs(values.mean() - truth[name]) < 4 * error + 0.02 * abs(truth[name]), name
            covered = np.mean([estimate.low <= truth[name] <= estimate.high for estimate in right])
            assert covered > 0.95 - 3 * np.sqrt(0.95 * 0.05 / 200), name
        for name in ("log_loss_difference", "observed_expected_ratio", "sensitivity", "specificity"):
            wrong = np.array([estimate[names.index(name)].value for estimate in found[False]])
            bias = abs(wrong.mean() - truth[name]) / wrong.std()
            assert bias > 0.8, f"{name} of the verified alone is off by most of a standard error"
        for name in ("sensitivity", "specificity"):
            wrong = [estimate[names.index(name)] for estimate in found[False]]
            assert not any(estimate.low <= truth[name] <= estimate.high for estimate in wrong)

    def test_a_wide_spread_of_weights_costs_precision(self) -> None:
        """Kish: n / (1 + cv^2) independent rows are left."""
        weight = np.repeat([1.0, 9.0], [90, 10])
        who = np.arange(100).astype(str).astype(object)
        kept = design_effect(np.ones(100, dtype=bool), who, weight)
        assert kept == pytest.approx(1 + weight.var() / weight.mean() ** 2)


CRITERIA: dict[str, Any] = {
    "log_loss_difference": LossCriterion(
        id="G1", metric="log_loss_difference", against="last_deployed", bound="lower", limit=0.0
    ),
    "observed_expected_ratio": RatioCriterion(
        id="G2", metric="observed_expected_ratio", interval="two_one_sided", limits=(0.8, 1.25)
    ),
    "calibration_slope": RatioCriterion(
        id="G3", metric="calibration_slope", interval="two_one_sided", limits=(0.75, 1.33)
    ),
    **{
        name: ProportionCriterion(id=name, metric=name, at="operating_point", bound="lower", limit=0.5)
        for name in ("sensitivity", "specificity", "ppv", "npv")
    },
}


def studies(rng: np.random.Generator, n: int) -> tuple[FloatArray, FloatArray]:
    """(log-odds of the raw score, outcomes that are rarer at low scores than the raw score says)."""
    x = rng.normal(-1.0, 1.2, n)
    return x, (rng.random(n) < expit(true_log_odds(x))).astype(float)


def true_log_odds(x: FloatArray) -> FloatArray:
    return -0.4 + 1.3 * x


def verified(rng: np.random.Generator, *, weighted: bool) -> Evidence:
    """Two studies a patient; all high scores verified, one in four of the low ones."""
    x, outcome = studies(rng, 2400)
    who = np.repeat(np.arange(1200), 2).astype(str).astype(object)
    known = rng.random(len(x)) < 0.25 + 0.75 * expit(3 * (x + 0.5))
    found = ascertainment_by_score(expit(x), known, 10)
    score = x[known]
    return Evidence(
        outcome[known],
        who[known],
        candidate(score),
        score,
        score,
        expit(score),
        expit(score) >= FLAG,
        found.weight[known] if weighted else None,
    )


def candidate(x: FloatArray) -> FloatArray:
    return -0.3 + 1.15 * x


def estimates(seed: int, weighted: bool, names: list[str]) -> list[Estimate]:
    evidence = verified(np.random.default_rng(seed), weighted=weighted)
    return [assess(CRITERIA[name], evidence, 1.96).estimate for name in names]


def expected_truth() -> dict[str, float]:
    """From a million studies whose risk is known, with no outcome drawn."""
    x = np.random.default_rng(1).normal(-1.0, 1.2, 1_000_000)
    risk, flagged = expit(true_log_odds(x)), expit(x) >= FLAG
    gain = [
        risk * log_loss(f, np.ones_like(f)) + (1 - risk) * log_loss(f, np.zeros_like(f))
        for f in (x, candidate(x))
    ]
    return {
        "log_loss_difference": float((gain[0] - gain[1]).mean()),
        "observed_expected_ratio": float(risk.sum() / expit(candidate(x)).sum()),
        "calibration_slope": 1.3 / 1.15,
        "sensitivity": float(risk[flagged].sum() / risk.sum()),
        "specificity": float((1 - risk)[~flagged].sum() / (1 - risk).sum()),
        "ppv": float(risk[flagged].mean()),
        "npv": float((1 - risk)[~flagged].mean()),
    }
