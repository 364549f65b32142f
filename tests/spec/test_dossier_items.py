"""The thirty items that every dossier of a change answers, whatever became of the change."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from monitor.documentation import History, dossier, write_dossier
from monitor.documentation.content.items import ITEMS, STATUSES
from monitor.documentation.content.spec_tests import spec_tests
from monitor.documentation.sections import sections
from monitor.hashing import canonical_json
from monitor.plan.model import ChangePlan
from monitor.registry import Change
from tests.browser.dossier_examples import NAMES, Plan, example, read
from tests.browser.page import parse
from tests.evidence import Scene
from tests.thirty_items import require_thirty

ROOT = Path(__file__).parents[2]


def answer(found: dict[str, Any], number: int) -> dict[str, Any]:
    return found["items"][number - 1]


def with_history(name: str, history: History, **parts: Any) -> dict[str, Any]:
    """The dossier of an example with more around it on the ledger."""
    found = example(name)
    change = type(found.change)(**{**vars(found.change), **parts})
    return dossier(found.plan, change, found.head, history)


def earlier_attempt(name: str) -> Change:
    """A change of the same place that came before the example's."""
    found = example(name).change
    opened = {**found.opened, "change": "CHG-0000"}
    return type(found)(**{**vars(found), "id": "CHG-0000", "opened": opened})


class TestThirtyItems:
    def test_are_thirty(self) -> None:
        assert len(ITEMS) == 30
        assert len({item.title for item in ITEMS}) == 30

    @pytest.mark.parametrize("name", NAMES)
    def test_none_is_missing_or_empty(self, name: str) -> None:
        require_thirty(example(name).dossier)

    @pytest.mark.parametrize("name", NAMES)
    @pytest.mark.parametrize("number", [1, 15, 30])
    def test_the_check_itself_can_fail(self, name: str, number: int) -> None:
        found = json.loads(canonical_json(example(name).dossier))
        found["items"][number - 1]["text"] = " "
        with pytest.raises(AssertionError):
            require_thirty(found)
        del found["items"][number - 1]
        with pytest.raises(AssertionError):
            require_thirty(found)

    @pytest.mark.parametrize("name", NAMES)
    def test_the_page_lists_all_with_a_link_to_each_section(self, name: str, tmp_path: Path) -> None:
        found = example(name).dossier
        page = parse(write_dossier(tmp_path, found)["html"].read_text(encoding="utf-8"))
        for row in found["items"]:
            for text in (row["title"], row["source"], row["text"], row["person"] or ""):
                assert " ".join(text.split()) in page.text
            assert {f"#{anchor}" for anchor in row["where"]["sections"]} <= set(page.links)

    @pytest.mark.parametrize("name", NAMES)
    def test_the_summary_counts_them_and_names_those_that_wait(self, name: str) -> None:
        found = example(name).dossier
        told = found["completeness"]
        assert sum(told[status] for status in STATUSES) == 30
        assert told["waiting_for_a_person"] == [row["number"] for row in found["items"] if row["person"]]

    @pytest.mark.parametrize("name", NAMES)
    def test_a_question_of_law_is_never_answered(self, name: str) -> None:
        found = example(name).dossier
        assert answer(found, 24)["status"] == "needs_person"
        assert all(row["question"].endswith(("?", ".")) for row in found["side_checks"])
        assert answer(found, 21)["status"] != "evidence"

    @pytest.mark.parametrize("name", NAMES)
    def test_one_record_one_content(self, name: str) -> None:
        assert canonical_json(example(name).dossier) == canonical_json(example(name).dossier)


class TestConformity:
    def test_what_was_not_implemented_is_no_deviation(self) -> None:
        for name in ("rejected", "insufficient", "collecting", "kept"):
            found = example(name).dossier["conformity"]
            assert found["result"] == "in_plan"
            assert "never a deviation" in found["words"]

    @pytest.mark.parametrize(
        ("part", "key", "value", "clause", "result"),
        [
            ("opened", "modification", "M9", "The modification is described in the plan", "outside_plan"),
            ("alarm", "stream", "covariates", "Retraining: the trigger fired", "deviation"),
            ("opened", "alpha", 0.05, "Evaluation: the alpha of the attempt", "deviation"),
        ],
    )
    def test_a_clause_that_does_not_hold_decides(
        self, part: str, key: str, value: Any, clause: str, result: str
    ) -> None:
        record = read("rejected")
        record["change"][part][key] = value
        found = example(record).dossier["conformity"]
        assert [row["clause"] for row in found["clauses"] if row["holds"] == "no"] == [clause]
        assert found["result"] == result

    def test_a_plan_edited_after_the_change_was_opened_is_outside(self) -> None:
        assert (
            with_history("accepted", History(), plan_sha256="0" * 64)["conformity"]["result"]
            == "outside_plan"
        )

    def test_another_calibrator_than_the_judged_one_is_seen(self) -> None:
        record = read("deployed")
        record["change"]["deployed"]["calibrator"]["parameters"]["intercept"] += 0.001
        found = example(record).dossier
        assert found["conformity"]["result"] == "deviation"
        assert found["provenance"]["tested_sha256"] != found["provenance"]["released_sha256"]

    def test_a_simulated_approval_implements_nothing_under_the_plan(self) -> None:
        assert example("deployed").dossier["conformity"]["result"] == "simulated"

    def test_a_recorded_deviation_is_named(self) -> None:
        body = {"deviation": "DEV-0001", "change": "CHG-0001", "is_deviation": True, "category": "deviation"}
        found = with_history("accepted", History(deviations=(body,)))
        assert found["conformity"]["result"] == "deviation"
        assert "DEV-0001" in answer(found, 14)["text"]


class TestNotices:
    @pytest.mark.parametrize("name", ["rejected", "insufficient", "collecting", "kept"])
    def test_nothing_is_said_to_users_about_what_was_not_implemented(self, name: str) -> None:
        found = example(name).dossier
        assert found["release_note"]["parts"] == []
        assert found["labeling"]["changes"] == []
        assert found["model_card_delta"]["rows"] == []
        assert [row["version"] for row in found["labeling"]["version_history"]] == ["v0"]
        assert {answer(found, number)["status"] for number in (19, 20, 21, 22, 23, 29)} == {"not_applicable"}

    def test_a_note_before_deployment_is_a_draft(self) -> None:
        found = example("accepted").dossier
        assert found["release_note"]["status"].startswith("draft")
        assert found["labeling"]["status"].startswith("draft")
        assert found["deployment"] is None

    def test_the_note_tells_what_the_evaluation_found(self) -> None:
        found = example("deployed").dossier
        text = " ".join(part["text"] for part in found["release_note"]["parts"])
        before, after = (
            found["performance"][name]["observed_expected"] for name in ("last_deployed", "candidate")
        )
        assert f"{100 * before:.0f} occurred; for the new ones it is {100 * after:.0f}." in text
        for row in found["criteria"]:
            assert f"({row['id']}) {row['status_words']}" in text

    def test_after_a_rollback_users_are_told_of_the_return(self) -> None:
        back = {
            "from": {"version": "v1"},
            "to": {"version": "v0"},
            "night": "1993-09-30",
            "signer": "A. Lead",
            "role": "clinical_lead",
            "reason": "worse",
        }
        found = with_history("deployed", History(), rolled_back=back)
        assert "again that of version v0" in found["release_note"]["parts"][0]["text"]
        assert found["labeling"]["changes"] == []
        assert answer(found, 23)["status"] == "not_applicable"
        require_thirty(found)

    def test_the_public_summary_has_its_four_parts(self) -> None:
        parts = [part["part"] for part in example("accepted").dossier["public_summary"]]
        assert parts == [
            "Planned modifications",
            "Testing methods",
            "Validation and performance requirements",
            "How users are informed",
        ]


class TestHistory:
    def test_earlier_attempts_stand_with_their_verdict_and_alpha(self) -> None:
        before = earlier_attempt("insufficient")
        record = read("insufficient")
        record["change"]["opened"] |= {"attempt": 2, "alpha": 0.0125}
        found = example(record)
        told = dossier(found.plan, found.change, found.head, History(changes=(before, found.change)))
        assert [(row["change"], row["verdict_words"]) for row in told["earlier_attempts"]] == [
            ("CHG-0000", "Insufficient evidence")
        ]
        assert told["sequestration"]["alpha_committed"] == pytest.approx(0.025 + 0.0125)
        assert told["sequestration"]["attempts_at_this_place"] == 2

    def test_a_later_change_is_no_earlier_attempt(self) -> None:
        found = example("insufficient")
        later = earlier_attempt("insufficient")
        told = dossier(found.plan, found.change, found.head, History(changes=(found.change, later)))
        assert told["earlier_attempts"] == []

    def test_every_executed_change_is_listed(self) -> None:
        found = example("deployed").dossier["execution_history"]
        assert [(row["change"], row["version"], row["simulated"]) for row in found] == [
            ("CHG-0001", "v1", True)
        ]
        assert example("rejected").dossier["execution_history"] == []


class TestTraceability:
    def test_every_named_test_exists(self) -> None:
        for part in spec_tests().values():
            for test in part:
                assert test["test"] in names_of(ROOT / test["test"].split("::")[0]), test["test"]

    def test_a_name_that_is_not_there_is_noticed(self) -> None:
        assert "tests/spec/test_verdict.py::test_nobody_wrote" not in names_of(
            ROOT / "tests/spec/test_verdict.py"
        )

    def test_every_part_of_the_protocol_has_tests_and_a_section_with_the_result(self) -> None:
        found = example("accepted").dossier
        anchors = {section.id for section in sections(found)}
        for row in found["traceability"]:
            assert row["tests"]
            assert {test["result"] for test in row["tests"]} <= anchors

    def test_every_guideline_item_points_to_a_section(self) -> None:
        found = example("accepted").dossier
        anchors = {section.id for section in sections(found)}
        assert {row["section"] for row in found["reporting_guidelines"]} <= anchors


def names_of(file: Path) -> set[str]:
    """Every test of a file, as pytest names it."""
    at = file.relative_to(ROOT).as_posix()
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {f"{at}::{name}" for name in _tests(tree.body)}


def _tests(body: list[ast.stmt]) -> list[str]:
    found: list[str] = []
    for node in body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            found.append(node.name)
        elif isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            found += [f"{node.name}::{name}" for name in _tests(node.body)]
    return found


class TestSmallCells:
    @pytest.mark.parametrize("name", NAMES)
    def test_new_parts_are_made_from_what_may_be_shared(self, name: str) -> None:
        record = read(name)
        found = example(record)
        ruled = ChangePlan.model_validate_json(
            canonical_json({**record["plan"], "records": {"small_cell_minimum": 1000}})
        )
        told = dossier(Plan(ruled, found.plan.sha256), found.change, found.head)
        require_thirty(told)
        secret = {str(value) for value in counts_of(record["change"])} - written(record["plan"])
        parts = ("conformity", "sequestration", "release_note", "labeling", "items", "impact_recheck")
        text = canonical_json({part: told[part] for part in parts})
        assert not {value for value in secret if len(value) > 2 and f" {value} " in text}


def counts_of(value: Any, key: str = "") -> set[int]:
    """Every count of studies, events or patients in the ledger's bodies."""
    if isinstance(value, dict):
        return set().union(*(counts_of(part, name) for name, part in value.items()))
    if isinstance(value, list):
        return set().union(*(counts_of(part, key) for part in value))
    return (
        {value}
        if key in ("n", "events", "patients", "rows", "patients_removed") and type(value) is int
        else set()
    )


def written(value: Any) -> set[str]:
    """Every number that the plan itself writes down."""
    if isinstance(value, dict):
        return set().union(*(written(part) for part in value.values()))
    if isinstance(value, list):
        return set().union(*(written(part) for part in value))
    return {str(value)}


class TestFinishedWorkspaces:
    def test_every_dossier_on_record_has_all_thirty(self, lived_scene: Scene, replayed_scene: Scene) -> None:
        for scene in (lived_scene, replayed_scene):
            files = sorted(scene.path.glob("dossiers/*/dossier.json"))
            assert files
            for file in files:
                found = json.loads(file.read_text(encoding="utf-8"))
                require_thirty(found)
                assert found["provenance"]["software_at_binding"]
                assert "not_told" not in {row["holds"] for row in found["conformity"]["clauses"]}
