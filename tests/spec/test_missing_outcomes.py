"""Outcomes that never come may not decide: an accept they could overturn is insufficient."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from monitor.operation.evidence.verify import verify
from monitor.operation.replay import replay
from monitor.registry import read_chain
from monitor.simulation import Scenario
from tests.evidence import Scene, bound, undrawn
from tests.watching import rewrite

SHIFTED = Scenario(
    "Harbour", "intercept", "For good.", "Accepted.", 150.0, 0.2, intercept_shift=1.2, change_share=0.3
)
LENIENT = {"minimum_ascertainment: 0.90": "minimum_ascertainment: 0.50"}


def judged(folder: Path, every: int) -> tuple[Scene, dict[str, Any]]:
    """The first verdict when each `every`-th outcome is indeterminate; none is for 0."""
    with undrawn():
        scene = bound(folder, SHIFTED, nights=44, edits=LENIENT)
        files = scene.made.write(scene.logs)
        if every:

            def lost(row: dict[str, str]) -> dict[str, str]:
                if int(row["accession"][3:]) % every == 0:
                    row["ptx_confirmed"] = ""
                return row

            rewrite(files.outcomes[0], lost)
        replay(
            scene.path, files.predictions, files.outcomes, until=scene.made.complete_on, key_file=scene.key
        )
    bodies = [entry.body for entry in read_chain(scene.path / "ledger.jsonl") if entry.kind == "verdict"]
    return scene, bodies[0]


def test_few_missing_outcomes_change_nothing_and_are_not_asked(tmp_path: Path) -> None:
    _, body = judged(tmp_path, 0)
    assert body["verdict"] == "accept"
    assert "missing_outcomes" not in body


@pytest.mark.parametrize("every", [3])
def test_many_that_could_overturn_it_withhold_an_accept(tmp_path: Path, every: int) -> None:
    scene, body = judged(tmp_path, every)
    found = body["missing_outcomes"]
    assert found["missing"] / found["studies"] == pytest.approx(1 / 3, abs=0.06)
    assert "accept" not in found["verdicts"].values() or len(set(found["verdicts"].values())) == 2
    assert body["verdict"] == "insufficient"
    assert "outcomes that are missing could decide" in body["reasons"][0]
    assert verify(scene.path).derived > 0
