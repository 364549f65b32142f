"""Readers beside the device: what the plan lets a log say, what is read from it, and alert fatigue."""

from __future__ import annotations

import math
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from monitor.errors import EvidenceError
from monitor.operation.reading.alert_rates import COHORTS, alert_rate, false_positive_rate
from monitor.performance.readers import decisions_from_text, reader_statistics
from monitor.performance.review_queue import disagreements
from monitor.plan import check
from monitor.plan.difference import difference
from monitor.plan.model import ChangePlan
from monitor.records import Place, Rows
from monitor.registry import RegistryState
from tests.build_plan import make_plan
from tests.ingesting import PREDICTIONS, Desk, prediction

NORTH = Place("north", "lesion")
FAR = date(2100, 1, 1)
POINT = {"threshold": 0.5, "frozen": "raw_threshold"}
DECISIONS = {"positive": ["present"], "negative": ["absent", "normal"]}
HEADER = f"{PREDICTIONS},report"
SOUND = (Path(__file__).parents[2] / "change_plans" / "chest_xray_pneumothorax.yaml").read_text(
    encoding="utf-8"
)


def reading_plan(**more: Any) -> ChangePlan:
    keys: dict[str, Any] = {
        "findings": [{"id": "lesion", "operating_point": POINT}],
        "logs__predictions__columns__reader_decision": "report",
        "logs__predictions__reader_decisions": DECISIONS,
        "modification_protocol__data_management__0__maturity_days": 0,
    }
    return make_plan(**{**keys, **more})


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, reading_plan())


def mature(desk: Desk, place: Place = NORTH) -> Rows:
    with desk.open() as opened:
        return opened.mature_rows(matured_by=FAR, known_by=FAR)[place]


def said(desk: Desk, rows: Rows) -> list[str | None]:
    with desk.open() as opened:
        return opened.reader_decisions(rows).tolist()


class TestTheLog:
    def test_decisions_come_in_the_order_of_the_rows_whatever_that_is(self, desk: Desk) -> None:
        lines = [
            f"{prediction(f'S{at}', f'P{at}', at=f'2026-03-{9 - at:02d}')},said {at}" for at in range(1, 9)
        ]
        desk.predictions(*lines, header=HEADER)
        rows = mature(desk)
        assert said(desk, rows) == [f"said {at}" for at in range(8, 0, -1)]
        some = rows.where(np.arange(8) % 3 == 1)
        assert said(desk, some) == ["said 7", "said 4", "said 1"]

    def test_no_decision_is_none_and_never_a_negative_one(self, desk: Desk) -> None:
        desk.predictions(
            f"{prediction('S1')},", f"{prediction('S2')},  ", f"{prediction('S3')},absent", header=HEADER
        )
        found = said(desk, mature(desk))
        assert (found.count(None), found.count("absent")) == (2, 1)
        value = decisions_from_text(np.array(found, dtype=object), ("present",), ("absent",)).value
        assert int(np.isnan(value).sum()) == 2

    def test_a_log_without_the_column_has_no_decisions(self, tmp_path: Path) -> None:
        desk = Desk(tmp_path, make_plan())
        desk.predictions(prediction())
        assert said(desk, mature(desk)) == [None]

    def test_no_rows_no_decisions(self, desk: Desk) -> None:
        desk.predictions(f"{prediction()},absent", header=HEADER)
        rows = mature(desk)
        assert said(desk, rows.where(np.zeros(1, dtype=bool))) == []

    def test_another_site_is_not_mixed_up(self, desk: Desk) -> None:
        desk.predictions(
            f"{prediction('S1', site='north')},present",
            f"{prediction('S1', site='south')},absent",
            header=HEADER,
        )
        assert said(desk, mature(desk)) == ["present"]
        assert said(desk, mature(desk, Place("south", "lesion"))) == ["absent"]

    def test_rows_the_store_does_not_hold_are_an_error_and_no_silence(
        self, desk: Desk, tmp_path: Path
    ) -> None:
        desk.predictions(f"{prediction()},present", header=HEADER)
        rows = mature(desk)
        (tmp_path / "other").mkdir()
        other = Desk(tmp_path / "other", reading_plan())
        with pytest.raises(EvidenceError, match="north lesion: 1 of 1 studies are not in the store"):
            said(other, rows)


class TestFromLogToFigure:
    """Six studies at a threshold of .5: three flagged; one flag dismissed, one study added, one unread."""

    @pytest.fixture
    def found(self, desk: Desk) -> tuple[Rows, Any]:
        cases = [
            (0.9, "Present"),
            (0.8, " normal "),
            (0.7, "absent?"),
            (0.4, "present"),
            (0.3, "absent"),
            (0.2, ""),
        ]
        desk.predictions(
            *(
                f"{prediction(f'S{at}', f'P{at}', score=str(score))},{text}"
                for at, (score, text) in enumerate(cases)
            ),
            header=HEADER,
        )
        desk.outcomes(*(f"S{at},north,{int(at == 0)},2026-03-01" for at in range(6)))
        rows = mature(desk)
        words = desk.plan.logs.predictions.reader_decisions
        assert words is not None
        return rows, decisions_from_text(
            np.array(said(desk, rows), dtype=object), words.positive, words.negative
        )

    def test_unknown_words_are_counted_and_decide_nothing(self, found: tuple[Rows, Any]) -> None:
        rows, decisions = found
        assert (decisions.silent, decisions.unknown) == (1, 1)
        statistics = reader_statistics(rows, 0.5, decisions.value, least=1)
        assert (statistics.studies, statistics.read) == (6, 4)
        assert statistics.agreement.same.value == 0.5
        assert statistics.agreement.dismissed.value == 0.5
        assert statistics.agreement.added.value == 0.5
        assert statistics.alerts.flagged.value == 50.0
        assert statistics.alerts.false_positives.value == pytest.approx(100 / 3)
        assert statistics.against_outcome.dismissed_rightly.value == 1.0

    def test_the_queue_names_studies_by_pseudonym_only(self, desk: Desk, found: tuple[Rows, Any]) -> None:
        rows, decisions = found
        queue = disagreements(rows, 0.5, decisions.value, most=10)
        assert queue.total == 2
        assert [case.score for case in queue.cases] == [0.8, 0.4]
        for case in queue.cases:
            assert len(case.study) == 16
            assert sum(str(study).startswith(case.study) for study in rows.study) == 1
        assert not any(f"S{at}" in repr(queue) or f"P{at}" in repr(queue) for at in range(6))


def made_rows(cohorts: int, a_cohort: int, flagged: int, wrong: int, known: int | None = None) -> Rows:
    """Studies of a place, each night alike: so many flagged, of these so many without the finding."""
    n = cohorts * a_cohort
    place = np.arange(n) % a_cohort
    score = np.where(place < flagged, 0.9, 0.1)
    outcome = np.where(place < wrong, 0.0, np.where(place < flagged, 1.0, 0.0))
    outcome[place >= (a_cohort if known is None else known)] = math.nan
    name = np.array([f"N{at // a_cohort:04d}" for at in range(n)], dtype=object)
    who = np.array([f"p{at}" for at in range(n)], dtype=object)
    text, day = np.full(n, "", dtype=object), np.full(n, np.datetime64("2026-03-01"))
    return Rows(NORTH, name, who.copy(), who, day, score, outcome, text, np.zeros(n, bool))


def limited(**limits: float) -> ChangePlan:
    return make_plan(findings=[{"id": "lesion", "operating_point": {**POINT, **limits}}])


def false_positives(rows: Rows | None, limit: float = 5.0) -> dict[str, Any]:
    plan = limited(false_positive_limit_per_100_studies=limit)
    found = false_positive_rate(plan, RegistryState(), NORTH, rows)
    assert found is not None
    return found


class TestAlertFatigue:
    def test_no_limit_no_figure(self) -> None:
        rows = made_rows(3, 10, 5, 5)
        assert false_positive_rate(make_plan(), RegistryState(), NORTH, rows) is None
        assert false_positive_rate(limited(), RegistryState(), NORTH, rows) is None
        assert (
            alert_rate(limited(false_positive_limit_per_100_studies=5.0), RegistryState(), NORTH, rows)
            is None
        )

    def test_a_site_with_more_false_positives_than_the_limit_is_told(self) -> None:
        found = false_positives(made_rows(20, 100, 20, 10))
        assert found["value"] == pytest.approx(10.0)
        assert found["low"] > found["limit_per_100_studies"] == 5.0
        assert found["above_limit"] is True

    def test_right_alerts_are_no_false_positives(self) -> None:
        found = false_positives(made_rows(20, 100, 20, 2))
        assert (found["value"], found["above_limit"]) == (pytest.approx(2.0), False)

    def test_chance_alone_puts_nobody_on_watch(self) -> None:
        found = false_positives(made_rows(1, 20, 4, 2))
        assert found["value"] == pytest.approx(10.0)
        assert found["low"] < 5.0
        assert found["above_limit"] is False

    def test_studies_without_an_outcome_are_left_out_and_counted(self) -> None:
        found = false_positives(made_rows(20, 100, 20, 10, known=50))
        assert (found["n"], found["unknown"]) == (1000, 1000)
        assert found["value"] == pytest.approx(20.0)

    def test_without_a_known_outcome_there_is_no_rate_and_no_all_clear(self) -> None:
        found = false_positives(made_rows(2, 10, 5, 5, known=0))
        assert (found["value"], found["n"], found["unknown"]) == (None, 0, 20)
        assert false_positives(None)["value"] is None

    def test_only_the_last_four_weeks_count(self) -> None:
        good, bad = made_rows(COHORTS, 50, 5, 0), made_rows(COHORTS, 50, 5, 5)
        later = Rows(
            NORTH, *(np.concatenate([*pair]) for pair in zip(bad._columns(), moved(good), strict=True))
        )
        found = false_positives(later)
        assert (found["value"], found["n"]) == (0.0, 50 * COHORTS)
        assert (found["from"], found["to"]) == ("N1000", f"N10{COHORTS - 1}")


def moved(rows: Rows) -> tuple[Any, ...]:
    cohort = np.array([f"N1{name[2:]}" for name in rows.cohort], dtype=object)
    return (cohort, *rows._columns()[1:])


POINT_LINES = "      alert_limit_per_100_studies: 65\n"
MISSING = '    missing: [""]\n'


def faults(folder: Path, *edits: tuple[str, str]) -> list[str]:
    text = SOUND
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path = folder / "plan.yaml"
    path.write_text(text, encoding="utf-8")
    return [str(fault) for fault in check(path)]


def with_words(words: str, column: str = "      reader_decision: report\n") -> tuple[str, str]:
    """An edit of the plan's prediction log: the readers' words and their column."""
    anchor = "    timezone: Europe/Berlin\n"
    return anchor, f"{column}    reader_decisions: {words}\n{anchor}"


class TestThePlan:
    def test_words_and_limit_are_accepted(self, tmp_path: Path) -> None:
        words = with_words("{positive: [present], negative: [absent, normal]}")
        limit = (POINT_LINES, f"{POINT_LINES}      false_positive_limit_per_100_studies: 30\n")
        assert faults(tmp_path, words, limit) == []

    def test_a_word_means_one_thing(self, tmp_path: Path) -> None:
        found = faults(tmp_path, with_words('{positive: [present, "Yes"], negative: [absent, " yes "]}'))
        assert len(found) == 1
        assert "logs.predictions.reader_decisions.negative.1" in found[0]
        assert "the same word is positive (case and padding make no difference)" in found[0]

    def test_words_without_a_column_are_refused(self, tmp_path: Path) -> None:
        found = faults(tmp_path, with_words("{positive: [present], negative: [absent]}", column=""))
        assert len(found) == 1
        assert "no column holds what readers decided (expected columns.reader_decision beside it" in found[0]

    def test_a_word_the_log_reads_as_empty_is_refused(self, tmp_path: Path) -> None:
        empty = (f"{MISSING}    sentinels", '    missing: ["", NA]\n    sentinels')
        words = with_words("{positive: [present], negative: [NA]}")
        assert [fault for fault in faults(tmp_path, words, empty) if "takes this word for no value" in fault]

    def test_without_any_threshold_there_is_nothing_to_compare(self, tmp_path: Path) -> None:
        start, end = SOUND.index("    operating_point:"), SOUND.index("\nlogs:")
        bare = (SOUND[start:end], "")
        found = faults(tmp_path, with_words("{positive: [present], negative: [absent]}"), bare)
        assert [fault for fault in found if "no finding has a threshold to compare a reader with" in fault]

    @pytest.mark.parametrize(
        "words", ["{positive: [present]}", "{negative: [absent]}", "{positive: [], negative: [a]}"]
    )
    def test_both_sides_need_a_word(self, tmp_path: Path, words: str) -> None:
        assert len(faults(tmp_path, with_words(words))) >= 1

    @pytest.mark.parametrize("limit", ["0", "100", "-1"])
    def test_a_limit_is_a_number_of_studies_in_100(self, tmp_path: Path, limit: str) -> None:
        edit = (POINT_LINES, f"{POINT_LINES}      false_positive_limit_per_100_studies: {limit}\n")
        assert len(faults(tmp_path, edit)) == 1

    def test_an_amended_word_or_limit_is_a_difference_by_name(self) -> None:
        old, new = (
            reading_plan(logs__predictions__reader_decisions={**DECISIONS, "positive": [word]})
            for word in ("a", "b")
        )
        assert [found.key for found in difference(old, new)] == [
            "logs.predictions.reader_decisions.positive.0"
        ]
        limits = [limited(false_positive_limit_per_100_studies=limit) for limit in (5.0, 6.0)]
        assert [found.key for found in difference(*limits)] == [
            "findings.0.operating_point.false_positive_limit_per_100_studies"
        ]
