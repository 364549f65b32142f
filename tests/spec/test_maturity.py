"""Outcomes that come late, or never: what a hasty look would see, how long to wait, what is left open."""

from __future__ import annotations

import math
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from monitor.logistic import expit
from monitor.performance.ascertainment import ascertainment_by_score
from monitor.performance.maturity import Arrivals, apparent_ratio, known_by, known_within, ratio_by_lag
from monitor.performance.maturity_advice import MaturityAdvice, advised_maturity, class_delays
from monitor.performance.missing_outcomes import (
    OutcomeBounds,
    completeness,
    false_positive_bounds,
    prevalence_bounds,
    ratio_bounds,
    sensitivity_bounds,
)
from monitor.performance.operating_point import measured
from monitor.records import Estimate, FloatArray, Place, TextArray
from monitor.simulation import calibrated_night
from tests.build_plan import make_plan
from tests.ingesting import Desk, prediction

FIRST = date(2026, 1, 1)
WINDOW = 28
LAGS = (0, 14, 28, 60)


def people(n: int) -> TextArray:
    return np.arange(n).astype(str).astype(object)


def arrivals(rng: np.random.Generator, nights: int, a_night: int, prevalence: float = 0.05) -> Arrivals:
    """Calibrated studies at any hour; positives are known after exp(3 d), negatives after exp(20 d)."""
    n = nights * a_night
    log_odds, outcome = calibrated_night(rng, n, prevalence, 0.85)
    at = np.repeat(np.arange(nights), a_night) + rng.random(n)
    known = at + rng.exponential(np.where(outcome == 1, 3.0, 20.0))
    start = np.datetime64(FIRST, "D")
    day, observed = (start + np.floor(time).astype("timedelta64[D]") for time in (at, known))
    return Arrivals(day, observed, outcome, expit(log_odds), people(n))


def night(number: int) -> date:
    return FIRST + timedelta(days=number)


@pytest.fixture(scope="module")
def years() -> Arrivals:
    """Looks on three nights read windows that share no study: 504,000, a Monte Carlo error of .012."""
    return arrivals(np.random.default_rng(8), 150, 6000)


LOOKS = (93, 121, 149)


def mean_over_looks(ratios: list[list[float | None]]) -> list[float]:
    return np.mean(np.array(ratios, dtype=float), axis=0).tolist()


class TestAHastyLook:
    """T8: positives are known sooner than negatives, and a perfect model looks wrong."""

    def test_apparent_ratio_by_lag(self, years: Arrivals) -> None:
        looks = [ratio_by_lag(years, night(at), WINDOW, LAGS) for at in LOOKS]
        assert {look.n for found in looks for look in found} == {WINDOW * 6000}
        found = mean_over_looks([[look.of_all.value for look in found] for found in looks])
        assert found == pytest.approx([1.85, 1.35, 1.15, 1.03], abs=0.03)

    def test_against_the_labelled_studies_alone_it_looks_less_wrong_than_it_is(self, years: Arrivals) -> None:
        looks = [ratio_by_lag(years, night(at), WINDOW, LAGS) for at in LOOKS]
        found = mean_over_looks([[look.of_known.value for look in found] for found in looks])
        assert found == pytest.approx([1.63, 1.27, 1.12, 1.02], abs=0.03)

    def test_waiting_for_every_study_as_long_is_what_a_maturity_does(self, years: Arrivals) -> None:
        old = years.where(years.day <= np.datetime64(night(49), "D"))
        shown = [
            apparent_ratio(old.risk, known_within(old, lag), old.patient).value for lag in (1, 14, 28, 60)
        ]
        assert shown == pytest.approx([4.4, 1.85, 1.29, 1.05], abs=0.06)
        assert apparent_ratio(old.risk, old.outcome, old.patient).value == pytest.approx(1.0, abs=0.02)

    def test_nothing_is_counted_that_was_not_known_on_the_day(self, years: Arrivals) -> None:
        known = known_by(years, night(30))
        assert not np.isnan(known).all()
        assert np.isnan(known[years.observed > np.datetime64(night(30), "D")]).all()

    def test_a_window_without_outcomes_or_studies_has_no_ratio(self, years: Arrivals) -> None:
        (before,) = ratio_by_lag(years, night(-1), WINDOW, (0,))
        assert (before.n, before.known, before.of_all.value) == (0, 0, None)
        silent = apparent_ratio(np.full(3, 0.1), np.full(3, math.nan), people(3))
        assert (silent.value, silent.method) == (None, "no event")

    def test_its_interval_holds_the_truth(self) -> None:
        """The truth of lag 0 by the exact law of the delays; 300 windows of 200 studies a night."""
        age = np.linspace(0, WINDOW, 28_001)
        positive, negative = (1 - np.exp(-age / mean).mean() for mean in (3.0, 20.0))
        truth = positive / (0.05 * positive + 0.95 * negative)
        assert truth == pytest.approx(1.85, abs=0.01)
        rng = np.random.default_rng(9)
        held = 0
        for _ in range(300):
            (found,) = ratio_by_lag(arrivals(rng, WINDOW, 200), night(WINDOW - 1), WINDOW, (0,))
            held += (found.of_all.low or 9) <= truth <= (found.of_all.high or 0)
        assert held / 300 == pytest.approx(0.95, abs=0.035)


class TestTheStoreRefuses:
    """The same delays through the store: what a plan calls immature, nobody can read."""

    @pytest.fixture
    def desk(self, tmp_path: Path) -> Desk:
        plan = make_plan(modification_protocol__data_management__0__maturity_days=60)
        desk = Desk(tmp_path, plan)
        made = arrivals(np.random.default_rng(10), WINDOW, 20, prevalence=0.3)
        studies = zip(made.day.tolist(), made.observed.tolist(), made.outcome.tolist(), strict=True)
        rows = [(f"S{at}", *study) for at, study in enumerate(studies)]
        desk.predictions(
            *(prediction(name, name, at=str(day), score="0.3") for name, day, _, _ in rows),
            received=night(WINDOW - 1),
        )
        known = [row for row in rows if row[2] <= night(WINDOW - 1)]
        assert 0 < len(known) < len(rows)
        desk.outcomes(*(self.line(row) for row in known), received=night(WINDOW - 1))
        late = [row for row in rows if row not in known and row[2] <= night(120)]
        desk.outcomes(*(self.line(row) for row in late), received=night(120))
        return desk

    @staticmethod
    def line(row: tuple[str, date, date, float]) -> str:
        name, _, observed, outcome = row
        return f"{name},north,{outcome:.0f},{observed}"

    def outcomes(self, desk: Desk, matured_by: date, known_by: date) -> FloatArray:
        with desk.open() as opened:
            found = opened.mature_rows(matured_by=matured_by, known_by=known_by)
        place = Place("north", "lesion")
        return found[place].outcome if place in found else np.empty(0)

    def test_a_cohort_that_is_not_mature_however_many_outcomes_have_arrived(self, desk: Desk) -> None:
        assert len(self.outcomes(desk, night(WINDOW - 1), night(WINDOW - 1))) == 0
        with desk.open() as opened:
            assert opened.cohorts(night(59)) == []
            assert [cohort.key for cohort in opened.cohorts(night(60))] == ["2026-01-01"]
        assert len(self.outcomes(desk, night(59), night(200))) == 0
        assert len(self.outcomes(desk, night(60), night(200))) == 20

    def test_an_outcome_observed_after_maturity_even_when_it_is_known_by_now(self, desk: Desk) -> None:
        mature = self.outcomes(desk, night(WINDOW - 1 + 60), night(200))
        assert len(mature) == WINDOW * 20
        missing = np.isnan(mature).mean()
        assert 0.01 < missing < 0.08, "a twentieth of the negatives take longer than sixty days"
        assert mature[~np.isnan(mature)].mean() == pytest.approx(0.31, abs=0.06)


class TestHowLongToWait:
    def advice(self, made: Arrivals, follow_up: int = 130, least: int = 100) -> MaturityAdvice:
        return advised_maturity(made, night(400), follow_up, share=0.95, least=least)

    def test_until_the_slower_class_has_arrived(self) -> None:
        """-20 ln .05 is 59.9 days, and the day that is counted is the next midnight."""
        found = self.advice(arrivals(np.random.default_rng(1), 100, 500))
        assert found.days.value == pytest.approx(60, abs=2)
        assert found.days.low is not None
        assert found.days.high is not None
        assert found.days.low <= 60 <= found.days.high
        assert (found.positives.value or 0) > 0.99
        assert found.negatives.value == pytest.approx(0.95, abs=0.005)
        assert found.days.n > 40_000

    def test_share_of_both_classes_by_lag(self, years: Arrivals) -> None:
        positives, negatives = class_delays(years, night(400), 200)
        for days in (3, 14, 28):
            for part, mean in ((positives, 3.0), (negatives, 20.0)):
                age = days + 1 - np.linspace(0, 1, 1001)  # known by the end of the day, predicted at any hour
                assert part.arrived(days).value == pytest.approx(1 - np.exp(-age / mean).mean(), abs=0.01)

    def test_its_interval_holds_the_true_day(self) -> None:
        rng, held = np.random.default_rng(2), 0
        for _ in range(60):
            found = self.advice(arrivals(rng, 40, 50, prevalence=0.3)).days
            held += (found.low or 0) <= 60 <= (found.high or math.inf)
        assert held / 60 >= 0.85

    def test_too_few_outcomes_of_a_class_give_no_number(self) -> None:
        found = self.advice(arrivals(np.random.default_rng(3), 10, 50), least=100)
        assert found.days.value is None
        assert found.days.method.startswith("insufficient: ")
        assert found.days.method.endswith("100 of each needed")

    def test_a_short_follow_up_gives_no_number(self) -> None:
        """Within sixty days 95 % of what came had come by day 47: a wait that would be too short."""
        found = self.advice(arrivals(np.random.default_rng(4), 100, 500), follow_up=60)
        assert found.days.value is None
        assert "more than half of the 60 days of follow-up" in found.days.method

    def test_recent_studies_do_not_make_delays_look_short(self) -> None:
        """Of a study of last week only quick outcomes can have come, and nobody knows the others yet."""
        whole = arrivals(np.random.default_rng(5), 200, 200)
        come = whole.observed <= np.datetime64(night(199), "D")
        outcome = np.where(come, whole.outcome, math.nan)
        observed = np.where(come, whole.observed, np.datetime64("NaT"))
        today = Arrivals(whole.day, observed, outcome, whole.risk, whole.patient)
        found = advised_maturity(today, night(199), 130, share=0.95, least=100)
        assert found.days.value == pytest.approx(60, abs=2)
        assert found == advised_maturity(whole, night(199), 130, share=0.95, least=100)

    def test_outcomes_that_never_came_or_came_before_are_no_delays(self) -> None:
        day = np.repeat(np.datetime64("2026-01-01"), 400)
        outcome = np.tile([1.0, 0.0, math.nan, 0.0], 100)
        observed = day + np.tile([-5, 4, 2, 0], 100).astype("timedelta64[D]")
        observed[3::4] = np.datetime64("NaT")
        found = self.advice(Arrivals(day, observed, outcome, np.full(400, 0.5), people(400)), least=50)
        assert (found.days.value, found.days.n, found.days.events) == (4.0, 200, 100)

    def test_one_value_per_study_is_needed(self) -> None:
        day = np.array(["2026-01-01"], dtype="datetime64[D]")
        with pytest.raises(ValueError, match="one value per study"):
            Arrivals(day, day, np.array([1.0]), np.array([0.5]), people(2))


class TestWhatIsLeftOpen:
    def test_more_missing_than_the_plan_allows_is_degraded(self) -> None:
        outcome = np.zeros(100)
        outcome[:10] = math.nan
        assert completeness(outcome, 0.90).degraded is False
        outcome[10] = math.nan
        assert completeness(outcome, 0.90).degraded is True
        assert completeness(np.empty(0), 0.90).degraded is True, "nothing to go by is not complete"

    def test_with_every_outcome_known_the_bounds_are_the_figure(self) -> None:
        rng = np.random.default_rng(6)
        log_odds, outcome = calibrated_night(rng, 500, 0.2, 0.85)
        flagged, who = log_odds > -1, people(500)
        assert prevalence_bounds(outcome, who).low == prevalence_bounds(outcome, who).high
        found = sensitivity_bounds(flagged, outcome, who)
        assert found.low == found.high == measured(flagged, outcome, who)["sensitivity"]
        assert ratio_bounds(expit(log_odds), outcome, who).missing == 0

    @pytest.mark.parametrize("seed", range(40))
    def test_whatever_the_missing_outcomes_are_the_figure_lies_between(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        log_odds, truth = calibrated_night(rng, 120, 0.3, 0.8)
        flagged, who, risk = log_odds > -0.5, people(120), expit(log_odds)
        hidden = rng.random(120) < np.where(truth == rng.integers(0, 2), 0.5, 0.05)  # depends on the outcome
        outcome = np.where(hidden, math.nan, truth)
        pairs: list[tuple[OutcomeBounds, Estimate]] = [
            (prevalence_bounds(outcome, who), prevalence_bounds(truth, who).low),
            (ratio_bounds(risk, outcome, who), apparent_ratio(risk, truth, who)),
            (sensitivity_bounds(flagged, outcome, who), measured(flagged, truth, who)["sensitivity"]),
            (false_positive_bounds(flagged, outcome, who), false_positive_bounds(flagged, truth, who).low),
        ]
        for bounds, figure in pairs:
            assert bounds.low.value is not None
            assert bounds.high.value is not None
            assert figure.value is not None
            assert bounds.low.value - 1e-12 <= figure.value <= bounds.high.value + 1e-12
            assert (bounds.low.low or 0.0) <= figure.value <= (bounds.high.high or math.inf)

    def test_bounds_are_reached(self) -> None:
        """Small enough to try every way of filling four gaps: no bound is wider than it has to be."""
        flagged = np.array([True, True, False, False, True, False, True, False])
        outcome = np.array([1.0, 0, 1, 0, *[math.nan] * 4])
        reached = []
        for case in range(16):
            filled = outcome.copy()
            filled[4:] = [(case >> bit) & 1 for bit in range(4)]
            reached.append(measured(flagged, filled, people(8))["sensitivity"].value)
        found = sensitivity_bounds(flagged, outcome, people(8))
        assert (found.low.value, found.high.value) == (min(reached), max(reached)) == (0.25, 0.75)

    def test_a_limit_between_the_bounds_is_open(self) -> None:
        outcome = np.array([1.0] * 8 + [0.0] * 80 + [math.nan] * 12)
        found = prevalence_bounds(outcome, people(100))
        assert (found.low.value, found.high.value) == (0.08, 0.20)
        assert found.straddle(0.10)
        assert not found.straddle(0.05)
        assert not found.straddle(0.25)

    def test_what_cannot_be_bounded_is_open(self) -> None:
        found = ratio_bounds(np.full(3, 0.5), np.array([0.0, math.nan, 0.0]), people(3))
        assert found.low.value is None
        assert found.straddle(0.8)

    def test_weights_by_score_repair_what_depends_on_the_score_and_not_what_depends_on_the_outcome(
        self,
    ) -> None:
        """Ascertainment by score bin repairs the first; only the bounds are honest about the second."""
        rng = np.random.default_rng(7)
        log_odds, truth = calibrated_night(rng, 200_000, 0.05, 0.85)
        score = expit(log_odds)
        for chance, repaired in (
            (np.where(score > 0.1, 0.9, 0.5), True),
            (np.where(truth == 1, 0.9, 0.5), False),
        ):
            known = rng.random(len(score)) < chance
            weight = ascertainment_by_score(score, known, 10).weight
            weighted = float((weight[known] * truth[known]).sum() / weight.sum())
            assert (abs(weighted - 0.05) < 0.003) is repaired
            bounds = prevalence_bounds(np.where(known, truth, math.nan), people(len(score)))
            assert (bounds.low.value or 1) < 0.05 < (bounds.high.value or 0)
