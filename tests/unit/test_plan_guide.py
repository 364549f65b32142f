"""The guide to plans quotes sentences that the program says, and snippets that it reads."""

from __future__ import annotations

import re
from pathlib import Path

from monitor.plan.yaml import parse

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "plan.md").read_text(encoding="utf-8")


def test_every_sentence_of_the_fault_table_is_one_the_program_says() -> None:
    table = GUIDE[GUIDE.index("| sentence |") :]
    sentences = re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)
    program = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "monitor" / "plan").rglob("*.py"))
    assert len(sentences) > 30
    assert [sentence for sentence in sentences if sentence not in program] == []


def test_every_snippet_is_yaml() -> None:
    for snippet in re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL):
        assert all("the file is empty" in str(fault) for fault in parse("guide", snippet).faults)


def test_every_linked_file_exists() -> None:
    for target in re.findall(r"\]\(([^)]+)\)", GUIDE):
        assert (ROOT / "docs" / target).resolve().is_file()
