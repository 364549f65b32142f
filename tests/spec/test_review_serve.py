"""`pccp review --serve`: who is let in, what is answered, and that the pages are those of the command."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from flows import cli
from flows.sign_off import serve
from flows.sign_off.guard import HEADERS, LARGEST_FORM
from flows.sign_off.running import listening
from flows.sign_off.sessions import IDLE_SECONDS, LONGEST_SECONDS, START_SECONDS
from monitor.documentation.review import review_pages
from monitor.documentation.review.desk import CAUSES as SHOWN_CAUSES
from monitor.errors import UsageError
from monitor.operation.people.closure import CAUSES
from monitor.operation.reading.monitoring import monitoring_report
from tests.evidence import ROLES, Scene
from tests.signing_in import (
    HOST,
    ORIGIN,
    TODAY,
    Browser,
    forms,
    ledger,
    unasked,
    waiting_for_people,
    words,
)

FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return waiting_for_people(tmp_path_factory.mktemp("waiting"))


@pytest.fixture(autouse=True)
def light() -> Iterator[None]:
    """Without what takes time and no form depends on."""
    with unasked():
        yield


@pytest.fixture(scope="module")
def shared(waiting: Scene, tmp_path_factory: pytest.TempPathFactory) -> Browser:
    """A browser with a session, for whatever leaves the workspace as it is."""
    browser = Browser(waiting.copy(tmp_path_factory.mktemp("shared") / "workspace"))
    browser.start()
    return browser


@pytest.fixture
def browser(waiting: Scene, tmp_path: Path) -> Browser:
    """A browser with a session, on a workspace of its own."""
    found = Browser(waiting.copy(tmp_path / "workspace"))
    found.start()
    return found


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def early(waiting: Scene, clock: Clock) -> Browser:
    """A browser that nobody let in yet, and its clock."""
    return Browser(waiting, clock=clock)


class TestTheStart:
    def test_a_start_token_works_once_and_becomes_a_cookie_that_no_script_reads(self, early: Browser) -> None:
        answer = early.start()
        assert (answer.status_code, answer.headers["location"]) == (303, "/review/index.html")
        assert "; HttpOnly" in answer.headers["set-cookie"]
        assert "; SameSite=strict" in answer.headers["set-cookie"]
        assert early.told[0] not in answer.headers["set-cookie"]
        assert early.get("/").status_code == 303
        again = early.get(f"/start?token={early.told[0]}")
        assert again.status_code == 401
        assert "set-cookie" not in again.headers

    @pytest.mark.parametrize(
        "path",
        ["/", "/review/index.html", "/review/none.html", "/dossiers/CHG-0001/dossier.html", "/signed/3"],
    )
    def test_without_a_session_no_address_says_anything(self, early: Browser, path: str) -> None:
        answer = early.get(path)
        assert answer.status_code == 401
        assert "There is no session here" in words(answer.text)
        assert "Harbour" not in answer.text

    def test_a_wrong_cookie_is_none(self, early: Browser) -> None:
        early.start()
        early.cookie = early.cookie[:-4] + "AAAA"
        assert early.get("/review/index.html").status_code == 401
        assert early.ask("GET", "/", headers={"cookie": "pccp-review-8765=\xff"}).status_code == 401

    def test_wrong_tokens_are_limited_and_the_right_one_then_waits_too(
        self, early: Browser, clock: Clock
    ) -> None:
        for _ in range(9):
            assert early.start("wrong").status_code == 401
        assert early.start("wrong").status_code == 429
        assert early.start().status_code == 429
        clock.now += 61
        assert early.start().status_code == 303

    def test_a_token_ends_after_a_quarter_of_an_hour_and_a_new_one_is_told(
        self, early: Browser, clock: Clock
    ) -> None:
        clock.now += START_SECONDS
        assert early.start(early.told[0]).status_code == 401
        assert len(early.told) == 2
        assert early.start().status_code == 303

    def test_a_session_ends_when_it_is_not_used(self, early: Browser, clock: Clock) -> None:
        early.start()
        clock.now += IDLE_SECONDS - 1
        assert early.get("/").status_code == 303
        clock.now += IDLE_SECONDS
        assert early.get("/").status_code == 401
        assert len(early.told) == 2

    def test_a_session_ends_after_a_working_day_however_much_it_is_used(
        self, early: Browser, clock: Clock
    ) -> None:
        early.start()
        begun = clock.now
        while clock.now < begun + LONGEST_SECONDS - 600:
            clock.now += 600
            assert early.get("/").status_code == 303
        clock.now += 600
        assert early.get("/").status_code == 401

    def test_a_clock_that_was_set_back_ends_it(self, early: Browser, clock: Clock) -> None:
        early.start()
        clock.now -= 1
        assert early.get("/").status_code == 401

    def test_a_person_can_end_it(self, early: Browser) -> None:
        early.start()
        token = forms(early.get("/review/index.html").text)["/leave"]["token"]
        assert early.post("/leave", {"token": "other"}).status_code == 403
        assert early.get("/").status_code == 303
        assert "has ended" in words(early.post("/leave", {"token": token}).text)
        assert early.get("/").status_code == 401
        assert early.start().status_code == 303

    def test_no_page_holds_the_cookie_or_the_start_token(self, shared: Browser) -> None:
        cookie = shared.cookie.partition("=")[2]
        for name in ("index.html", "alarms.html", "changes.html"):
            page = shared.get(f"/review/{name}").text
            assert cookie not in page
            assert shared.told[0] not in page


class TestRequests:
    @pytest.mark.parametrize(
        "host", ["evil.example", "evil.example:8765", "localhost:8765", "127.0.0.1:80", ""]
    )
    def test_another_name_that_leads_here_is_not_answered(self, shared: Browser, host: str) -> None:
        answer = shared.get("/review/index.html", host=host)
        assert answer.status_code == 421
        assert "Harbour" not in answer.text

    @pytest.mark.parametrize(
        "headers",
        [
            {"origin": "http://evil.example"},
            {"origin": "null"},
            {"origin": "http://127.0.0.1:9999"},
            {"origin": f"https://{HOST}"},
            {**ORIGIN, "sec-fetch-site": "cross-site"},
            {**ORIGIN, "sec-fetch-site": "same-site"},
        ],
    )
    def test_a_form_of_another_page_is_refused(self, shared: Browser, headers: dict[str, str]) -> None:
        path, before = shared.address("CHG-0001"), ledger(shared)
        fields = shared.form(path, "decide", act="approve", meaning="yes", **shared.person())
        assert shared.post(path, fields, **headers).status_code == 403
        assert ledger(shared) == before

    def test_a_form_without_an_origin_is_refused(self, shared: Browser) -> None:
        assert shared.ask("POST", "/leave", b"token=x", FORM).status_code == 403

    @pytest.mark.parametrize("token", ["", "wrong", "\u00e9"])
    def test_a_form_needs_the_token_of_this_session(self, shared: Browser, token: str) -> None:
        path, before = shared.address("CHG-0001"), ledger(shared)
        fields = shared.form(path, "decide", act="approve", meaning="yes", **shared.person())
        assert shared.post(path, {**fields, "token": token}).status_code == 403
        assert ledger(shared) == before

    def test_reading_an_address_changes_nothing(self, shared: Browser) -> None:
        path, before = shared.address("CHG-0001"), ledger(shared)
        fields = shared.form(path, "decide", act="approve", meaning="yes", **shared.person())
        assert shared.get(f"{path}?{httpx.QueryParams(fields)}").status_code == 200
        assert ledger(shared) == before

    @pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"])
    def test_other_methods_are_not_answered_and_nobody_else_is_invited(
        self, shared: Browser, method: str
    ) -> None:
        answer = shared.ask(method, "/review/index.html", headers={"origin": "http://evil.example"})
        assert answer.status_code == 405
        assert not [name for name in answer.headers if name.startswith("access-control")]

    @pytest.mark.parametrize(
        ("status", "body", "headers"),
        [
            (413, b"a=" + b"x" * LARGEST_FORM, FORM),
            (415, b"{}", {"content-type": "application/json"}),
            (415, b"a=b", {"content-type": "multipart/form-data; boundary=x"}),
            (400, b"a", FORM),
            (400, b"a=1&a=2", FORM),
            (400, b"a=%00", FORM),
            (400, b"a=%ff", FORM),
            (400, b"\xff=1", FORM),
            (400, "&".join(f"a{n}=1" for n in range(21)).encode(), FORM),
        ],
    )
    def test_only_forms_of_these_pages_are_read(
        self, shared: Browser, status: int, body: bytes, headers: dict[str, str]
    ) -> None:
        assert shared.ask("POST", "/leave", body, {**ORIGIN, **headers}).status_code == status
        assert shared.get("/").status_code == 303

    @pytest.mark.parametrize("length", ["", "-1", "1e3", "\u0663"])
    def test_a_form_states_its_size(self, shared: Browser, length: str) -> None:
        headers = {**ORIGIN, **FORM, "content-length": length.encode().decode("latin-1")}
        assert shared.ask("POST", "/leave", b"a=b", headers).status_code == 411

    @pytest.mark.parametrize("path", ["/review/index.html", "/none", "/start?token=x", "/signed/0"])
    def test_every_answer_carries_what_keeps_others_out(self, shared: Browser, path: str) -> None:
        for answer in (shared.get(path), shared.get(path, host="evil.example"), shared.get(path, cookie="")):
            assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
            assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
            assert "unsafe-inline" not in answer.headers["content-security-policy"].partition("script-src")[2]

    @pytest.mark.parametrize(
        "path",
        [
            "/plan.yaml",
            "/ledger.jsonl",
            "/review/..%2fplan.yaml",
            "/review/%2e%2e/plan.yaml",
            "/review/%2e%2e%2fledger.jsonl",
            "/review//etc/passwd",
            "/review/evidently/..%2f..%2fplan.yaml",
            "/review/evidently/0123456789abcdef.html",
            "/review/evidently/index.html",
            "/dossiers/CHG-0001/..%2f..%2fplan.yaml",
            "/dossiers/CHG-0001/figures",
            "/dossiers/..%2f/plan.yaml",
            "/dossiers/%2e%2e/plan.yaml",
            "/dossiers/CHG-0009/dossier.html",
            "/signed/0",
            "/signed/99999999999999999999",
            "/signed/-1",
            "/review/index.html/",
            "/review/index.html%00",
        ],
    )
    def test_nothing_else_of_the_workspace_can_be_reached(self, shared: Browser, path: str) -> None:
        assert shared.get(path).status_code == 404

    def test_an_unforeseen_error_is_told_by_its_place_only(
        self, shared: Browser, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object) -> None:
            raise KeyError("patient 4711")

        monkeypatch.setattr(shared.pages, "page", fail)
        answer = shared.get("/review/index.html")
        assert answer.status_code == 500
        assert "unexpected KeyError at test_review_serve.py" in words(answer.text)
        assert "4711" not in answer.text

    def test_a_page_of_evidently_is_kept_from_the_session(self, browser: Browser) -> None:
        folder = browser.scene.path / "review" / "evidently"
        folder.mkdir(parents=True)
        (folder / f"{'a' * 16}.html").write_text("<script>1</script>")
        (folder / f"{'b' * 16}.html").symlink_to(browser.scene.path / "plan.yaml")
        answer = browser.get(f"/review/evidently/{'a' * 16}.html")
        assert answer.status_code == 200
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("sandbox allow-scripts; default-src 'none';")
        assert "allow-same-origin" not in policy
        assert browser.get(f"/review/evidently/{'b' * 16}.html").status_code == 404


class TestPages:
    def test_they_are_the_files_of_the_command_and_forms(self, shared: Browser) -> None:
        path = shared.scene.path
        files = review_pages(monitoring_report(path, today=TODAY, evidently=False))
        for name, file in files.items():
            page = shared.get(f"/review/{name}").text
            assert "<form" in page
            assert "<form" not in file
            bare = re.sub(
                r"(<details>)?(<summary[^>]*>Close ALM[^<]*</summary>)?\s*<form.*?</form>(\s*</details>)?",
                "",
                page,
                flags=re.DOTALL,
            )
            bare = bare.replace("form-action &#39;self&#39;", "form-action &#39;none&#39;")
            bare = bare.replace('content="same-origin"', 'content="no-referrer"')
            assert bare.split() == file.split(), name

    def test_a_change_page_leads_to_its_dossier(self, shared: Browser) -> None:
        page = shared.get(shared.address("CHG-0001")).text
        assert 'href="../dossiers/CHG-0001/dossier.html"' in page
        for name, kind in (("html", "text/html"), ("pdf", "application/pdf"), ("json", "application/json")):
            answer = shared.get(f"/dossiers/CHG-0001/dossier.{name}")
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith(kind)
            assert (
                answer.content == (shared.scene.path / "dossiers/CHG-0001" / f"dossier.{name}").read_bytes()
            )

    def test_every_question_has_a_label_and_the_roles_are_the_plans(self, shared: Browser) -> None:
        page = shared.get(shared.address("CHG-0001")).text
        for name in ("signer", "role", "meaning", "key", "passphrase"):
            assert f'<label for="decide-{name}">' in page
            assert f'id="decide-{name}"' in page
        assert all(f'<option value="{role}">' in page for role in ROLES)
        assert "checked" not in page

    def test_the_causes_are_those_of_the_command(self) -> None:
        assert tuple(value for value, _ in SHOWN_CAUSES) == CAUSES


START = """
import sys
from monitor.operation.reading import investigation, monitoring
monitoring.shortcuts = lambda *_: []
investigation.domain = lambda _: {}
from flows.cli import run
sys.exit(run(sys.argv[1:]))
"""


class TestTheCommand:
    def test_it_listens_on_loopback_says_where_to_start_and_ends_cleanly(
        self, waiting: Scene, tmp_path: Path, loopback_port: int
    ) -> None:
        path = waiting.copy(tmp_path / "workspace").path
        arguments = [
            "review",
            str(path),
            "--serve",
            "--no-evidently",
            "--no-power",
            "--port",
            str(loopback_port),
        ]
        command = [sys.executable, "-c", START, *arguments]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
            assert server.stdout
            assert server.stderr
            assert f"http://127.0.0.1:{loopback_port}, for this computer only" in server.stdout.readline()
            address = server.stdout.readline().split()[-1]
            found = httpx.Client(trust_env=False, follow_redirects=True).get(address, timeout=60)
            assert (found.status_code, found.url.path) == (200, "/review/index.html")
            assert "server" not in found.headers
            with pytest.raises(OSError, match=r"refused|assign"):
                socket.create_connection(("127.0.0.2", loopback_port), timeout=5)
            server.send_signal(signal.SIGINT)
            assert server.stdout.read() == "ended; nothing is served any more\n"
            assert server.wait(60) == 0
            logged = server.stderr.read()
            assert not [text for text in (address, "token", "GET", "Traceback") if text in logged]

    def test_a_port_that_is_taken_is_named(self, shared: Browser, loopback_port: int) -> None:
        with listening(loopback_port) as taken:
            taken.listen()
            with pytest.raises(UsageError, match=f"port {loopback_port} of 127.0.0.1 is taken"):
                serve(shared.pages, loopback_port, print)

    def test_a_fault_of_the_workspace_is_told_before_anything_is_served(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert cli.run(["review", str(tmp_path), "--serve"]) == 2
        assert "no workspace here" in capsys.readouterr().err
        assert cli.run(["review", str(tmp_path), "--port", "8080"]) == 2
        assert "only with --serve" in capsys.readouterr().err

    def test_no_other_command_loads_a_server(self) -> None:
        code = "import sys, flows.cli; print(sorted({'starlette', 'fastapi', 'uvicorn'} & set(sys.modules)))"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout == "[]\n"
