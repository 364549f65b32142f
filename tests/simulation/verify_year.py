"""How long evidence takes: a year of 50 sites verified, and two years of the demo network rebuilt.

Usage: python tests/simulation/verify_year.py [year|rebuild]
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from monitor import store
from monitor.operation.evidence.rebuild import rebuild
from monitor.operation.evidence.verify import verify
from monitor.operation.replay import replay
from monitor.operation.workspace import initialise
from monitor.simulation import Network, Scenario, network

PLAN = Path(__file__).resolve().parents[2] / "change_plans" / "chest_xray_pneumothorax.yaml"
SITES = 50
STUDIES_A_NIGHT = 6.0


def small_sites() -> tuple[Scenario, ...]:
    """Fifty small sites; every tenth one shifts for good after a quarter of the year."""
    quiet, shifted = (0.0, None), (1.5, 0.25)
    return tuple(
        Scenario(f"Site {number:02d}", "intercept", "", "", STUDIES_A_NIGHT, 0.15, shift, 0.0, share)
        for number in range(SITES)
        for shift, share in [shifted if number % 10 == 0 else quiet]
    )


def replayed(folder: Path, simulated: Network) -> Path:
    """A finished replay with simulated approvals."""
    files, key = simulated.write(folder / "logs"), folder / "private" / "pseudonym.key"
    initialise(folder / "workspace", PLAN, key, at=simulated.first_day.isoformat())
    replay(
        folder / "workspace",
        files.predictions,
        files.outcomes,
        until=simulated.complete_on,
        approve_accepted=True,
        key_file=key,
    )
    return folder / "workspace"


def year(folder: Path) -> bool:
    """Seconds of a replay and of its verification."""
    simulated = network(nights=365, seed=7, scenarios=small_sites())
    started = time.monotonic()
    workspace = replayed(folder, simulated)
    replay_seconds = time.monotonic() - started
    started = time.monotonic()
    found = verify(workspace)
    print(f"{SITES} sites, 365 nights of {STUDIES_A_NIGHT:g} studies a site: {found.entries} ledger entries")
    print(f"replay, logs written  {replay_seconds:7.1f} s")
    print(
        f"verify                {time.monotonic() - started:7.1f} s   {found.derived} entries derived again"
    )
    return found.rounded == 0


def rebuilt(folder: Path) -> bool:
    """Two years of the demonstration's network: are the hashes of the rebuilt store the same?"""
    started = time.monotonic()
    workspace = replayed(folder, network(nights=730))
    print(f"\nfive sites, 730 nights: replay {time.monotonic() - started:.1f} s")
    before = _tables(workspace, folder / "before")
    for name in (store.DATABASE, store.SNAPSHOT):
        (workspace / name).unlink()
    started = time.monotonic()
    rebuild(workspace)
    print(f"rebuild {time.monotonic() - started:.1f} s")
    after = _tables(workspace, folder / "after")
    for table, digest in sorted(before.items()):
        verdict = "equal" if after.get(table) == digest else "NOT EQUAL"
        print(f"{table:<22}{digest[:16]}  {after.get(table, '')[:16]}  {verdict}")
    return before == after


def _tables(workspace: Path, scratch: Path) -> dict[str, str]:
    copy = store.copy_database(workspace, scratch, store.DATABASE)
    if copy is None:
        return {}
    found = store.content_of(copy).tables
    shutil.rmtree(scratch)
    return found


TABLES: dict[str, Callable[[Path], bool]] = {"year": year, "rebuild": rebuilt}


def main() -> int:
    """Run the named measurements, or all of them."""
    held = True
    for name in sys.argv[1:] or list(TABLES):
        with tempfile.TemporaryDirectory(prefix="pccp-evidence-") as folder:
            held &= TABLES[name](Path(folder))
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
