"""The figures: well-formed SVG, the same bytes every time, alternative text that carries the numbers."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

import numpy as np
import pytest

from monitor.calibrators import straight_line
from monitor.documentation.figures import figures
from monitor.documentation.figures.calibration_map import map_points
from monitor.documentation.figures.reliability import axis_end, density
from monitor.hashing import canonical_json
from tests.browser.dossier_examples import WITH_LOOK, example, read

WITH_TIME = ("accepted", "deployed", "rejected")
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("name", WITH_LOOK)
def test_each_figure_is_one_labelled_image(name: str) -> None:
    drawn = figures(example(name).dossier)
    recorded = {"over-time"} if name in WITH_TIME else set[str]()
    assert set(drawn) == {"map", "reliability", "waterfall"} | recorded
    for figure, svg in drawn.items():
        root = ElementTree.fromstring(svg)
        assert root.attrib["role"] == "img"
        assert root.attrib["aria-labelledby"] == f"{figure}-figure-title {figure}-figure-desc"
        assert root.find(f"{SVG}title") is not None
        assert re.search(r"<metadata|<style", svg) is None
        assert figure == "over-time" or re.search(r"\d{4}-\d{2}-\d{2}", svg) is None
        ids = [element.attrib["id"] for element in root.iter() if "id" in element.attrib]
        assert len(ids) == len(set(ids))
        assert all(identifier.startswith(f"{figure}-") for identifier in ids)


@pytest.mark.parametrize(("name", "drawn"), [("collecting", set()), ("kept", {"waterfall"})])
def test_no_map_is_drawn_where_only_the_original_exists(name: str, drawn: set[str]) -> None:
    assert set(figures(example(name).dossier)) == drawn


class TestTheWaterfall:
    def test_tells_every_filter_in_words_and_numbers(self) -> None:
        found = example("accepted").dossier
        svg = figures(found)["waterfall"]
        for step in found["data_account"]["waterfall"]:
            assert f"{step['rows']:,} studies, {step['events']:,} events." in svg
            assert svg.count(f">{step['rows']:,}<") >= 1, "the number stands beside its bar"

    def test_events_are_told_from_studies_without_colour(self) -> None:
        assert "<pattern" in figures(example("accepted").dossier)["waterfall"], "hatched"

    def test_is_drawn_from_the_shared_record(self) -> None:
        record = read("accepted")
        record["plan"] = {**record["plan"], "records": {"small_cell_minimum": 40}}
        steps = record["change"]["verdict"]["data_account"]
        steps[1]["rows"] = steps[0]["rows"] - 7
        shared = example(record).dossier["data_account"]["waterfall"]
        svg = figures(example(record).dossier)["waterfall"]
        assert len(shared) < len(steps)
        assert f"{steps[1]['rows']:,}" not in svg

    def test_a_withheld_count_has_its_words_and_no_bar(self) -> None:
        found = json.loads(canonical_json(example("accepted").dossier))
        found["data_account"]["waterfall"][-1] |= {"rows": "<10", "events": "<10"}
        svg = figures(found)["waterfall"]
        assert "&lt;10 studies, &lt;10 events." in svg
        assert svg.count(">&lt;10<") == 2


def test_a_deployed_map_is_drawn_beside_the_original_even_without_a_candidate() -> None:
    record = read("collecting")
    record["change"]["opened"]["last_deployed"] = read("rejected")["change"]["opened"]["last_deployed"]
    (svg,) = figures(example(record).dossier).values()
    assert "original (v0)" in svg
    assert "last deployed (v1)" in svg


def test_figures_leave_no_trace_in_matplotlibs_settings() -> None:
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    figures(example("accepted").dossier)
    assert dict(mpl.rcParams) == before


def test_the_alternative_text_holds_the_points_of_the_diagram() -> None:
    found = example("accepted").dossier
    svg = figures(found)["reliability"]
    for group in found["reliability"]["candidate"]:
        assert f"predicted {group['predicted']:.3f}, observed {group['observed']:.3f}" in svg


def test_the_band_of_a_map_is_that_of_its_covariance() -> None:
    calibrator = straight_line("v1", "platt", 0.0, 1.0, ((0.04, 0.0), (0.0, 0.0)))
    score, _, low, high = map_points(calibrator.as_record())
    middle = int(np.flatnonzero(score == 0.5)[0])
    assert high[middle] == pytest.approx(1 / (1 + np.exp(-1.959964 * 0.2)))
    assert low[middle] == pytest.approx(1 - high[middle])


def test_the_histogram_keeps_its_counts_under_a_map() -> None:
    histogram = {"edges": [0.0, 0.3, 0.6, 1.0], "negatives": [5, 3, 1], "positives": [1, 2, 4]}
    calibrator = straight_line("v1", "platt", 0.7, 1.3, ((0.0, 0.0), (0.0, 0.0)))
    edges, negatives, positives = density(histogram, calibrator.as_record())
    assert (negatives * np.diff(edges) * 100).tolist() == pytest.approx([5, 3, 1])
    assert (positives * np.diff(edges) * 100).tolist() == pytest.approx([1, 2, 4])


def test_axes_end_at_a_tenth_and_never_beyond_one() -> None:
    assert axis_end([]) == 0.1
    assert axis_end([{"predicted": 0.02, "high": 0.2}]) == 0.2
    assert axis_end([{"predicted": 0.5, "high": 1.0}]) == 1.0
