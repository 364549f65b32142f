"""The plan's own life: bound, edited, amended; deviations, closed alarms and corrective actions beside it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from monitor.errors import EvidenceError, MonitorError, OutsidePlanError, PlanError, UsageError
from monitor.operation.attempt.attempts import ROOT_CAUSE
from monitor.operation.people import lifecycle
from monitor.operation.people.closure import CATEGORIES, close_alarm, record_deviation
from monitor.operation.people.lifecycle import amend, preview
from monitor.operation.plans import kept_plan
from monitor.operation.reading.status import status
from monitor.operation.replay import replay
from monitor.operation.workspace import initialise, open_workspace
from monitor.plan import load
from monitor.registry import record_is_signed
from monitor.simulation import Scenario, network
from tests.deciding import PLACE, PLAN, Office, office, without_figures

HIGHER = ("version: 1.0.0", "version: 1.1.0")


@pytest.fixture(autouse=True)
def light(monkeypatch: pytest.MonkeyPatch) -> None:
    without_figures(monkeypatch)


@pytest.fixture
def desk(tmp_path: Path) -> Office:
    return office(tmp_path)


def new_version(desk: Office, *edits: tuple[str, str]) -> Path:
    text = desk.plan.read_text(encoding="utf-8")
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    path = desk.plan.with_name("new.yaml")
    path.write_text(text, encoding="utf-8")
    return path


def bring(desk: Office, *edits: tuple[str, str], person: str = "quality") -> list[str]:
    path, who = new_version(desk, *edits), desk.people[person]
    return [item.key for item in amend(desk.path, path, who, meaning="authorised as K2", key_file=desk.key)]


class TestAnEditedPlan:
    def test_stops_with_exit_code_10_and_says_what_differs(self, desk: Office) -> None:
        bound = desk.path / "plan.yaml"
        bound.write_text(
            bound.read_text()
            .replace("maturity_days: 14", "maturity_days: 15")
            .replace("0.80, on", "0.70, on")
        )
        with pytest.raises(PlanError) as error:
            status_or_open(desk)
        message = str(error.value)
        assert error.value.exit_code == 10
        assert "not the plan this workspace is bound to" in message
        assert "modification_protocol.data_management.0.maturity_days: 14 became 15" in message
        assert "monitoring.floor_of_live_version.auc: 0.8 became 0.7" in message

    def test_comments_and_layout_are_no_edit_of_a_value(self, desk: Office) -> None:
        bound = desk.path / "plan.yaml"
        bound.write_text(bound.read_text() + "# a remark\n")
        status_or_open(desk)

    def test_the_kept_plan_is_the_authorised_text(self, desk: Office) -> None:
        loaded = load(desk.plan)
        assert kept_plan(desk.path, loaded.sha256).text == desk.plan.read_text()
        kept = desk.path / "plans" / f"{loaded.sha256}.yaml"
        kept.write_text(kept.read_text().replace("maturity_days: 14", "maturity_days: 15"))
        with pytest.raises(EvidenceError, match="found a plan with sha256"):
            kept_plan(desk.path, loaded.sha256)


def status_or_open(desk: Office) -> None:
    with open_workspace(desk.path, desk.key):
        pass


class TestAnAmendment:
    def test_puts_the_difference_on_record_and_binds_the_new_version(self, desk: Office) -> None:
        edits = (HIGHER, ("maturity_days: 14", "maturity_days: 21"))
        assert [str(item) for item in preview(desk.path, new_version(desk, *edits))] == [
            'plan.version: "1.0.0" became "1.1.0"',
            "modification_protocol.data_management.0.maturity_days: 14 became 21",
        ]
        assert bring(desk, *edits) == [
            "plan.version",
            "modification_protocol.data_management.0.maturity_days",
        ]
        old, new = load(desk.plan), load(desk.plan.with_name("new.yaml"))
        body = desk.last("amended")
        assert body["from"] == {"version": "1.0.0", "sha256": old.sha256}
        assert (body["plan"]["version"], body["plan"]["sha256"]) == ("1.1.0", new.sha256)
        assert body["difference"][1] == {
            "key": "modification_protocol.data_management.0.maturity_days",
            "old": "14",
            "new": "21",
        }
        assert record_is_signed(body, [key for item in old.plan.approvals for key in item.keys])
        assert (desk.path / "plan.yaml").read_text() == new.text
        assert {path.stem for path in (desk.path / "plans").iterdir()} == {old.sha256, new.sha256}
        desk.propose()
        assert status(desk.path)["plan"]["version"] == "1.1.0"

    def test_the_old_version_is_then_an_edited_plan(self, desk: Office) -> None:
        bring(desk, HIGHER)
        desk.propose()
        shutil.copyfile(desk.plan, desk.path / "plan.yaml")
        with pytest.raises(PlanError, match=r'plan\.version: "1\.1\.0" became "1\.0\.0"'):
            status_or_open(desk)

    def test_a_change_stays_documented_under_the_plan_it_was_judged_by(self, desk: Office) -> None:
        change = desk.deploy()
        bring(desk, HIGHER)
        with open_workspace(desk.path, desk.key) as workspace:
            found = workspace.state.changes[change]
            assert workspace.plan_of(found).plan.plan.version == "1.0.0"
        assert desk.state.changes[change].plan_sha256 == load(desk.plan).sha256

    def test_streams_start_anew_when_what_they_rest_on_changes(self, desk: Office) -> None:
        bring(desk, HIGHER, ("users_informed_by: release_note", "users_informed_by: letter"))
        assert not desk.last("amended")["restarts_streams"]
        bring(desk, ("version: 1.0.0", "version: 1.2.0"), ("horizon_looks: 365", "horizon_looks: 400"))
        assert desk.last("amended")["restarts_streams"]

    def test_an_interrupted_amendment_is_finished_by_the_next_command(
        self, desk: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def killed(*_: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(lifecycle, "use_plan", killed)
        with pytest.raises(KeyboardInterrupt):
            bring(desk, HIGHER)
        assert load(desk.path / "plan.yaml").plan.plan.version == "1.0.0"
        status_or_open(desk)
        assert load(desk.path / "plan.yaml").plan.plan.version == "1.1.0"


REFUSED: dict[str, tuple[tuple[tuple[str, str], ...], type[MonitorError], str]] = {
    "the same plan": ((), UsageError, "bound already"),
    "no higher version": (
        (("maturity_days: 14", "maturity_days: 21"),),
        PlanError,
        "expected above 1.0.0, found 1.0.0",
    ),
    "a lower version": ((("version: 1.0.0", "version: 0.9.9"),), PlanError, "found 0.9.9"),
    "another plan": (
        (HIGHER, ("id: PCCP-PTX-CAL", "id: PCCP-OTHER")),
        PlanError,
        "another plan",
    ),
    "another covariate": (
        (HIGHER, ("name: kvp", "name: tube_voltage")),
        PlanError,
        "logs.covariates.1.name: the rows stored here fix the set of covariates",
    ),
    "strata": (
        (HIGHER, ("levels: [A, B, C]}", "levels: [A, B, C]}\n  strata: {covariate: scanner_vendor}")),
        PlanError,
        "the rows stored here fix the strata",
    ),
    "another cadence": (
        (HIGHER, ("cadence: daily", "cadence: weekly")),
        PlanError,
        "the rows stored here fix the cohorts",
    ),
    "another model": (
        (HIGHER, ("model_version: ptx-3.2.0", "model_version: ptx-4.0.0")),
        OutsidePlanError,
        "device.model_version.*the plan excludes model_weights",
    ),
    "another intended use": (
        (HIGHER, ("Triage of adult frontal", "Triage of frontal")),
        OutsidePlanError,
        "device.intended_use.*the plan excludes intended_use",
    ),
    "another invariant": (
        (HIGHER, ("invariants: [intended_use, population,", "invariants: [intended_use,")),
        OutsidePlanError,
        "device.invariants",
    ),
    "another reference standard": (
        (
            HIGHER,
            ('constants: {label_version: "2"', 'constants: {label_version: "3"'),
            ('version: "2"\n', 'version: "3"\n'),
        ),
        OutsidePlanError,
        "reference_standard.version.*the plan excludes new_reference_standard",
    ),
    "another finding": (
        (HIGHER, ("  - id: pneumothorax", "  - id: effusion")),
        OutsidePlanError,
        "findings.0.id.*the plan excludes new_finding",
    ),
    "a plan with faults": ((HIGHER, ("cadence: daily", "cadence: hourly")), PlanError, "monitoring.cadence"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_an_amendment_is_refused_for(case: str, desk: Office) -> None:
    edits, kind, message = REFUSED[case]
    with pytest.raises(kind, match=message) as error:
        bring(desk, *edits)
    assert type(error.value) is kind
    assert desk.entries()[-1].kind == "bound"
    assert load(desk.path / "plan.yaml").sha256 == load(desk.plan).sha256


@pytest.mark.parametrize("verdict", [None, "accept"])
def test_an_amendment_waits_for_open_changes(desk: Office, verdict: str | None) -> None:
    change = desk.propose(verdict)
    with pytest.raises(UsageError, match=f"still open: {change}"):
        bring(desk, HIGHER)


def test_an_amendment_is_signed_with_a_key_of_the_plan_in_force(desk: Office) -> None:
    with pytest.raises(OutsidePlanError, match="not listed"):
        bring(desk, HIGHER, person="stranger")


class TestDeviations:
    @pytest.mark.parametrize("category", [item for item in CATEGORIES if item != ROOT_CAUSE])
    def test_each_category_is_on_record_with_its_person(self, desk: Office, category: str) -> None:
        who = desk.people["quality"]
        name = record_deviation(desk.path, category, "labels came a week late", who, key_file=desk.key)
        body = desk.last("deviation")
        assert (name, body["category"], body["is_deviation"]) == (
            "DEV-0001",
            category,
            category == "deviation",
        )
        assert body["key_id"] is not None
        assert [item["id"] for item in status(desk.path)["deviations"]] == ["DEV-0001"]

    def test_a_root_cause_needs_a_plan_that_asks_for_one(self, desk: Office) -> None:
        who = desk.people["quality"]
        change = desk.propose("reject")
        with pytest.raises(OutsidePlanError, match="it has no retest"):
            record_deviation(desk.path, ROOT_CAUSE, "a broken export", who, change=change, key_file=desk.key)

    def test_an_unknown_category_or_change_is_refused(self, desk: Office) -> None:
        who = desk.people["quality"]
        with pytest.raises(UsageError, match="expected one of deviation, chose_not_to_implement"):
            record_deviation(desk.path, "mishap", "text", who, key_file=desk.key)
        with pytest.raises(UsageError, match="no such change"):
            record_deviation(desk.path, "deviation", "text", who, change="CHG-0001", key_file=desk.key)


class TestASignalSetAside:
    def test_needs_a_reason_and_a_listed_key(self, desk: Office) -> None:
        desk.propose("reject")
        who = desk.people["quality"]
        with pytest.raises(UsageError, match="the reason is empty"):
            close_alarm(desk.path, "ALM-0001", who, cause="none", reason="", key_file=desk.key)
        with pytest.raises(UsageError, match="name the signing key of quality_lead"):
            close_alarm(
                desk.path, "ALM-0001", replace(who, key=None), cause="none", reason="seen", key_file=desk.key
            )
        close_alarm(desk.path, "ALM-0001", who, cause="data", reason="mapped twice", key_file=desk.key)
        body = desk.last("alarm_closed")
        assert (body["by"], body["cause"], body["reason"]) == ("Q. Lead", "data", "mapped twice")
        assert record_is_signed(body, [key for item in load(desk.plan).plan.approvals for key in item.keys])

    def test_where_the_plan_lists_no_key_the_record_says_that_nobody_signed(self, desk: Office) -> None:
        bare = Office(desk.path.with_name("bare"), desk.key, desk.people, desk.plan.with_name("bare.yaml"))
        bare.plan.write_text(PLAN, encoding="utf-8")
        initialise(bare.path, bare.plan, bare.key, at="2026-01-01")
        bare.propose("reject")
        who = desk.people["quality"]
        close_alarm(bare.path, "ALM-0001", who, cause="none", reason="seen", key_file=bare.key)
        assert (bare.last("alarm_closed")["key_id"], bare.last("alarm_closed")["signature"]) == (None, None)


SITE = Scenario(PLACE.site, "quiet", "Nothing changes.", "No alarm.", 24.0, 0.3)


def watched(folder: Path, floor: str) -> Office:
    """A replayed workspace whose plan has this floor and looks at 40 events."""
    logs = network(nights=30, seed=3, scenarios=(SITE,))
    files = logs.write(folder / "logs")
    events = {"minimum_events: 200": "minimum_events: 40", "looks: {events: [200]}": "looks: {events: [40]}"}
    desk = office(folder, **{"auc: 0.80": f"auc: {floor}", **events})
    replay(desk.path, files.predictions, files.outcomes, until=logs.complete_on, key_file=desk.key)
    return desk


class TestTheFloorOfTheVersionInUse:
    def test_a_demonstrated_breach_opens_a_corrective_action(self, tmp_path: Path) -> None:
        desk = watched(tmp_path, "0.99")
        first = status(desk.path)["corrective_actions"][0]
        assert (first["id"], first["site"], first["metric"], first["floor"]) == (
            "CA-0001",
            PLACE.site,
            "auc",
            0.99,
        )
        assert first["estimate"]["high"] < 0.99
        assert status(desk.path)["sites"][0]["alarms"] == []

    def test_checks_double_and_a_version_above_its_floor_opens_none(self, tmp_path: Path) -> None:
        desk = watched(tmp_path, "0.60")
        checks = [entry.body for entry in desk.entries() if entry.kind == "floor_check"]
        assert [check["status"] for check in checks] == ["not_below"] * len(checks)
        assert len(checks) == 3
        assert [check["alpha"] for check in checks] == [0.025, 0.0125, 0.00625]
        assert [check["events"] >= need for check, need in zip(checks, (40, 40, 80), strict=True)] == [
            True
        ] * 3
        assert all(one["to"] < two["from"] for one, two in pairwise(checks))
        assert status(desk.path)["corrective_actions"] == []
