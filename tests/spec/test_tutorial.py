"""The tutorial: every command is run in its order, and what it promises is what comes out."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.command_blocks import blocks, carry_out, newcomer

SHORTER = {"pccp demo --out demo": "pccp demo --nights 101 --out demo"}
"""The demonstration up to what the tutorial reads of it: 12 April."""


@pytest.fixture(scope="module")
def told(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What each command said, in order; a command that fails fails the module."""
    room = tmp_path_factory.mktemp("tutorial")
    shutil.copytree(repository / "change_plans", room / "change_plans")
    environment = newcomer(room)
    said: dict[str, list[str]] = {}
    for command in blocks((repository / "docs" / "tutorial.md").read_text(encoding="utf-8")):
        done = carry_out(SHORTER.get(command, command), room, environment)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        said.setdefault(command, []).append(done.stdout)
    return said


def one(told: dict[str, list[str]], start: str) -> list[str]:
    return next(texts for command, texts in told.items() if command.startswith(start))


def test_harbour_waits_for_signatures_and_the_second_one_deploys(told: dict[str, list[str]]) -> None:
    assert "CHG-0002 proposed" in one(told, "pccp status hospital")[0]
    approvals = [texts[0] for command, texts in told.items() if command.startswith("pccp approve")]
    assert ["CHG-0002: proposed" in approvals[0], "CHG-0002: deployed" in approvals[1]] == [True, True]


def test_the_calibrated_score_changes_and_goes_back(told: dict[str, list[str]]) -> None:
    applied = [float(text.split()[0]) for text in one(told, "pccp apply hospital")]
    assert applied[0] == applied[2] == 0.3
    assert applied[1] == pytest.approx(0.53, abs=0.01)


def test_it_ends_with_evidence_that_holds(told: dict[str, list[str]]) -> None:
    assert "hospital: holds" in one(told, "pccp verify hospital")[0]
    assert "ALM-0006: closed" in one(told, "pccp close hospital")[0]
