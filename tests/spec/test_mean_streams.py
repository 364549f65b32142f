"""Streams that compare with a reference: what they promise, shown on exact sums and seeded draws."""

from __future__ import annotations

import math

import numpy as np
import pytest

from monitor.drift import (
    Detector,
    MeanStream,
    Tally,
    code_values,
    freeze_continuous,
    freeze_levels,
    freeze_rate,
    level_shares,
    location_and_spread,
    log_limit,
    log_mixtures,
    look,
    look_at_each,
    named_by_e_bh,
    rate,
    score_mean,
    standardized_difference,
    start,
)
from monitor.drift.wagers import Wager
from monitor.logistic import expit
from monitor.records import FloatArray

RNG = np.random.default_rng(20261129)


def streams() -> dict[str, MeanStream]:
    score = expit(RNG.normal(-3, 1.4, 5000))
    frozen = freeze_continuous(score, 5000)
    levels = np.array(["A"] * 700 + ["B"] * 290 + ["C"] * 10, dtype=object)
    return {
        "number": location_and_spread(freeze_continuous(RNG.normal(60, 15, 2000).round(), 2000), 0.1, 2.0),
        "category": level_shares(freeze_levels(levels, 1000), 0.2, 2.0),
        "rate": rate(freeze_rate(np.repeat([0.0, 1.0], [950, 50]), 1000), 0.1, 1.0),
        "never": rate(freeze_rate(np.zeros(1000), 1000), 0.2, 2.0),
        "always": rate(freeze_rate(np.ones(1000), 1000), 0.2, 2.0),
        "score": score_mean(frozen, code_values(frozen, score), 0.1, 1.0),
    }


STREAMS = streams()


def extremes(stream: MeanStream, wager: Wager) -> list[tuple[float, float]]:
    """Of every pair of codes, the readings below and above a mean inside the band."""
    readings = np.unique(stream.values[:, wager.functional])
    return [(float(readings[0]), float(readings[-1])), (float(readings[len(readings) // 2]), 1.0)]


@pytest.mark.parametrize("name", STREAMS)
def test_no_bet_gains_on_average_for_any_mean_inside_the_band(name: str) -> None:
    """T2, T7: e is linear in the reading, so two-point laws are the worst case; they are summed exactly."""
    stream = STREAMS[name]
    for wager in stream.wagers:
        band = stream.bands[wager.functional]
        for mean in np.linspace(band.low, band.high, 7):
            for low, high in extremes(stream, wager):
                if low < mean < high:
                    share = (mean - low) / (high - low)
                    e = [1 + wager.gain * (h - wager.edge) for h in (low, high)]
                    assert (1 - share) * e[0] + share * e[1] <= 1 + 1e-12
        assert min(1 + wager.gain * (h - wager.edge) for h in (0.0, 1.0)) > 0


def test_at_the_band_edge_the_detector_counts_looks() -> None:
    """T1: E[R_20] = 20 exactly; five studies a night at the upper edge."""
    stream = rate(freeze_rate(np.repeat([0.0, 1.0], [945, 55]), 1000), 0.1, 1.0)
    wager = stream.wagers[0]
    runs, nights, studies = 40_000, 20, 5
    ones = np.random.default_rng(5).binomial(studies, wager.edge, (runs, nights))
    gain, loss = math.log1p(wager.gain * (1 - wager.edge)), math.log1p(-wager.gain * wager.edge)
    log_r = np.full(runs, -np.inf)
    for night in range(nights):
        log_r = ones[:, night] * gain + (studies - ones[:, night]) * loss + np.logaddexp(log_r, 0.0)
    r = np.exp(log_r)
    assert abs(r.mean() - 20.0) < 3.5 * r.std() / math.sqrt(runs)


@pytest.mark.parametrize("name", STREAMS)
def test_neither_order_nor_batches_of_a_night_matter(name: str) -> None:
    """T5: patients are kept whole."""
    stream, rng = STREAMS[name], np.random.default_rng(3)
    codes, patient = rng.integers(0, len(stream.values), 300), np.repeat(np.arange(150), 2)
    whole = stream.log_e(codes, patient)
    order = rng.permutation(300)
    assert stream.log_e(codes[order], patient[order]) == pytest.approx(whole, abs=1e-9)
    parts = stream.log_e(codes[:120], patient[:120]) + stream.log_e(codes[120:], patient[120:])
    assert parts == pytest.approx(whole, abs=1e-9)


def test_counts_of_codes_are_enough_where_patients_come_once() -> None:
    stream = STREAMS["number"]
    codes = np.random.default_rng(4).integers(0, len(stream.values), 500)
    counts, none = np.bincount(codes, minlength=len(stream.values)), np.empty(0, dtype=np.int64)
    counted = stream.read(Tally(counts, none, none, none)).log_e
    assert stream.log_e(codes, np.arange(500)) == pytest.approx(counted)


def test_rows_of_one_patient_count_once_whatever_their_number() -> None:
    stream = STREAMS["rate"]
    alone = stream.log_e(np.array([1]), np.array([7]))
    assert stream.log_e(np.ones(40, dtype=np.int64), np.full(40, 7)) == pytest.approx(alone)


def test_without_evidence_r_counts_the_looks() -> None:
    """T6."""
    detector: Detector = start(3)
    for _ in range(20):
        detector = look(detector, np.zeros(3))
    assert math.exp(detector.log_mixture) == pytest.approx(20)


def test_detectors_that_look_together_have_the_bits_of_each_alone() -> None:
    rng, together = np.random.default_rng(7), [start(bets) for bets in (1, 2, 9, 16, 36)]
    alone = together
    for _ in range(30):
        log_e = [rng.normal(0, 5, len(state.log_r)) for state in together]
        together = look_at_each(together, log_e)
        alone = [look(state, values) for state, values in zip(alone, log_e, strict=True)]
    for one, other in zip(together, alone, strict=True):
        assert (one.looks, one.log_r.tolist()) == (other.looks, other.log_r.tolist())
    assert log_mixtures(together) == [state.log_mixture for state in alone]
    with pytest.raises(ValueError, match="one value per bet"):
        look_at_each([start(2), start(1)], [np.zeros(1), np.zeros(2)])


def simulated_alarms(draw: object, nights: int, runs: int) -> FloatArray:
    """Night of the first alarm of each run; infinity without one. `draw` gives standard normals."""
    rng = np.random.default_rng(9)
    stream = location_and_spread(freeze_continuous(rng.normal(size=5000), 5000), 0.1, 2.0)
    limit, first = log_limit(365, 1, 0.05, 1.0), np.full(runs, np.inf)
    for run in range(runs):
        detector = start(len(stream.wagers))
        for night in range(nights):
            values = draw(rng, night)  # type: ignore[operator]
            detector = look(detector, stream.log_e(stream.feature.code(values), np.arange(len(values))))
            if detector.log_mixture >= limit:
                first[run] = night + 1
                break
    return first


def test_a_year_without_a_shift_is_quiet_and_half_a_deviation_is_found_in_a_night_or_two() -> None:
    """T3, T4: the whole tables are in tests/simulation/covariate_stream.py."""
    quiet = simulated_alarms(lambda rng, _night: rng.normal(size=200), 365, 20)
    assert not np.isfinite(quiet).any()
    moved = simulated_alarms(lambda rng, _night: rng.normal(0.5, 1, size=200), 10, 20)
    assert np.median(moved) <= 2
    wider = simulated_alarms(lambda rng, _night: rng.normal(0, 1.8, size=200), 20, 10)
    assert np.isfinite(wider).all()


def test_one_outlier_cannot_hide_a_shift() -> None:
    """Lesson 2: edges are frozen at the reference, so 1e6 weighs as much as the largest value."""

    def shifted(rng: np.random.Generator, _night: int) -> FloatArray:
        return np.append(rng.normal(0.5, 1, size=199), 1e6)

    assert np.median(simulated_alarms(shifted, 10, 20)) <= 2


def test_limits_and_edges_do_not_change_between_nights() -> None:
    """Lesson 1: a limit is a function of the plan alone, an edge of the reference alone."""
    assert log_limit(365, 1, 0.05, 0.0175) == log_limit(365, 1, 0.05, 0.0175)
    stream = STREAMS["number"]
    before = stream.bands, stream.wagers
    stream.log_e(np.array([0, 1]), np.array([0, 1]))
    assert (stream.bands, stream.wagers) == before
    with pytest.raises(ValueError, match="read-only"):
        stream.feature.edges[0] = 0.0


def test_evidence_is_compared_unrounded() -> None:
    """Lesson 5: an R just below the limit is no alarm, at any number of digits."""
    limit = log_limit(365, 1, 0.05, 1.0)
    just_below = Detector(np.array([np.nextafter(limit, 0.0)]), 1)
    assert just_below.log_mixture < limit
    assert round(just_below.log_mixture, 2) == round(limit, 2)


def test_every_stream_past_its_own_limit_is_named() -> None:
    """T10: the list of e-BH holds that of weighted Bonferroni."""
    rng = np.random.default_rng(2)
    weights = {f"s{k}": weight for k, weight in enumerate(rng.dirichlet(np.ones(12)))}
    for _ in range(200):
        log_e = {name: float(rng.normal(2, 4)) for name in weights}
        named = named_by_e_bh(log_e, weights, 0.05)
        alone = {name for name in weights if log_e[name] >= -math.log(0.05 * weights[name])}
        assert alone <= set(named)


def test_odd_references_are_defined() -> None:
    """Lesson 15: constant, nearly empty, one level, all ones."""
    constant = location_and_spread(freeze_continuous(np.full(500, 3.0), 500), 0.1, 2.0)
    assert constant.reference.tolist() == [0.5, 0.0]
    assert np.isfinite(constant.log_e(constant.feature.code(np.array([2.0, 3.0, 4.0])), np.arange(3))).all()
    one = level_shares(freeze_levels(np.array(["A"] * 500, dtype=object), 500), 0.2, 2.0)
    moved = one.log_e(one.feature.code(np.array(["B"] * 50, dtype=object)), np.arange(50))
    assert moved.max() > log_limit(365, 1, 0.05, 0.05)
    for name in ("never", "always"):
        stream = STREAMS[name]
        code = 0 if name == "always" else 1
        assert stream.log_e(np.full(60, code), np.arange(60)).max() > log_limit(365, 1, 0.05, 0.01)
    with pytest.raises(ValueError, match="at least one"):
        freeze_continuous(np.empty(0), 0)


def test_a_level_never_met_is_read_as_other_and_rare_levels_too() -> None:
    stream = STREAMS["category"]
    coded = stream.feature.code(np.array(["A", "C", "never seen"], dtype=object))
    assert stream.functionals == ("A", "B", "C", "other")
    assert stream.values[coded].argmax(axis=1).tolist() == [0, 2, 3]
    rare = level_shares(freeze_levels(np.array(["A"] * 995 + ["B"] * 5, dtype=object), 1000), 0.2, 2.0)
    assert rare.functionals == ("A", "other")
    assert rare.values[rare.feature.code(np.array(["B"], dtype=object))].tolist() == [[0.0, 1.0]]


def test_mid_ranks_are_probabilities_of_exceeding_the_reference() -> None:
    rng = np.random.default_rng(6)
    reference, new = rng.integers(0, 30, 400).astype(float), rng.integers(5, 40, 50).astype(float)
    stream = location_and_spread(freeze_continuous(reference, 400), 0.1, 2.0)
    ranks = stream.values[stream.feature.code(new), 0]
    exact = [(np.mean(reference < value) + np.mean(reference == value) / 2) for value in new]
    assert ranks == pytest.approx(exact)
    assert stream.reference[0] == pytest.approx(0.5)
    assert standardized_difference(0.5) == pytest.approx(0.0)


def test_a_long_reference_is_cut_at_a_thousand_edges_and_keeps_its_mean_rank() -> None:
    values = np.random.default_rng(8).normal(size=20_000)
    feature = freeze_continuous(values, 20_000)
    assert len(feature.edges) == 1000
    assert feature.shares @ feature.mid_ranks == pytest.approx(0.5)
    exact = (np.searchsorted(np.sort(values), 0.3) / 20_000).item()
    assert feature.mid_ranks[feature.code(np.array([0.3]))][0] == pytest.approx(exact, abs=1e-3)
