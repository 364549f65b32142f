"""Sums by patient and placements, made fast, against the plainest way to write them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from monitor.drift import (
    freeze_continuous,
    freeze_rate,
    location_and_spread,
    log_e_of_streams,
    rate,
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


@pytest.mark.parametrize("seed", SEEDS)
def test_a_look_is_the_mean_reading_of_each_patient(seed: int) -> None:
    rng, patient = drawn(seed)
    stream = location_and_spread(freeze_continuous(rng.normal(size=50).round(1), 50), 0.1, 2.0)
    codes = stream.feature.code(rng.normal(size=len(patient)).round(1))
    found = stream.sums(codes, visits(cluster_numbers(patient)))
    readings = np.array([stream.values[codes[patient == name]].mean(axis=0) for name in np.unique(patient)])
    assert found[0] == len(readings)
    assert found[1] == pytest.approx(readings.sum(axis=0))
    assert found[2] == pytest.approx((readings**2).sum(axis=0))


@pytest.mark.parametrize("seed", SEEDS)
def test_streams_read_together_have_the_bits_of_each_alone(seed: int) -> None:
    rng, patient = drawn(seed)
    number, n = cluster_numbers(patient), len(patient)
    features = [freeze_continuous(rng.normal(size=50).round(1), 50) for _ in range(2)]
    streams = [location_and_spread(feature, 0.1, 2.0) for feature in features]
    streams += [rate(freeze_rate(rng.integers(0, 2, 50).astype(float), 50), 0.2, 2.0)]
    codes = [stream.feature.code(rng.normal(size=n).round(1).clip(0, 1)) for stream in streams]
    together = log_e_of_streams(streams, codes, visits(number))
    for stream, code, found in zip(streams, codes, together, strict=True):
        size = np.bincount(number)
        alone, readings = size[number] == 1, stream.values[code]
        gain = np.array([wager.gain for wager in stream.wagers])
        edge = np.array([wager.edge for wager in stream.wagers])
        log_e = np.log1p(gain * (readings[:, [wager.functional for wager in stream.wagers]] - edge))
        singles = np.bincount(code[alone], minlength=len(stream.values))
        met = np.flatnonzero(singles)
        first = [int(np.flatnonzero(code == one)[0]) for one in met]
        expected = singles[met] @ np.asfortranarray(log_e[first])
        if not alone.all():
            expected = expected + log_e_of_cohort(np.ascontiguousarray(log_e[~alone]), number[~alone])
        assert np.array_equal(found, expected)
        mean = plain_sums(readings, number) / size[:, None]
        patients, sums, squares = stream.sums(code, visits(number))
        assert (patients, *sums, *squares) == (len(size), *mean.sum(axis=0), *(mean**2).sum(axis=0))


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
