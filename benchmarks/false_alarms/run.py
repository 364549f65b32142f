"""How often each rule alarms where nothing changed, and how soon where something did: ours and the field's.

Usage: python benchmarks/false_alarms/run.py [--quick]

One number a site, normal, one look a night. All rules see the same nights. Rules without a package are
written out in `rules.py`; Evidently and NannyML are run themselves, with their own defaults, each in an
environment that is made at the first run. Then perfectly calibrated sets, and who would refit them.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from environments import judge
from nights import CHANGE_NIGHT, NIGHTS, Site, Truth, site
from numpy.typing import NDArray
from refits import print_refits, write_sets
from rules import RULES, Compared

PEERS = {"evidently": "Evidently", "nannyml": "NannyML"}
SEED = 20261129
REFERENCE_ROWS, REFERENCE_NIGHTS = 5000, 25
"""At least so many rows, and at least so many nights."""
SHIFTS = (0.0, 0.5, 0.25)
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Size:
    """Sites of one size.

    Attributes:
        sites: For the rules that are written out.
        packaged: How many of them the packages judge as well.
        nights: From the change on, how many nights of a shifted site the packages see.
    """

    studies: int
    sites: int
    packaged: int
    nights: int

    @property
    def truth(self) -> Truth:
        rows = max(REFERENCE_ROWS, REFERENCE_NIGHTS * self.studies)
        return Truth(f"{self.studies} a night", reference_rows=rows)


QUICK = (Size(50, 100, 6, 60), Size(100, 100, 6, 60), Size(200, 100, 6, 60), Size(2000, 10, 1, 20))
QUICK_SETS, FULL_SETS = 40, 200
FULL = (Size(50, 500, 30, 100), Size(100, 500, 30, 100), Size(200, 500, 30, 100), Size(2000, 40, 4, 60))


@dataclass(frozen=True)
class Row:
    """What one rule did at one size.

    Attributes:
        nightly: Share of unshifted nights that alarm.
        yearly: Share of unshifted sites with any alarm in a year.
        sites: Behind both.
        delays: Median nights from a shift of .5 and of .25 SD to the first alarm.
    """

    rule: str
    studies: int
    nightly: float
    yearly: float
    sites: int
    delays: tuple[float, float]


def written_out(size: Size, folder: Path) -> list[Row]:
    """The rules of `rules.py`; the first sites are left in the folder for the packages."""
    found = [_alarms(size, shift, folder) for shift in SHIFTS]
    return [
        _row(rule.name, size.studies, [alarms[number] for alarms in found], rule.remembers)
        for number, rule in enumerate(RULES)
    ]


def _alarms(size: Size, shift: float, folder: Path) -> BoolArray:
    """Which nights alarm, shape (rules, sites, nights)."""
    rng = np.random.default_rng([SEED, size.studies, round(100 * shift)])
    found = np.empty((len(RULES), size.sites, NIGHTS), dtype=bool)
    kept: list[Site] = []
    for number in range(size.sites):
        drawn = site(rng, size.truth, size.studies, shift)
        kept += [drawn] if number < size.packaged else []
        compared = Compared(drawn)
        found[:, number] = [rule.alarms(compared) for rule in RULES]
    shown = slice(CHANGE_NIGHT, CHANGE_NIGHT + size.nights) if shift else slice(None)
    np.savez(
        folder / f"nights_{size.studies}_{shift:g}.npz",
        reference=np.stack([drawn.reference for drawn in kept]),
        values=np.stack([drawn.values[shown] for drawn in kept]),
    )
    return found


def packaged(peer: str, rule: str, name: str, size: Size, folder: Path) -> Row:
    """What a package's rule did with the nights of the folder."""
    found = [np.load(folder / f"{peer}_nights_{size.studies}_{shift:g}.npz")[rule] for shift in SHIFTS]
    return _row(name, size.studies, found, False)


def _row(name: str, studies: int, found: list[BoolArray], remembers: bool) -> Row:
    """From the alarms of every shift, each of shape (sites, nights)."""
    quiet = found[0]
    delays = tuple(_delay(alarms, remembers) for alarms in found[1:])
    return Row(
        name,
        studies,
        float(quiet.mean()),
        float(quiet.any(axis=1).mean()),
        len(quiet),
        (delays[0], delays[1]),
    )


def _delay(alarms: BoolArray, remembers: bool) -> float:
    """Median nights to the first alarm; sites that alarm before are left out if the rule remembers."""
    before = CHANGE_NIGHT if alarms.shape[1] == NIGHTS else 0
    quiet = ~alarms[:, :before].any(axis=1) if remembers else np.ones(len(alarms), dtype=bool)
    later = alarms[quiet, before:]
    return float(np.median(np.where(later.any(axis=1), later.argmax(axis=1) + 1.0, np.inf)))


def print_rows(rows: list[Row]) -> None:
    """One table of all, by size."""
    print(
        f"\n{'rule':<44}{'a night':>8}{'sites':>7}{'null nights flagged':>21}{'any in a year':>21}"
        f"{'.5 SD':>7}{'.25 SD':>8}"
    )
    for row in sorted(rows, key=lambda row: row.studies):
        yearly = f"{row.yearly:.3f} ± {(row.yearly * (1 - row.yearly) / row.sites) ** 0.5:.3f}"
        delays = "".join(
            f"{delay if delay < np.inf else 'no':>{width}}"
            for delay, width in zip(row.delays, (7, 8), strict=True)
        )
        print(f"{row.rule:<44}{row.studies:>8}{row.sites:>7}{row.nightly:>21.4f}{yearly:>21}{delays}")


def compare(folder: Path, sizes: Sequence[Size], sets_of_a_size: int) -> None:
    """Draw the nights into the folder, let every rule judge them, and print both tables."""
    rows = [row for size in sizes for row in written_out(size, folder)]
    sets = write_sets(np.random.default_rng([SEED, 1]), folder, sets_of_a_size)
    for peer in PEERS:
        judge(peer, folder)
    about = {peer: json.loads((folder / f"{peer}.json").read_text()) for peer in PEERS}
    for size in sizes:
        for peer, rule, name in _rules_of(about):
            rows.append(packaged(peer, rule, name, size, folder))
    print_rows(rows)
    print_refits(sets, folder, about["nannyml"]["version"])


def _rules_of(about: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str, str]]:
    """Package, key of its rule, and the rule's name in the table."""
    for peer, title in PEERS.items():
        for rule, test in about[peer]["tests"].items():
            yield peer, rule, f"{title} {about[peer]['version']}, {test}"


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
