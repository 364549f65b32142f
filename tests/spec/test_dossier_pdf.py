"""The dossier as a PDF for the archive: tagged, reproducible, and the same content as page and record."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from html import unescape
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from monitor.documentation import write_dossier
from monitor.documentation.figures import figures
from monitor.documentation.pdf import dossier_pdf
from monitor.documentation.pdf.content import content
from monitor.documentation.pdf.drawings import drawing
from monitor.hashing import sha256_file
from tests.browser.dossier_examples import HOSTILE, NAMES, example, hostile, read
from tests.browser.page import parse

SIGNS = re.compile(r"[\s✓✕○–]")
DIGEST = "0" * 64
TEMPLATE_MARKS = ("#panic()", '#eval("1")', "*bold*", "_low_", "= Heading", "$x$", "@ref", "<label>", "`raw`")


class Issued:
    """A dossier on disk, its page and its PDF."""

    def __init__(self, folder: Path, dossier: dict[str, Any]) -> None:
        self.dossier = dossier
        self.paths = write_dossier(folder, dossier)
        self.html = self.paths["html"].read_text(encoding="utf-8")
        self.pdf = Pdf(self.paths["pdf"].read_bytes())


class Pdf:
    """A PDF as a reader opens it."""

    def __init__(self, content: bytes) -> None:
        self.reader = PdfReader(BytesIO(content))
        self.root: Any = self.reader.trailer["/Root"]
        self.pages = [page.extract_text() for page in self.reader.pages]

    @property
    def title(self) -> str:
        return str(self.reader.metadata and self.reader.metadata.title)

    @cached_property
    def text(self) -> str:
        """All text without white space, which depends on where lines end, and without the signs."""
        return SIGNS.sub("", "".join(self.pages))

    @cached_property
    def tags(self) -> list[tuple[str, Any]]:
        return list(_elements(self.root["/StructTreeRoot"]))


@pytest.fixture(scope="module", params=NAMES)
def issued(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Issued:
    return Issued(tmp_path_factory.mktemp(request.param), example(request.param).dossier)


@pytest.fixture(scope="module")
def drawn() -> dict[str, str]:
    return figures(example("accepted").dossier)


class TestArchive:
    def test_the_file_says_that_it_is_archival_and_accessible(self, issued: Issued) -> None:
        metadata = issued.pdf.root["/Metadata"].get_data().decode()
        for mark in ("<pdfaid:part>2<", "<pdfaid:conformance>A<", "<pdfuaid:part>1<"):
            assert mark in metadata
        assert issued.pdf.root["/OutputIntents"][0]["/S"] == "/GTS_PDFA1"
        assert issued.pdf.root["/MarkInfo"]["/Marked"] == True  # noqa: E712  an object of pypdf
        assert issued.pdf.root["/Lang"] == "en"
        assert issued.pdf.root["/ViewerPreferences"]["/DisplayDocTitle"] == True  # noqa: E712  likewise

    def test_title_and_hashes_are_in_its_properties(self, issued: Issued) -> None:
        digest = sha256_file(issued.paths["json"])
        found = issued.pdf.reader.metadata
        assert found is not None
        assert found.title == parse(issued.html).title
        assert digest in str(found["/Keywords"])
        assert issued.dossier["plan"]["sha256"] in str(found["/Keywords"])

    def test_every_font_is_inside(self, issued: Issued) -> None:
        fonts = [font for page in issued.pdf.reader.pages for font in _fonts(page)]
        assert fonts
        for font in fonts:
            descendant = font["/DescendantFonts"][0]
            assert "DejaVuSans" in font["/BaseFont"]
            assert {"/FontFile2", "/FontFile3"} & set(descendant["/FontDescriptor"])

    def test_nothing_in_it_runs_or_leads_elsewhere(self, issued: Issued) -> None:
        assert {"/OpenAction", "/AA", "/AcroForm"}.isdisjoint(issued.pdf.root)
        assert {"/JavaScript", "/EmbeddedFiles"}.isdisjoint(issued.pdf.root.get("/Names", {}))
        for page in issued.pdf.reader.pages:
            for link in page.get("/Annots") or []:
                assert "/URI" not in str(link.get_object())

    def test_the_same_record_gives_the_same_bytes(self, issued: Issued, tmp_path: Path) -> None:
        again = write_dossier(tmp_path, issued.dossier)["pdf"]
        assert again.read_bytes() == issued.paths["pdf"].read_bytes()

    def test_its_date_is_of_the_record_not_of_the_clock(self) -> None:
        found = example("deployed").dossier
        made = PdfReader(BytesIO(dossier_pdf(found, figures(found), DIGEST))).metadata
        assert made is not None
        assert made.creation_date is not None
        assert made.creation_date.date().isoformat() == found["approvals"]["deployed"]["night"]


class TestStructure:
    def test_headings_tables_lists_and_figures_are_tagged(self, issued: Issued) -> None:
        names = [name for name, _ in issued.pdf.tags]
        assert names.count("/H1") == 1
        assert {"/H2", "/Table", "/TH", "/TD", "/L", "/LI", "/Caption"} <= set(names)
        assert names.count("/Table") == issued.html.count("<table")

    def test_bookmarks_are_the_sections_of_the_page(self, issued: Issued) -> None:
        titles = [item["/Title"] for item in _bookmarks(issued.pdf.reader.outline)]
        numbered = [unescape(title) for title in re.findall(r"<h2 id[^>]*>(.*?)</h2>", issued.html)]
        assert [title for title in titles if re.match(r"\d+\. ", title)] == numbered

    def test_headings_descend_by_single_steps_and_stand_in_the_order_of_the_text(
        self, issued: Issued
    ) -> None:
        levels = [int(name[2]) for name, _ in issued.pdf.tags if re.fullmatch(r"/H\d", name)]
        assert levels[0] == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))
        numbered = [unescape(title) for title in re.findall(r"<h2 id[^>]*>(.*?)</h2>", issued.html)]
        found = [issued.pdf.text.rindex(SIGNS.sub("", title)) for title in numbered]
        assert found == sorted(found)

    def test_every_figure_has_the_words_of_its_drawing(self, issued: Issued) -> None:
        spoken = [element["/Alt"] for name, element in issued.pdf.tags if name == "/Figure"]
        drawn = [path for name, path in issued.paths.items() if name.startswith("figures/")]
        assert sorted(spoken) == sorted(drawing(path.read_text(encoding="utf-8"))["alt"] for path in drawn)

    def test_a_figure_without_words_is_refused(self, drawn: dict[str, str]) -> None:
        found = example("accepted").dossier
        for name, svg in drawn.items():
            for tag in ("title", "desc"):
                silent = re.sub(rf"<{tag} [^>]*>.*?</{tag}>", "", svg, count=1, flags=re.DOTALL)
                assert silent != svg
                with pytest.raises(ValueError, match="without title and description"):
                    dossier_pdf(found, {**drawn, name: silent}, DIGEST)


class TestSameContent:
    def test_every_row_of_every_table_is_that_of_the_page(self, issued: Issued) -> None:
        rows = re.findall(r"<tr>(.*?)</tr>", issued.html, flags=re.DOTALL)
        assert rows
        assert [row for row in map(_plain, rows) if row not in issued.pdf.text] == []

    def test_every_number_of_the_page_is_there(self, issued: Issued) -> None:
        for value, shown in parse(issued.html).numbers:
            assert SIGNS.sub("", shown) in issued.pdf.text, (value, shown)

    def test_every_fact_and_sentence_of_the_page_is_there(self, issued: Issued) -> None:
        drawings = {name: issued.paths[f"figures/{name}"].read_text("utf-8") for name in _names(issued)}
        data = content(issued.dossier, drawings, "")
        assert len(data["sections"]) == len(parse(issued.html).sections) - 1
        body, _, _ = issued.html.partition("<footer>")
        found = re.findall(r"<(dt|dd|li|p)\b[^>]*>(.*?)</\1>", body, flags=re.DOTALL)
        texts = set(_texts(data))
        words = {_plain(text) for _, text in found if "<svg" not in text}
        told = SIGNS.sub("", "".join(sorted(texts)))
        assert [text for text in words if len(text) > 60 and text not in told + issued.pdf.text] == []

    def test_each_page_carries_plan_change_hash_and_its_number(self, issued: Issued) -> None:
        plan, count = issued.dossier["plan"], len(issued.pdf.pages)
        for number, text in enumerate(issued.pdf.pages, start=1):
            assert f"{plan['id']} {plan['version']}" in text
            assert plan["sha256"][:16] in text
            assert "CHG-0001" in text
            assert sha256_file(issued.paths["json"]) in text
            assert f"page {number} of {count}" in text

    def test_each_page_says_what_the_document_is_not(self, issued: Issued) -> None:
        for banner in issued.dossier["banners"]:
            for text in issued.pdf.pages:
                assert banner["text"].upper() in text
        if not issued.dossier["banners"]:
            assert "NOT AN AUTHORIZED" not in "".join(issued.pdf.pages)


class TestHostileTexts:
    def test_stand_in_the_document_as_they_were_written(self) -> None:
        found = hostile().dossier
        made = Pdf(dossier_pdf(found, figures(found), DIGEST))
        for text in HOSTILE[:4]:
            assert SIGNS.sub("", text) in made.text
        assert "abc[U+202E]def[U+2066]ghi" in made.text
        assert "a[U+0000]b&'c'" in made.text

    def test_are_never_instructions_to_the_typesetter(self, drawn: dict[str, str]) -> None:
        text = " ".join(TEMPLATE_MARKS)
        made = Pdf(dossier_pdf(_at_site(text), drawn, DIGEST))
        for mark in TEMPLATE_MARKS:
            assert SIGNS.sub("", mark) in made.text
        assert text in made.title
        assert [name for name, _ in made.tags].count("/H1") == 1

    def test_a_character_without_a_glyph_is_told_by_its_code(self, drawn: dict[str, str]) -> None:
        made = Pdf(dossier_pdf(_at_site("Клиника Ελένη 東 🧬"), drawn, DIGEST))
        assert "КлиникаΕλένη[U+6771][U+1F9EC]" in made.text

    def test_names_written_from_right_to_left_can_be_printed(self, drawn: dict[str, str]) -> None:
        made = Pdf(dossier_pdf(_at_site("مستشفى"), drawn, DIGEST))
        assert "مستشفى" in made.title
        assert "[U+06" not in made.text

    def test_a_word_without_end_leaves_no_letter_outside_the_page(self, drawn: dict[str, str]) -> None:
        made = Pdf(dossier_pdf(_at_site("W" * 300), drawn, DIGEST))
        assert "W" * 300 in made.text
        assert "\u200b" not in made.text
        lines = [line for page in made.pages for line in page.splitlines() if "WW" in line]
        assert max(line.count("W") for line in lines) < 70  # a line of the smallest letters holds 72

    def test_a_text_longer_than_a_page_is_printed_to_its_end(self, drawn: dict[str, str]) -> None:
        record = read("accepted")
        words = [f"word{number}" for number in range(4000)]
        record["change"]["verdict"]["data_account"][0]["step"] = " ".join(words)
        made = Pdf(dossier_pdf(example(record).dossier, drawn, DIGEST))
        assert set(words[1:]) <= set("\n".join(made.pages).split())


def _at_site(name: str) -> dict[str, Any]:
    record = read("accepted")
    record["change"]["opened"]["site"] = record["change"]["alarm"]["site"] = name
    return example(record).dossier


def _names(issued: Issued) -> list[str]:
    return [path.stem for name, path in issued.paths.items() if name.startswith("figures/")]


def _plain(markup: str) -> str:
    return SIGNS.sub("", unescape(re.sub(r"<[^>]*>", "", markup)))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


def _elements(node: Any) -> Iterator[tuple[str, Any]]:
    """Every structure element below a node, with its role."""
    found = node.get_object()
    if isinstance(found, list):
        for item in found:
            yield from _elements(item)
    elif isinstance(found, dict):
        if "/S" in found:
            yield str(found["/S"]), found
        if "/K" in found:
            yield from _elements(found["/K"])


def _bookmarks(outline: Any) -> Iterator[Any]:
    for item in outline:
        if isinstance(item, list):
            yield from _bookmarks(item)
        else:
            yield item


def _fonts(page: Any) -> Iterator[Any]:
    fonts = page["/Resources"].get("/Font")
    for font in (fonts or {}).values():
        yield font.get_object()
