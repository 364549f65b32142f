"""Approvals: who may sign what, in which order, and what a signature binds."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from monitor.errors import EvidenceError, OutsidePlanError, UsageError
from monitor.hashing import sha256_record
from monitor.operation.people.decisions import decide, record_simulated_approvals
from monitor.operation.people.signing import AUTHOR
from monitor.operation.workspace import initialise, open_workspace
from monitor.plan import check, load
from monitor.registry import (
    Entry,
    fold,
    key_id,
    key_is_protected,
    new_key,
    plan_line,
    protect_key,
    public_key_text,
    record_is_signed,
)
from monitor.registry.ledger import next_entry
from tests.deciding import NIGHT, PLACE, PLAN, Office, office, without_figures


@pytest.fixture(autouse=True)
def light(monkeypatch: pytest.MonkeyPatch) -> None:
    without_figures(monkeypatch)


@pytest.fixture
def desk(tmp_path: Path) -> Office:
    return office(tmp_path)


def keys_of(desk: Office, role: str) -> list[str]:
    return [key for item in load(desk.plan).plan.approvals if item.role == role for key in item.keys]


class TestEveryRoleSigns:
    def test_one_role_alone_deploys_nothing(self, desk: Office) -> None:
        change = desk.propose()
        assert desk.decide(change, "approval", "clinical").state == "proposed"
        assert desk.state.calibrator(PLACE).version == "v0"
        assert desk.change(change)["approvals"] == [
            {"role": "clinical_lead", "have": 1, "need": 1},
            {"role": "quality_lead", "have": 0, "need": 1},
        ]

    def test_the_last_role_deploys(self, desk: Office) -> None:
        change = desk.propose()
        desk.decide(change, "approval", "clinical")
        assert desk.decide(change, "approval", "quality").state == "deployed"
        assert desk.state.calibrator(PLACE).version == "v1"

    def test_a_role_with_two_signatures_needs_two_people(self, tmp_path: Path) -> None:
        desk = office(tmp_path, **{"clinical_lead, signatures: 1": "clinical_lead, signatures: 2"})
        change = desk.propose()
        desk.decide(change, "approval", "clinical")
        assert desk.decide(change, "approval", "quality").state == "proposed"
        assert desk.decide(change, "approval", "deputy").state == "deployed"

    def test_a_decline_by_any_role_ends_the_change(self, desk: Office) -> None:
        change = desk.propose()
        desk.decide(change, "approval", "clinical")
        assert desk.decide(change, "declined", "quality", "the scanner is replaced").state == "declined"
        with pytest.raises(UsageError, match="this one is declined"):
            desk.decide(change, "approval", "quality")
        assert desk.state.calibrator(PLACE).version == "v0"


class TestWhoMaySign:
    def test_a_key_signs_once(self, desk: Office) -> None:
        change = desk.propose()
        desk.decide(change, "approval", "clinical")
        with pytest.raises(UsageError, match="has signed already"):
            desk.decide(change, "approval", "clinical")

    def test_a_person_signs_once_even_with_another_key(self, desk: Office) -> None:
        change = desk.propose()
        desk.decide(change, "approval", "clinical")
        desk.people["quality"] = replace(desk.people["quality"], name="c.  lead")
        with pytest.raises(UsageError, match="another person's"):
            desk.decide(change, "approval", "quality")

    def test_a_key_that_is_not_listed_is_refused(self, desk: Office) -> None:
        with pytest.raises(
            OutsidePlanError, match="not listed in the plan for the role quality_lead"
        ) as error:
            desk.decide(desk.propose(), "approval", "stranger")
        assert error.value.exit_code == 13

    def test_a_key_of_another_role_is_refused(self, desk: Office) -> None:
        desk.people["quality"] = replace(desk.people["quality"], role="clinical_lead")
        with pytest.raises(OutsidePlanError, match="not listed"):
            desk.decide(desk.propose(), "approval", "quality")

    def test_a_role_that_is_not_in_the_plan_is_refused(self, desk: Office) -> None:
        desk.people["quality"] = replace(desk.people["quality"], role="visitor")
        with pytest.raises(OutsidePlanError, match="role visitor is not in the plan"):
            desk.decide(desk.propose(), "approval", "quality")

    def test_the_author_of_a_change_approves_none(self, desk: Office) -> None:
        change = desk.propose()
        assert desk.last("change_opened")["author"] == AUTHOR
        desk.people["quality"] = replace(desk.people["quality"], name=AUTHOR.upper())
        with pytest.raises(UsageError, match="approves none"):
            desk.decide(change, "approval", "quality")

    def test_without_keys_nobody_can_approve(self, tmp_path: Path) -> None:
        desk = office(tmp_path)
        bare = Office(tmp_path / "bare", desk.key, desk.people, tmp_path / "bare.yaml")
        bare.plan.write_text(PLAN, encoding="utf-8")
        initialise(bare.path, bare.plan, bare.key, at="2026-01-01")
        with pytest.raises(OutsidePlanError, match="nobody can approve"):
            bare.decide(bare.propose(), "approval", "quality")

    @pytest.mark.parametrize("meaning", ["", "  ", "fine\u202e", "two\nlines", "x" * 4001])
    def test_a_meaning_says_something_and_shows_all_of_it(self, desk: Office, meaning: str) -> None:
        with pytest.raises(UsageError, match="meaning"):
            desk.decide(desk.propose(), "approval", "clinical", meaning)


class TestOrder:
    def test_no_approval_before_the_criteria_are_evaluated(self, desk: Office) -> None:
        with pytest.raises(UsageError, match="criteria have not been evaluated"):
            desk.decide(desk.propose(verdict=None), "approval", "clinical")

    @pytest.mark.parametrize("verdict", ["reject", "insufficient"])
    def test_only_an_accepted_change_is_approved(self, desk: Office, verdict: str) -> None:
        with pytest.raises(UsageError, match="only an accepted, undecided change"):
            desk.decide(desk.propose(verdict), "approval", "clinical")

    def test_a_deployed_change_is_not_decided_again(self, desk: Office) -> None:
        change = desk.deploy()
        for decision in ("approval", "declined"):
            with pytest.raises(UsageError, match="this one is deployed"):
                desk.decide(change, decision, "deputy")

    def test_an_unknown_change_is_named(self, desk: Office) -> None:
        with pytest.raises(UsageError, match="no such change"):
            desk.decide("CHG-0009", "approval", "clinical")

    def test_what_is_signed_is_the_dossier_on_record(self, desk: Office) -> None:
        change = desk.propose()
        file = desk.path / "dossiers" / change / "dossier.json"
        content = file.read_bytes()
        file.write_bytes(content.replace(b"accept", b"accEpt", 1))
        with pytest.raises(EvidenceError, match="not the dossier on record"):
            desk.decide(change, "approval", "clinical")
        file.unlink()
        with pytest.raises(UsageError, match="its dossier has to be there"):
            desk.decide(change, "approval", "clinical")
        file.write_bytes(content)
        desk.decide(change, "approval", "clinical")

    def test_a_dossier_that_was_replaced_since_it_was_shown_is_not_signed(self, desk: Office) -> None:
        change = desk.propose()
        shown = desk.last("dossier")["sha256"]
        desk.decide(change, "approval", "clinical")
        with pytest.raises(UsageError, match="issued anew since this page was opened"):
            decide(
                *(desk.path, change, "approval", desk.people["quality"]),
                **{"meaning": "read", "dossier": shown, "key_file": desk.key},
            )
        assert len(desk.state.changes[change].approvals) == 1

    def test_a_simulated_approval_says_so_once_for_every_signature(self, desk: Office) -> None:
        change = desk.propose()
        with open_workspace(desk.path, desk.key) as workspace, workspace.commit():
            record_simulated_approvals(workspace, workspace.state.changes[change], NIGHT)
        found = desk.state.changes[change]
        assert found.state == "deployed"
        assert [(body["role"], body["simulated"], body["key_id"]) for body in found.approvals] == [
            ("clinical_lead", True, None),
            ("quality_lead", True, None),
        ]


class TestTheRecord:
    def test_it_binds_what_was_read_and_is_signed_over_all_of_it(self, desk: Office) -> None:
        change = desk.propose()
        before = desk.state.changes[change]
        head = desk.entries()[-1].hash
        desk.decide(change, "approval", "clinical", "I reviewed the dossier")
        body = desk.last("approval")
        assert before.dossier is not None
        dossier = before.dossier["sha256"]
        assert body["record_sha256"] == sha256_record(
            [before.opened, before.candidate, before.verdict, dossier]
        )
        assert (body["signer"], body["role"], body["meaning"]) == (
            "C. Lead",
            "clinical_lead",
            "I reviewed the dossier",
        )
        assert body["at"].endswith("+00:00")
        assert (body["ledger_head"], body["plan_sha256"]) == (head, load(desk.plan).sha256)
        keys = keys_of(desk, "clinical_lead")
        assert record_is_signed(body, keys)
        assert not record_is_signed(body, keys_of(desk, "quality_lead"))
        for key in body.keys() - {"signature", "simulated"}:
            assert not record_is_signed({**body, key: "other"}, keys), key

    def test_the_second_signature_binds_a_dossier_that_shows_the_first(self, desk: Office) -> None:
        change = desk.propose()
        desk.decide(change, "approval", "clinical")
        first, shown = desk.last("approval"), desk.last("dossier")
        desk.decide(change, "approval", "quality")
        second = desk.last("approval")
        assert second["dossier_sha256"] == shown["sha256"] != first["dossier_sha256"]


def following(desk: Office, kind: str, body: dict[str, Any]) -> list[Entry]:
    """The ledger with one more entry, its hash and link in order."""
    entries = desk.entries()
    return [*entries, next_entry(entries[-1], kind, "2026-03-02", body)]


class TestAForgedOrderIsSeenInTheLedger:
    def test_approval_before_a_verdict(self, desk: Office) -> None:
        change = desk.propose(verdict=None)
        body = {"change": change, "role": "clinical_lead", "key_id": "k", "simulated": False}
        with pytest.raises(EvidenceError, match="is collecting, expected proposed"):
            fold(following(desk, "approval", body))

    def test_deployment_before_every_role_has_signed(self, desk: Office) -> None:
        change = desk.propose()
        desk.decide(change, "approval", "clinical")
        with pytest.raises(EvidenceError, match="is proposed, expected approved"):
            fold(following(desk, "deployed", {"change": change}))

    def test_the_same_key_twice(self, desk: Office) -> None:
        change = desk.propose()
        desk.decide(change, "approval", "clinical")
        with pytest.raises(EvidenceError, match="the same key signed twice"):
            fold(following(desk, "approval", desk.last("approval")))

    @pytest.mark.parametrize("kind", ["candidate_frozen", "verdict"])
    def test_a_candidate_or_verdict_replaced_after_it_was_judged(self, desk: Office, kind: str) -> None:
        desk.propose()
        with pytest.raises(EvidenceError, match="expected collecting"):
            fold(following(desk, kind, desk.last(kind)))

    def test_another_calibrator_than_the_approved_one(self, desk: Office) -> None:
        desk.deploy()
        entries = desk.entries()
        at = next(number for number, entry in enumerate(entries) if entry.kind == "deployed")
        calibrator = {**entries[at].body["calibrator"], "parameters": {"intercept": 9.0, "slope": 1.0}}
        forged = next_entry(
            entries[at - 1], "deployed", "2026-03-02", {**entries[at].body, "calibrator": calibrator}
        )
        with pytest.raises(EvidenceError, match="not the calibrator that was judged"):
            fold([*entries[:at], forged])

    def test_an_entry_about_a_change_that_never_was(self, desk: Office) -> None:
        with pytest.raises(EvidenceError, match="no change CHG-0007 came before"):
            fold(following(desk, "declined", {"change": "CHG-0007"}))


class TestKeys:
    def test_a_protected_key_signs_with_its_passphrase_only(self, desk: Office, tmp_path: Path) -> None:
        file = tmp_path / "protected.pem"
        public = new_key(file, "correct horse")
        assert key_is_protected(file)
        assert not key_is_protected(desk.people["quality"].key or file)
        assert public_key_text(file, "correct horse") == public
        with pytest.raises(UsageError, match="none was given"):
            public_key_text(file)
        with pytest.raises(UsageError, match="does not open this key"):
            public_key_text(file, "wrong horse")
        assert b"ENCRYPTED" in file.read_bytes()

    def test_a_key_can_be_protected_later_and_stays_the_same_key(self, tmp_path: Path) -> None:
        file = tmp_path / "key.pem"
        public = new_key(file)
        with pytest.raises(UsageError, match="protects nothing"):
            protect_key(file, "")
        assert protect_key(file, "correct horse") == public == public_key_text(file, "correct horse")
        assert (key_is_protected(file), file.stat().st_mode & 0o777) == (True, 0o600)
        assert list(tmp_path.iterdir()) == [file]
        with pytest.raises(UsageError, match="protects this key already"):
            protect_key(file, "another")

    @pytest.mark.parametrize("found", ["folder", "pipe", "large"])
    def test_only_a_small_regular_file_is_read_for_a_key(self, tmp_path: Path, found: str) -> None:
        file = tmp_path / "key.pem"
        if found == "folder":
            file.mkdir(mode=0o700)
        elif found == "pipe":
            os.mkfifo(file, 0o600)
        else:
            file.write_bytes(b"x" * 70_000)
            file.chmod(0o600)
        with pytest.raises(UsageError, match="no signing key can be read here"):
            public_key_text(file)

    def test_an_empty_passphrase_is_none(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="protects nothing"):
            new_key(tmp_path / "key.pem", "")
        assert not (tmp_path / "key.pem").exists()

    def test_a_passphrase_is_in_no_message_and_no_record(self, desk: Office, tmp_path: Path) -> None:
        quality = desk.people["quality"]
        who = replace(quality, passphrase="correct horse")
        assert "correct horse" not in repr(who)

    def test_the_line_for_the_plan_is_one_the_plan_takes(self, tmp_path: Path) -> None:
        public = new_key(tmp_path / "key.pem")
        line = plan_line("clinical_lead", public)
        old = "  - {role: clinical_lead, signatures: 1, keys: []}"
        assert old in PLAN
        (tmp_path / "plan.yaml").write_text(PLAN.replace(old, line), encoding="utf-8")
        assert check(tmp_path / "plan.yaml") == []
        assert len(key_id(public)) == 16
