"""How often each rule alarms where nothing changed, and how soon where something did: ours and the field's.

Usage: python benchmarks/false_alarms/run.py [--quick]

One number a site, normal, one look a night. All rules see the same nights. Rules without a package are
written out in `rules.py`; Evidently and NannyML are run themselves, with their own defaults, each in an
environment that is made at the first run. Then perfectly calibrated sets, and who would refit them.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from compared import Compared
from nights import CHANGE_NIGHT, NIGHTS, Site, Truth, site
from numpy.typing import NDArray
from refits import print_refits, write_sets
from rules import RULES

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from environments import QUIET, python_of

PEERS = {"evidently": "Evidently", "nannyml": "NannyML"}
SEED = 20261129
SHIFTS = (0.0, 0.5, 0.25)
WRITTEN = {"nannyml": "3 SD of reference nights", "evidently": "normed Wasserstein > .1"}
"""A package's default that `rules.py` writes out; Evidently's is another test up to 1,000 reference rows."""
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Size:
    """Sites of one size.

    Attributes:
        reference_rows: Behind what a night is compared with; Evidently's own test is another up to 1,000.
        sites: For the rules that are written out.
        packaged: How many of them the packages judge as well.
        nights: From the change on, how many nights of a shifted site the packages see.
    """

    studies: int
    reference_rows: int
    sites: int
    packaged: int
    nights: int

    def file(self, shift: float) -> str:
        return f"nights_{self.studies}_{self.reference_rows}_{shift:g}.npz"


QUICK = (
    Size(50, 5000, 100, 6, 60),
    Size(100, 5000, 100, 6, 60),
    Size(200, 1000, 100, 6, 60),
    Size(200, 5000, 100, 6, 60),
    Size(2000, 50_000, 10, 1, 20),
)
FULL = tuple(replace(size, sites=5 * size.sites, packaged=5 * size.packaged) for size in QUICK)
QUICK_SETS, FULL_SETS = 40, 200


@dataclass(frozen=True)
class Row:
    """What one rule did at one size.

    Attributes:
        nightly: Share of unshifted nights that alarm.
        yearly: Share of unshifted sites with any alarm in a year.
        sites: Behind both.
        as_written: Share of nights on which a package says what the rule of `rules.py` says.
        delays: Median nights from a shift of .5 and of .25 SD to the first alarm.
    """

    rule: str
    size: Size
    nightly: float
    yearly: float
    sites: int
    delays: tuple[float, float]
    as_written: float | None = None


def written_out(size: Size, folder: Path) -> list[Row]:
    """The rules of `rules.py`; the first sites are left in the folder for the packages."""
    found = [_alarms(size, shift, folder) for shift in SHIFTS]
    return [
        _row(rule.name, size, [alarms[number] for alarms in found], rule.remembers)
        for number, rule in enumerate(RULES)
    ]


def _alarms(size: Size, shift: float, folder: Path) -> BoolArray:
    """Which nights alarm, shape (rules, sites, nights)."""
    rng = np.random.default_rng([SEED, size.studies, size.reference_rows, round(100 * shift)])
    truth = Truth("iid", reference_rows=size.reference_rows)
    found = np.empty((len(RULES), size.sites, NIGHTS), dtype=bool)
    kept: list[Site] = []
    for number in range(size.sites):
        drawn = site(rng, truth, size.studies, shift)
        kept += [drawn] if number < size.packaged else []
        compared = Compared(drawn)
        found[:, number] = [rule.alarms(compared) for rule in RULES]
    shown = slice(CHANGE_NIGHT, CHANGE_NIGHT + size.nights) if shift else slice(None)
    np.savez(
        folder / size.file(shift),
        reference=np.stack([drawn.reference for drawn in kept]),
        values=np.stack([drawn.values[shown] for drawn in kept]),
        written_out=found[:, : len(kept), shown],
    )
    return found


def packaged(peer: str, rule: str, name: str, size: Size, folder: Path) -> Row:
    """What a package's rule did with the nights of the folder."""
    found = [np.load(folder / f"{peer}_{size.file(shift)}")[rule] for shift in SHIFTS]
    row = _row(name, size, found, remembers=False)
    written = [ours.name for ours in RULES].index(WRITTEN[peer])
    if rule != "default" or (peer == "evidently" and size.reference_rows <= 1000):
        return row
    same = found[0] == np.load(folder / size.file(0.0))["written_out"][written]
    return replace(row, as_written=float(same.mean()))


def _row(name: str, size: Size, found: list[BoolArray], remembers: bool) -> Row:
    """From the alarms of every shift, each of shape (sites, nights)."""
    quiet, half, quarter = found
    delays = _delay(half, remembers), _delay(quarter, remembers)
    return Row(name, size, float(quiet.mean()), float(quiet.any(axis=1).mean()), len(quiet), delays)


def _delay(alarms: BoolArray, remembers: bool) -> float:
    """Median nights to the first alarm; sites that alarm before are left out if the rule remembers."""
    before = CHANGE_NIGHT if alarms.shape[1] == NIGHTS else 0
    quiet = ~alarms[:, :before].any(axis=1) if remembers else np.ones(len(alarms), dtype=bool)
    later = alarms[quiet, before:]
    return float(np.median(np.where(later.any(axis=1), later.argmax(axis=1) + 1.0, np.inf)))


def print_rows(rows: list[Row]) -> None:
    """One table of all, by size; delays are medians in nights."""
    head = f"{'null nights':>13}{'any in a year':>17}{'.5 SD':>7}{'.25 SD':>8}{'as written':>12}"
    print(f"{'rule':<64}{'a night':>8}{'reference':>11}{'sites':>7}{head}")
    for row in sorted(rows, key=lambda row: (row.size.studies, row.size.reference_rows)):
        error = math.sqrt(row.yearly * (1 - row.yearly) / row.sites)
        shares = f"{row.nightly:>13.4f}{f'{row.yearly:.3f} ± {error:.3f}':>17}"
        half, quarter = (f"{delay:g}" if delay < math.inf else "none" for delay in row.delays)
        same = "" if row.as_written is None else f"{row.as_written:.4f}"
        numbers = f"{row.size.studies:>8}{row.size.reference_rows:>11}{row.sites:>7}"
        print(f"{row.rule:<64}{numbers}{shares}{half:>7}{quarter:>8}{same:>12}")


def compare(folder: Path, sizes: Sequence[Size], sets_of_a_size: int) -> None:
    """Draw the nights into the folder, let every rule judge them, and print both tables."""
    rows = [row for size in sizes for row in written_out(size, folder)]
    sets = write_sets(np.random.default_rng([SEED, 1]), folder, sets_of_a_size)
    for peer in PEERS:
        judge(peer, folder)
    about = {peer: json.loads((folder / f"{peer}.json").read_text()) for peer in PEERS}
    for size in sizes:
        for peer, rule, name in _rules_of(about, size):
            rows.append(packaged(peer, rule, name, size, folder))
    print_rows(rows)
    print_refits(sets, folder, about["nannyml"]["version"])


def judge(peer: str, folder: Path) -> None:
    """Let a peer judge the nights of a folder, in its own environment.

    Raises:
        subprocess.CalledProcessError: It failed.
    """
    script = Path(__file__).resolve().parent / "peers" / f"{peer}_nights.py"
    subprocess.run([python_of(peer), script, folder], check=True, env=os.environ | QUIET)  # noqa: S603  ours


def _rules_of(about: Mapping[str, Mapping[str, Any]], size: Size) -> Iterator[tuple[str, str, str]]:
    """Package, key of its rule, and the rule's name in the table."""
    for peer, title in PEERS.items():
        for rule, test in about[peer]["tests"][size.file(0.0)].items():
            yield peer, rule, f"{title} {about[peer]['version']}: {test}"


def main() -> None:
    parser = argparse.ArgumentParser(description="False alarms and delays of ours and of the field's rules.")
    parser.add_argument("--quick", action="store_true", help="few sites, under five minutes")
    quick = parser.parse_args().quick
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="pccp-false-alarms-") as folder:
        compare(Path(folder), QUICK if quick else FULL, QUICK_SETS if quick else FULL_SETS)
    print(f"[{time.perf_counter() - started:.0f} s]")


if __name__ == "__main__":
    main()
