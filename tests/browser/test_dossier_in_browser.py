"""A dossier opened by a real browser: no error, no request, nothing executed."""

from __future__ import annotations

import socketserver
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from monitor.documentation import index_page, summary, write_dossier
from tests.browser.dossier_examples import HOSTILE, NAMES, example, hostile
from tests.browser.page import Page, parse

pytestmark = pytest.mark.browser

CANARY = "canary.invalid"
QUIET = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
SECONDS = 90


@dataclass
class Visit:
    """What a browser made of a page: its document, its console and what it asked a proxy for."""

    page: Page
    console: str
    requests: list[str]


@contextmanager
def recording_proxy() -> Iterator[tuple[int, list[str]]]:
    """A proxy on loopback that answers nobody and notes who was asked for."""
    seen: list[str] = []

    class Note(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            seen.append(self.rfile.readline(2000).decode("latin-1"))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Note) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1], seen
        server.shutdown()


def visit(chromium: Path, file: Path) -> Visit:
    """Open a file as a person would, with every outside request led to the proxy."""
    with tempfile.TemporaryDirectory() as profile, recording_proxy() as (port, seen):
        options = (
            *QUIET,
            f"--user-data-dir={profile}",
            f"--proxy-server=127.0.0.1:{port}",
            "--enable-logging=stderr",
            "--virtual-time-budget=2000",
            "--dump-dom",
        )
        done = subprocess.run(
            [str(chromium), *options, file.as_uri()],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=True,
        )
    console = "\n".join(line for line in done.stderr.splitlines() if "CONSOLE" in line)
    return Visit(parse(done.stdout), console, [line for line in seen if CANARY in line])


def test_the_test_itself_sees_a_request_and_a_console_error(chromium: Path, tmp_path: Path) -> None:
    file = tmp_path / "control.html"
    file.write_text(f"<script>console.error('seen')</script><img src='http://{CANARY}/x'>", encoding="utf-8")
    found = visit(chromium, file)
    assert "seen" in found.console
    assert found.requests


@pytest.mark.parametrize("name", NAMES)
def test_opens_offline_without_an_error(chromium: Path, name: str, tmp_path: Path) -> None:
    found = visit(chromium, write_dossier(tmp_path, example(name).dossier)["html"])
    assert found.console == ""
    assert found.requests == []
    assert found.page.count("section") == 30
    assert example(name).dossier["headline"]["words"] in found.page.title


def test_hostile_texts_stay_texts(chromium: Path, tmp_path: Path) -> None:
    found = visit(chromium, write_dossier(tmp_path, hostile().dossier)["html"])
    assert found.console == ""
    assert found.requests == []
    assert found.page.count("script") == found.page.count("img") == 0
    assert found.page.title.startswith("CHG-0001: Accepted")
    for text in (*HOSTILE[:4], "abc[U+202E]def[U+2066]ghi"):
        assert text in found.page.text


def test_a_figure_opened_on_its_own_is_inert_too(chromium: Path, tmp_path: Path) -> None:
    found = visit(chromium, write_dossier(tmp_path, hostile().dossier)["figures/map"])
    assert found.console == ""
    assert found.requests == []
    assert found.page.count("script") == 0
    assert HOSTILE[0] in found.page.text


def test_the_index_leads_to_the_dossier(chromium: Path, tmp_path: Path) -> None:
    write_dossier(tmp_path / "CHG-0001", hostile().dossier)
    file = tmp_path / "index.html"
    file.write_text(index_page([summary(hostile().dossier)]), encoding="utf-8")
    found = visit(chromium, file)
    assert found.console == ""
    assert found.requests == []
    assert (tmp_path / found.page.links[1]).is_file()
