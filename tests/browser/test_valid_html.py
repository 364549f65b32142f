"""Every kind of page and drawing before the Nu Html Checker, which knows HTML, ARIA, CSS and SVG."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.browser.every_page import write_every_page
from tests.conftest import missing

pytestmark = pytest.mark.browser

BAD = "<!DOCTYPE html><html lang='en'><title>t</title><p id='a'><div id='a'></div><pre aria-label='b'></pre>"


@pytest.fixture(scope="module")
def checker(node_modules: Path) -> list[str]:
    java = shutil.which("java")
    if java is None:
        missing("no Java on this machine, which the Nu Html Checker needs")
    jar = node_modules / "vnu-jar" / "build" / "dist" / "vnu.jar"
    return [java, "-jar", str(jar), "--format", "json", "--exit-zero-always", "--also-check-svg"]


def errors(checker: Sequence[str], files: Sequence[Path]) -> list[dict[str, Any]]:
    """What does not conform, with its page and the markup."""
    done = subprocess.run(
        [*checker, *map(str, files)], capture_output=True, text=True, check=True, timeout=600
    )
    messages = json.loads(done.stderr)["messages"]
    return [
        {"page": item["url"].rpartition("/")[2], "error": item["message"], "of": item.get("extract")}
        for item in messages
        if item["type"] != "info"
    ]


def test_the_checker_finds_what_is_wrong(checker: list[str], tmp_path: Path) -> None:
    file = tmp_path / "bad.html"
    file.write_text(BAD, encoding="utf-8")
    found = " ".join(item["error"] for item in errors(checker, [file]))
    assert "Duplicate ID" in found
    assert "aria-label" in found


def test_every_page_and_drawing_conforms(checker: list[str], tmp_path: Path) -> None:
    files = list(write_every_page(tmp_path).values())
    assert {file.suffix for file in files} == {".html", ".svg"}
    assert errors(checker, files) == []
