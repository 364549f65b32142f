"""The parts of the domain classifier against slow, plain versions of themselves."""

from __future__ import annotations

import math

import numpy as np
import pytest

from monitor.drift.domain.area import area_error, area_estimate, held_out_area, studentised
from monitor.drift.domain.column_tests import block_sums, column_distances
from monitor.drift.domain.encoding import MOST_LEVELS, encode, level_indicators, normal_scores
from monitor.drift.domain.folds import Folds, blocks_of, deal_folds, relabellings
from monitor.drift.domain.permutation import adjusted_p, permutation_p
from monitor.drift.domain.ridge import held_out_scores, penalty_of, prepare
from monitor.performance import area_under_curve


def named(codes: np.ndarray) -> np.ndarray:
    return np.array([f"p{code:04d}" for code in codes], dtype=object)


def clustered(
    rng: np.random.Generator, patients: int = 60, studies: int = 150
) -> tuple[np.ndarray, np.ndarray]:
    """Patients of the rows, some of them under both labels, and the labels."""
    patient = np.append(np.arange(patients), rng.integers(0, patients, studies - patients))
    label = np.where(patient < patients // 4, rng.integers(0, 2, studies), patient % 2)
    return named(patient), label.astype(np.int64)


# Area


def test_with_one_fold_area_and_interval_are_those_of_the_performance_room() -> None:
    rng = np.random.default_rng(1)
    patient, label = clustered(rng)
    single = label.copy()
    for who in np.unique(patient):
        single[patient == who] = label[patient == who][0]
    score = rng.integers(0, 30, len(patient)) / 30 + 0.2 * single
    one = deal_folds(patient, single, 1, rng)
    area = held_out_area(score, single == 1, one)
    ours = area_estimate(area.value, area_error(area.influence, one.patient), single == 1, 0.95, "")
    theirs = area_under_curve(score, single.astype(float), patient)
    assert (ours.value, ours.n, ours.events) == (
        pytest.approx(theirs.value, abs=1e-12),
        theirs.n,
        theirs.events,
    )
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


def test_the_area_is_the_mean_over_folds_and_no_pair_of_two_folds_is_compared() -> None:
    rng = np.random.default_rng(2)
    patient, label = clustered(rng)
    folds = deal_folds(patient, label, 3, rng)
    score = rng.normal(size=len(label))
    shifted = score + 100.0 * folds.fold
    member = label == 1
    each = [
        np.mean(score[rows][member[rows]][:, None] > score[rows][~member[rows]][None, :])
        for rows in folds.held
    ]
    assert held_out_area(score, member, folds).value == pytest.approx(np.mean(each), abs=1e-12)
    assert held_out_area(shifted, member, folds).value == pytest.approx(np.mean(each), abs=1e-12)


def test_a_fold_without_members_is_left_out() -> None:
    folds = Folds(np.arange(6), np.array([0, 0, 0, 0, 1, 1]), (np.arange(4), np.array([4, 5])))
    member = np.array([False, True, False, True, False, False])
    assert held_out_area(np.array([0.0, 1, 2, 3, 9, 9]), member, folds).value == 0.75
    nothing = held_out_area(np.arange(6.0), np.zeros(6, dtype=bool), folds)
    assert (nothing.value, area_error(nothing.influence, folds.patient)) == (0.5, 0.0)


def test_a_statistic_below_chance_without_error_is_minus_infinity() -> None:
    assert studentised(-0.1, 0.0) == -math.inf


# Classifier


def test_held_out_scores_are_those_of_ridge_regressions_fitted_one_by_one() -> None:
    from sklearn.linear_model import Ridge

    rng = np.random.default_rng(3)
    patient, label = clustered(rng)
    folds = deal_folds(patient, label, 4, rng)
    x = rng.normal(size=(len(label), 6))
    targets = np.column_stack([label, rng.integers(0, 2, len(label))]).astype(float)
    keep = np.array([True, False, True, True, True, False])
    ours = held_out_scores(prepare(x, folds), targets, 7.0, keep)
    for rows in folds.held:
        others = np.setdiff1d(np.arange(len(label)), rows)
        theirs = Ridge(alpha=7.0).fit(x[others][:, keep], targets[others]).predict(x[rows][:, keep])
        assert ours[rows] == pytest.approx(theirs, abs=1e-8)


def test_the_direction_is_fishers_when_the_penalty_vanishes() -> None:
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    rng = np.random.default_rng(4)
    x = rng.normal(size=(400, 3)) @ rng.normal(size=(3, 3))
    label = np.repeat([0, 1], 200)
    x[label == 1] += [0.5, -0.2, 0.1]
    folds = deal_folds(named(np.arange(400)), label, 2, rng)
    ours = held_out_scores(prepare(x, folds), label[:, None].astype(float), 1e-9)[:, 0]
    first, second = folds.held
    theirs = LinearDiscriminantAnalysis().fit(x[second], label[second]).decision_function(x[first])
    assert np.corrcoef(ours[first], theirs)[0, 1] == pytest.approx(1.0, abs=1e-9)


def test_the_penalty_grows_where_one_domain_is_rare() -> None:
    assert penalty_of(0.1, 1.0) == pytest.approx(100 / 0.09)
    assert penalty_of(0.5, 2.0) == pytest.approx(2 * penalty_of(0.5, 1.0))


# Folds and relabellings


@pytest.mark.parametrize("seed", range(5))
def test_a_patient_lies_in_one_fold_and_every_fold_has_its_share_of_both_labels(seed: int) -> None:
    rng = np.random.default_rng(seed)
    patient, label = clustered(rng)
    folds = deal_folds(patient, label, 5, rng)
    for who in np.unique(patient):
        assert len(set(folds.fold[patient == who].tolist())) == 1
    assert sorted(np.concatenate(folds.held).tolist()) == list(range(len(patient)))
    people = [len(np.unique(patient[rows])) for rows in folds.held]
    assert max(people) - min(people) <= 1
    assert all(set(label[rows].tolist()) == {0, 1} for rows in folds.held)


def test_relabelling_moves_whole_patients_inside_their_fold() -> None:
    rng = np.random.default_rng(6)
    patient, label = clustered(rng)
    folds = deal_folds(patient, label, 3, rng)
    first, block = blocks_of(label, folds)
    several = {who for who in np.unique(patient) if len(set(label[patient == who].tolist())) == 2}
    seen = list(relabellings(label, folds, 40, rng))
    assert (seen[0] == label).all()
    assert any((other != label).any() for other in seen[1:])
    for other in seen:
        assert (other[first][block] == other).all()
        for rows in folds.held:
            assert other[np.intersect1d(first, rows)].sum() == label[np.intersect1d(first, rows)].sum()
        assert all(set(other[patient == who].tolist()) == {0, 1} for who in several)


def test_every_relabelling_of_four_patients_is_as_likely_as_any_other() -> None:
    label = np.array([0, 0, 1, 1])
    folds = deal_folds(named(np.arange(4)), label, 1, np.random.default_rng(7))
    drawn = [tuple(one.tolist()) for one in relabellings(label, folds, 6000, np.random.default_rng(8))][1:]
    counts = np.unique(np.array(drawn), axis=0, return_counts=True)[1]
    assert len(counts) == 6
    assert np.abs(counts - 1000).max() < 4 * math.sqrt(1000 * 5 / 6)


def test_p_counts_the_labelling_that_was_seen() -> None:
    assert permutation_p(math.inf, np.zeros(9)) == 0.1
    assert permutation_p(math.inf, np.full(9, math.inf)) == 1.0
    assert adjusted_p(np.array([[9.0], [0.0], [0.0], [0.0]])) == [0.25]


# Columns


def test_normal_scores_are_ranks_and_survive_absurd_values() -> None:
    scores = normal_scores(np.array([2.0, 1.0, np.inf, 2.0, -1e300, np.nan]))
    assert scores[:5] == pytest.approx([0.2533471, -0.5244005, 1.2815516, 0.2533471, -1.2815516], abs=1e-6)
    assert math.isnan(scores[5])


def test_columns_have_mean_zero_and_their_weight_as_deviation() -> None:
    rng = np.random.default_rng(9)
    design = encode({f"x{at}": rng.normal(size=50) for at in range(20)}, 20)
    assert design.columns.mean(axis=0) == pytest.approx(np.zeros(230), abs=1e-12)
    deviations = {
        part: design.columns.std(axis=0)[np.array(design.parts) == part] for part in set(design.parts)
    }
    assert deviations["location"] == pytest.approx(np.ones(20))
    assert deviations["spread"] == pytest.approx(np.full(20, 0.5))
    assert deviations["pair"] == pytest.approx(np.full(190, math.sqrt(20 / 190)))


def test_pairs_are_given_up_in_two_steps() -> None:
    rng = np.random.default_rng(10)
    many = {f"c{at}": rng.choice(list("abcdefgh"), 400).astype(object) for at in range(5)}
    continuous = {f"x{at}": rng.normal(size=400) for at in range(28)}
    assert encode({"x": rng.normal(size=400), "c": many["c0"]}, 400).pairs == "all"
    mixed = encode(many | continuous, 400)
    assert (mixed.pairs, mixed.parts.count("pair")) == ("continuous", 378)
    assert encode(continuous | {"x28": rng.normal(size=400)}, 400).pairs == "none"


def test_rare_levels_are_one_level_and_there_is_a_largest_number_of_levels() -> None:
    rare = np.array(["a"] * 90 + ["b"] * 4 + ["c"] * 6, dtype=object)
    assert [(level, int(held.sum())) for level, held in level_indicators(rare, 100)] == [
        ("a", 90),
        ("c", 6),
        ("other", 4),
        ("missing", 0),
    ]
    assert [level for level, _ in level_indicators(rare, 1000)] == ["a", "other", "missing"]
    sites = np.repeat(np.array([f"s{one:03d}" for one in range(200)], dtype=object), 10)
    held = level_indicators(sites, 10)
    assert len(held) == MOST_LEVELS + 2
    assert sum(int(rows.sum()) for _, rows in held) == 2000


def test_column_distances_are_those_of_two_means_by_patient() -> None:
    rng = np.random.default_rng(11)
    patient, label = clustered(rng)
    folds = deal_folds(patient, label, 2, rng)
    x = rng.normal(size=(len(label), 3))
    x -= x.mean(axis=0)
    found = column_distances(block_sums(x, label, folds), np.column_stack([label, label]))
    means, variances = [], []
    for side in (0, 1):
        mean = x[label == side].mean(axis=0)
        rows = label == side
        sums = [(x[rows & (patient == who)] - mean).sum(axis=0) for who in np.unique(patient[rows])]
        means.append(mean)
        variances.append((np.array(sums) ** 2).sum(axis=0) / rows.sum() ** 2 * len(sums) / (len(sums) - 1))
    plain = np.abs(means[1] - means[0]) / np.sqrt(variances[0] + variances[1])
    assert found == pytest.approx(np.stack([plain, plain]), abs=1e-9)
