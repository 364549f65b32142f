"""The operating point: what the plan freezes does not move; what a change does to patients is recorded."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom, norm

from monitor.performance import Target, keep_target, measured, net_benefit, net_benefit_change, reclassified
from monitor.performance.thresholds import (
    alert_rate_threshold,
    least_positives,
    order_statistic,
    predictive_value_threshold,
    sensitivity_threshold,
)
from monitor.plan import check

PLANS = Path(__file__).parents[2] / "change_plans"
REFERENCE = Path(__file__).parents[1] / "reference"
SEED = 20261121


def people(n: int) -> np.ndarray:
    return np.array([f"p{i}" for i in range(n)], dtype=object)


def oracle(name: str) -> dict[str, float]:
    return json.loads((REFERENCE / "values" / f"{name}.json").read_text(encoding="utf-8"))["values"]


def patients() -> dict[str, np.ndarray]:
    with (REFERENCE / "inputs" / "patients.csv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    return {
        name: np.array([float(row[name]) for row in rows]) for name in ("calibrated", "distorted", "outcome")
    }


class TestSensitivity:
    @pytest.mark.parametrize("n", [29, 50, 100, 300])
    def test_falls_below_the_floor_with_at_most_the_error_it_may_spend(self, n: int) -> None:
        runs, separation = 2000, np.sqrt(2) * norm.ppf(0.85)
        scores = np.random.default_rng([SEED, n]).normal(separation, 1.0, (runs, n))
        thresholds = np.array([sensitivity_threshold(row, 0.90, 0.05) for row in scores])
        lost = float((norm.sf(thresholds - separation) < 0.90).mean())
        assert lost <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / runs)

    @pytest.mark.parametrize("n", [29, 50, 100, 300, 1000])
    def test_one_more_score_would_spend_too_much(self, n: int) -> None:
        k = order_statistic(n, 0.90, 0.05)
        assert k is not None
        assert binom.cdf(k - 1, n, 0.10) <= 0.05 < binom.cdf(k, n, 0.10)

    @pytest.mark.parametrize(("floor", "least"), [(0.90, 29), (0.95, 59)])
    def test_too_few_positives_show_nothing(self, floor: float, least: int) -> None:
        assert least_positives(floor, 0.05) == least
        assert sensitivity_threshold(np.linspace(0, 1, least - 1), floor, 0.05) is None
        assert sensitivity_threshold(np.linspace(0, 1, least), floor, 0.05) == 0.0

    def test_agrees_with_r(self) -> None:
        expected = oracle("intervals")
        for key, k in expected.items():
            if key.startswith("order_statistic."):
                floor, n = key.removeprefix("order_statistic.").rsplit(".", 1)
                assert (order_statistic(int(n), float(floor), 0.05) or 0) == k, key
        found = patients()
        positive = found["distorted"][found["outcome"] == 1]
        assert sensitivity_threshold(positive, 0.90, 0.05) == expected["sensitivity_threshold.distorted"]

    def test_a_pure_label_shift_moves_neither_sensitivity_nor_specificity_at_the_raw_threshold(self) -> None:
        """AUC .85, sensitivity .90: the predictive value goes .051, .100, .190 with the prevalence."""
        separation = np.sqrt(2) * norm.ppf(0.85)
        centres = (np.arange(100_000) + 0.5) / 100_000
        positive, negative = norm.ppf(centres) + separation, norm.ppf(centres)
        threshold = separation + norm.ppf(0.10)
        ppv: list[float] = []
        for prevalence in (0.025, 0.05, 0.10):
            n = round(100_000 * prevalence / (1 - prevalence))
            score = np.concatenate([positive[:: 100_000 // n][:n], negative])
            outcome = np.repeat([1.0, 0.0], [len(score) - len(negative), len(negative)])
            flagged = score >= threshold
            assert flagged[outcome == 1].mean() == pytest.approx(0.90, abs=1e-3)
            assert flagged[outcome == 0].mean() == pytest.approx(norm.sf(threshold), abs=1e-3)
            ppv.append(float(outcome[flagged].mean()))
        assert ppv == pytest.approx([0.051, 0.100, 0.190], abs=2e-3)


class TestPredictiveValue:
    def test_by_hand(self) -> None:
        """36 of 40 and 45 of 50 pass above .7 (P = .0026, .0007), 45 of 60 do not (P = .2438)."""
        score = np.repeat([0.9, 0.8, 0.7], [40, 10, 10])
        outcome = np.concatenate(
            [np.repeat([1.0, 0.0], [36, 4]), np.repeat([1.0, 0.0], [9, 1]), np.zeros(10)]
        )
        assert binom.sf(35, 40, 0.7) == pytest.approx(0.0026, abs=5e-5)
        assert binom.sf(44, 50, 0.7) < 0.05 < binom.sf(44, 60, 0.7)
        assert predictive_value_threshold(score, outcome, 0.7, 0.05) == 0.8

    def test_the_first_failure_ends_the_sequence(self) -> None:
        """Everything looser would pass; it is never tested."""
        score = np.repeat([0.9, 0.1], [40, 400])
        outcome = np.concatenate([np.repeat([1.0, 0.0], [20, 20]), np.ones(400)])
        assert binom.sf(419, 440, 0.7) < 1e-6
        assert predictive_value_threshold(score, outcome, 0.7, 0.05) is None

    def test_needs_forty_flagged_studies(self) -> None:
        assert predictive_value_threshold(np.linspace(0, 1, 39), np.ones(39), 0.5, 0.05) is None
        assert predictive_value_threshold(np.linspace(0, 1, 40), np.ones(40), 0.5, 0.05) == 0.0
        assert predictive_value_threshold(np.zeros(0), np.zeros(0), 0.5, 0.05) is None

    @pytest.mark.parametrize("floor", [0.4, 0.5])
    def test_agrees_with_r(self, floor: float) -> None:
        found = patients()
        threshold = predictive_value_threshold(found["distorted"], found["outcome"], floor, 0.05)
        assert threshold == oracle("intervals")[f"ppv_threshold.distorted.{floor:g}"]


class TestWhatThePlanFreezes:
    score = np.linspace(0.005, 0.995, 100)
    positive = np.ones(100)

    def kept(self, frozen: str, kept: float | None, previous: float, n: int = 100) -> object:
        target = Target(frozen, kept, 0.05, previous)  # type: ignore[arg-type]
        return keep_target(target, self.score[:n], self.positive[:n], people(n))

    def test_a_threshold_that_keeps_its_sensitivity_stays(self) -> None:
        found = self.kept("sensitivity", 0.90, 0.02)
        assert (found.raw, found.status) == (0.02, "kept")

    def test_one_that_is_not_shown_to_is_lowered_to_the_order_statistic(self) -> None:
        found = self.kept("sensitivity", 0.90, 0.5)
        assert (found.raw, found.status) == (float(self.score[4]), "moved")

    def test_too_few_positives_keep_the_threshold_and_say_insufficient(self) -> None:
        found = self.kept("sensitivity", 0.90, 0.5, n=28)
        assert (found.raw, found.status) == (0.5, "insufficient")
        assert "28 patients with the outcome, 29 are needed" in found.reason

    def test_the_studies_of_one_patient_count_once(self) -> None:
        target = Target("sensitivity", 0.90, 0.05, 0.5)
        who = np.array(["same"] * 100, dtype=object)
        assert keep_target(target, self.score, self.positive, who).status == "insufficient"

    def test_nothing_moves_a_frozen_raw_threshold(self) -> None:
        found = self.kept("raw_threshold", None, 0.5)
        assert (found.raw, found.status) == (0.5, "kept")

    def test_an_alert_rate_is_a_quantile_of_the_scores(self) -> None:
        found = self.kept("alert_rate", 0.10, 0.5)
        assert found.raw == self.score[90]
        assert alert_rate_threshold(np.full(10, 0.4), 0.10) is None

    def test_a_predictive_value_only_tightens(self) -> None:
        assert self.kept("ppv", 0.90, 0.5).status == "kept"
        found = self.kept("ppv", 0.90, 0.7)
        assert (found.raw, found.status) == (0.7, "insufficient"), "30 flagged patients show nothing"
        target = Target("ppv", 0.90, 0.05, 0.1)
        outcome = np.repeat([0.0, 1.0], [50, 50])
        found = keep_target(target, self.score, outcome, people(100))
        assert found.status == "moved"
        assert found.raw == pytest.approx(0.495, abs=0.03)


class TestThePlan:
    SOUND = (PLANS / "chest_xray_pneumothorax.yaml").read_text(encoding="utf-8")

    @pytest.mark.parametrize(
        ("old", "new", "key", "sentence"),
        [
            ("      floor: 0.80\n", "", "frozen", "nothing says how much is to be kept"),
            (
                "frozen: sensitivity",
                "frozen: raw_threshold",
                "floor",
                "has no meaning with frozen: raw_threshold",
            ),
            ("      floor: 0.80\n", "      floor: 1.0\n", "floor", "below 1"),
            ("      floor: 0.80\n", "      floor: 0.80\n      flor: 0.8\n", "flor", "unknown key 'flor'"),
            (
                "frozen: sensitivity\n      floor: 0.80\n      confidence: 0.95\n",
                "frozen: alert_rate\n      alerts_per_100_studies: 70\n",
                "alerts_per_100_studies",
                "keeps more alerts than the limit allows",
            ),
        ],
    )
    def test_says_how_much_of_what_is_kept(
        self, old: str, new: str, key: str, sentence: str, tmp_path: Path
    ) -> None:
        assert old in self.SOUND
        plan = tmp_path / "plan.yaml"
        plan.write_text(self.SOUND.replace(old, new, 1), encoding="utf-8")
        found = {fault.key: str(fault) for fault in check(plan)}
        assert sentence in found[f"findings.0.operating_point.{key}"]

    def test_does_not_abstain_without_a_threshold(self, tmp_path: Path) -> None:
        start, end = self.SOUND.index("    operating_point:"), self.SOUND.index("    abstention:")
        plan = tmp_path / "plan.yaml"
        lines = (self.SOUND[:start] + self.SOUND[end:]).splitlines(keepends=True)
        plan.write_text("".join(line for line in lines if "    alert_rate:" not in line), encoding="utf-8")
        assert [fault.key for fault in check(plan)] == ["findings.0.abstention"]


class TestBeforeAndAfter:
    def test_net_benefit_by_hand(self) -> None:
        """3 true and 4 false alarms in 20 studies at .25, where a false one costs a third: (3 - 4/3) / 20."""
        flagged = np.repeat([True, False], [7, 13])
        outcome = np.repeat([1.0, 0.0, 1.0, 0.0], [3, 4, 2, 11])
        assert net_benefit(flagged, outcome, 0.25) == pytest.approx(1 / 12)

    @pytest.mark.parametrize("name", ["calibrated", "distorted"])
    @pytest.mark.parametrize("threshold", [0.1, 0.2, 0.3, 0.5])
    def test_net_benefit_agrees_with_dcurves(self, name: str, threshold: float) -> None:
        found = patients()
        ours = net_benefit(found[name] >= threshold, found["outcome"], threshold)
        assert ours == pytest.approx(oracle("dcurves")[f"{name}.{threshold:g}"], abs=1e-12)

    def test_the_bootstrap_draws_patients_and_repeats_itself(self) -> None:
        rng = np.random.default_rng(SEED)
        outcome = (rng.random(400) < 0.3).astype(float)
        risk = np.where(outcome == 1, 0.4, 0.2) + rng.normal(0, 0.1, 400)
        single = net_benefit_change(risk > 0.5, risk > 0.3, outcome, people(400), threshold=0.3, seed=1)
        again = net_benefit_change(risk > 0.5, risk > 0.3, outcome, people(400), threshold=0.3, seed=1)
        assert single == again
        assert single["change"].low < single["change"].value < single["change"].high
        doubled = [np.repeat(column, 2) for column in (risk > 0.5, risk > 0.3, outcome, people(400))]
        twice = net_benefit_change(*doubled, threshold=0.3, seed=1)
        assert twice["change"].low == pytest.approx(single["change"].low, abs=1e-9), "a copy is no evidence"

    def test_intervals_agree_with_r_where_patients_have_several_studies(self) -> None:
        with (REFERENCE / "inputs" / "clustered.csv").open(encoding="utf-8") as lines:
            rows = list(csv.DictReader(lines))
        new, outcome = (np.array([float(row[name]) for row in rows]) for name in ("new", "outcome"))
        who = np.array([row["patient"] for row in rows], dtype=object)
        found, expected = measured(new >= 0.3, outcome, who), oracle("intervals")
        for name in ("sensitivity", "specificity"):
            assert found[name].value == pytest.approx(expected[f"effective.{name}"], abs=1e-12)
            assert found[name].low == pytest.approx(expected[f"effective.{name}.0.025.lower"], abs=1e-9)
            assert found[name].high == pytest.approx(expected[f"effective.{name}.0.025.upper"], abs=1e-9)

    def test_moved_patients_are_counted_by_direction_and_outcome(self) -> None:
        before = np.array([True, True, False, False])
        after = np.array([True, False, True, False])
        moved = reclassified(before, after, np.array([1.0, 1, 0, 0]), people(4))
        assert moved["down"]["with_outcome"] == {"studies": 1, "patients": 1}
        assert moved["up"]["without_outcome"] == {"studies": 1, "patients": 1}
        assert (
            moved["up"]["with_outcome"] == moved["down"]["without_outcome"] == {"studies": 0, "patients": 0}
        )

    def test_a_class_without_studies_has_no_estimate(self) -> None:
        found = measured(np.array([False, False]), np.zeros(2), people(2))
        assert (found["sensitivity"].value, found["ppv"].value) == (None, None)
        assert found["specificity"].value == 1.0
