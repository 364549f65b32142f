"""One replay per data set and worker; the tests of this folder read its result."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import runs


@pytest.fixture(scope="session")
def ist_benefit(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> runs.Replayed:
    folder = tmp_path_factory.mktemp("ist")
    return runs.run_named(folder, runs.SHIPPED / "ist_stroke.yaml", real_data / "ist_stroke", approve=True)


@pytest.fixture(scope="session")
def ist_strict(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> runs.Replayed:
    folder = tmp_path_factory.mktemp("ist_strict")
    return runs.run_named(
        folder, runs.SHIPPED / "ist_stroke_strict.yaml", real_data / "ist_stroke", approve=True
    )


@pytest.fixture(scope="session")
def fourteen_day_plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stroke plan on the trial's own 14-day score."""
    text = (runs.SHIPPED / "ist_stroke.yaml").read_text()
    plan = tmp_path_factory.mktemp("plan") / "fourteen_days.yaml"
    changed = text.replace("score: uk_score", "score: score").replace("label_deaddep6m", "label_death14d")
    assert changed.count("label_death14d") == 1
    assert "uk_score" not in changed.split("logs:")[1].split("covariates:")[0]
    plan.write_text(changed)
    return plan
