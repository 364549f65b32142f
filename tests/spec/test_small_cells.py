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

from monitor.documentation import dossier, suppression, withheld_alerts, write_dossier
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
from monitor.documentation.content.operating_point import POINTS, SHARES, without_small_cells
from monitor.documentation.figures import figures
from monitor.documentation.sections import sections
from monitor.documentation.withheld import with_parts_withheld
from monitor.documentation.withheld_alerts import with_alerts_withheld
from monitor.hashing import canonical_json, sha256_file, sha256_record
from monitor.logistic import logit
from monitor.performance import reliability_bins, score_histogram
from monitor.plan.model import ChangePlan
from monitor.plan.rules.records import judged_counts_can_be_shown
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


def withheld_of(exact: dict[str, Any], least: int = LEAST) -> dict[str, Any]:
    return json.loads(canonical_json(with_parts_withheld(exact, least)))


def sensitivity(value: float, among: int) -> dict[str, Any]:
    """The rejected example with a criterion at the threshold, and the sentence the ledger has of it."""
    record = read("rejected")
    verdict = record["change"]["verdict"]
    identifier = verdict["criteria"][0]["id"]
    verdict["criteria"][0]["estimate"] |= {
        **{"value": value, "low": 0.871, "high": 0.999},
        "method": f"exact binomial, effective size by patient, {among} studies",
    }
    verdict["criteria"][0]["status"] = "not_contradicted"
    verdict["criteria"][0]["needed_events"] = 98765
    verdict["reasons"] = [f"{identifier} (sensitivity): {value:.3f} [0.871, 0.999] is not demonstrated"]
    return record


def at_threshold(record: dict[str, Any], found: dict[str, Any] | None) -> dict[str, Any]:
    """The shared dossier of an example whose first criterion is a sensitivity, with this operating point."""
    exact = example(record).dossier
    exact["criteria"][0]["metric"] = "sensitivity"
    exact["operating_point"]["found"] = found
    return with_alerts_withheld(copy.deepcopy(exact), exact, LEAST)


class TestAlerts:
    """Shares at the threshold count hits and misses among fewer studies than the window's."""

    def test_two_missed_of_57_are_told_by_no_criterion_and_no_sentence(self) -> None:
        found = at_threshold(sensitivity(55 / 57, 57), {"alerts": {}})
        row, text = found["criteria"][0], canonical_json(found)
        assert (row["estimate"]["value"], row["estimate"]["low"], row["estimate"]["high"]) == (None,) * 3
        assert row["status"] == "not_contradicted"
        for told in ("57 studies", "0.965", str(55 / 57), "0.871", "98765", "98513"):
            assert told not in text

    def test_a_share_with_enough_on_both_sides_stays(self) -> None:
        found = at_threshold(sensitivity(0.75, 80), {"alerts": {}})
        assert found["criteria"][0]["estimate"]["value"] == 0.75

    def test_it_is_withheld_with_the_operating_point(self) -> None:
        found = at_threshold(sensitivity(0.75, 80), None)
        assert found["criteria"][0]["estimate"]["value"] is None

    def test_a_criterion_is_withheld_in_the_whole_dossier(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where no look's operating point is shown, whatever the criterion's own counts."""
        record = sensitivity(55 / 57, 57)
        metric = record["change"]["verdict"]["criteria"][0]["metric"]
        monkeypatch.setattr(withheld_alerts, "AT_THRESHOLD", frozenset({metric}))
        text = canonical_json(shared(record, small_cell_minimum=LEAST))
        assert "57 studies" not in text
        assert str(55 / 57) not in text

    def test_the_change_of_alerts_goes_with_the_operating_point(self) -> None:
        record = read("rejected")
        sentence = "outside the plan's guardrails: the change of alerts is +12.5%, allowed is 10%"
        abstains = "the candidate abstains for 3.7% of the validation studies, the plan allows 1.0%"
        rails = {"slope": 1.0, "probability_change": 0.1, "alert_change": 0.125, "violations": [sentence]}
        record["change"]["verdict"] |= {"envelope": rails, "reasons": [sentence, abstains]}
        text = canonical_json(shared(record, small_cell_minimum=LEAST))
        for told in ("12.5%", "0.125", "3.7%"):
            assert told not in text
            assert told in canonical_json(example(record).dossier)

    def test_weighted_shares_do_not_tell_their_hits(self) -> None:
        share = {"value": 0.5, "n": 40}
        found = {
            **{name: dict.fromkeys(SHARES, share) for name in POINTS},
            **{"reclassified": {}, "abstention": None},
        }
        point = {"found": found, "withheld": False}
        assert without_small_cells(point, LEAST)["found"] is not None
        found["after"] = {**found["after"], "ppv": {"value": 0.5012, "n": 40}}
        assert without_small_cells(point, LEAST) == {"found": None, "withheld": True}

    def test_no_decision_curve_is_shared(self) -> None:
        """Net benefit 0.12340 of 1,000 studies is a sum of two counts; 0.12 stands for ten of them."""
        gain = {"value": 0.1234, "low": 0.101, "high": 0.1456, "n": 1000, "events": 300, "method": "m"}
        exact = example("rejected").dossier
        benefit = {**dict.fromkeys(("before", "after", "change"), gain), "threshold": 0.2, "curve": [{}]}
        exact["operating_point"]["found"] = {"net_benefit": benefit}
        found = withheld_of(exact)["operating_point"]["found"]["net_benefit"]
        assert found["curve"] is None
        assert (found["after"]["value"], found["after"]["low"], found["after"]["high"]) == (0.12, 0.1, 0.15)
        assert "decision-curve" not in figures(
            {**exact, "operating_point": {"found": {"net_benefit": found}}}
        )
        assert withheld_of(exact, 11)["operating_point"]["found"]["net_benefit"]["change"]["value"] is None

    def test_a_small_rank_at_the_freezing_is_not_told(self) -> None:
        exact = example("rejected").dossier
        fit = exact["data_account"]["fit"]
        reason = "a sensitivity of 0.9 is shown up to the 3rd smallest of 100 positive scores"
        exact["operating_point"]["frozen"] = {"n": fit["events"] - 2, "events": 50, "reason": reason}
        frozen = withheld_of(exact)["operating_point"]["frozen"]
        assert frozen["n"] is None
        assert "3rd" not in frozen["reason"]


def subgroup(name: str, n: int, positives: int) -> dict[str, Any]:
    claims = dict.fromkeys(("value", "bound", "half_width", "margin", "p_harm"), 0.01)
    return {"name": name, "n": n, "n_pos": positives, **claims, "status": "not_powered", "needed_n": 5000}


class TestSubgroups:
    """The rejected example's window: 1,750 studies, 252 with the outcome."""

    def found(self, *rows: dict[str, Any]) -> dict[str, Any]:
        record = read("rejected")
        record["change"]["verdict"]["subgroups"] = list(rows)
        return shared(record, small_cell_minimum=LEAST)["subgroups"]

    def test_counts_far_apart_are_shown(self) -> None:
        found = self.found(subgroup("sex = F", 900, 120), subgroup("sex = M", 700, 80))
        assert [row["n"] for row in found["found"]] == [900, 700]
        assert not found["counts_withheld"]

    @pytest.mark.parametrize(
        "rows",
        [
            (subgroup("adult", 1745, 250),),
            (subgroup("age < 60", 900, 120), subgroup("age < 61", 903, 122)),
            (subgroup("sex = F", 900, 120), subgroup("sex = M", 847, 131)),
            (subgroup("sex = F", 900, 4),),
            (subgroup("young", 500, 60), subgroup("old", 400, 90), subgroup("either", 904, 152)),
        ],
        ids=["of the window", "nested", "over levels", "alone", "of a sum"],
    )
    def test_all_are_withheld_where_one_follows_from_others(self, rows: tuple[dict[str, Any], ...]) -> None:
        found = self.found(*rows)
        assert found["counts_withheld"]
        for row in found["found"]:
            assert (row["n"], row["n_pos"], row["needed_n"]) == (None, None, None)
            assert (row["status"], row["words"], row["bound"]) == ("not_powered", "not powered", 0.01)


class TestSizes:
    """Pools, looks and windows hold one another."""

    @pytest.mark.parametrize(("more", "shown"), [(3, False), (400, True)])
    def test_the_other_sites_of_a_pool(self, more: int, shown: bool) -> None:
        record = read("rejected")
        candidate = record["change"]["candidate"]
        fit = candidate["fit"]
        candidate["pooling"] = {
            **{"rows": fit["n"] + 900, "events": fit["events"] + more, "sites": 3},
            **{"estimator": "empirical_bayes", "prior_mean": [0.0, 1.0], "prior_sd": [0.5, 0.5]},
        }
        found = shared(record, small_cell_minimum=LEAST)
        assert (found["change"]["pooling"]["events"] is not None) is shown
        assert (found["change"]["pooling"]["rows"] is not None) is shown
        assert sections(found)

    @pytest.mark.parametrize(("events", "kept"), [((200, 204), [204]), ((200, 230), [200, 230])])
    def test_looks_with_few_events_between_them(self, events: tuple[int, int], kept: list[int]) -> None:
        exact = example("rejected").dossier
        exact["attempt"]["looks_held"] = [
            {"look": number, "events": count} for number, count in enumerate(events, 1)
        ]
        assert [look["events"] for look in withheld_of(exact)["attempt"]["looks_held"]] == kept

    @pytest.mark.parametrize(
        ("sizes", "shown"),
        [
            (((900, 120), (1750, 252)), True),
            (((900, 3), (1750, 252)), False),
            (((900, 120), (897, 117), (1750, 252)), False),
            (((905, 140), (500, 70), (400, 50), (1750, 252)), False),
        ],
        ids=["apart", "one is small", "one in another", "two in another"],
    )
    def test_windows_of_the_versions(self, sizes: tuple[tuple[int, int], ...], shown: bool) -> None:
        record = read("rejected")
        gain = {"value": 0.01, "low": 0.0, "high": 0.02, "n": 900, "events": 120, "method": "m"}
        span = {"from": "2026-01-01", "to": "2026-02-01"}
        record["change"]["verdict"]["versions"] = {
            "windows": [
                {"name": "w", "n": n, "events": events, "patients": n, "prevalence": events / n, **span}
                for n, events in sizes
            ],
            "scores": {name: [0.5] * len(sizes) for name in ("original", "last_deployed", "candidate")},
            **{"learning": gain, "retention": gain, "potential": 0.1},
        }
        found = shared(record, small_cell_minimum=LEAST)
        versions = found["versions"]
        told = [versions["windows"][0][key] for key in ("n", "events", "patients", "prevalence")]
        told += [versions[name]["events"] for name in ("learning", "retention")]
        assert all((value is not None) is shown for value in told)
        assert versions["scores"]["candidate"][0] == 0.5
        page = canonical_json([repr(block) for section in sections(found) for block in section.blocks])
        assert ("sizes of the windows are withheld" in page) is not shown

    def test_the_answer_after_deployment(self) -> None:
        """Four events of 80 studies, and a step at which three studies were lost."""
        exact = example("deployed").dossier
        steps = [{"step": "a", "rows": 83, "events": 7}, {"step": "b", "rows": 80, "events": 4}]
        exact["follow_up"]["found"] = {"n": 80, "events": 4, "patients": 78, "data_account": steps}
        found = suppression.suppressed(with_parts_withheld(exact, LEAST), LEAST)["follow_up"]["found"]
        assert (found["n"], found["events"], found["patients"]) == (80, f"<{LEAST}", None)
        assert [step["rows"] for step in found["data_account"]] == [80]
        assert found["data_account"][0]["events"] == f"<{LEAST}"


def test_a_plan_with_pooled_fits_may_hide_none_of_their_counts() -> None:
    """A pooled fit needs ten events where the closed test needs a hundred: the minimum is held to ten."""
    loaded = ChangePlan.model_validate_json(
        canonical_json({**read("rejected")["plan"], "records": {"small_cell_minimum": 11}})
    )
    assert not list(judged_counts_can_be_shown(loaded))
    pooled = loaded.retraining.events_for.model_copy(update={"pooled": 10})
    retraining = loaded.retraining.model_copy(update={"events_for": pooled})
    protocol = loaded.modification_protocol.model_copy(update={"retraining": (retraining,)})
    (problem,) = judged_counts_can_be_shown(loaded.model_copy(update={"modification_protocol": protocol}))
    assert "at most 10" in problem.expected
