"""Pages of changes, ledger, data and plan: what must be decided, by whom, with which command, from what."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from monitor import plan
from monitor.documentation.review import review_pages, write_review
from monitor.documentation.review.addresses import change_page
from monitor.operation.attempt.outcome_counts import OutcomeCounts
from monitor.operation.reading.arrivals_read import arrivals_of
from monitor.operation.reading.ledger_read import ledger_of
from monitor.operation.reading.next_decision import next_decision
from monitor.operation.reading.plan_read import streams_planned
from monitor.records import Place
from monitor.registry import Alarm, Change, RegistryState
from monitor.store import CohortCount
from tests.browser.page import Page, parse
from tests.review_documents import PLACE, PLAN, change, documents, ledger, look_seen, power, wait
from tests.review_examples import report

HARBOUR = Place("Harbour", "pneumothorax")
NIGHT = date(2026, 2, 28)


def read(found: dict[str, Any]) -> dict[str, Page]:
    return {name: parse(page) for name, page in review_pages(found).items()}


@pytest.fixture(scope="module")
def pages() -> dict[str, Page]:
    return read({**report(2, nights=5), "workspace": "my work"})


def words(page: Page) -> str:
    return re.sub(r"\s+", " ", page.text)


def of(pages: dict[str, Page], name: str) -> Page:
    return pages[change_page({"id": name})]


def one(**more: Any) -> Page:
    """The page of one change, with no place around it."""
    found = {**change("CHG-0009", "proposed", "accept"), **more}
    return of(read({"workspace": "net", "changes": [found]}), "CHG-0009")


class TestListOfChanges:
    def test_those_that_wait_for_a_person_come_first(self, pages: dict[str, Page]) -> None:
        links = [link for link in pages["changes.html"].links if link.startswith("change-")]
        order = ("CHG-0002", "CHG-0003", "CHG-0004", "CHG-0001")
        assert links == [change_page({"id": name}) for name in order]

    def test_says_how_many_are_open_on_every_page(self, pages: dict[str, Page]) -> None:
        assert "4 changes, 2 of them open; 1 waits for signatures" in words(pages["changes.html"])
        assert all("Changes (2 open)" in page.text for page in pages.values())

    def test_silence_about_changes_is_not_none(self) -> None:
        assert "Changes: not computed" in words(read({})["changes.html"])
        assert "No change yet" in words(read({"changes": []})["changes.html"])

    def test_a_change_without_a_state_is_open_and_no_success(self) -> None:
        found = read({"changes": [{"id": "CHG-0009"}]})
        assert "1 change, 1 of them open" in words(found["changes.html"])
        assert "No verdict yet" in words(of(found, "CHG-0009"))


class TestPageOfAChange:
    @pytest.mark.parametrize(
        ("state", "said"),
        [
            ("collecting", "Events still needed83 more eventsExpected2026-09 at 39.4 events a month"),
            ("insufficient", "It lacked83 more eventsThere by2026-09 at 39.4 events a month"),
        ],
    )
    def test_a_change_that_has_ended_awaits_no_more_events(self, state: str, said: str) -> None:
        needed = {"events": 83, "forecast": "2026-09", "events_per_month": 39.4}
        assert said in words(one(state=state, needed=needed))

    def test_shows_verdict_gates_windows_and_the_calibrator_in_one_line(self, pages: dict[str, Page]) -> None:
        text = words(of(pages, "CHG-0001"))
        assert "Rejected" in text
        assert "G2 (observed expected ratio) is contradicted." in text
        assert "0.98 (0.91 to 1.07)" in text
        assert "Fitting2026-01-182026-01-31550106" in text
        assert "v0: the raw score → v1: logit(p) = 0.8800 + 1.0000 × logit(score)" in text

    def test_gives_the_exact_command_for_each_missing_signature(self, pages: dict[str, Page]) -> None:
        text = of(pages, "CHG-0002").text
        sign = "'my work' CHG-0002 --signer 'NAME' --role {} --key 'KEYFILE' --meaning 'MEANING'"
        assert f"pccp approve {sign.format('qa_lead')}" in text
        assert f"pccp decline {sign.format('ROLE')}" in text
        assert "--role clinical_lead" not in text
        assert "The plan lists no key for qa_lead" in text

    def test_quotes_what_a_shell_would_read_otherwise(self) -> None:
        page = one(approvals=[{"role": "lead; rm", "have": 0, "need": 1}])
        assert "pccp approve net CHG-0009 --signer 'NAME' --role 'lead; rm'" in page.text

    def test_offers_rollback_only_where_its_calibrator_is_live(self, pages: dict[str, Page]) -> None:
        command = "pccp rollback 'my work' --site Harbour --finding pneumothorax --signer"
        offering = [name for name, page in pages.items() if command in page.text]
        assert offering == [change_page({"id": "CHG-0004"})]

    def test_an_ended_change_offers_nothing_to_sign(self, pages: dict[str, Page]) -> None:
        assert "Nothing to sign: the change has ended." in words(of(pages, "CHG-0001"))
        assert "pccp approve" not in of(pages, "CHG-0001").text

    def test_leads_to_dossier_place_and_plan(self, pages: dict[str, Page]) -> None:
        links = of(pages, "CHG-0002").links
        assert "../dossiers/CHG-0002/dossier.html" in links
        assert "plan.html" in links
        assert any(link.startswith("place-harbour-") for link in links)

    def test_leads_to_the_other_forms_of_the_dossier(self, pages: dict[str, Page]) -> None:
        links = of(pages, "CHG-0002").links
        assert {f"../dossiers/CHG-0002/dossier.{form}" for form in ("pdf", "json")} <= set(links)

    def test_draws_what_the_look_saw_with_the_numbers_of_the_report(self, pages: dict[str, Page]) -> None:
        text, seen = words(of(pages, "CHG-0001")), look_seen()
        for part in seen["calibration_over_time"]["last_deployed"]:
            assert f"{part['from']} to {part['to']}: {part['value']:.2f} ({part['low']:.2f}" in text
        assert "sex = M: harmed, saves −0.0200, lower bound −0.0300" in text
        assert "Newly flagged, with the outcome: 7 in 7 patients." in text

    def test_a_change_without_a_look_says_so_in_the_place_of_figures(self, pages: dict[str, Page]) -> None:
        assert "No look has been held at outcomes that could be drawn." in words(of(pages, "CHG-0003"))

    def test_links_no_dossier_that_is_not_there_or_lies_elsewhere(self, pages: dict[str, Page]) -> None:
        assert not any("dossiers" in link for link in of(pages, "CHG-0003").links)
        found = read({"changes": [{**change("../../x", "deployed", "accept")}]})
        assert not any("dossiers" in link for page in found.values() for link in page.links)

    def test_a_simulated_approval_is_no_signature(self) -> None:
        assert "no person has signed this change" in words(one(simulated_approval=True))

    def test_is_removed_when_the_report_has_its_change_no_longer(self, tmp_path: Path) -> None:
        write_review({"changes": [change("CHG-0009", "proposed", "accept")]}, tmp_path)
        assert (tmp_path / change_page({"id": "CHG-0009"})).exists()
        write_review({"changes": []}, tmp_path)
        assert not (tmp_path / change_page({"id": "CHG-0009"})).exists()


class TestNextDecision:
    def test_stands_on_the_front_page_and_on_the_change(self, pages: dict[str, Page]) -> None:
        said = "154 more events, 14 months at 11 events a month"
        assert said in words(pages["index.html"])
        assert said in words(of(pages, "CHG-0003"))
        assert "2027-05" in words(pages["index.html"])

    def test_is_never_where_the_plan_ends_the_wait_first(self) -> None:
        text = words(one(state="collecting", next_decision=wait(in_time=False)))
        assert "Never: look 1 of 1: 154 more events" in text
        assert "insufficient after 2028-02-11" in text

    def test_counts_events_at_the_volume_of_the_place(self) -> None:
        found = decided(candidate=True, monthly=11)
        assert (found["state"], found["have"], found["need"], found["missing"]) == (
            "collecting",
            11,
            200,
            189,
        )
        assert found["months"] == pytest.approx(189 / found["events_per_month"], abs=0.1)

    def test_waits_for_the_fit_and_the_look_before_a_candidate_is_frozen(self) -> None:
        found = decided(candidate=False, monthly=11)
        assert (found["stage"], found["need"], found["still_to_come"]) == ("fit", 100, 200)

    def test_has_no_date_where_no_event_comes(self) -> None:
        found = decided(candidate=True, monthly=0)
        assert (found["on"], found["months"], found["in_time"]) == (None, None, False)

    def test_is_never_in_time_beyond_the_longest_wait(self) -> None:
        found = decided(candidate=True, monthly=1)
        assert found["on"] > found["deadline"]
        assert not found["in_time"]

    def test_is_none_when_every_attempt_is_used(self) -> None:
        state = RegistryState()
        for number in range(4):
            state.changes[f"CHG-{number}"] = ended(f"CHG-{number}")
        found = next_decision(plan.load(PLAN).plan, state, counts(11), HARBOUR, NIGHT)
        assert (found["state"], found["attempts"], found["on"]) == ("no_attempt_left", 4, None)

    def test_of_a_quiet_place_is_that_of_a_change_opened_now(self) -> None:
        found = next_decision(plan.load(PLAN).plan, RegistryState(), counts(11), HARBOUR, NIGHT)
        assert (found["state"], found["change"], found["missing"]) == ("no_change", None, 300)


def counts(monthly: int) -> OutcomeCounts:
    """Two months of a place, the second after every fit of these tests."""
    found = OutcomeCounts()
    for key, end in (("2026-01-31", date(2026, 1, 31)), ("2026-02-28", date(2026, 2, 28))):
        found.add(CohortCount(HARBOUR, key, end, rows=1000, known=1000, positives=monthly))
    return found


def decided(*, candidate: bool, monthly: int) -> dict[str, Any]:
    """The next decision of a place whose one change collects since February."""
    state, body = (
        RegistryState(),
        {"alarm": "ALM-0001", **PLACE, "stream": "calibration", "night": "2026-02-11"},
    )
    opened = {**PLACE, "alarm": "ALM-0001", "fit_from": "2026-01-31", "approvals": []}
    frozen = {"fit": {"to": "2026-01-31"}} if candidate else None
    state.alarms["ALM-0001"] = Alarm(body)
    state.changes["CHG-0001"] = Change("CHG-0001", body, opened, candidate=frozen)
    return next_decision(plan.load(PLAN).plan, state, counts(monthly), HARBOUR, NIGHT)


def ended(name: str) -> Change:
    return Change(name, {}, {**PLACE, "alarm": "ALM-0001", "approvals": []}, verdict={"verdict": "reject"})


class TestLedger:
    def test_shows_every_entry_with_its_place_and_the_head_of_the_chain(self, pages: dict[str, Page]) -> None:
        text, entries = words(pages["ledger.html"]), ledger()
        assert "All 7 entries are shown." in text
        assert entries[-1].hash in text
        assert "CHG-0001 opened by ALM-0001, attempt 1" in text
        assert all(entry.hash[:12] in text for entry in entries)

    def test_can_be_filtered_by_kind_and_site_and_shows_all_without_the_script(
        self, pages: dict[str, Page]
    ) -> None:
        rows = [a for tag, a in pages["ledger.html"].tags if tag == "tr" and "data-kind" in a]
        assert len(rows) == 7
        assert {row["data-site"] for row in rows} == {"", "Harbour"}
        assert next(a for tag, a in pages["ledger.html"].tags if a.get("class") == "controls")["hidden"] == ""

    def test_a_long_one_says_how_many_are_shown(self) -> None:
        found = ledger_of(ledger(nights=2500), RegistryState())
        text = words(read({"ledger": found})["ledger.html"])
        assert len(found["entries"]) == 2000
        assert "2,000 of 2,504 entries are shown, the newest" in text

    def test_an_entry_of_an_unknown_kind_is_named_by_its_keys(self) -> None:
        entries = [*ledger(0)]
        strange = type(entries[0])(9, "", "novelty", "2026-03-01", {"secret": "x"}, "ab" * 32)
        assert ledger_of([strange], RegistryState())["entries"][0]["summary"] == "holds secret"


class TestData:
    def test_shows_counts_that_add_up_and_says_when_they_do_not(self, pages: dict[str, Page]) -> None:
        marks = re.findall(r'mark-(met|contradicted)">(yes|no)<', pages["data.html"].source)
        assert ("contradicted", "no") in marks
        assert ("met", "yes") in marks

    def test_says_where_refused_rows_lie_and_why_they_were_refused(self, pages: dict[str, Page]) -> None:
        text = words(pages["data.html"])
        assert "7 of 200 rows in 2 files were refused" in text
        assert "rejected/63fd3e5894f362f6.jsonl" in text
        assert "Sentinel score5" in text

    def test_reads_no_refused_row(self, tmp_path: Path) -> None:
        (tmp_path / "rejected").mkdir()
        (tmp_path / "rejected" / f"{'ab' * 8}.jsonl").write_text('{"name": "Jane Roe"}', encoding="utf-8")
        state = RegistryState()
        numbers = {"rows_read": 1, "stored": 0, "duplicates": 0, "revisions": 0, "rejected": 1, "waiting": 0}
        said = {
            "received_on": "2026-02-27",
            "role": "predictions",
            "as_history": False,
            "reasons": {"no_site": 1},
        }
        state.batches.append({**numbers, **said, "notes": {}, "source_sha256": "ab" * 32})
        found = arrivals_of(tmp_path, state, {}, [])
        [batch] = found["batches"]
        assert (batch["refused_rows_there"], batch["reconciles"]) == (True, True)
        assert all("Jane" not in page for page in review_pages({"arrivals": found}).values())


class TestPlan:
    def test_gives_each_stream_its_weight_tolerance_and_limit(self, pages: dict[str, Page]) -> None:
        text = words(pages["plan.html"])
        assert "calibration of the probabilitiescalibration40.00" in text
        assert "9.8118,250" in text

    def test_limits_are_those_of_the_alarm(self) -> None:
        """A year of nights over alpha 5 % and weight 40 %: 365 / (0.05 x 0.4) = 18,250."""
        streams = streams_planned(plan.load(PLAN).plan)
        assert streams[0]["limit"] == pytest.approx(18_250)
        assert sum(stream["weight"] for stream in streams) == pytest.approx(1.0)

    def test_tells_a_number_and_a_category_by_their_tolerances(self) -> None:
        found = {
            stream["stream"]: set(stream["tolerance"]) for stream in streams_planned(plan.load(PLAN).plan)
        }
        assert found["covariate:age"] == {"standardized_difference", "standard_errors"}
        assert found["covariate:view"] == {"logit", "standard_errors"}

    def test_puts_criteria_in_sentences_and_watermarks_an_unauthorized_plan(
        self, pages: dict[str, Page]
    ) -> None:
        text = words(pages["plan.html"])
        assert "G3: Calibration slope, whole interval inside 0.75 to 1.33; must not be contradicted." in text
        assert "Not an authorized PCCP." in text

    def test_shows_what_an_amendment_changed_and_by_whom(self, pages: dict[str, Page]) -> None:
        text = words(pages["plan.html"])
        assert "monitoring.horizon_looks365730" in text
        assert "R. Okafor, qa_lead" in text

    def test_shows_what_it_could_accept_at_each_site(self, pages: dict[str, Page]) -> None:
        text = words(pages["plan.html"])
        assert "probability 0.8 or more at 1 of 2 sites; not at Hill." in text
        assert "Not enough to describe Island: ten events with known outcomes are needed." in text
        assert "3 more sites are not tried here" in text
        for site in power()["sites"]:
            for name, looks in site["passing"].items():
                assert f"{looks[0]['accepted']['value']:.2f}\N{NO-BREAK SPACE}±" in pages["plan.html"].text, (
                    name
                )
        assert "Accepted by look 1, 200 events: perfect 0.97, useful 0.48, harmful 0.00." in text
        assert "pccp plan power 'my work/plan.yaml' --workspace 'my work' --runs 1000" in text

    def test_says_how_to_get_a_power_table_that_was_left_out(self) -> None:
        found = documents()
        del found["plan_document"]["power"]
        text = words(read(found)["plan.html"])
        assert "Not computed: the review was made without it." in text
        assert "pccp plan power" in text

    def test_holds_the_file_as_it_was_bound(self, pages: dict[str, Page]) -> None:
        assert PLAN.read_text(encoding="utf-8") in pages["plan.html"].text
        found = documents()
        found["plan_document"]["text"] = "</code><script>1</script>"
        assert "<script>1" not in review_pages(found)["plan.html"]
