"""The benchmarks start, and their histories are made by plans that the product takes; nothing is timed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EVERY_SIZE = """
import sys
from pathlib import Path
from histories import write_plan
from scenes.growth import AXES, QUICK_AXES
from monitor.plan import load
file = Path(sys.argv[1])
for axes in (AXES, QUICK_AXES):
    for sizes in axes.values():
        for size in sizes.values():
            write_plan(file, size)
            print(len(load(file).plan.logs.covariates) == size.features)
"""
ONE_NIGHT = """
import sys
from pathlib import Path
from scenes.growth import MOST_NIGHTS, Size, build, prepare, write_nights
folder = Path(sys.argv[1])
write_nights(build(folder / "small", Size(25, 2, 2, 60, looked_at=20)), MOST_NIGHTS)
(folder / "sizes.json").write_text('{"small": {"nights": 25, "sites": 2, "features": 2, "studies": 60}}')
works = prepare(folder)
for _ in range(2):
    print(works["load small"]() >= 60, works["night small"]() == 1)
print(works["window small"]() > 0, works["whole small"]() > 0, works["scan small"]() == 1)
"""


def run(*arguments: str) -> str:
    folders = (ROOT / "benchmarks", ROOT)
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, folders))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "command",
    [("benchmarks/run.py",), ("-m", "benchmarks.sizing"), ("benchmarks/false_alarms/run.py",)],
    ids=" ".join,
)
def test_each_benchmark_says_what_it_does(command: tuple[str, ...]) -> None:
    assert "usage:" in run(*command, "--help")


def test_the_product_takes_the_plan_of_every_size(tmp_path: Path) -> None:
    told = run("-c", EVERY_SIZE, str(tmp_path / "plan.yaml")).split()
    assert set(told) == {"True"}
    assert len(told) == 18


def test_a_small_history_takes_one_more_night_after_another(tmp_path: Path) -> None:
    assert set(run("-c", ONE_NIGHT, str(tmp_path)).split()) == {"True"}


def test_the_slope_of_growth_follows_by_hand() -> None:
    code = "from table import exponent; print(exponent({10: 1.0, 1000: 100.0}), exponent({5: 1.0}))"
    told = run("-c", code)
    assert told.split() == ["1.0", "None"]
