"""Changes a small workspace byte by byte, and as a forger would, and asks `verify` whether it holds.

Usage: python tests/faults/flips.py [--seed 1] [--every N]

One randomly drawn bit of every byte of each small evidence file is flipped, and of 2,000 random bytes of
each archived batch. `verify` itself judges each flip where it stops at the file (ledger, plan, archive).
A flip in a checkpoint or a dossier does not keep it from running all nights again, so there the file
checks it begins with judge every flip, and `verify` as a whole a drawn sample.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from monitor.errors import EvidenceError
from monitor.operation.evidence.evidence_files import examine_files
from monitor.operation.evidence.verify import verify
from monitor.operation.people.decisions import decide
from tests import evidence, forgeries
from tests.evidence import Scene, flip

RANDOM_BYTES = 2000
SAMPLE = 12
"""Flips of each file that does not stop `verify` which go through the whole of it."""

Holds = Callable[[Path], bool]


@dataclass(frozen=True)
class Tried:
    """What became of the flips of one kind of file."""

    kind: str
    files: int
    size: int
    flips: int
    detected: int
    whole: int
    missed: list[str]


def whole_check(path: Path) -> bool:
    """True when `pccp verify` would find that everything holds."""
    try:
        verify(path)
    except EvidenceError:
        return False
    return True


def file_checks(path: Path) -> bool:
    """True when the first part of it finds that every file holds."""
    return not examine_files(path).problems


def kinds(path: Path) -> dict[str, tuple[list[Path], bool]]:
    """The files that are evidence, by kind, and whether a flip in one stops `verify` there."""
    return {
        "ledger.jsonl": ([path / "ledger.jsonl"], True),
        "plan.yaml": ([path / "plan.yaml"], True),
        "plans/*.yaml": (sorted((path / "plans").iterdir()), True),
        "archive/*.parquet": (sorted((path / "archive").iterdir()), True),
        "checkpoints/*.json": (sorted((path / "checkpoints").iterdir()), False),
        "dossiers/*/dossier.json": (sorted((path / "dossiers").glob("*/dossier.json")), False),
    }


def tried(path: Path, kind: str, rng: random.Random, every: int) -> Tried:
    """Flip the bytes of all files of one kind, one at a time."""
    files, stops = kinds(path)[kind]
    flips = detected = whole = 0
    missed: list[str] = []
    for file in files:
        positions = _positions(file, rng)[::every]
        sample = set(positions if stops else rng.sample(positions, min(SAMPLE, len(positions))))
        for position in positions:
            mask = 1 << rng.randrange(8)
            flip(file, position, mask)
            held = whole_check(path) if position in sample else file_checks(path)
            flip(file, position, mask)
            flips, detected, whole = flips + 1, detected + (not held), whole + (position in sample)
            if held:
                missed.append(f"{file.name}, byte {position}, bits {mask:08b}")
    size = sum(file.stat().st_size for file in files)
    return Tried(kind, len(files), size, flips, detected, whole, missed)


def _positions(file: Path, rng: random.Random) -> list[int]:
    size = file.stat().st_size
    if file.suffix != ".parquet":
        return list(range(size))
    return sorted(rng.sample(range(size), min(RANDOM_BYTES, size)))


def flipped(path: Path, rng: random.Random, every: int) -> bool:
    """Every kind of file, as a table; True when nothing was missed."""
    print("| file | files | bytes | flips tried | of these by the whole of `verify` | detected | missed |")
    print("|---|---:|---:|---:|---:|---:|---:|", flush=True)
    found: list[Tried] = []
    for kind in kinds(path):
        found.append(tried(path, kind, rng, every))
        print(_row(found[-1]), flush=True)
    sums = [
        sum(getattr(one, name) for one in found) for name in ("files", "size", "flips", "detected", "whole")
    ]
    missed = [one for item in found for one in item.missed]
    print(_row(Tried("together", *sums, missed)))
    for one in missed[:50]:
        print(f"MISSED: {one}")
    return not missed


def _row(one: Tried) -> str:
    counts = (one.files, one.size, one.flips, one.whole, one.detected, len(one.missed))
    return f"| `{one.kind}` | " + " | ".join(f"{count:,}" for count in counts) + " |"


def forged(scene: Scene, folder: Path) -> bool:
    """What a forger can do who computes every hash anew, as a table; True when it is as documented."""
    print("\n| forgery | `verify` | the first line it tells |")
    print("|---|---|---|", flush=True)
    sound = True
    for name, forgery in forgeries.ALL.items():
        copy = scene.copy(folder / "forged")
        checkpoint = forgery.make(copy, folder)
        told = _told(copy.path, checkpoint)
        sound &= bool(told) == forgery.seen
        word = "refuses" if told else "passes"
        print(f"| {name} | {word}{'' if bool(told) == forgery.seen else ' (NOT AS DOCUMENTED)'} | {told} |")
        shutil.rmtree(copy.path)
    return sound


def _told(path: Path, checkpoint: Path | None) -> str:
    try:
        verify(path, checkpoint)
    except EvidenceError as error:
        return str(error).splitlines()[0].replace("|", "/").replace(str(path.parent), "...")
    return ""


def small(folder: Path) -> Scene:
    """One site, one run, an approval by two keys after it: two batches, a dossier."""
    with evidence.undrawn():
        scene = evidence.bound(folder, evidence.shifted("Harbour"))
        evidence.deliver(scene, 0, evidence.DECIDED_ON)
        for role in evidence.ROLES:
            who, key = scene.who(role), scene.key
            decide(scene.path, "CHG-0001", "approval", who, meaning="approved", key_file=key)
        return scene


def lived(folder: Path) -> Scene:
    """Three sites, with a refusal and a closed alarm besides: for the forgeries."""
    with evidence.undrawn():
        sites = (evidence.shifted("Harbour"), evidence.shifted("Bay"), evidence.QUIET)
        return evidence.lived(evidence.bound(folder, *sites))


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--every", type=int, default=1, help="only every n-th byte")
    chosen = options.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="pccp-flips-") as name:
        folder = Path(name)
        scene = small(folder / "small")
        started = time.monotonic()
        found, seconds = verify(scene.path), time.monotonic() - started
        print(
            f"untouched: {found.entries} entries, {found.nights} nights, {found.signatures} signatures; ",
            end="",
        )
        print(f"`verify` passes in {seconds:.2f} s\n", flush=True)
        sound = flipped(scene.copy(folder / "copy").path, random.Random(chosen.seed), chosen.every)
        sound &= file_checks(folder / "copy")
        sound &= forged(lived(folder / "lived"), folder)
    print(f"\nseed {chosen.seed}, {time.monotonic() - begun:.0f} s")
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
