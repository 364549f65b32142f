"""Texts from logs, plans and people are shown, never executed; the page needs nothing but itself."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from monitor.documentation import index_page, summary, write_dossier
from tests.browser.dossier_examples import HOSTILE, NAMES, example, hostile
from tests.browser.page import Page, parse

MARKS = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c\x00]")


@pytest.fixture(scope="module", params=[*NAMES, "hostile", "index"])
def page(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Page:
    if request.param == "index":
        return parse(index_page([summary(hostile().dossier)]))
    found = hostile() if request.param == "hostile" else example(request.param)
    return parse(
        write_dossier(tmp_path_factory.mktemp("page"), found.dossier)["html"].read_text(encoding="utf-8")
    )


class TestPage:
    def test_is_well_formed_and_in_english(self, page: Page) -> None:
        assert page.faults == []
        assert page.tags[0] == ("html", {"lang": "en"})

    def test_has_no_script_no_event_handler_and_no_element_that_loads(self, page: Page) -> None:
        names = {tag for tag, _ in page.tags}
        assert names.isdisjoint(
            {"script", "link", "img", "iframe", "object", "embed", "form", "base", "audio", "video"}
        )
        assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]

    def test_refers_to_nothing_outside_itself(self, page: Page) -> None:
        forms = [f"CHG-0001/dossier.{form}" for form in ("html", "pdf", "json")]
        for tag, attributes in page.tags:
            for name in ("href", "src", "xlink:href", "action", "srcset", "poster"):
                target = attributes.get(name, "#")
                assert target.startswith("#") or target in forms, (tag, target)
        assert re.search(r"url\((?!#)|@import", "".join(_styles(page))) is None

    def test_forbids_scripts_and_the_network_by_policy(self, page: Page) -> None:
        policies = [a["content"] for tag, a in page.tags if tag == "meta" and a.get("http-equiv")]
        assert policies == [
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
        ]

    def test_shows_marks_that_reorder_or_hide_by_their_code(self, page: Page) -> None:
        assert MARKS.search(page.source) is None

    def test_can_be_read_by_a_screen_reader_and_by_keyboard(self, page: Page) -> None:
        ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
        assert len(ids) == len(set(ids))
        assert page.count("h1") == 1
        assert page.count("main") == 1
        assert page.count("caption") == page.count("table")
        assert page.links[0] == "#content"
        assert {a["scope"] for tag, a in page.tags if tag == "th"} <= {"col", "row"}
        for tag, attributes in page.tags:
            if tag == "svg":
                assert attributes["role"] == "img"
            for target in attributes.get("aria-labelledby", "").split():
                assert target in ids
            if attributes.get("href", "").startswith("#"):
                assert attributes["href"][1:] in ids


class TestHostileTexts:
    def test_stand_on_the_page_as_they_were_written(self, tmp_path: Path) -> None:
        page = parse(write_dossier(tmp_path, hostile().dossier)["html"].read_text(encoding="utf-8"))
        for text in HOSTILE[:4]:
            assert text in page.text
        assert "abc[U+202E]def[U+2066]ghi" in page.text
        assert "{{ 7 * 7 }}{% raw %}" in page.text
        assert "a[U+0000]b & 'c'" in page.text
        assert HOSTILE[0] in page.title

    def test_stay_exact_in_the_record(self) -> None:
        assert hostile().dossier["document"]["site"] == " ".join(HOSTILE)

    def test_reach_no_style_sheet(self, tmp_path: Path) -> None:
        page = parse(write_dossier(tmp_path, hostile().dossier)["html"].read_text(encoding="utf-8"))
        assert page.count("style") == 1
        assert "owned" not in "".join(_styles(page))

    def test_figures_stay_well_formed_and_hold_them_as_text(self, tmp_path: Path) -> None:
        paths = write_dossier(tmp_path, hostile().dossier)
        tree = ElementTree.parse(paths["figures/map"])
        names = {element.tag.rpartition("}")[2] for element in tree.iter()}
        assert names.isdisjoint({"script", "image", "foreignObject", "style", "a"})
        assert any(HOSTILE[0] + HOSTILE[2] in (element.text or "") for element in tree.iter())


def _styles(page: Page) -> list[str]:
    blocks = re.findall(r"<style>(.*?)</style>", page.source, flags=re.DOTALL)
    return [*blocks, *(attributes.get("style", "") for _, attributes in page.tags)]
