"""Kills commands at random moments and compares what a rerun leaves with an undisturbed run.

Usage: python tests/faults/run.py [kill|full-disk] [--hits 306] [--seed 1] [--only COMMAND ...]

Each command is killed until its share of kills has hit it at work, that is holding the workspace's lock;
kills before and after are counted apart. Then the command is run again and so is the next night, and
ledger, tables, archive, dossiers, newest checkpoint and inbox must have the hashes of an undisturbed run.
With `full-disk` a file system that fills up takes the place of the kill.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.faults import forked, scene
from tests.faults.scene import Scene
from tests.faults.victims import Victim, victims

MEASURED_ANEW_AFTER = 8
MOST_TRIES = 20
"""Times the share of a command: more tries than that mean that it cannot be hit."""
ROOM = (4_096, 8_000_000)
"""Bytes that are left on the file system, drawn evenly by their logarithm."""
KILLED = {"early": "before its work", "hit": "hit at work", "late": "after its end"}
STARVED = {"refused": "refused with a message", "unexpected": "unexpected", "enough": "was enough"}
REFUSED_AS_DONE = 2
"""Exit code of a decision that is on record already."""


@dataclass
class Count:
    """What became of the kills of one command."""

    moments: Counter[str] = field(default_factory=Counter[str])
    equal: int = 0
    lost: int = 0
    leftovers: set[str] = field(default_factory=set[str])
    longest: float = 0.0


def survive(victim: Victim, hits: int, seed: int, folder: Path) -> Count:
    """Kill one command until so many kills hit it at work, and count what became of them."""
    expected, duration = _undisturbed(victim, folder)
    count, rng, since = Count(longest=duration), random.Random(seed), 0
    while count.moments["hit"] < hits and count.moments.total() < MOST_TRIES * hits:
        if since >= MEASURED_ANEW_AFTER:
            duration, since = _measured_anew(victim, folder, expected), 0
            count.longest = max(count.longest, duration)
        delay = rng.uniform(0.0, duration)
        moment = _disturbed(
            victim,
            lambda disturbed, delay=delay: forked.killed(disturbed, victim.words, delay),
            folder,
            expected,
            count,
        )
        since = MEASURED_ANEW_AFTER if moment == "late" else since + 1
    if count.moments["hit"] < hits:
        print(f"  {victim.name}: only {count.moments['hit']} of {hits} kills hit it at work")
        count.lost += 1
    return count


def starve(victim: Victim, times: int, seed: int, folder: Path) -> Count:
    """Let one command meet a full disk at random moments of its growth, and count what became of it."""
    expected, duration = _undisturbed(victim, folder)
    count, rng = Count(longest=duration), random.Random(seed)
    for _ in range(times):
        room = int(math.exp(rng.uniform(*map(math.log, ROOM))))
        _disturbed(
            victim,
            lambda disturbed, room=room: _full(disturbed, victim.words, room),
            folder,
            expected,
            count,
        )
    return count


def _full(disturbed: Scene, words: tuple[str, ...], room: int) -> str:
    code = forked.crammed(disturbed, words, room)
    if code == forked.NOT_PERMITTED:
        raise SystemExit("no file system can be mounted here: full-disk needs root")
    if code == 1 or "Traceback" in forked.said(disturbed):
        print(f"  {words[0]}, {room} bytes left: {forked.said(disturbed)[-300:]}", flush=True)
        return "unexpected"
    return "refused" if code else "enough"


def _disturbed(
    victim: Victim,
    disturb: Callable[[Scene], str],
    folder: Path,
    expected: dict[str, str],
    count: Count,
) -> str:
    """Disturb a command once and compare what its rerun leaves; what the disturbance did to it."""
    disturbed = victim.start.copy(folder / "disturbed")
    moment = disturb(disturbed)
    code, _ = forked.ended(disturbed, victim.words)
    told = forked.said(disturbed)
    found = _settled(disturbed, folder)
    wrong = [part for part in expected if expected[part] != found.get(part)]
    if wrong or code not in (0, REFUSED_AS_DONE):
        print(f"  {victim.name}, {moment}: differs in {', '.join(wrong) or 'nothing'}")
        print(f"    the rerun ended with {code}: {told[-300:]}", flush=True)
        count.lost += 1
    else:
        count.equal += 1
    count.leftovers |= set(scene.leftovers(disturbed))
    count.moments[moment] += 1
    shutil.rmtree(disturbed.folder)
    return moment


def _measured_anew(victim: Victim, folder: Path, expected: dict[str, str]) -> float:
    found, duration = _undisturbed(victim, folder)
    if found != expected:
        raise SystemExit(f"{victim.name}: two undisturbed runs differ, so nothing can be compared")
    return duration


def _undisturbed(victim: Victim, folder: Path) -> tuple[dict[str, str], float]:
    """The state that an undisturbed run leaves, and the seconds it took."""
    calm = victim.start.copy(folder / "calm")
    code, seconds = forked.ended(calm, victim.words)
    if code:
        raise SystemExit(f"{victim.name} undisturbed ended with {code}: {forked.said(calm)}")
    found = _settled(calm, folder)
    shutil.rmtree(calm.folder)
    return found, seconds


def _settled(disturbed: Scene, folder: Path) -> dict[str, str]:
    """The state after the next night; a part named "night" when that did not end well."""
    following = (date.fromisoformat(disturbed.last) + timedelta(days=1)).isoformat()
    code, _ = forked.ended(disturbed, ("nightly", "--as-of", following))
    if code:
        print(f"    the night after it ended with {code}: {forked.said(disturbed)[-300:]}", flush=True)
        return {}
    return forked.answered(lambda: scene.digest(disturbed), folder)


def table(counts: dict[str, Count], moments: dict[str, str]) -> str:
    """The counts as Markdown."""
    names = ["command", "undisturbed, s", "tried", *moments.values(), "equal afterwards", "lost"]
    lines = [f"| {' | '.join(names)} |", f"|---|{'---:|' * (len(names) - 1)}"]
    together = Count()
    for name, count in counts.items():
        lines.append(_row(name, count, moments, f"{count.longest:.2f}"))
        together.moments += count.moments
        together.equal += count.equal
        together.lost += count.lost
    return "\n".join([*lines, _row("together", together, moments, "")])


def _row(name: str, count: Count, moments: dict[str, str], seconds: str) -> str:
    found = [str(count.moments[moment]) for moment in moments]
    cells = [name, seconds, str(count.moments.total()), *found, str(count.equal), str(count.lost)]
    return f"| {' | '.join(cells)} |"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("fault", nargs="?", choices=("kill", "full-disk"), default="kill")
    parser.add_argument(
        "--hits", type=int, default=306, help="kills at work, or full disks, over all commands"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", metavar="COMMAND")
    options = parser.parse_args()
    disturb, moments = {"kill": (survive, KILLED), "full-disk": (starve, STARVED)}[options.fault]
    begun, counts = time.monotonic(), dict[str, Count]()
    with tempfile.TemporaryDirectory(prefix="pccp-faults-") as name:
        chosen = [item for item in victims(Path(name)) if not options.only or item.name in options.only]
        share = -(-options.hits // len(chosen))
        for number, victim in enumerate(chosen):
            counts[victim.name] = disturb(victim, share, options.seed * 1000 + number, Path(name))
            print(f"{time.monotonic() - begun:7.0f} s  {victim.name} done", file=sys.stderr, flush=True)
    print(table(counts, moments))
    left = sorted(set[str]().union(*(count.leftovers for count in counts.values())))
    print(f"\nseed {options.seed}, {time.monotonic() - begun:.0f} s; unfinished files left: {left or 'none'}")
    return 1 if any(count.lost for count in counts.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
