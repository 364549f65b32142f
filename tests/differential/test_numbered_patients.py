"""Sums by patient and placements, made fast, against the plainest way to write them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from monitor.drift import (
    MISSING,
    FrozenFeature,
    MeanStream,
    Ones,
    Tally,
    Visits,
    freeze_continuous,
    freeze_levels,
    freeze_rate,
    level_shares,
    location_and_spread,
    rate,
    read_rates,
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
    return tally(feature.code(values), len(feature.counts), feature.code(values[rows.shared]), rows)


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
        assert np.array_equal(np.asarray(one), np.asarray(other))


def shares_of(rng: np.random.Generator) -> MeanStream:
    levels = np.array(["a", "b", "c"], dtype=object)[rng.choice(3, 300, p=[0.7, 0.295, 0.005])]
    return level_shares(freeze_levels(levels, 300), 0.2, 2.0)


def ones_of(stream: MeanStream, codes: Any, known: Any, rows: Visits, *, bet: bool) -> Ones:
    """What a look holds of a stream, by the plainest way to count it."""
    ones = stream.values[codes[known]].sum(axis=0).astype(int)
    shared = np.where(known, stream.one[codes], MISSING)[rows.shared]
    return Ones(stream, int(known.sum()), ones, shared, bet)


@pytest.mark.parametrize("seed", SEEDS)
def test_streams_of_zero_and_one_read_together_are_each_read_alone(seed: int) -> None:
    """And neither which streams are read beside one, nor any order, changes a bit of it."""
    rng, patient = drawn(seed)
    rows, n = visits(cluster_numbers(patient)), len(patient)
    streams = [
        shares_of(rng),
        rate(freeze_rate(np.repeat([0.0, 1.0], [90, 10]), 100), 0.2, 2.0),
        shares_of(rng),
    ]
    codes = [rng.integers(0, len(stream.values), n) for stream in streams]
    known = [rng.random(n) < share for share in (0.6, 1.1, 0.9)]
    bet = [True, seed % 2 == 0, True]

    def looks(order: Any, rows: Visits) -> list[Ones]:
        listed = zip(streams, codes, known, bet, strict=True)
        return [ones_of(one, code[order], there[order], rows, bet=made) for one, code, there, made in listed]

    together, order = read_rates(looks(np.arange(n), rows), rows), rng.permutation(n)
    moved = visits(cluster_numbers(patient)[order] * -7)
    again = read_rates(looks(order, moved), moved)
    for look, found, other, code, there in zip(
        looks(np.arange(n), rows), together, again, codes, known, strict=True
    ):
        numbers = cluster_numbers(patient)[there]
        shared = visits(numbers)
        plain = tally(code[there], len(look.stream.values), code[there][shared.shared], shared)
        expected, alone = look.stream.read(plain, bet=look.bet), read_rates([look], rows)[0]
        assert (found.rows, found.patients) == (plain.rows, plain.patients)
        assert (found.added.log_e is None) == (not look.bet)
        for part in (0, 1, 2) if look.bet else (0, 1):
            values = np.asarray(found.added[part])
            assert values == pytest.approx(np.asarray(expected[part]), rel=1e-12, abs=1e-12)
            assert np.array_equal(values, np.asarray(alone.added[part]))
            assert np.array_equal(values, np.asarray(other.added[part]))


@pytest.mark.parametrize("rows", [1, 5, 5000])
def test_a_patient_with_all_rows_counts_once_in_every_stream(rows: int) -> None:
    stream, held = rate(freeze_rate(np.array([0.0, 1.0]), 2), 0.2, 2.0), visits(np.zeros(rows, dtype=int))
    codes = np.arange(rows) % 2
    looks = [ones_of(stream, codes, np.ones(rows, dtype=bool), held, bet=True) for _ in range(2)]
    for found in read_rates(looks, held):
        assert (found.rows, found.patients) == (rows, 1)
        assert found.added.sums.tolist() == [codes.mean()]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_value_is_coded_by_where_it_lies_among_the_edges(seed: int) -> None:
    """Few values are searched for; many are looked up by cells, of which outliers fill one with all else."""
    rng = np.random.default_rng(seed)
    drawn = rng.normal(size=30).round(1)
    for reference in (
        drawn,
        np.exp(5 * drawn),
        np.append(drawn, 1e300),
        [2.0],
        [-1e308, 1e308],
        [0.0, 5e-324],
    ):
        feature = freeze_continuous(np.array(reference), 30)
        near = np.concatenate(
            [feature.edges, *(np.nextafter(feature.edges, end) for end in (-np.inf, np.inf))]
        )
        values = np.concatenate([rng.normal(size=30).round(1), near, [-1e9, 1e9, -np.inf, np.inf]])
        expected = [2 * (feature.edges < value).sum() + (feature.edges == value).any() for value in values]
        assert feature.code(values).tolist() == expected
        assert [feature.code(np.array([value]))[0] for value in values] == expected


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
    assert area == pytest.approx(found[outcome == 1].mean(), rel=1e-14)
