"""The README: short, and every command in it is run, in its order, in one folder.

`make demo` and `make test` cannot be run from inside a test run without installing and testing again.
For them the Makefile must have the target, and `make demo` is replaced by what it runs after
installing, with fewer nights: `pccp demo --nights 40`.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.command_blocks import blocks, carry_out, newcomer

FEWER_NIGHTS = "pccp demo --nights 40 --out demo"


@pytest.fixture(scope="module")
def readme(repository: Path) -> str:
    return (repository / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def room(repository: Path, tmp_path: Path) -> Path:
    """An empty folder with the plans, as a clone has them."""
    shutil.copytree(repository / "change_plans", tmp_path / "change_plans")
    return tmp_path


def test_it_is_short_and_its_links_lead_somewhere(readme: str, repository: Path) -> None:
    assert len(readme.splitlines()) < 150
    links = re.findall(r"\]\(([^)#]+)", readme)
    assert links
    assert [link for link in links if "://" not in link and not (repository / link).exists()] == []


def test_it_says_what_the_product_does_not_do(readme: str) -> None:
    for sentence in ("does not deploy by itself", "not a medical device", 'not "using a PCCP"'):
        assert sentence in readme


def test_every_command_runs(readme: str, repository: Path, room: Path) -> None:
    environment = newcomer(room)
    targets = re.findall(r"^([a-z]+):", (repository / "Makefile").read_text(), re.MULTILINE)
    commands = blocks(readme)
    assert commands[:2] == ["make demo", "make test"]
    for command in commands:
        if command.startswith("make "):
            assert command.split()[1] in targets
            if command != "make demo":
                continue
            command = FEWER_NIGHTS
        done = carry_out(command, room, environment)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    assert not (room / "home" / ".prefect").exists(), "the demonstration keeps to its folder"
    assert (room / "demo" / "private" / "prefect").is_dir()


def test_every_make_target_named_in_it_exists(readme: str, repository: Path) -> None:
    targets = re.findall(r"^([a-z]+):", (repository / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"`make ([a-z]+)`", readme)) <= set(targets)


def test_the_image_of_a_dossier_is_small(repository: Path) -> None:
    image = repository / "docs" / "images" / "dossier.png"
    assert image.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert image.stat().st_size < 400_000
