"""Ours beside the packages of the field on the same simulated logs, in turn, with the goals they are held to.

Usage: python benchmarks/run.py [--quick] [--only SCENE ...] [--rounds N] [--results FOLDER] [--write PAGE]

Peers live in environments of their own, made on the first run (several minutes and 4 GB). Exit code 1 when
a competitor failed; a goal that is missed is no failure of the run.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import logs
from figure import draw
from scene import Effort, Scene
from scenes import drift, growth, ingest, nights, recalibration, sizes, start_up
from table import Result, as_record, markdown, result
from timing import measure

HERE = Path(__file__).resolve().parent
SCENES: dict[str, Callable[[Effort], Scene]] = {
    "ingest": ingest.scene,
    "drift": drift.scene,
    "small": sizes.small,
    "large": sizes.large,
    "recalibration": recalibration.scene,
    "nights": nights.scene,
    "start-up": start_up.scene,
    "growth": growth.scene,
}
FULL = Effort(rows=1_000_000, resamples=400, sites=(50, 500), years=True)
QUICK = Effort(rows=100_000, resamples=20, sites=(50,), years=False, evidently=("psi",))
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


def main() -> int:
    options = _options()
    effort, rounds = (QUICK, options.rounds or 2) if options.quick else (FULL, options.rounds or 5)
    started, results = time.perf_counter(), list[Result]()
    for name in options.only or SCENES:
        scene = SCENES[name](effort)
        with tempfile.TemporaryDirectory(prefix="pccp-benchmark-") as folder:
            results.append(_measured(scene, Path(folder), rounds, started))
        print(markdown(results[-1:]), "\n", flush=True)
    seconds = time.perf_counter() - started
    text = f"{_about(effort, rounds, seconds, results)}\n\n{markdown(results)}\n"
    _save(options.results, text, effort, rounds, seconds, results)
    _draw(options.results, results)
    if options.write:
        _put_into(options.write, text)
        _draw(options.write.parent / "images", results)
    failed = [f"{found.scene.name}: {name}" for found in results for name in found.measured.failures]
    print(f"[{seconds / 60:.1f} min]" + (f" failed: {'; '.join(failed)}" if failed else ""))
    return 1 if failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Ours beside the packages of the field.")
    parser.add_argument(
        "--quick", action="store_true", help="a tenth of the rows, few resamples, about 8 minutes"
    )
    parser.add_argument("--only", nargs="+", choices=SCENES, help="some scenes")
    parser.add_argument("--rounds", type=int, help="5, or 2 with --quick")
    parser.add_argument(
        "--results", type=Path, default=HERE / "results", help="folder of the JSON and Markdown"
    )
    parser.add_argument("--write", type=Path, help="page whose figures are replaced")
    return parser.parse_args()


def _measured(scene: Scene, folder: Path, rounds: int, started: float) -> Result:
    def told(what: str) -> None:
        print(
            f"  {(time.perf_counter() - started) / 60:5.1f} min  {scene.name}: {what}",
            file=sys.stderr,
            flush=True,
        )

    told("writing inputs")
    scene.inputs(folder)
    return result(scene, measure(scene.tasks, folder, rounds, told))


def _about(effort: Effort, rounds: int, seconds: float, results: Sequence[Result]) -> str:
    versions = {name: number for found in results for name, number in found.measured.versions.items()}
    listed = ", ".join(f"{name} {number}" for name, number in sorted(versions.items()))
    busy = os.getloadavg()[0] > 1.5 * (os.cpu_count() or 1)
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    rows, resamples, sites, *_ = effort
    return (
        f"{rows:,} predictions for ingest and drift, {rows // sizes.SMALLER:,} for both in small and "
        f"{sizes.LARGER * rows:,} at large, "
        f"{resamples} resamples of a peer's bootstrap, nights of "
        f"{' and '.join(map(str, sites))} sites. "
        f"Measured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC in {seconds / 60:.0f} minutes, {rounds} "
        f"rounds, on {_machine()}; load averages at the end {load}; "
        f"Python {platform.python_version()}, {listed}; "
        f"seed {logs.SEED}." + (" **Other work ran on the machine: trust the CPU columns.**" if busy else "")
    )


def _machine() -> str:
    model = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} processors ({model}), {memory:.0f} GiB"


def _save(
    folder: Path, text: str, effort: Effort, rounds: int, seconds: float, results: Sequence[Result]
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.md").write_text(text)
    record = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "minutes": seconds / 60,
        "machine": _machine(),
        "load": os.getloadavg(),
        "python": platform.python_version(),
        "seed": logs.SEED,
        "effort": effort._asdict(),
        "rounds": rounds,
        "scenes": [as_record(found) for found in results],
    }
    (folder / "results.json").write_text(json.dumps(record, indent=1))
    print(f"results: {folder / 'results.md'}, {folder / 'results.json'}", file=sys.stderr)


def _draw(folder: Path, results: Sequence[Result]) -> None:
    for found in results:
        if found.grown:
            draw(folder / f"{found.scene.name}.svg", found.grown)


def _put_into(page: Path, text: str) -> None:
    """Replace what stands between the page's two marks."""
    before, _, rest = page.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n{text}{END}{after}")


if __name__ == "__main__":
    sys.exit(main())
