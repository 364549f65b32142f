"""Signing in the browser: the same functions, the same ledger and the same refusals as the command line."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flows import cli
from monitor.documentation.review import Desk, drawable_pages
from monitor.errors import UsageError
from monitor.operation.people.signing import AUTHOR
from monitor.registry import new_key, read_chain
from monitor.store.lock import writing
from tests.evidence import ROLES, Scene, flip
from tests.review_examples import report
from tests.signing_in import PASSPHRASE, Browser, forms, ledger, unasked, waiting_for_people, words

NOON = "2026-03-03T12:00:00+00:00"


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return waiting_for_people(tmp_path_factory.mktemp("waiting"))


@pytest.fixture(autouse=True)
def light(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One clock for every decision, a passphrase for the command line, and no drawing."""
    for room in ("decisions", "closure", "deployment"):
        monkeypatch.setattr(f"monitor.operation.people.{room}.clock", lambda: NOON)
    monkeypatch.setattr("typer.prompt", lambda *_, **__: PASSPHRASE)
    with unasked():
        yield


@pytest.fixture
def browser(waiting: Scene, tmp_path: Path) -> Browser:
    """A browser with a session, on a workspace of its own."""
    found = Browser(waiting.copy(tmp_path / "workspace"))
    found.start()
    return found


def command(scene: Scene, verb: str, subject: str, **options: str) -> list[str]:
    """The same decision on the command line."""
    words = [verb, str(scene.path), *([subject] if subject else []), "--pseudonym-key", str(scene.key)]
    return [*words, *(word for name, value in options.items() for word in (f"--{name}", value))]


class TestADecision:
    """Ed25519 is deterministic: with one clock the two ways must leave the same bytes."""

    @pytest.fixture
    def twin(
        self, waiting: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> Callable[[list[str]], bytes]:
        """Does the same on the command line, in another copy; gives its ledger."""
        scene = waiting.copy(tmp_path / "twin")

        def run(*commands: list[str]) -> bytes:
            for each in commands:
                assert cli.run([word.replace("TWIN", str(scene.path)) for word in each]) == 0
            return (scene.path / "ledger.jsonl").read_bytes()

        return run

    def words(self, verb: str, subject: str, role: str, **options: str) -> list[str]:
        return [
            verb,
            "TWIN",
            *([subject] if subject else []),
            "--signer",
            f"A person for {role}",
            "--role",
            role,
            *(word for name, value in options.items() for word in (f"--{name}", value)),
        ]

    def test_every_role_approves_and_the_ledger_is_that_of_the_command_line(
        self, browser: Browser, twin: Callable[..., bytes]
    ) -> None:
        for role in ROLES:
            assert browser.decide("CHG-0001", "approve", role).status_code == 303
        scene = browser.scene
        assert ledger(browser) == twin(
            *(
                self.words(
                    *("approve", "CHG-0001", role),
                    **{"key": str(scene.private / f"{role}.pem"), "meaning": "I have read it"},
                    **{"pseudonym-key": str(scene.key)},
                )
                for role in ROLES
            )
        )
        assert "deployed" in words(browser.get(browser.address("CHG-0001")).text)

    def test_a_decline_a_closed_alarm_and_a_rollback_are_too(
        self, browser: Browser, twin: Callable[..., bytes]
    ) -> None:
        role, scene = ROLES[1], browser.scene
        for each in ROLES:
            browser.decide("CHG-0001", "approve", each)
        browser.decide("CHG-0002", "decline", role)
        form = browser.form(
            *("/review/alarms.html", "close-alarm-ALM-0002"),
            **{**browser.person(role), "cause": "device", "reason": "recalled"},
        )
        assert browser.post("/review/alarms.html", form).status_code == 303
        path = browser.address("CHG-0001")
        back = browser.form(path, "rollback", **browser.person(role), reason="alerts doubled")
        assert browser.post(path, back).status_code == 303
        site = read_chain(scene.path / "ledger.jsonl")[-2].body["site"]
        own = {"key": str(scene.private / f"{role}.pem"), "pseudonym-key": str(scene.key)}
        assert ledger(browser) == twin(
            *(
                self.words(
                    *("approve", "CHG-0001", each),
                    **{**own, "key": str(scene.private / f"{each}.pem"), "meaning": "I have read it"},
                )
                for each in ROLES
            ),
            self.words("decline", "CHG-0002", role, meaning="I have read it", **own),
            self.words("close", "ALM-0002", role, cause="device", reason="recalled", **own),
            self.words("rollback", "", role, site=site, reason="alerts doubled", **own),
        )

    def test_what_was_signed_is_shown_with_its_hash_and_what_it_means(self, browser: Browser) -> None:
        answer = browser.decide("CHG-0001", "approve")
        assert answer.status_code == 303
        shown = words(browser.get(answer.headers["location"]).text)
        entry = next(e for e in read_chain(browser.scene.path / "ledger.jsonl") if e.kind == "approval")
        assert answer.headers["location"] == f"/signed/{entry.sequence}"
        for text in (entry.hash, entry.previous, entry.body["signature"], entry.body["key_id"]):
            assert text in shown
        assert "CHG-0001 approved" in shown
        assert "CHG-0001 is proposed. clinical lead: 1 of 1 signed. quality lead: 0 of 1 signed." in shown
        assert "1 of 1" in words(browser.get(browser.address("CHG-0001")).text)

    def test_a_dossier_that_was_issued_anew_meanwhile_is_read_first(self, browser: Browser) -> None:
        path = browser.address("CHG-0001")
        old = browser.form(path, "decide", act="approve", meaning="yes", **browser.person(ROLES[1]))
        browser.decide("CHG-0001", "approve", ROLES[0])
        before = ledger(browser)
        answer = browser.post(path, old)
        assert answer.status_code == 422
        assert "its dossier was issued anew since this page was opened" in words(answer.text)
        assert ledger(browser) == before
        new = {**forms(answer.text)["decide"], "role": ROLES[1], "passphrase": PASSPHRASE, "act": "approve"}
        assert browser.post(path, new).status_code == 303

    def test_a_rollback_is_refused_where_nothing_can_be_taken_back(self, browser: Browser) -> None:
        for role in ROLES:
            browser.decide("CHG-0001", "approve", role)
        path = browser.address("CHG-0001")
        form = browser.form(path, "rollback", **browser.person(), reason="alerts doubled")
        other = browser.post(path, {**form, "subject": "CHG-0002"})
        assert other.status_code == 422
        assert "Bay: the original calibrator is in use" in words(other.text)
        assert browser.post(path, form).status_code == 303
        again = browser.post(path, form)
        assert again.status_code == 409
        assert "the original calibrator is in use" in words(again.text)

    def test_what_a_full_disk_cuts_off_after_the_entry_is_told_as_on_record(
        self, browser: Browser, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: object) -> None:
            raise UsageError("no space left")

        monkeypatch.setattr("monitor.operation.people.decisions.issue_dossiers", full)
        answer = browser.decide("CHG-0001", "approve")
        assert answer.status_code == 500
        assert "On the ledger; the next night or decision finishes what comes after it" in words(answer.text)
        assert "no space left" in words(answer.text)
        assert read_chain(browser.scene.path / "ledger.jsonl")[-1].kind == "approval"

    def test_the_passphrase_and_the_key_are_nowhere_but_in_the_form(
        self, browser: Browser, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
    ) -> None:
        refused = browser.decide("CHG-0001", "approve", meaning=" ")
        done = browser.decide("CHG-0001", "approve")
        pem = (browser.scene.private / f"{ROLES[0]}.pem").read_text().splitlines()[1]
        said = capfd.readouterr()
        kept = [file.read_bytes() for file in browser.scene.path.rglob("*") if file.is_file()]
        seen = [refused.content, done.content, browser.get(done.headers["location"]).content]
        for secret in (PASSPHRASE, PASSPHRASE.replace(" ", "+"), pem):
            assert not any(secret.encode() in content for content in kept + seen)
            assert secret not in said.out + said.err + caplog.text + str(done.headers)


def edit_plan(scene: Scene) -> None:
    plan = scene.path / "plan.yaml"
    plan.write_text(plan.read_text().replace("horizon_looks: 365", "horizon_looks: 366"))


def break_ledger(scene: Scene) -> None:
    flip(scene.path / "ledger.jsonl", 400)


def lose_dossier(scene: Scene) -> None:
    (scene.path / "dossiers" / "CHG-0001" / "dossier.json").unlink()


def change_dossier(scene: Scene) -> None:
    flip(scene.path / "dossiers" / "CHG-0001" / "dossier.json", 200)


def first_signature(scene: Scene) -> None:
    role = ROLES[0]
    who = {"signer": f"A person for {role}", "role": role, "key": str(scene.private / f"{role}.pem")}
    assert cli.run(command(scene, "approve", "CHG-0001", **who, meaning="first")) == 0


def declined(scene: Scene) -> None:
    role = ROLES[0]
    who = {"signer": f"A person for {role}", "role": role, "key": str(scene.private / f"{role}.pem")}
    assert cli.run(command(scene, "decline", "CHG-0001", **who, meaning="no")) == 0


REFUSALS: dict[str, tuple[dict[str, str], Callable[[Scene], None] | None, str]] = {
    "a role that is not in the plan": ({"role": "visitor"}, None, "role visitor is not in the plan"),
    "a key of another role": ({"role": ROLES[1]}, None, "is not listed in the plan for the role"),
    "a key that is not listed": ({"key": "STRANGER"}, None, "is not listed in the plan for the role"),
    "no key file": ({"key": "/none/at all.pem"}, None, "no signing key can be read here"),
    "a folder for a key": ({"key": "PRIVATE"}, None, "no signing key can be read here"),
    "a key that others may read": ({"key": "OPEN"}, None, "readable by its owner only"),
    "the author of the change": ({"signer": AUTHOR}, None, "approves none"),
    "no name": ({"signer": " "}, None, "the signer is empty"),
    "no meaning": ({"meaning": " "}, None, "the meaning is empty"),
    "a meaning that hides something": ({"meaning": "fine\u202e"}, None, "invisible character"),
    "a meaning without end": ({"meaning": "x" * 4001}, None, "longer than 4000 characters"),
    "an unknown change": ({"subject": "CHG-0009"}, None, "CHG-0009: no such change"),
    "the same key twice": ({}, first_signature, "has signed already"),
    "the same person twice": (
        {"role": ROLES[1], "key": ROLES[1], "signer": f"A  PERSON for {ROLES[0]}"},
        first_signature,
        "each signature is another person's",
    ),
    "a change that has ended": ({}, declined, "this one is declined"),
    "a lost dossier": ({}, lose_dossier, "its dossier has to be there before it can be signed"),
    "another dossier than the one on record": ({}, change_dossier, "not the dossier on record"),
    "another plan than the bound one": ({}, edit_plan, "not the plan this workspace is bound to"),
    "a broken ledger": ({}, break_ledger, "ledger.jsonl:1"),
}


@pytest.mark.parametrize("act", ["approve", "decline"])
@pytest.mark.parametrize("name", list(REFUSALS))
def test_what_the_command_line_refuses_is_refused_in_the_same_words(
    waiting: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, act: str
) -> None:
    typed, prepare, expected = REFUSALS[name]
    private = Path(shutil.copytree(waiting.private, tmp_path / "private"))
    scene = Scene(waiting.copy(tmp_path / "workspace").path, private, waiting.logs, waiting.made)
    files = {word: private / f"{word}.pem" for word in ("STRANGER", "OPEN")}
    for file in files.values():
        new_key(file, PASSPHRASE)
    files["OPEN"].chmod(0o644)
    if prepare:
        prepare(scene)
    given = {"signer": f"A person for {ROLES[0]}", "role": ROLES[0], "meaning": "I have read it", **typed}
    key = given.get("key", ROLES[0])
    given["key"] = str({**files, "PRIVATE": private}.get(key, private / key if key in ROLES else key))
    if key in ROLES:
        given["key"] += ".pem"
    subject = given.pop("subject", "CHG-0001")
    before = (scene.path / "ledger.jsonl").read_bytes()

    capsys.readouterr()
    assert cli.run(command(scene, act, subject, **given)) not in (0, 1)
    told = capsys.readouterr().err.strip()
    assert expected in told
    assert (scene.path / "ledger.jsonl").read_bytes() == before

    browser = Browser(scene)
    browser.start()
    token = browser.doors.session(browser.cookie.partition("=")[2])
    assert token
    lines = [json.loads(line) for line in before.decode(errors="replace").splitlines()]
    state = [e["body"]["sha256"] for e in lines if e["kind"] == "dossier" and e["body"]["change"] == subject]
    fields = {
        "token": token.token,
        "form": "decide",
        "act": act,
        "subject": subject,
        "passphrase": PASSPHRASE,
    }
    page = "/review/changes.html"
    answer = browser.post(page, {**fields, "dossier": state[-1] if state else "", **given})
    assert answer.status_code == 409
    assert re.sub(r"\s+", " ", told) in words(answer.text)
    assert (scene.path / "ledger.jsonl").read_bytes() == before


class TestRefusalsOfTheBrowser:
    def test_a_refused_form_keeps_what_was_typed_but_the_passphrase(self, browser: Browser) -> None:
        typed = {"key": "/none.pem", "meaning": "I <b>read</b> it"}
        answer = browser.decide("CHG-0001", "approve", ROLES[1], **typed)
        assert answer.status_code == 422
        found = forms(answer.text)["decide"]
        assert (found["act"], found["meaning"], found["key"]) == ("approve", "I <b>read</b> it", "/none.pem")
        assert found["passphrase"] == ""
        assert f'<option value="{ROLES[1]}" selected>' in answer.text
        assert "<title>Refused: " in answer.text
        assert re.search(r'id="decide-refused" role="alert" tabindex="-1" autofocus', answer.text)
        assert "<b>read" not in answer.text

    def test_a_wrong_passphrase_opens_no_key_and_too_many_have_to_wait(self, browser: Browser) -> None:
        for _ in range(10):
            answer = browser.decide("CHG-0001", "approve", passphrase="a guess")
            assert "the passphrase does not open this key" in words(answer.text)
        before = ledger(browser)
        assert browser.decide("CHG-0001", "approve").status_code == 429
        assert ledger(browser) == before

    def test_no_passphrase_opens_no_key(self, browser: Browser) -> None:
        answer = browser.decide("CHG-0001", "approve", passphrase="")
        assert "the key is protected by a passphrase, and none was given" in words(answer.text)

    def test_a_key_without_a_passphrase_signs_on_the_command_line_only(
        self, browser: Browser, tmp_path: Path
    ) -> None:
        new_key(tmp_path / "bare.pem")
        answer = browser.decide("CHG-0001", "approve", key=str(tmp_path / "bare.pem"))
        assert f"`pccp key protect {tmp_path / 'bare.pem'}` adds one" in words(answer.text)

    def test_no_key_where_the_plan_lists_some(self, browser: Browser) -> None:
        assert "name the signing key" in words(browser.decide("CHG-0001", "approve", key="").text)

    def test_no_decision_is_none(self, browser: Browser) -> None:
        assert "choose a decision" in words(browser.decide("CHG-0001", "").text)

    def test_a_run_under_way_has_to_end_first(self, browser: Browser) -> None:
        before = ledger(browser)
        with writing(browser.scene.path):
            answer = browser.decide("CHG-0001", "approve")
            assert browser.get("/review/index.html").status_code == 200
        assert answer.status_code == 503
        assert re.search(r"being written by process \d+ .* try again", words(answer.text))
        assert ledger(browser) == before
        assert browser.decide("CHG-0001", "approve").status_code == 303

    def test_a_workspace_that_does_not_hold_together_is_not_shown(self, browser: Browser) -> None:
        assert browser.get("/review/index.html").status_code == 200
        break_ledger(browser.scene)
        answer = browser.get("/review/index.html")
        assert answer.status_code == 409
        assert "ledger.jsonl:1" in words(answer.text)

    @pytest.mark.parametrize("keyed", [True, False])
    def test_a_key_is_asked_for_where_the_plan_lists_any(self, keyed: bool) -> None:
        pages = drawable_pages(report(1, nights=5))
        name = next(name for name in pages if "chg-0004" in name)
        asked = forms(pages[name](Desk("token", ROLES, keyed, {})))["rollback"]
        assert ({"key", "passphrase"} <= asked.keys()) is keyed
