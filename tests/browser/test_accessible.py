"""Every kind of page before axe-core: light and dark, wide and narrow; nothing is left to mend."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.browser.every_page import write_every_page
from tests.browser.keyboard import Keyboard, keyboard

pytestmark = pytest.mark.browser

SCREENS = {"light": (1200, False), "dark": (1200, True), "narrow": (400, False)}
FULL = ("network/", "served/", "dossiers/accepted/", "dossiers/index")
"""Every kind of page once, for the dark and the narrow screen."""
RUN = "axe.run(document, {resultTypes: ['violations', 'incomplete']}).then((found) => JSON.stringify(found))"
UNTOLD = {"color-contrast"}
"""What axe leaves to a person: the background of a text in a drawing, and of a single character."""
BAD = """<!DOCTYPE html><html lang="en"><title>t</title><main><h1>t</h1><img src="data:,"><p
style="color:#bbb">a pale sentence of some words</p></main></html>"""


def findings(keys: Keyboard, file: Path, axe: str) -> list[dict[str, Any]]:
    """What axe finds wrong with a page, or cannot tell, with the elements."""
    keys.open(file)
    keys.value(axe)
    found = json.loads(keys.promised(RUN))
    doubtful = [item for item in found["incomplete"] if item["id"] not in UNTOLD]
    return [
        {
            "page": file.name,
            "rule": item["id"],
            "impact": item["impact"],
            "of": item["nodes"][0]["html"][:300],
        }
        for item in [*found["violations"], *doubtful]
    ]


@pytest.fixture(scope="module")
def axe(node_modules: Path) -> str:
    return (node_modules / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write_every_page(tmp_path_factory.mktemp("pages"))


def test_axe_finds_what_is_wrong(chromium: Path, axe: str, tmp_path: Path) -> None:
    file = tmp_path / "bad.html"
    file.write_text(BAD, encoding="utf-8")
    with keyboard(chromium) as keys:
        assert {"image-alt", "color-contrast"} <= {item["rule"] for item in findings(keys, file, axe)}


@pytest.mark.parametrize("screen", list(SCREENS))
def test_no_page_has_a_finding(chromium: Path, axe: str, pages: dict[str, Path], screen: str) -> None:
    width, dark = SCREENS[screen]
    everywhere = {name: file for name, file in pages.items() if file.suffix == ".html"}
    asked = [file for name, file in everywhere.items() if screen == "light" or name.startswith(FULL)]
    assert len(asked) > 10
    with keyboard(chromium) as keys:
        keys.seen(width=width, dark=dark)
        found = [item for file in asked for item in findings(keys, file, axe)]
    assert found == []
