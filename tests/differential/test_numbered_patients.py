"""Sums by patient and placements, made fast, against the plainest way to write them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from monitor.drift import (
    FrozenFeature,
    Tally,
    freeze_continuous,
    freeze_rate,
    location_and_spread,
    rate,
    tally,
    visits,
)
from monitor.drift.bets import log_e_of_cohort
from monitor.logistic import cluster_numbers, cluster_sums
from monitor.performance.discrimination import placements

SEEDS = range(20)


def drawn(seed: int) -> tuple[np.random.Generator, Any]:
    """Some patients, with one row or several, by name."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 300))
    return rng, np.array([f"{number:x}" for number in rng.integers(0, max(1, n // 2), n)], dtype=object)


def plain_sums(values: Any, patient: Any) -> Any:
    names, code = np.unique(patient, return_inverse=True)
    sums = np.zeros((len(names), *values.shape[1:]))
    np.add.at(sums, code, values)
    return sums


@pytest.mark.parametrize("seed", SEEDS)
def test_patients_are_numbered_in_the_order_of_their_names(seed: int) -> None:
    rng, patient = drawn(seed)
    expected = np.unique(patient, return_inverse=True)[1]
    spread = np.sort(rng.choice(10**6, int(expected.max()) + 1, replace=False))
    for given in (patient, patient.astype(str), expected, expected * 3, spread[expected], expected - 5):
        assert np.array_equal(cluster_numbers(given), expected)


@pytest.mark.parametrize("seed", SEEDS)
def test_sums_by_patient_are_those_of_a_plain_loop(seed: int) -> None:
    rng, patient = drawn(seed)
    for values in (rng.normal(size=len(patient)), rng.normal(size=(len(patient), 3))):
        assert np.array_equal(cluster_sums(values, patient), plain_sums(values, patient))
        assert np.array_equal(cluster_sums(values, cluster_numbers(patient)), plain_sums(values, patient))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_cohort_counts_each_patient_once(seed: int) -> None:
    rng, patient = drawn(seed)
    log_e = rng.normal(size=(len(patient), 4))
    names = np.unique(patient)
    by_patient = np.array([np.exp(log_e[patient == name]).mean(axis=0) for name in names])
    assert log_e_of_cohort(log_e, patient) == pytest.approx(np.log(by_patient).sum(axis=0))


def held(feature: FrozenFeature, values: Any, patient: Any) -> Tally:
    """What a look holds of a feature, from values in the order of the patients given."""
    rows = visits(patient)
    return tally(feature.count(values[rows.alone]), feature.code(values[rows.shared]), rows)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_look_is_the_mean_reading_of_each_patient(seed: int) -> None:
    rng, patient = drawn(seed)
    number, drawn_values = cluster_numbers(patient), rng.normal(size=len(patient)).round(1)
    location = location_and_spread(freeze_continuous(rng.normal(size=50).round(1), 50), 0.1, 2.0)
    share = rate(freeze_rate(rng.integers(0, 2, 50).astype(float), 50), 0.2, 2.0)
    for stream, values in ((location, drawn_values), (share, drawn_values > 0)):
        looked = held(stream.feature, values, number)
        found, codes = stream.read(looked), stream.feature.code(values)
        mean = np.array([stream.values[codes[patient == name]].mean(axis=0) for name in np.unique(patient)])
        gain = np.array([wager.gain for wager in stream.wagers])
        edge = np.array([wager.edge for wager in stream.wagers])
        e = 1 + gain * (stream.values[codes][:, [wager.functional for wager in stream.wagers]] - edge)
        by_patient = np.array([e[patient == name].mean(axis=0) for name in np.unique(patient)])
        assert (looked.rows, looked.patients) == (len(patient), len(mean))
        assert found.sums == pytest.approx(mean.sum(axis=0))
        assert found.squares == pytest.approx((mean**2).sum(axis=0))
        assert found.log_e == pytest.approx(np.log(by_patient).sum(axis=0))


@pytest.mark.parametrize("seed", SEEDS)
def test_neither_the_order_of_rows_nor_the_numbers_of_patients_change_a_bit(seed: int) -> None:
    rng, patient = drawn(seed)
    number, values = cluster_numbers(patient), rng.normal(size=len(patient))
    stream = location_and_spread(freeze_continuous(rng.normal(size=50).round(1), 50), 0.1, 2.0)
    found = stream.read(held(stream.feature, values, number))
    order, names = rng.permutation(len(values)), rng.permutation(len(values)) * 10**15 - 10**17
    again = stream.read(held(stream.feature, values[order], names[number][order]))
    for one, other in zip(found, again, strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize("seed", SEEDS)
def test_counts_of_codes_are_those_of_each_value(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for places in (0, 1, 6):
        feature = freeze_continuous(rng.normal(size=40).round(places), 40)
        values = rng.normal(size=int(rng.integers(0, 60))).round(places)
        expected = np.bincount(feature.code(values), minlength=len(feature.counts))
        assert feature.count(values).tolist() == expected.tolist()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_value_is_coded_by_where_it_lies_among_the_edges(seed: int) -> None:
    rng = np.random.default_rng(seed)
    feature = freeze_continuous(rng.normal(size=30).round(1), 30)
    for value in [*rng.normal(size=30).round(1).tolist(), -1e9, 1e9]:
        below, equal = int((feature.edges < value).sum()), bool((feature.edges == value).any())
        assert feature.code(np.array([value])).tolist() == [2 * below + equal]


@pytest.mark.parametrize("seed", SEEDS)
def test_placements_count_pairs(seed: int) -> None:
    """With many ties, and with none."""
    rng = np.random.default_rng(seed)
    score = rng.normal(size=80).round(int(rng.integers(0, 4)))
    outcome = (rng.random(80) < 0.3).astype(float)
    outcome[:2] = 0.0, 1.0
    area, found = placements(score, outcome)
    for number, value in enumerate(score):
        other = score[outcome != outcome[number]]
        right = other < value if outcome[number] else other > value
        assert found[number] == pytest.approx((right.sum() + (other == value).sum() / 2) / len(other))
    assert area == found[outcome == 1].mean()
