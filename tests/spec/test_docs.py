"""The pages in docs/: those that are made are current, links lead somewhere, commands exist."""

from __future__ import annotations

import importlib.util
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from flows.cli import app
from monitor.plan import load
from monitor.store import dictionary
from monitor.store.meanings import EVERYWHERE, LAYER_OF, ONLY

PAGES = sorted((Path(__file__).parents[2] / "docs").glob("*.md"), key=lambda page: page.name)


def commands_in(text: str) -> Iterator[list[str]]:
    """The words of each `pccp` call in a block or between backticks, placeholders included."""
    found = re.findall(r"^pccp .+$", text, re.MULTILINE) + re.findall(r"`(pccp [^`]+)`", text)
    for line in found:
        words = line.replace("[", " ").replace("]", " ").split("   ")[0]
        yield shlex.split(words.split(" > ")[0].split(" # ")[0].replace("'", " "))


def resolved(words: list[str]) -> tuple[Any, list[str]]:
    """The command that the words name, and the words after its name."""
    command: Any = get_command(app)
    rest = words[1:]
    while hasattr(command, "commands") and rest and re.fullmatch(r"[a-z]+", rest[0]):
        command, rest = command.commands[rest[0]], rest[1:]
    return command, rest


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_and_option_named_exists(page: Path) -> None:
    for words in commands_in(page.read_text(encoding="utf-8")):
        command, rest = resolved(words)
        known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
        used = {word.split("=")[0] for word in rest if word.startswith("--") and word != "--"}
        assert used <= known, " ".join(words)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


def test_the_pages_that_are_made_are_current(repository: Path) -> None:
    spec = importlib.util.spec_from_file_location("docs_make", repository / "docs" / "make.py")
    assert spec
    assert spec.loader
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    for name, text in made.pages().items():
        page = repository / "docs" / name
        assert page.read_text(encoding="utf-8") == text, f"docs/{name}: run `make docs`"


def test_every_page_is_named_in_the_readme(repository: Path) -> None:
    readme = (repository / "README.md").read_text(encoding="utf-8")
    assert [page.name for page in PAGES if f"docs/{page.name}" not in readme] == []


def test_a_plan_with_strata_and_exclusions_has_every_column_once(repository: Path) -> None:
    for plan in sorted((repository / "change_plans").glob("*.yaml")):
        columns = dictionary(load(plan).plan)
        keys = [(entry.place, entry.column) for entry in columns]
        assert len(set(keys)) == len(keys)
        assert all(entry.meaning for entry in columns)
        assert {entry.place for entry in columns} >= set(LAYER_OF)


def test_no_meaning_is_left_of_a_column_that_is_gone(repository: Path) -> None:
    columns = dictionary(load(repository / "change_plans" / "template.yaml").plan)
    assert set(EVERYWHERE) - {"hospital"} <= {entry.column for entry in columns}
    assert set(ONLY) <= {(entry.place, entry.column) for entry in columns}


def test_a_delivered_column_says_unit_range_or_levels(repository: Path) -> None:
    columns = {
        (entry.place, entry.column): entry
        for entry in dictionary(load(repository / "change_plans" / "template.yaml").plan)
    }
    age = columns["predictions log as delivered", "age"]
    assert (age.layer, age.type, age.may_be_empty) == ("raw", "number, year", True)
    assert "18 to 110 year" in age.meaning
    assert "A, B, C" in columns["predictions log as delivered", "scanner_vendor"].meaning
    assert columns["outcomes", "outcome"].layer == "annotation"
    assert columns["stream_state", "log_r"].layer == "analysis"
