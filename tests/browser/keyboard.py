"""A browser driven by keys alone, over Chromium's own protocol: no mouse, no script of ours in the page."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

SECONDS = 60.0
MOST_TABS = 400
OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    "--remote-debugging-port=0",
)
KEYS = {"Tab": (9, ""), "Enter": (13, "\r"), " ": (32, " "), "ArrowDown": (40, ""), "Escape": (27, "")}
FOCUSED = "(document.activeElement.innerText || document.activeElement.tagName).trim()"
LABEL = "(document.activeElement.labels?.[0]?.innerText || '').trim()"


class Keyboard:
    """A page and the keys that are pressed on it."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket, self.number = socket, 0

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command and its answer; events between are passed over."""
        self.number += 1
        self.socket.send(json.dumps({"id": self.number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self.socket.recv(timeout=SECONDS))
            if answer.get("id") == self.number:
                return answer.get("result", {})

    def value(self, expression: str) -> Any:
        """What an expression is on the page; a debugger's question, outside the page's policy."""
        found = self.send("Runtime.evaluate", expression=expression, returnByValue=True)
        return found.get("result", {}).get("value")

    def promised(self, expression: str) -> Any:
        """What an expression's promise comes to.

        Raises:
            AssertionError: It was not kept.
        """
        found = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def seen(self, *, width: int = 1200, dark: bool = False) -> None:
        """What follows is shown on a screen of this width, in the light or the dark scheme."""
        screen = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
        self.send("Emulation.setDeviceMetricsOverride", **screen)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[scheme])

    def open(self, file: Path) -> None:
        self.visit(file.as_uri(), file.name)

    def visit(self, address: str, name: str) -> None:
        """Go to an address, and wait for the page of a name that it leads to."""
        self.send("Page.navigate", url=address)
        self.wait_for(name)

    def press(self, key: str) -> None:
        code, text = KEYS[key]
        common = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        self.send("Input.dispatchKeyEvent", type="keyDown", text=text, **common)
        self.send("Input.dispatchKeyEvent", type="keyUp", **common)

    def type(self, text: str) -> None:
        """Letters into the field that has the focus."""
        for letter in text:
            self.send("Input.dispatchKeyEvent", type="keyDown", text=letter, key=letter)
            self.send("Input.dispatchKeyEvent", type="keyUp", key=letter)

    def heard(self) -> list[str]:
        """What a screen reader says by itself: the texts of live regions, as the browser hands them over."""
        nodes = self.send("Accessibility.getFullAXTree")["nodes"]
        named = {node["nodeId"]: node for node in nodes}
        live = [node for node in nodes if node.get("role", {}).get("value") in ("status", "alert", "log")]
        return [" ".join(_texts_below(node, named)) for node in live]

    def tab_to(self, text: str) -> None:
        """Press Tab until a link or field with this text has the focus.

        Raises:
            AssertionError: No press reached it.
        """
        for _ in range(MOST_TABS):
            self.press("Tab")
            if str(self.value(FOCUSED)).startswith(text):
                return
        raise AssertionError(f"{text!r} cannot be reached by Tab")

    def answer(self, label: str, text: str) -> None:
        """Press Tab until the field with this label has the focus, and type into it."""
        for _ in range(MOST_TABS):
            self.press("Tab")
            if str(self.value(LABEL)).startswith(label):
                self.send("Input.insertText", text=text)
                return
        raise AssertionError(f"no field {label!r} can be reached by Tab")

    def tab_to_choice(self, value: str) -> None:
        """Press Tab until the choice with this value has the focus."""
        for _ in range(MOST_TABS):
            self.press("Tab")
            if self.value("document.activeElement.value") == value:
                return
        raise AssertionError(f"no choice {value!r} can be reached by Tab")

    def choose(self, label: str, words: str) -> None:
        """Go to a list by Tab, and down to the option with these words."""
        self.answer(label, "")
        for _ in range(MOST_TABS):
            if self.value("document.activeElement.selectedOptions[0].innerText.trim()") == words:
                return
            self.press("ArrowDown")
        raise AssertionError(f"{label!r} has no {words!r}")

    def follow(self, text: str) -> str:
        """Go to a link by Tab, open it by Enter, and give the name of the page that opens."""
        self.tab_to(text)
        href = str(self.value("document.activeElement.getAttribute('href')"))
        self.press("Enter")
        self.wait_for(href.partition("#")[0])
        return href

    def wait_for(self, name: str) -> None:
        self.wait_until(f"location.pathname.endsWith({json.dumps(name)})")

    def wait_until(self, claim: str) -> None:
        """Wait for a page of which a claim holds, and that is complete."""
        until = time.monotonic() + SECONDS
        while self.value(f"({claim}) && document.readyState === 'complete'") is not True:
            if time.monotonic() > until:
                raise AssertionError(f"{claim} did not come true")
            time.sleep(0.05)


def _texts_below(node: dict[str, Any], named: dict[str, dict[str, Any]]) -> Iterator[str]:
    if node.get("role", {}).get("value") == "StaticText":
        yield node["name"]["value"]
    for child in node.get("childIds", []):
        yield from _texts_below(named[child], named)


@contextmanager
def keyboard(chromium: Path) -> Iterator[Keyboard]:
    """A new browser with an empty profile."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [str(chromium), *OPTIONS, f"--user-data-dir={profile}", "about:blank"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as browser:
            try:
                with connect(_page_of(Path(profile)), max_size=None, proxy=None) as socket:
                    yield Keyboard(socket)
            finally:
                browser.terminate()
                browser.wait(SECONDS)


def _page_of(profile: Path) -> str:
    """The address of the browser's first page, once it is up."""
    port, until = profile / "DevToolsActivePort", time.monotonic() + SECONDS
    while time.monotonic() < until:
        if port.exists() and (lines := port.read_text(encoding="utf-8").splitlines()):
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(f"http://127.0.0.1:{lines[0]}/json/list", timeout=SECONDS) as answer:
                pages = [item for item in json.load(answer) if item["type"] == "page"]
            if pages:
                return str(pages[0]["webSocketDebuggerUrl"])
        time.sleep(0.05)
    raise AssertionError("the browser did not start")
