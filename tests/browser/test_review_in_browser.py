"""The review pages in a real browser: no error, no request, nothing executed but the sorting of a table."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from monitor.documentation.review import write_review
from tests.browser.page import Page
from tests.browser.test_dossier_in_browser import Visit, visit
from tests.review_examples import HOSTILE, bare, hostile, report

pytestmark = pytest.mark.browser

EXAMPLES = {"network": report(3, nights=40), "bare": bare()}
PRESS = """
const buttons = [...document.querySelectorAll("th button")];
const press = (name) => buttons.find((button) => button.textContent === name).click();
const find = document.getElementById("find");
"""


def act(chromium: Path, folder: Path, script: str) -> Page:
    """The first page after a person's actions, which a script stands for: the policy is taken out for it."""
    source = write_review(report(5, nights=40), folder)[0].read_text(encoding="utf-8")
    source = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", source)
    file = folder / "acted.html"
    file.write_text(source.replace("</body>", f"<script>{PRESS}{script}</script></body>"), encoding="utf-8")
    found = visit(chromium, file)
    assert found.console == ""
    return found.page


def shown(page: Page) -> list[str]:
    """Sites in the order of their rows, hidden ones left out."""
    rows = re.findall(r"<tr data-status=[^>]*>.*?</tr>", page.source, flags=re.DOTALL)
    return [re.findall(r"<bdi>(.*?)</bdi>", row)[0] for row in rows if "hidden" not in row[: row.index(">")]]


@pytest.fixture(scope="module")
def visits(chromium: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Visit]:
    """Every page of the hostile report, opened once."""
    files = write_review(hostile(), tmp_path_factory.mktemp("hostile"))
    return {file.name: visit(chromium, file) for file in files}


@pytest.mark.parametrize("name", list(EXAMPLES))
def test_every_page_opens_offline_without_an_error(chromium: Path, name: str, tmp_path: Path) -> None:
    for file in write_review(EXAMPLES[name], tmp_path):
        found = visit(chromium, file)
        assert found.console == ""
        assert found.requests == []


def test_hostile_texts_stay_texts_and_ask_for_nothing(visits: dict[str, Visit]) -> None:
    for name, found in visits.items():
        assert found.console == ""
        assert found.requests == []
        assert found.page.count("img") == found.page.count("b") == 0
        assert found.page.count("script") == (name in ("index.html", "ledger.html"))
        assert found.page.title != "owned"
        assert all(text in found.page.text for text in HOSTILE[:4])


def test_the_script_of_the_page_is_the_one_its_policy_allows(chromium: Path, tmp_path: Path) -> None:
    found = visit(chromium, write_review(report(5, nights=40), tmp_path)[0])
    assert "5 of 5 shown" in found.page.text
    assert {"class": "controls"} in [attributes for _, attributes in found.page.tags]


def test_another_script_is_refused(chromium: Path, tmp_path: Path) -> None:
    file = write_review(report(1, nights=5), tmp_path)[0]
    source = file.read_text(encoding="utf-8")
    file.write_text(
        source.replace("</body>", "<script>document.title = 'owned'</script></body>"), encoding="utf-8"
    )
    found = visit(chromium, file)
    assert found.page.title != "owned"
    assert "Content Security Policy" in found.console


def test_a_header_sorts_by_its_column_and_says_so(chromium: Path, tmp_path: Path) -> None:
    up = act(chromium, tmp_path, 'press("Place");')
    assert shown(up) == ["Harbour", "Hill", "Lakeside", "Northgate", "St Mary"]
    down = act(chromium, tmp_path, 'press("Place"); press("Place");')
    assert shown(down) == ["St Mary", "Northgate", "Lakeside", "Hill", "Harbour"]
    assert {"descending"} == {a["aria-sort"] for tag, a in down.tags if tag == "th" and "aria-sort" in a}


def test_numbers_sort_as_numbers_and_missing_ones_stay_last(chromium: Path, tmp_path: Path) -> None:
    studies = act(chromium, tmp_path, 'press("Studies");')
    expected = sorted(report(5, nights=40)["sites"], key=lambda site: site["studies"])
    assert shown(studies) == [site["site"] for site in expected]
    for presses in (1, 2):
        effect = act(chromium, tmp_path, 'press("Largest effect");' * presses)
        assert shown(effect)[-1] == "Lakeside"


def test_a_filter_hides_the_other_rows_and_counts_what_is_left(chromium: Path, tmp_path: Path) -> None:
    page = act(chromium, tmp_path, 'find.value = "prevalence is"; find.dispatchEvent(new Event("input"));')
    assert shown(page) == ["Hill"]
    assert "1 of 5 shown" in page.text
    chosen = (
        'const s = document.getElementById("status"); s.value = "ok"; s.dispatchEvent(new Event("change"));'
    )
    assert shown(act(chromium, tmp_path, chosen)) == ["Northgate", "St Mary"]
