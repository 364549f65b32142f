"""Sign-off in a real browser by the keyboard alone: from the overview to a signature that verifies."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from flows import cli
from flows.sign_off.running import listening, server_of
from monitor.registry import Entry, read_chain
from tests.browser.keyboard import Keyboard, keyboard
from tests.evidence import ROLES, Scene
from tests.signing_in import PASSPHRASE, Browser, unasked, waiting_for_people

pytestmark = pytest.mark.browser

SEEN = "document.body.innerText.replace(/\\s+/g, ' ')"
SIZES = {"phone": (400, 800), "desk": (1200, 900)}


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return waiting_for_people(tmp_path_factory.mktemp("waiting"))


@pytest.fixture(autouse=True)
def light() -> Iterator[None]:
    with unasked():
        yield


@contextmanager
def served(scene: Scene) -> Iterator[str]:
    """The server as the command runs it, and the address that the terminal shows."""
    with listening(None) as opened:
        host = f"127.0.0.1:{opened.getsockname()[1]}"
        terminal = Browser(scene)
        server = server_of(terminal.pages, terminal.doors, host)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [opened]})
        thread.start()
        try:
            yield f"http://{host}/start?token={terminal.told[-1]}"
        finally:
            server.should_exit = True
            thread.join(60)
            assert not thread.is_alive()


def fill_in(keys: Keyboard, scene: Scene, role: str, passphrase: str = PASSPHRASE) -> None:
    """The form of a change, from its decision to its last field."""
    keys.tab_to_choice("approve")
    keys.press(" ")
    keys.answer("Signer", f"A person for {role}")
    keys.choose("Role", role.replace("_", " "))
    keys.answer("Meaning", "I have read the dossier")
    keys.answer("Key file", str(scene.private / f"{role}.pem"))
    keys.answer("Passphrase", passphrase)


def test_overview_to_site_to_change_to_a_signature_that_verifies(
    chromium: Path, waiting: Scene, tmp_path: Path
) -> None:
    scene = waiting.copy(tmp_path / "workspace")
    with served(scene) as address, keyboard(chromium) as keys:
        keys.visit(address, "index.html")
        keys.follow("Harbour")
        keys.follow("CHG-0001")
        fill_in(keys, scene, ROLES[0])
        keys.tab_to("Sign")
        keys.press("Enter")
        entry = _approval(keys, scene)
        shown = keys.value(SEEN)
        assert entry.hash in shown
        assert "CHG-0001 is proposed. clinical lead: 1 of 1 signed. quality lead: 0 of 1 signed." in shown
        assert keys.value("document.cookie") == ""
        keys.follow("Changes")
        keys.follow("CHG-0001")
        assert "A person for clinical_lead" in keys.value(SEEN)
    assert cli.run(["verify", str(scene.path)]) == 0


def _approval(keys: Keyboard, scene: Scene) -> Entry:
    keys.wait_until("location.pathname.startsWith('/signed/')")
    entry = next(e for e in read_chain(scene.path / "ledger.jsonl") if e.kind == "approval")
    assert keys.value("location.pathname") == f"/signed/{entry.sequence}"
    return entry


def test_a_refusal_has_the_focus_and_works_without_a_script(
    chromium: Path, waiting: Scene, tmp_path: Path
) -> None:
    scene = waiting.copy(tmp_path / "workspace")
    before = (scene.path / "ledger.jsonl").read_bytes()
    with served(scene) as address, keyboard(chromium) as keys:
        keys.send("Emulation.setScriptExecutionDisabled", value=True)
        keys.visit(address, "index.html")
        keys.follow("Harbour")
        keys.follow("CHG-0001")
        fill_in(keys, scene, ROLES[0], "a wrong guess")
        keys.press("Enter")
        keys.wait_until("document.title.startsWith('Refused: ')")
        assert "the passphrase does not open this key" in keys.value("document.activeElement.innerText")
        assert keys.value("document.activeElement.getAttribute('role')") == "alert"
        assert keys.value("document.querySelector('[name=meaning]').value") == "I have read the dossier"
        assert keys.value("document.querySelector('[name=passphrase]').value") == ""
        assert (scene.path / "ledger.jsonl").read_bytes() == before
        keys.answer("Passphrase", PASSPHRASE)
        keys.press("Enter")
        assert _approval(keys, scene).body["meaning"] == "I have read the dossier"


def test_the_browser_asks_for_what_is_missing_before_it_sends(
    chromium: Path, waiting: Scene, tmp_path: Path
) -> None:
    scene = waiting.copy(tmp_path / "workspace")
    with served(scene) as address, keyboard(chromium) as keys:
        keys.visit(address, "index.html")
        keys.follow("Harbour")
        keys.follow("CHG-0001")
        keys.answer("Passphrase", "")
        keys.press("Enter")
        assert (
            keys.value(
                "document.querySelectorAll('form.sign input:invalid, form.sign select:invalid').length"
            )
            == 7
        )
        assert keys.value("document.activeElement.getAttribute('name')") == "act"


@pytest.mark.parametrize("size", list(SIZES))
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_form_fits_and_can_be_read(
    chromium: Path, waiting: Scene, tmp_path: Path, size: str, scheme: str
) -> None:
    width, height = SIZES[size]
    with served(waiting) as address, keyboard(chromium) as keys:
        keys.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        keys.send("Emulation.setDeviceMetricsOverride", **screen)
        keys.visit(address, "index.html")
        for link in ("Changes", "CHG-0001", "Alarms"):
            keys.follow(link)
            assert keys.value("document.documentElement.scrollWidth") <= width
            low = json.loads(keys.value(CONTRAST))
            assert low == []


CONTRAST = """
(() => {
  const lightness = (color) => {
    const parts = color.match(/[\\d.]+/g).slice(0, 3).map((value) => value / 255)
      .map((value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  };
  const behind = (element) => {
    for (let found = element; found; found = found.parentElement) {
      const color = getComputedStyle(found).backgroundColor;
      if (!color.endsWith(", 0)")) return color;
    }
    return "rgb(255, 255, 255)";
  };
  return JSON.stringify([...document.querySelectorAll("form *")].flatMap((element) => {
    const [one, other] = [getComputedStyle(element).color, behind(element)].map(lightness);
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    return ratio < 4.5 ? [`${element.tagName} ${element.className}: ${ratio}`] : [];
  }));
})()
"""
"""Texts of the forms whose contrast with what is behind them is below 4.5 (WCAG 2.2, 1.4.3)."""
