"""What a network of some size needs: seconds of one processor for its load and each night, memory, disk.

    python -m benchmarks.sizing --sites 100 --studies 20000 --nights 60

Simulated logs under the plan of the demonstration, outcomes days later. A size runs in a process of its own,
so that the peak of memory is its own. Seconds are of the processor, user and system together, so that a busy
machine does not distort them. "s/night" is the median of ten nights after the references were frozen.
"""

from __future__ import annotations

import argparse
import itertools
import resource
import statistics
import tempfile
import time
from pathlib import Path

from monitor.operation.replay import replay
from monitor.operation.workspace import initialise
from monitor.simulation import Scenario, network

PLAN = Path(__file__).resolve().parents[1] / "change_plans" / "chest_xray_pneumothorax.yaml"
STEADY_NIGHTS = 10
HEAD = (
    "sites  studies/night  nights     studies  load s/million  s/night  of it a site, ms  peak MB  "
    "store MB/million"
)


def measure(folder: Path, sites: int, studies: int, nights: int) -> str:
    """One line of the table."""
    quiet = tuple(_site(f"Site {number:04d}", studies / sites) for number in range(sites))
    made = network(nights=nights, seed=4, scenarios=quiet)
    logs = made.write(folder / "logs")
    rows = sum(len(site.night) for site in made.sites)
    del made
    workspace, key = folder / "workspace", folder / "pseudonym.key"
    initialise(workspace, PLAN, key, at="2026-01-01")
    begun, ticks = time.process_time(), list[float]()

    def tick(_done: int, _total: int, what: str) -> None:
        if what.startswith("night"):
            ticks.append(time.process_time())

    replay(workspace, logs.predictions, logs.outcomes, key_file=key, progress=tick)
    each = [after - before for before, after in itertools.pairwise(ticks)]
    steady = statistics.median(each[-STEADY_NIGHTS - 20 : -20])
    loaded = (ticks[0] - begun) / rows * 1e6
    disk = (workspace / "monitor.duckdb").stat().st_size / rows
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return (
        f"{sites:5d}  {studies:13,d}  {nights:6d}  {rows:10,d}  {loaded:14.1f}  {steady:7.2f}  "
        f"{steady / sites * 1e3:17.1f}  {peak:7.0f}  {disk:16.0f}"
    )


def _site(name: str, studies_per_night: float) -> Scenario:
    return Scenario(name, "quiet", "Nothing changes.", "No alarm.", studies_per_night, 0.09)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sites", type=int, default=100)
    parser.add_argument("--studies", type=int, default=20_000, help="a night, all sites together")
    parser.add_argument("--nights", type=int, default=60, help="at least 50: references freeze first")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        line = measure(Path(folder), asked.sites, asked.studies, asked.nights)
    print(HEAD, line, sep="\n")


if __name__ == "__main__":
    main()
