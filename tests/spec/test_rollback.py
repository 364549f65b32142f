"""Rollback: to the approved version that was in use before, and to nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.errors import EvidenceError, OutsidePlanError, UsageError
from monitor.operation.people.deployment import rollback
from monitor.plan import load
from monitor.records import IDENTITY
from monitor.registry import fold, record_is_signed
from monitor.registry.ledger import next_entry
from tests.deciding import PLACE, Office, office, without_figures


@pytest.fixture(autouse=True)
def light(monkeypatch: pytest.MonkeyPatch) -> None:
    without_figures(monkeypatch)


@pytest.fixture
def desk(tmp_path: Path) -> Office:
    return office(tmp_path)


def back(desk: Office, person: str = "quality", reason: str = "alerts doubled") -> str:
    who = desk.people[person]
    return rollback(desk.path, PLACE.site, None, who, reason=reason, key_file=desk.key).version


def live(desk: Office) -> str:
    return desk.state.calibrator(PLACE).version


def test_the_first_deployment_returns_to_the_authorised_original(desk: Office) -> None:
    change = desk.deploy()
    assert back(desk) == live(desk) == "v0"
    assert desk.change(change)["state"] == "rolled_back"


def test_each_return_goes_one_approved_version_back(desk: Office) -> None:
    desk.deploy()
    desk.deploy()
    assert live(desk) == "v2"
    assert [back(desk), back(desk)] == ["v1", "v0"]
    with pytest.raises(UsageError, match="no version before it"):
        back(desk)


def test_never_to_a_candidate_that_nobody_approved(desk: Office) -> None:
    """Lessons 11: the newest inactive version may be one that failed."""
    desk.deploy()
    desk.propose("reject")
    declined = desk.propose()
    desk.decide(declined, "declined", "quality")
    desk.propose("insufficient")
    assert back(desk) == "v0"


def test_never_to_a_version_that_was_rolled_back_itself(desk: Office) -> None:
    desk.deploy()
    desk.deploy()
    assert back(desk) == "v1"
    desk.deploy()
    assert live(desk) == "v3"
    assert back(desk) == "v1"


def test_a_change_that_was_shown_as_live_is_the_one_taken_back(desk: Office) -> None:
    first, second = desk.deploy(), desk.deploy()
    who = desk.people["quality"]
    with pytest.raises(
        UsageError, match=f"{first}: not the change that is live at Harbour; that is {second}"
    ):
        rollback(desk.path, PLACE.site, None, who, reason="shown", change=first, key_file=desk.key)
    assert live(desk) == "v2"
    rollback(desk.path, PLACE.site, None, who, reason="shown", change=second, key_file=desk.key)
    assert live(desk) == "v1"


def test_a_version_keeps_its_name_when_it_is_rolled_back(desk: Office) -> None:
    desk.deploy()
    back(desk)
    desk.deploy()
    assert live(desk) == "v2"


def test_the_stream_starts_anew_and_the_open_alarm_ends(desk: Office) -> None:
    desk.deploy()
    epoch = desk.state.epoch[PLACE]
    desk.propose("reject")
    assert desk.state.open_alarm(PLACE) is not None
    back(desk)
    assert desk.state.epoch[PLACE] == epoch + 1
    assert desk.state.open_alarm(PLACE) is None


@pytest.mark.parametrize("verdict", ["accept", None])
def test_an_open_change_is_void_because_its_comparator_is_gone(desk: Office, verdict: str | None) -> None:
    desk.deploy()
    change = desk.propose(verdict)
    back(desk)
    assert desk.change(change)["state"] == "void"
    assert (desk.path / "dossiers" / change / "dossier.json").exists()
    with pytest.raises(UsageError, match="this one is void"):
        desk.decide(change, "approval", "clinical")


def test_the_record_says_who_why_and_between_which_versions(desk: Office) -> None:
    desk.deploy()
    back(desk)
    body = desk.last("rolled_back")
    assert (body["site"], body["finding"]) == PLACE
    assert (body["from"]["version"], body["to"]["version"]) == ("v1", "v0")
    assert (body["signer"], body["role"], body["reason"]) == ("Q. Lead", "quality_lead", "alerts doubled")
    keys = [key for item in load(desk.plan).plan.approvals for key in item.keys]
    assert record_is_signed(body, keys)
    assert not record_is_signed({**body, "reason": "none"}, keys)


def test_only_a_listed_key_rolls_back_and_says_why(desk: Office) -> None:
    desk.deploy()
    with pytest.raises(OutsidePlanError, match="not listed"):
        back(desk, "stranger")
    with pytest.raises(UsageError, match="the reason is empty"):
        back(desk, reason=" ")
    assert live(desk) == "v1"


def test_a_plan_without_rollback_has_none(tmp_path: Path) -> None:
    desk = office(tmp_path, **{"      rollback: {to: last_approved}\n": ""})
    desk.deploy()
    with pytest.raises(OutsidePlanError, match="have no rollback"):
        back(desk)


def test_a_forged_return_to_another_version_is_seen_in_the_ledger(desk: Office) -> None:
    desk.deploy()
    desk.deploy()
    entries = desk.entries()
    body = {"site": PLACE.site, "finding": PLACE.finding, "to": IDENTITY.as_record(), "night": "2026-03-02"}
    with pytest.raises(EvidenceError, match="not a return to the approved version"):
        fold([*entries, next_entry(entries[-1], "rolled_back", "2026-03-02", body)])
