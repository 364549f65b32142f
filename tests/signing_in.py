"""A browser without a screen: what it would send to the sign-off pages, and what it is answered."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from flows.sign_off import Pages
from flows.sign_off.app import application
from flows.sign_off.sessions import Doors
from monitor.operation.reading.monitoring import monitoring_report
from monitor.operation.reading.remembered import Remembered
from monitor.registry import protect_key
from tests.evidence import DECIDED_ON, QUIET, ROLES, Scene, bound, deliver, shifted, undrawn

HOST = "127.0.0.1:8765"
ORIGIN = {"origin": f"http://{HOST}"}
PASSPHRASE = "a horse, a battery"
TODAY = date(2026, 3, 3)


@contextmanager
def unasked() -> Iterator[None]:
    """Causes and audits take most of the time of a review, and no form depends on one."""
    with pytest.MonkeyPatch.context() as patch, undrawn():
        patch.setattr("monitor.operation.reading.monitoring.shortcuts", lambda *_: [])
        patch.setattr(
            "monitor.operation.reading.investigation.domain", lambda _: {"reason": "left out by the test"}
        )
        yield


def waiting_for_people(folder: Path) -> Scene:
    """Two accepted changes that nobody has signed; the keys are protected."""
    with undrawn():
        scene = bound(folder, shifted("Harbour"), shifted("Bay"), QUIET)
        deliver(scene, 0, DECIDED_ON)
    for role in ROLES:
        protect_key(scene.private / f"{role}.pem", PASSPHRASE)
    return scene


class _Forms(HTMLParser):
    """The fields of each form of a page as a browser would send them untouched."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: dict[str, dict[str, str]] = {}
        self.current: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.current = self.forms.setdefault(found.get("id", found.get("action", "")), {})
        if tag == "input" and "name" in found and found.get("type") != "radio":
            self.current[found["name"]] = found.get("value", "")
        if tag == "input" and found.get("type") == "radio" and "checked" in found:
            self.current[found["name"]] = found["value"]
        if tag == "select" and "name" in found:
            self.current[found["name"]] = ""


def forms(page: str) -> dict[str, dict[str, str]]:
    """Of each form by its id: the names and values it would send."""
    return _Forms(page).forms


def words(page: str) -> str:
    """A page's text on one line."""
    return re.sub(
        r"\s+", " ", html.unescape(re.sub(r"<style>.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL))
    )


class Browser:
    """One browser and the server it speaks to."""

    def __init__(self, scene: Scene, *, clock: Any = None) -> None:
        self.scene, self.told = scene, []
        remembered = Remembered()
        self.pages = Pages(
            *(scene.path, scene.key),
            lambda _: monitoring_report(scene.path, today=TODAY, evidently=False, remembered=remembered),
            lambda: TODAY,
        )
        self.doors = Doors(self.told.append, clock) if clock else Doors(self.told.append)
        self.app = application(self.pages, self.doors, HOST)
        self.cookie = ""
        self.doors.let_in()

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """One request, no redirect followed."""

        async def asked() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app=self.app)) as client:
                sent = {"host": HOST, "cookie": self.cookie, **(headers or {})}
                raw = [(name.encode(), value.encode("latin-1")) for name, value in sent.items()]
                return await client.request(method, f"http://{HOST}{path}", content=body, headers=raw)

        return asyncio.run(asked())

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.ask("GET", path, headers=headers)

    def post(self, path: str, fields: dict[str, str], **headers: str) -> httpx.Response:
        sent = {**ORIGIN, "content-type": "application/x-www-form-urlencoded", **headers}
        return self.ask("POST", path, urlencode(fields).encode(), sent)

    def start(self, token: str | None = None) -> httpx.Response:
        """Open the address that the terminal shows."""
        answer = self.get(f"/start?token={self.told[-1] if token is None else token}")
        if "set-cookie" in answer.headers:
            self.cookie = answer.headers["set-cookie"].partition(";")[0]
        return answer

    def address(self, change: str) -> str:
        """The page of a change, as the list of changes leads to it."""
        page = self.get("/review/changes.html").text
        return f"/review/{re.findall(rf'(change-{change.lower()}-[0-9a-f]+[.]html)', page)[0]}"

    def form(self, path: str, name: str, **typed: str) -> dict[str, str]:
        """A form of a page with what a person types into it."""
        found = forms(self.get(path).text)[name]
        assert typed.keys() <= {*found, "act"}, typed.keys() - found.keys()
        return {**found, **typed}

    def person(self, role: str = ROLES[0], **other: str) -> dict[str, str]:
        """What a person of a role types about themselves."""
        who = {"signer": f"A person for {role}", "role": role, "passphrase": PASSPHRASE}
        return {**who, "key": str(self.scene.private / f"{role}.pem"), **other}

    def decide(self, change: str, act: str, role: str = ROLES[0], **other: str) -> httpx.Response:
        """Fill in the form of a change and send it."""
        path = self.address(change)
        typed = {"act": act, "meaning": "I have read it", **self.person(role), **other}
        return self.post(path, {**self.form(path, "decide"), **typed})


def ledger(browser: Browser) -> bytes:
    """The ledger of a browser's workspace."""
    return (browser.scene.path / "ledger.jsonl").read_bytes()
