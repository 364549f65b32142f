"""What every dossier says, whatever became of the change."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from monitor.documentation import index_page, summary, write_dossier
from monitor.hashing import canonical_json, sha256_file, sha256_record
from tests.browser.dossier_examples import NAMES, WITH_LOOK, Example, example, read
from tests.browser.page import Page, parse


@pytest.fixture(scope="module", params=NAMES)
def issued(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Example, Page, Path]:
    found = example(request.param)
    paths = write_dossier(tmp_path_factory.mktemp(request.param), found.dossier)
    return found, parse(paths["html"].read_text(encoding="utf-8")), paths["html"].parent


def page_of(found: Example, folder: Path) -> Page:
    return parse(write_dossier(folder, found.dossier)["html"].read_text(encoding="utf-8"))


def numbers(value: Any) -> set[float]:
    """Every number anywhere in a record."""
    if isinstance(value, dict):
        return set().union(*(numbers(item) for item in value.values()))
    if isinstance(value, list):
        return set().union(*(numbers(item) for item in value))
    return {float(value)} if isinstance(value, int | float) and not isinstance(value, bool) else set()


class TestEveryDossier:
    def test_has_every_section_in_order(self, issued: tuple[Example, Page, Path]) -> None:
        _, page, _ = issued
        assert page.sections == [
            *(
                "headline",
                "plan",
                "trigger",
                "data",
                "outcomes-read",
                "change",
                "reliability",
                "over-time",
                "criteria",
                "verdict",
                "operating-point",
                "subgroups",
                "versions",
                "attempt",
                "conformity",
                "history",
            ),
            *("approvals", "follow-up", "ledger", "traceability", "impact", "update", "deployment"),
            *("labeling", "release-note", "public-summary", "questions", "limits", "items", "reporting"),
        ]

    def test_names_the_plan_by_title_version_hash_and_style_of_its_criteria(
        self, issued: tuple[Example, Page, Path]
    ) -> None:
        found, page, _ = issued
        plan = found.plan.plan
        style = found.dossier["plan"]["criteria_style"]["name"]
        assert style in ("strict", "benefit-first")
        for text in (plan.plan.title, plan.plan.version, found.plan.sha256, plan.device.model_version, style):
            assert text in page.text

    def test_json_is_the_record_and_its_hash_is_the_file_hash(
        self, issued: tuple[Example, Page, Path]
    ) -> None:
        found, page, folder = issued
        file = folder / "dossier.json"
        assert json.loads(file.read_text(encoding="utf-8")) == found.dossier
        assert sha256_file(file) == sha256_record(found.dossier)
        assert sha256_file(file) in page.text

    def test_every_number_on_the_page_is_the_rounding_of_one_in_the_record(
        self, issued: tuple[Example, Page, Path]
    ) -> None:
        found, page, _ = issued
        known = numbers(found.dossier)
        assert page.numbers
        for value, text in page.numbers:
            assert value in known
            shown = re.search(r"[−]?[\d,]+(\.\d+)?", text)
            assert shown
            if text.startswith("<"):
                assert value < float(shown.group())
                continue
            decimals = len(shown.group(1) or ".") - 1
            scale = 100 if text.endswith("%") else 1
            plain = float(shown.group().replace("−", "-").replace(",", ""))
            assert abs(plain - scale * value) <= 0.5 * 10**-decimals + 1e-9

    def test_states_its_limits_and_that_it_is_no_determination(
        self, issued: tuple[Example, Page, Path]
    ) -> None:
        _, page, _ = issued
        assert "not a regulatory determination" in page.text
        assert "Not evaluated: subgroups" in page.text
        assert "not an electronic signature under 21 CFR Part 11" in page.text

    def test_gives_the_false_alarm_probability_of_its_trigger(
        self, issued: tuple[Example, Page, Path]
    ) -> None:
        found, page, _ = issued
        assert found.dossier["trigger"]["false_alarm"]["at_most"] == pytest.approx(0.05 * 0.4)
        assert "false alarm there with probability at most 0.02 over" in page.text

    def test_same_record_same_bytes(self, issued: tuple[Example, Page, Path], tmp_path: Path) -> None:
        found, _, folder = issued
        again = write_dossier(tmp_path, found.dossier)
        for path in again.values():
            assert path.read_bytes() == (folder / path.relative_to(tmp_path)).read_bytes()
        assert {path.name for path in folder.rglob("*.part")} == set()


class TestVerdicts:
    @pytest.mark.parametrize(
        ("name", "words", "state"),
        [
            ("accepted", "Accepted", "proposed"),
            ("deployed", "Accepted", "deployed"),
            ("rejected", "Rejected", "rejected"),
            ("insufficient", "Insufficient evidence", "insufficient"),
            ("collecting", "Insufficient evidence", "insufficient"),
            ("kept", "No candidate", "withdrawn"),
        ],
    )
    def test_the_title_says_the_verdict(self, name: str, words: str, state: str) -> None:
        headline = example(name).dossier["headline"]
        assert (headline["words"], headline["state"]) == (words, state)
        assert headline["reasons"]
        assert headline["next"]

    @pytest.mark.parametrize("name", ["rejected", "insufficient", "collecting", "kept"])
    def test_nothing_but_an_accept_reads_like_one(self, name: str, tmp_path: Path) -> None:
        found = example(name)
        page = page_of(found, tmp_path)
        assert "Accepted" not in page.text
        assert "pccp approve" not in page.text
        assert f"({found.change.opened['last_deployed']['version']}) stays in use" in page.text

    @pytest.mark.parametrize("name", WITH_LOOK)
    def test_every_estimate_stands_in_the_criteria_table(self, name: str, tmp_path: Path) -> None:
        found = example(name)
        shown = {value for value, _ in page_of(found, tmp_path).numbers}
        for row in found.dossier["criteria"]:
            assert {row["estimate"][key] for key in ("value", "low", "high", "n", "events")} <= shown

    @pytest.mark.parametrize("name", ["collecting", "kept"])
    def test_without_a_look_every_criterion_is_listed_as_not_evaluated(
        self, name: str, tmp_path: Path
    ) -> None:
        found = example(name)
        rows = found.dossier["criteria"]
        assert [row["id"] for row in rows] == [item.id for item in found.plan.plan.evaluation.criteria]
        assert all(row["status"] == "not_evaluated" and not row["met"] for row in rows)
        assert "No look was reached" in page_of(found, tmp_path).text

    def test_a_change_that_never_reached_its_look_says_what_is_missing_and_when(self) -> None:
        headline = example("collecting").dossier["headline"]
        assert (
            "A decision would have needed 259 more events (studies of the rarer class, to fit and to judge)."
            in headline["next"]
        )
        assert "At this site's volume they would be there in 2027-11." in headline["next"]

    def test_after_a_look_the_events_still_needed_are_the_most_any_open_criterion_needs(self) -> None:
        found = example("insufficient").dossier
        missing = {row["id"]: row["missing_events"] for row in found["criteria"] if not row["met"]}
        assert missing == {"G1": 1970 - 172, "G2": 188 - 172, "G6": 279 - 172}
        assert found["verdict"]["needed"]["events"] == 1798

    def test_a_criterion_that_no_number_of_events_would_meet_gives_no_number(self, tmp_path: Path) -> None:
        record = read("insufficient")
        record["change"]["verdict"]["criteria"][0]["needed_events"] = None
        found = example(record)
        assert found.dossier["verdict"]["needed"]["events"] is None
        assert "No number of further events can be named" in page_of(found, tmp_path).text

    def test_an_accept_refused_for_missing_outcomes_says_so(self) -> None:
        record = read("accepted")
        reason = "outcomes are known at maturity for 71.0% of the validation window, the plan asks for 90%"
        record["change"]["verdict"].update(verdict="insufficient", reasons=[reason])
        headline = example(record).dossier["headline"]
        assert headline["reasons"] == ["O" + reason[1:] + "."]
        assert "the studies do not satisfy the plan" in headline["summary"]

    def test_the_rule_names_what_is_demonstrated_and_what_not_contradicted(self) -> None:
        strict, benefit_first = (
            example(name).dossier["verdict"]["rule"] for name in ("accepted", "deployed")
        )
        assert strict.startswith("Accept only with G1, G2, G3 and G6 demonstrated, all at the same look")
        assert benefit_first.startswith(
            "Accept only with G1 and G6 demonstrated and G2 and G3 not contradicted"
        )

    @pytest.mark.parametrize(("alpha", "level"), [(0.025, "95"), (0.0125, "97.5"), (0.00625, "98.75")])
    def test_the_interval_level_follows_the_alpha_of_the_look(
        self, alpha: float, level: str, tmp_path: Path
    ) -> None:
        record = read("accepted")
        record["change"]["verdict"]["alpha"] = alpha
        assert f"Estimate ({level}\xa0% interval)" in page_of(example(record), tmp_path).text


class TestWarnings:
    def test_a_plan_without_authorization_is_watermarked_on_page_and_paper(self, tmp_path: Path) -> None:
        page = page_of(example("accepted"), tmp_path)
        assert "Not an authorized PCCP." in page.text
        assert "NOT AN AUTHORIZED PCCP" in page.source

    def test_a_submitted_plan_is_not_an_authorized_one(self) -> None:
        record = read("accepted")
        record["plan"]["plan"]["authorization"] = {"status": "submitted"}
        assert [banner["id"] for banner in example(record).dossier["banners"]] == ["not_authorized"]

    def test_an_authorized_plan_has_no_watermark(self, tmp_path: Path) -> None:
        assert example("rejected").dossier["banners"] == []
        assert "AUTHORIZED PCCP" not in page_of(example("rejected"), tmp_path).source

    def test_a_simulated_approval_is_never_taken_for_a_persons(self, tmp_path: Path) -> None:
        page = page_of(example("deployed"), tmp_path)
        assert "Simulated approval." in page.text
        assert "yes: no person approved" in page.text

    def test_another_actor_than_the_manufacturer_is_warned(self) -> None:
        record = read("accepted")
        record["plan"]["plan"]["actor"] = "qualified_user"
        assert "not_the_manufacturer" in [banner["id"] for banner in example(record).dossier["banners"]]


class TestDecisions:
    def test_an_accepted_change_prints_the_exact_commands(self, tmp_path: Path) -> None:
        rest = "WORKSPACE CHG-0001 --signer NAME --role ROLE --key KEYFILE --meaning TEXT"
        page = page_of(example("accepted"), tmp_path)
        assert f"pccp approve {rest}" in page.text
        assert f"pccp decline {rest}" in page.text
        assert "nobody can approve yet" in page.text

    def test_a_decided_change_prints_no_commands(self) -> None:
        assert example("deployed").dossier["approvals"]["commands"] == []

    def test_a_refusal_stands_in_the_approval_record(self) -> None:
        found = example("accepted")
        declined = {"change": "CHG-0001", "signer": "A. Lead", "role": "quality_lead", "meaning": "not now"}
        change = type(found.change)(**{**vars(found.change), "declined": declined})
        record = Example(found.plan, change, found.head).dossier
        assert record["headline"]["state"] == "declined"
        assert [(row["signer"], row["decision"]) for row in record["approvals"]["records"]] == [
            ("A. Lead", "declined")
        ]


class TestLedgerPosition:
    def test_names_the_verdict_entry_and_the_head(self) -> None:
        found = example("rejected")
        ledger = found.dossier["ledger"]
        assert ledger["head"] == found.head
        assert ledger["verdict_entry"]["seq"] == 97

    @pytest.mark.parametrize(("tamper", "word"), [(False, "intact"), (True, "ALTERED")])
    def test_the_printed_command_checks_the_entry(self, tamper: bool, word: str, tmp_path: Path) -> None:
        record = read("rejected")
        entry = {
            "seq": 1,
            "prev": "0" * 64,
            "kind": "verdict",
            "at": "2026-03-01",
            "body": {"site": 'Bäd "x"'},
        }
        digest = sha256_record(entry)
        record["change"]["entries"] = [[1, digest, "verdict"]]
        stored = {**entry, "at": "2026-03-02"} if tamper else entry
        lines = ["{}", canonical_json({**stored, "hash": digest}), "{}"]
        (tmp_path / "ledger.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        command = example(record).dossier["ledger"]["check_command"].replace("WORKSPACE", str(tmp_path))
        done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
        assert done.stdout.split() == [word, digest]


class TestIndex:
    def test_lists_every_change_with_a_link_and_its_verdict(self) -> None:
        page = parse(index_page([summary(example(name).dossier) for name in NAMES]))
        forms = [f"CHG-0001/dossier.{form}" for form in ("html", "pdf", "json")]
        assert page.links == ["#content", *forms * len(NAMES)]
        for words in ("Accepted", "Rejected", "Insufficient evidence", "No candidate"):
            assert words in page.text

    def test_without_a_change_it_says_so(self) -> None:
        assert "No change has been opened" in parse(index_page([])).text

    @pytest.mark.parametrize("name", ["../../etc", "a/b", "", "javascript:alert(1)", "CHG 1"])
    def test_a_name_that_could_leave_the_folder_is_refused(self, name: str) -> None:
        with pytest.raises(ValueError, match="identifier of a change"):
            index_page([{**summary(example("accepted").dossier), "change": name}])
