"""Figures over time, of subgroups, of reclassified studies and of power: the numbers of their records."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from monitor.documentation.content.over_time import without_small_stretches
from monitor.documentation.figures import figures
from monitor.documentation.figures.forest import MOST_ROWS, Axis, Row, forest
from monitor.documentation.figures.over_time import has_time
from monitor.documentation.figures.power_curve import power_curve
from monitor.documentation.figures.ratio_over_time import Event, Series, ratio_over_time
from monitor.documentation.figures.reclassification import has_moved, reclassification
from monitor.documentation.figures.subgroup_forest import subgroup_forest
from monitor.documentation.sections.over_time import over_time_section
from monitor.performance import observed_expected, observed_expected_over_time
from tests.browser.dossier_examples import example, read

SVG = "{http://www.w3.org/2000/svg}"


def words_of(svg: str) -> str:
    """The alternative text, parsed as a browser does."""
    found = ElementTree.fromstring(svg).find(f"{SVG}desc")
    assert found is not None
    assert found.text
    return found.text


def stretch(first: str, value: float | None, **more: Any) -> dict[str, Any]:
    ends = (None, None) if value is None else (value / 1.2, value * 1.2)
    return {"from": first, "to": first, "value": value, "low": ends[0], "high": ends[1], **more}


class TestTheRatioOverTime:
    def test_counts_every_study_once_and_agrees_with_the_ratio_of_its_rows(self) -> None:
        rng = np.random.default_rng(4)
        log_odds = rng.normal(-1.0, 1.0, 900)
        outcome = (rng.random(900) < 1 / (1 + np.exp(-log_odds))).astype(float)
        cohort = np.repeat(np.array([f"2026-01-{day:02d}" for day in range(1, 31)], dtype=object), 30)
        patient = np.array([f"p{number // 2}" for number in range(900)], dtype=object)
        found = observed_expected_over_time(log_odds, outcome, patient, cohort)
        assert sum(part["n"] for part in found) == 900
        assert sum(part["observed"] for part in found) == int(outcome.sum())
        assert all(part["observed"] >= 20 for part in found)
        rows = (cohort >= found[2]["from"]) & (cohort <= found[2]["to"])
        alone = observed_expected(log_odds[rows], outcome[rows], patient[rows])
        assert [found[2][key] for key in ("value", "low", "high")] == [alone.value, alone.low, alone.high]

    def test_is_cut_where_another_calibrator_begins(self) -> None:
        """Thirty days of 100 events: a twelfth is 250, so three days make a stretch."""
        cohort = np.repeat(np.array([f"2026-01-{day:02d}" for day in range(1, 31)], dtype=object), 200)
        outcome, who = np.tile(np.arange(200) < 100, 30).astype(float), np.arange(6000).astype(object)
        whole, parted = (
            observed_expected_over_time(np.zeros(6000), outcome, who, cohort, starts)
            for starts in ((), ("2026-01-05",))
        )
        uncut, cut = ([part["from"][-2:] for part in found] for found in (whole, parted))
        assert uncut[:3] == ["01", "04", "07"]
        assert cut[:4] == ["01", "04", "05", "08"]

    @pytest.mark.parametrize("observed", [0, 19])
    def test_too_few_events_make_no_stretch(self, observed: int) -> None:
        outcome = (np.arange(100) < observed).astype(float)
        cohort = np.full(100, "2026-01", dtype=object)
        who = np.arange(100).astype(object)
        assert observed_expected_over_time(np.zeros(100), outcome, who, cohort) == []

    @pytest.mark.parametrize("name", ["accepted", "deployed", "rejected"])
    def test_the_words_of_the_figure_are_the_numbers_of_the_record(self, name: str) -> None:
        found = example(name).dossier
        said = words_of(figures(found)["over-time"])
        for calibrator in ("last_deployed", "candidate"):
            for part in found["calibration_over_time"][calibrator]:
                numbers = f"{part['value']:.2f} ({part['low']:.2f} to {part['high']:.2f})"
                assert f"{part['from']} to {part['to']}: {numbers}" in said

    def test_the_candidate_is_told_from_the_deployed_without_colour(self) -> None:
        svg = figures(example("accepted").dossier)["over-time"]
        assert "stroke-dasharray" in svg
        assert re.search(r'd="M[^"]*L[^"]*L[^"]*L[^"]*Z"', svg), "diamonds beside circles"

    def test_a_dossier_from_before_says_why_there_is_none(self) -> None:
        found = example("insufficient").dossier
        assert not has_time(found["calibration_over_time"])
        (aside,) = over_time_section(found).blocks
        assert "did not record it" in aside.text  # pyright: ignore[reportAttributeAccessIssue]

    def test_small_cells_leave_no_count_and_no_exact_ratio(self) -> None:
        small = stretch("2026-01", 1.23456, n=400, events=7, observed=7, expected=5.67)
        large = stretch("2026-02", 1.23456, n=400, events=90, observed=90, expected=72.9)
        part = {"last_deployed": [small, large], "candidate": [], "reason": None, "counts_withheld": False}
        shared = without_small_stretches(part, 10)
        assert [item["value"] for item in shared["last_deployed"]] == [None, 1.23]
        counts = [item[key] for item in shared["last_deployed"] for key in ("n", "events", "observed")]
        assert counts == [None] * len(counts)
        assert shared["counts_withheld"]

    def test_a_shared_dossier_is_drawn_from_the_rounded_numbers(self) -> None:
        record = read("accepted")
        record["plan"] = {**record["plan"], "records": {"small_cell_minimum": 5}}
        found = example(record).dossier
        counts = [item["n"] for item in found["calibration_over_time"]["candidate"]]
        assert counts == [None] * len(counts)
        assert "over-time" in figures(found)

    def test_every_stretch_withheld_is_told(self) -> None:
        nothing = [stretch("2026-01", None, n=None, events=None, observed=None, expected=None)]
        part = {"last_deployed": nothing, "candidate": [], "reason": None, "counts_withheld": True}
        (aside,) = over_time_section({"calibration_over_time": part}).blocks
        assert "every stretch is withheld" in aside.text  # pyright: ignore[reportAttributeAccessIssue]

    def test_one_stretch_and_an_event_outside_can_be_drawn(self) -> None:
        series = [Series("only", [stretch("2026-W05", 1.0)], filled=True)]
        svg = ratio_over_time("t", "T", series, [Event("2031-01-01", "later")])
        assert "later</text>" not in svg
        assert "leaves 1 out in 0 of 1 stretches" in words_of(svg)


class TestTheForest:
    def row(self, name: str, **more: Any) -> dict[str, Any]:
        numbers = {"n": 500, "value": 0.0123, "bound": -0.0011, "margin": -0.005, "status": "certified"}
        return {"name": name, **numbers, **more}

    def test_tells_claim_value_bound_and_margin_of_every_subgroup(self) -> None:
        rows = [self.row("sex = F"), self.row("sex = M", status="harmed", value=-0.02, bound=-0.03)]
        svg = subgroup_forest({"subgroups": {"found": rows}})
        said = words_of(svg)
        assert (
            "sex = F: certified, saves 0.0123, lower bound −0.0011, tolerated −0.0050, 500 studies." in said
        )
        assert "sex = M: harmed, saves −0.0200" in said
        assert "Log loss saved per study (nats)" in svg

    def test_every_label_of_the_axis_stands_at_the_number_it_says(self) -> None:
        """From -0.05 to 0.25 in steps of 0.1: labels rounded at -0.05, 0.05, ... would be a half step off."""
        spread = [self.row("a", value=0.2162, bound=0.0877, margin=-0.0345)]
        svg = subgroup_forest({"subgroups": {"found": spread}})
        labels = re.findall(r'x="([0-9.]+)" y="[0-9.]+" text-anchor="middle" font-size="12">([−0-9.]+)<', svg)
        at = [(float(x), float(text.replace("−", "-"))) for x, text in labels]
        assert [value for _, value in at] == [0.0, 0.1, 0.2]
        (reference,) = re.findall(r'stroke-width="1.2" d="M([0-9.]+) ', svg)
        assert at[0][0] == pytest.approx(float(reference), abs=0.11)

    def test_one_without_a_value_keeps_its_place_and_says_why(self) -> None:
        nothing = dict.fromkeys(("value", "bound", "half_width", "margin", "n"))
        svg = subgroup_forest({"subgroups": {"found": [self.row("rare", status="not_evaluable", **nothing)]}})
        assert "rare: not evaluable, studies withheld." in words_of(svg)

    def test_hundreds_of_subgroups_do_not_overplot(self) -> None:
        rows = [Row(f"g{number}", "d", "s", 0.1, 0.0, 0.2, None, beyond=False) for number in range(300)]
        svg = forest("f", "F", rows, Axis("ratio", 0.0))
        assert f"{300 - MOST_ROWS} more are in the table." in words_of(svg)
        assert len(re.findall(r">g\d+<", svg)) == MOST_ROWS

    def test_names_are_inert(self) -> None:
        row = Row("<script>x</script>", "<b>", "&", 1.0, 0.9, 1.1, None, beyond=True)
        svg = forest("f", "F", [row], Axis("ratio", 1.0))
        assert "<script" not in svg
        assert "<b>" not in svg


class TestReclassification:
    def found(self, *studies: int) -> dict[str, Any]:
        cells = [{"studies": count, "patients": count} for count in studies]
        keys = ("with_outcome", "without_outcome")
        moved = {
            "up": dict(zip(keys, cells[:2], strict=True)),
            "down": dict(zip(keys, cells[2:], strict=True)),
        }
        return {"reclassified": moved, "alerts": {"before": 100, "after": 140, "relative_change": 0.4}}

    def test_tells_all_four_counts_and_the_alerts(self) -> None:
        svg = reclassification({"operating_point": {"found": self.found(12, 30, 0, 2)}})
        said = words_of(svg)
        assert "Newly flagged, with the outcome: 12 in 12 patients." in said
        assert "No longer flagged, without it: 2 in 2 patients." in said
        assert "Alerts go from 100 to 140." in said

    def test_the_wrong_direction_is_hatched(self) -> None:
        svg = reclassification({"operating_point": {"found": self.found(0, 30, 0, 0)}})
        assert 'fill="url(#reclassification-figure-hatch)" x=' in svg

    def test_is_left_out_where_nothing_moved(self) -> None:
        assert not has_moved(self.found(0, 0, 0, 0))
        assert not has_moved(None)
        assert has_moved(self.found(0, 0, 0, 1))


class TestThePowerCurve:
    def power(self) -> dict[str, Any]:
        def share(value: float) -> dict[str, Any]:
            return {"accepted": {"value": value, "error": 0.02, "runs": 100}, "events": 200}

        passing = {"perfect": [share(0.97)], "useful": [share(0.5)], "harmful": [share(0.0)]}
        lines = [
            {"criterion": "G1", "metric": "auc", "probability": [0.1, 0.85, 1.0]},
            {"criterion": "G2", "metric": "auc", "probability": [0.0, 0.1, 0.3]},
        ]
        return {
            "looks": [{"events": 200}],
            "sites": [{"site": "A", "passing": passing}],
            "curves": {"site": "A", "events": [25, 200, 6400], "lines": lines},
        }

    def test_tells_what_is_accepted_and_where_each_line_reaches_the_wanted_power(self) -> None:
        said = words_of(power_curve(self.power()))
        assert "Accepted by look 1, 200 events: perfect 0.97, useful 0.50, harmful 0.00." in said
        assert "G1 alone reaches 0.8 at 200 events." in said
        assert "G2 alone reaches 0.8 not by 6,400 events." in said

    def test_lines_differ_by_more_than_colour(self) -> None:
        svg = power_curve(self.power())
        assert 'stroke-dasharray="8 3"' in svg
        assert "Events (studies of the rarer class)" in svg
