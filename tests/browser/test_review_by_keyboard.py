"""From the overview to a site, its change and the plan, with Tab and Enter alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from monitor.documentation.review import write_review
from tests.browser.keyboard import keyboard
from tests.browser.page import parse
from tests.browser.test_dossier_in_browser import visit
from tests.review_examples import report

pytestmark = pytest.mark.browser

CHOOSE = """
const choice = document.querySelector("select[data-filter=NAME]");
choice.value = "VALUE"; choice.dispatchEvent(new Event("change"));
"""
SHOWN = "document.querySelector('#table tbody tr:not([hidden]) bdi').innerText"


def test_overview_to_site_to_change_to_plan(chromium: Path, tmp_path: Path) -> None:
    front = write_review(report(3, nights=20), tmp_path)[0]
    with keyboard(chromium) as keys:
        keys.open(front)
        keys.press("Tab")
        assert keys.value("document.activeElement.getAttribute('href')") == "#content"
        assert keys.follow("Harbour").startswith("place-harbour-")
        assert keys.follow("CHG-0002").startswith("change-chg-0002-")
        assert keys.follow("Plan, version").startswith("plan.html")
        keys.tab_to("Show the YAML")
        assert keys.value("document.querySelector('details').open") is False
        keys.press("Enter")
        assert keys.value("document.querySelector('details').open") is True


def test_a_command_can_be_reached_to_be_read_and_copied(chromium: Path, tmp_path: Path) -> None:
    pages = write_review(report(1, nights=5), tmp_path)
    page = next(page for page in pages if page.name.startswith("change-chg-0002-"))
    with keyboard(chromium) as keys:
        keys.open(page)
        keys.tab_to("pccp approve WORKSPACE CHG-0002")


@pytest.mark.parametrize(("name", "value", "shown"), [("kind", "night", 3), ("site", "Harbour", 2)])
def test_the_ledger_is_filtered_offline(
    chromium: Path, tmp_path: Path, name: str, value: str, shown: int
) -> None:
    write_review(report(1, nights=5), tmp_path)
    source = (tmp_path / "ledger.html").read_text(encoding="utf-8")
    source = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", source)
    act = CHOOSE.replace("NAME", name).replace("VALUE", value)
    file = tmp_path / "acted.html"
    file.write_text(source.replace("</body>", f"<script>{act}</script></body>"), encoding="utf-8")
    found = visit(chromium, file)
    assert found.console == ""
    assert f"{shown} of 7 shown" in found.page.text
    assert parse(source).count("tr") == 8


def test_the_overview_is_filtered_and_sorted_by_keys_and_says_how_many_are_left(
    chromium: Path, tmp_path: Path
) -> None:
    front = write_review(report(5, nights=20), tmp_path)[0]
    with keyboard(chromium) as keys:
        keys.open(front)
        assert keys.heard() == ["5 of 5 shown"]
        while keys.value("document.activeElement.id") != "find":
            keys.press("Tab")
        keys.type("hill")
        assert keys.heard() == ["1 of 5 shown"]
        assert keys.value(SHOWN) == "Hill"
        keys.press("Escape")
        assert keys.heard() == ["5 of 5 shown"]
        keys.press("Tab")
        keys.type("o")
        assert keys.heard() == ["2 of 5 shown"]
        keys.tab_to("Studies")
        keys.press("Enter")
        assert keys.value("document.activeElement.closest('th').ariaSort") == "ascending"


@pytest.mark.parametrize("width", [400, 1200])
def test_no_page_is_wider_than_the_screen(chromium: Path, tmp_path: Path, width: int) -> None:
    pages = write_review(report(1, nights=5), tmp_path)
    with keyboard(chromium) as keys:
        screen = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
        keys.send("Emulation.setDeviceMetricsOverride", **screen)
        for page in pages:
            keys.open(page)
            assert keys.value("document.documentElement.scrollWidth") <= width, page.name
