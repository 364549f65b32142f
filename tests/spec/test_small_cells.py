"""A shared document shows no count from 1 to m - 1, and none can be had by subtracting what it shows."""

from __future__ import annotations

import copy
import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.documentation import dossier, suppression, write_dossier
from monitor.documentation.blocks import Table
from monitor.documentation.cells import (
    Cut,
    chain_of_cuts,
    cuts_of_groups,
    cuts_of_histogram,
    is_safe,
    merged_groups,
    merged_histogram,
)
from monitor.documentation.figures import figures
from monitor.documentation.sections import sections
from monitor.hashing import canonical_json, sha256_file, sha256_record
from monitor.logistic import logit
from monitor.performance import reliability_bins, score_histogram
from monitor.plan.model import ChangePlan
from monitor.registry import Change
from tests.browser.dossier_examples import Plan, example, read

LEAST = 10
COUNT_KEYS = {"n", "rows", "events", "patients", "patients_removed"}


def shared(record: dict[str, Any], **rules: int) -> dict[str, Any]:
    """The dossier of an example under a plan with these rules for records."""
    found = example(record)
    plan = ChangePlan.model_validate_json(canonical_json({**record["plan"], "records": rules}))
    return dossier(Plan(plan, found.plan.sha256), found.change, found.head)


def studies(seed: int, n: int, rate: float) -> tuple[Any, Any]:
    """Scores and outcomes of one window, their law given by a seed."""
    generator = np.random.default_rng(seed)
    score = generator.beta(0.5 + generator.random() * 4, 0.5 + generator.random() * 4, n)
    outcome = (generator.random(n) < np.clip(score * rate * 2, 0, 1)).astype(float)
    return np.clip(score, 1e-6, 1 - 1e-6), outcome


def looked(seed: int, n: int, rate: float) -> dict[str, Any]:
    """The insufficient example with figures of generated studies, and windows that fit them."""
    record = read("insufficient")
    score, outcome = studies(seed, n, rate)
    verdict = record["change"]["verdict"]
    events = int(min(outcome.sum(), n - outcome.sum()))
    log_odds = logit(score)
    verdict["reliability"] = {
        "last_deployed": reliability_bins(log_odds, outcome),
        "candidate": reliability_bins(0.4 + 0.8 * log_odds, outcome),
    }
    verdict["score_histogram"] = score_histogram(score, outcome)
    verdict["validation"] |= {"n": n, "events": events, "patients": n, "prevalence": float(outcome.mean())}
    for item in verdict["criteria"]:
        item["estimate"] |= {"n": n, "events": events}
    verdict["performance"]["auc"] |= {"n": n, "events": events}
    lost = seed % 7, seed % 4 + seed % 3, seed % 23
    rows = [n + sum(lost), n + lost[1] + lost[2], n + lost[2], n]
    verdict["data_account"] = [
        {"step": f"step {number}", "rows": count, "events": events + (number == 0)}
        for number, count in enumerate(rows)
    ]
    verdict["validation"]["ascertainment"] = rows[1] / rows[0]
    return record


def cut_points(found: dict[str, Any]) -> set[Cut]:
    """Every count of studies below a cut that a reader of the record can sum up."""
    points = {Cut(0, 0)}
    for groups in (found["reliability"] or {}).values():
        points |= set(cuts_of_groups(groups))
    if found["score_histogram"]:
        points |= set(cuts_of_histogram(found["score_histogram"]))
    return points


def counts_of(value: Any, key: str = "") -> list[int]:
    """Whole numbers under the keys that count studies or patients."""
    if isinstance(value, dict):
        return [count for name, part in value.items() for count in counts_of(part, name)]
    if isinstance(value, list):
        return [count for item in value for count in counts_of(item, key)]
    counted = key in COUNT_KEYS | {"negatives", "positives"} and type(value) is int
    return [value] if counted else []


class TestFigures:
    @given(seed=st.integers(0, 10**6), n=st.integers(40, 900), rate=st.floats(0.02, 0.9))
    @settings(max_examples=150, deadline=None, derandomize=True)
    def test_no_count_below_a_cut_differs_from_another_by_a_small_number(
        self, seed: int, n: int, rate: float
    ) -> None:
        found = json.loads(canonical_json(shared(looked(seed, n, rate), small_cell_minimum=LEAST)))
        for one, other in combinations(sorted(cut_points(found)), 2):
            for low, high in zip(one, other, strict=True):
                assert is_safe(abs(high - low), LEAST), (one, other)
            assert is_safe(abs(sum(other) - sum(one)), LEAST)

    @given(seed=st.integers(0, 10**6), n=st.integers(40, 900), rate=st.floats(0.02, 0.9))
    @settings(max_examples=60, deadline=None, derandomize=True)
    def test_merging_loses_no_study(self, seed: int, n: int, rate: float) -> None:
        found = shared(looked(seed, n, rate), small_cell_minimum=LEAST)
        for groups in (found["reliability"] or {}).values():
            assert sum(group["n"] for group in groups) == n
        if histogram := found["score_histogram"]:
            assert sum(histogram["negatives"]) + sum(histogram["positives"]) == n
            assert len(histogram["edges"]) == len(histogram["negatives"]) + 1
            assert (histogram["edges"][0], histogram["edges"][-1]) == (0.0, 1.0)

    def test_an_ordinary_window_keeps_its_figures(self) -> None:
        """1,500 studies with a third of events: most groups of 150 hold ten of each class."""
        found = shared(looked(3, 1500, 0.5), small_cell_minimum=LEAST)
        assert len(found["reliability"]["candidate"]) >= 5
        assert len(found["score_histogram"]["negatives"]) >= 5

    def test_groups_merged_by_hand(self) -> None:
        """Negatives 20, 20, 20; positives 3, 3, 14: only the first two groups may not stand alone."""
        groups = [
            {"predicted": p, "observed": k / (20 + k), "low": 0, "high": 1, "n": 20 + k, "events": k}
            for p, k in ((0.1, 3), (0.2, 3), (0.4, 14))
        ]
        kept = chain_of_cuts(cuts_of_groups(groups), Cut(60, 20), 5)
        assert kept == [Cut(0, 0), Cut(40, 6), Cut(60, 20)]
        first, last = merged_groups(groups, kept)
        assert (first["n"], first["events"], first["observed"]) == (46, 6, 6 / 46)
        assert first["predicted"] == pytest.approx(0.15)
        assert (last["n"], last["events"]) == (34, 14)

    def test_bins_merged_by_hand(self) -> None:
        edges = [0.0, 0.25, 0.5, 0.75, 1.0]
        histogram = {"edges": edges, "negatives": [9, 2, 0, 9], "positives": [0, 1, 7, 8]}
        kept = chain_of_cuts(cuts_of_histogram(histogram), Cut(20, 16), 5)
        assert kept == [Cut(0, 0), Cut(9, 0), Cut(11 + 9, 16)]
        merged = merged_histogram(histogram, kept)
        assert merged == {"edges": [0.0, 0.25, 1.0], "negatives": [9, 11], "positives": [0, 16]}

    def test_figures_of_too_few_studies_are_left_out(self) -> None:
        record = looked(1, 40, 0.05)
        few = {"edges": [0, 1], "negatives": [37], "positives": [3]}
        record["change"]["verdict"] |= {"score_histogram": few, "reliability": None}
        found = shared(record, small_cell_minimum=LEAST)
        assert found["score_histogram"] is None
        assert found["reliability"] is None


class TestThresholds:
    """A threshold cuts the same studies, so its flagged counts are subtracted from those of the figures."""

    def record(self, *below: tuple[int, int]) -> dict[str, Any]:
        """Figures of 600 studies, and thresholds with so many negatives and positives below."""
        score, outcome = studies(4, 600, 0.5)
        negatives, positives = int((outcome == 0).sum()), int(outcome.sum())
        return {
            "reliability": {"candidate": reliability_bins(logit(score), outcome)},
            "score_histogram": score_histogram(score, outcome),
            "operating_point": {
                "withheld": False,
                "found": {
                    str(number): {
                        "specificity": {"value": low / negatives, "n": negatives},
                        "sensitivity": {"value": (positives - missed) / positives, "n": positives},
                    }
                    for number, (low, missed) in enumerate(below)
                },
            },
        }

    def test_figures_are_cut_around_the_thresholds(self) -> None:
        found = suppression._figures(self.record((57, 13)), LEAST)
        assert "operating_point" not in found
        for cut in cut_points({"score_histogram": None, **found}):
            assert all(is_safe(abs(a - b), LEAST) for a, b in zip(cut, (57, 13), strict=True))

    def test_two_thresholds_with_few_studies_between_them_are_withheld(self) -> None:
        found = suppression._figures(self.record((57, 13), (60, 13)), LEAST)
        assert found["operating_point"] == {"found": None, "withheld": True}
        assert len(found["reliability"]["candidate"]) > 1


class TestAccount:
    @given(seed=st.integers(0, 10**6), n=st.integers(3, 300), rate=st.floats(0.02, 0.9))
    @settings(max_examples=150, deadline=None, derandomize=True)
    def test_no_count_in_the_record_is_small(self, seed: int, n: int, rate: float) -> None:
        found = json.loads(canonical_json(shared(looked(seed, n, rate), small_cell_minimum=LEAST)))
        assert all(is_safe(count, LEAST) for count in counts_of(found))

    @given(seed=st.integers(0, 10**6), n=st.integers(100, 300))
    @settings(max_examples=80, deadline=None, derandomize=True)
    def test_no_two_steps_differ_by_a_small_number(self, seed: int, n: int) -> None:
        found = shared(looked(seed, n, 0.5), small_cell_minimum=LEAST)
        steps = found["data_account"]["waterfall"]
        shown = [(s["rows"], s["events"]) for s in steps if type(s["rows"]) is type(s["events"]) is int]
        for (rows, events), (fewer, left) in combinations(shown, 2):
            assert is_safe(rows - fewer, LEAST)
            assert is_safe(events - left, LEAST)
            assert is_safe((rows - events) - (fewer - left), LEAST)

    def test_a_share_does_not_give_away_what_a_step_withholds(self) -> None:
        """997 of 1,000 outcomes known: three are unknown, so neither step nor share is shown."""
        record = looked(0, 990, 0.5)
        record["change"]["verdict"]["data_account"] = [
            {"step": "mature", "rows": 1000, "events": 400},
            {"step": "known", "rows": 997, "events": 400},
            {"step": "allowed", "rows": 900, "events": 380},
        ]
        record["change"]["verdict"]["validation"]["ascertainment"] = 0.997
        record["change"]["verdict"]["reasons"] = ["outcomes are known at maturity for 99.7% of the window"]
        found = shared(record, small_cell_minimum=LEAST)
        assert [step["step"] for step in found["data_account"]["waterfall"]] == ["known", "allowed"]
        assert found["data_account"]["validation"]["ascertainment"] is None
        assert "99.7" not in canonical_json(found)
        assert "0.997" not in canonical_json(found)

    def test_patients_are_withheld_where_the_studies_give_the_repeats_away(self) -> None:
        record = looked(0, 500, 0.5)
        record["change"]["verdict"]["validation"]["patients"] = 497
        found = shared(record, small_cell_minimum=LEAST)
        assert found["data_account"]["validation"]["patients"] is None

    def test_a_share_with_few_on_one_side_is_withheld(self) -> None:
        """A sensitivity of 196 in 200 leaves four missed events."""
        record = read("accepted")
        estimate = record["change"]["verdict"]["criteria"][0]["estimate"]
        estimate |= {"value": 0.98, "low": 0.95, "high": 0.99, "n": 200, "events": 100}
        found = shared(record, small_cell_minimum=LEAST)["criteria"][0]["estimate"]
        assert (found["value"], found["low"], found["high"], found["n"]) == (None, None, None, 200)


class TestWindowThatStayedSmall:
    """Four events of the ten a shared count needs: a change that ended for want of evidence."""

    @pytest.fixture
    def record(self) -> dict[str, Any]:
        record = read("collecting")
        verdict = {
            "change": "CHG-0001",
            "verdict": "insufficient",
            "reasons": [
                "the fitting window holds 4 of the rarer class in 61 studies, 100 are needed; the log ends "
                "here (137 of the rarer class in the whole cohort)"
            ],
            "collected": {
                **{"n": 61, "events": 4, "patients": 60, "from": "2026-01-01", "to": "2026-02-01"},
                **{"prevalence": 4 / 61, "known_by": "2026-03-01", "matured_by": "2026-03-01"},
            },
            "needed": {"events": 296, "forecast": "2031-05", "events_per_month": 1.43},
        }
        record["change"]["verdict"] = verdict
        record["change"]["candidate"] = None
        return record

    def test_nothing_tells_how_many_there_were(self, record: dict[str, Any]) -> None:
        exact, found = example(record).dossier, shared(record, small_cell_minimum=LEAST)
        window = found["data_account"]["fit"]
        assert (window["events"], window["prevalence"], window["n"]) == (f"<{LEAST}", None, 61)
        text = canonical_json({**found, "plan": None, "limits": None})
        for told in ("296", "1.43", "137", "holds 4", str(4 / 61), "2031-05"):
            assert told in canonical_json(exact)
            assert told not in text

    def test_the_page_says_so(self, record: dict[str, Any], tmp_path: Path) -> None:
        found = shared(record, small_cell_minimum=LEAST)
        page = write_dossier(tmp_path, found)["html"].read_text(encoding="utf-8")
        assert f"&lt;{LEAST}" in page
        assert "are not shown" in page


class TestPages:
    def test_tables_and_drawings_hold_no_small_count(self, tmp_path: Path) -> None:
        found = shared(looked(11, 400, 0.4), small_cell_minimum=LEAST)
        exact = example(looked(11, 400, 0.4)).dossier
        assert any(not is_safe(count, LEAST) for count in counts_of(exact)), "the example has nothing to hide"
        names = {"windows", "waterfall", "groups-last-deployed", "groups-candidate"}
        blocks = [block for section in sections(found) for block in section.blocks]
        tables = [part for block in blocks for part in getattr(block, "tables", (block,))]
        for table in (table for table in tables if isinstance(table, Table) and table.name in names):
            for row in table.rows:
                whole = [getattr(cell, "value", None) for cell in row if getattr(cell, "decimals", 0) == 0]
                assert all(is_safe(value, LEAST) for value in whole if isinstance(value, int))
        for svg in figures(found).values():
            told = re.findall(r"counts ([\d,]+) validation studies, ([\d,]+) with", svg)
            assert all(is_safe(int(part.replace(",", "")), LEAST) for pair in told for part in pair)

    def test_the_bars_are_those_of_the_merged_groups(self) -> None:
        """A drawing knows nothing that the record does not hold."""
        found = shared(looked(11, 400, 0.4), small_cell_minimum=LEAST)
        again = figures(json.loads(canonical_json(found)))
        assert again == figures(found)

    def test_the_document_is_a_function_of_ledger_and_plan(self, tmp_path: Path) -> None:
        once, twice = (shared(looked(5, 400, 0.4), small_cell_minimum=LEAST) for _ in range(2))
        paths = write_dossier(tmp_path, once)
        assert sha256_file(paths["json"]) == sha256_record(twice)


class TestWithoutTheRule:
    def test_no_rule_changes_nothing(self) -> None:
        record = read("accepted")
        assert "records" not in example(record).dossier
        assert "small_cells" not in example(record).dossier

    def test_retention_alone_hides_nothing(self) -> None:
        record = read("accepted")
        exact, found = example(record).dossier, shared(record, retention_years=10)
        assert found["records"]["retention_years"] == 10
        assert any("at least 10 years" in sentence for sentence in found["limits"])
        same = {key for key in exact if key != "limits"}
        assert {key: found[key] for key in same} == {key: exact[key] for key in same}

    def test_the_ledgers_record_is_not_touched(self) -> None:
        found = example(looked(2, 300, 0.4))
        before = copy.deepcopy(found.change)
        plan = ChangePlan.model_validate_json(
            canonical_json({**read("insufficient")["plan"], "records": {"small_cell_minimum": LEAST}})
        )
        dossier(Plan(plan, found.plan.sha256), found.change, found.head)
        assert isinstance(found.change, Change)
        assert found.change == before
