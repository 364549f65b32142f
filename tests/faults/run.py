"""Kills commands at random moments and compares what a rerun leaves with an undisturbed run.

Usage: python tests/faults/run.py [--kills 300] [--seed 1]
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import scene
from scene import Scene

SIGN = ("--meaning", "reviewed")


@dataclass(frozen=True)
class Victim:
    """A command to kill: the state it starts from and its words."""

    name: str
    start: Scene
    words: tuple[str, ...]


def victims(folder: Path) -> list[Victim]:
    """Ingest, nightly, approve and rebuild, each from the state in which it has work to do."""
    bound = scene.bound(folder / "bound")
    inbox = scene.delivered(bound, folder / "inbox")
    after = inbox.copy(folder / "after")
    _must(scene.finished(after, after.command("nightly", "--as-of", after.last)))
    signed = after.copy(folder / "signed")
    key = str(signed.folder / "private" / "clinical_lead.pem")
    first = (
        "approve",
        "CHG-0001",
        *SIGN,
        "--signer",
        "A. Clinician",
        "--role",
        "clinical_lead",
        "--key",
        key,
    )
    _must(scene.finished(signed, signed.command(*first)))
    lost = after.copy(folder / "lost")
    (lost.workspace / "monitor.duckdb").unlink()
    logs = [str(bound.folder / "logs" / name) for name in ("predictions.csv", "outcomes.csv")]
    second = ("approve", "CHG-0001", *SIGN, "--signer", "B. Reviewer", "--role", "quality_lead")
    return [
        Victim("ingest", bound, ("ingest", *logs)),
        Victim("nightly", inbox, ("nightly", "--as-of", inbox.last)),
        Victim("approve", signed, (*second, "--key", str(signed.folder / "private" / "quality_lead.pem"))),
        Victim("rebuild", lost, ("nightly", "--as-of", lost.last)),
    ]


def survive(victim: Victim, kills: int, seed: int, folder: Path) -> tuple[int, int]:
    """Kill one command many times; returns (kills that hit a running process, states equal afterwards)."""
    calm = victim.start.copy(folder / "calm")
    started = time.perf_counter()
    _must(scene.finished(calm, calm.command(*victim.words)))
    duration = time.perf_counter() - started
    _settle(victim, calm)
    expected = scene.digest(calm)
    hit = equal = 0
    for number, delay in enumerate(scene.delays(duration, kills, seed)):
        disturbed = victim.start.copy(folder / "disturbed")
        hit += scene.killed(disturbed.command(*victim.words), delay)
        again = scene.finished(disturbed, disturbed.command(*victim.words))
        _settle(victim, disturbed)
        found = scene.digest(disturbed)
        if found == expected:
            equal += 1
        else:
            wrong = [part for part in expected if expected[part] != found[part]]
            print(f"  {victim.name} killed after {delay:.2f} s (kill {number}): {', '.join(wrong)} differ")
            print(f"  rerun ended with {again.returncode}: {again.stderr.strip()[-300:]}", flush=True)
        shutil.rmtree(disturbed.folder)
    shutil.rmtree(calm.folder)
    return hit, equal


def _settle(victim: Victim, disturbed: Scene) -> None:
    """The next night issues the dossier of a decision that a crash cut off."""
    if victim.name == "approve":
        _must(scene.finished(disturbed, disturbed.command("nightly", "--as-of", disturbed.last)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=300, help="over all commands")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    lost = 0
    with tempfile.TemporaryDirectory() as name:
        chosen = victims(Path(name))
        each = -(-options.kills // len(chosen))
        print(f"{'command':<10}{'kills':>7}{'hit a running process':>24}{'state equal after rerun':>26}")
        for number, victim in enumerate(chosen):
            hit, equal = survive(victim, each, options.seed + number, Path(name))
            lost += each - equal
            print(f"{victim.name:<10}{each:>7}{hit:>24}{equal:>26}", flush=True)
    print("every state equals the undisturbed one" if lost == 0 else f"{lost} states differ")
    return 1 if lost else 0


def _must(done: object) -> None:
    if getattr(done, "returncode", 1) != 0:
        raise SystemExit(f"a preparing command failed: {getattr(done, 'stderr', '')}")


if __name__ == "__main__":
    sys.exit(main())
