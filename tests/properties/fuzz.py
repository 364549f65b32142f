"""Hostile files against ingest, plan check and ledger: `python tests/properties/fuzz.py --files 10000`.

Sound files are mutated; a mutant that takes a new step through the code becomes a seed for further
ones. Only a MonitorError may come out, every row must be accounted for, and no planted identifier may
be told or kept. Ends with 1 when anything did not hold, and prints the generator's seed.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.build_plan import make_plan
from tests.properties import hostile, odd_files, seeds
from tests.properties.bench import Arcs, Bench, Tally, attempt, clean
from tests.properties.ledgers import ledger_mutants, read_ledger
from tests.properties.plans import plan_mutants, read_plan, store_with

MOVING = {"columns swapped", "spliced", "no header"}
"""Mutations that may put an identifier into a column of labels, where nobody can know it for one."""
LARGEST_SEED = 100_000
CORPUS = 400
Kinds = dict[str, Callable[[random.Random], bytes]]


class Fuzz:
    """One run: the benches, the corpus and the tallies."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.rng = random.Random(seed)
        self.arcs = Arcs()
        self.tallies: dict[str, Tally] = {}
        self.corpus: dict[str, list[bytes]] = {}
        self.folder = folder
        self.ledger = folder / "ledger"
        plan = make_plan()
        self.benches = {}
        for name, strict in (("strict", True), ("loose", False)):
            (folder / name).mkdir()
            self.benches[name] = Bench(folder / name, plan, strict=strict)
        self.seed_of: Kinds = {
            "CSV": self._csv,
            "CSV.gz": self._csv,
            "JSON Lines": lambda rng: seeds.json_lines(self._rows()),
            "Parquet": lambda rng: seeds.parquet(self._rows(), rng),
        }
        self.mutations = {
            "CSV": hostile.CSV,
            "CSV.gz": hostile.GZIP,
            "JSON Lines": hostile.JSON,
            "Parquet": {
                "odd column types": lambda content, rng: content,
                **{name: hostile.BYTES[name] for name in ("bytes flipped", "truncated", "spliced")},
            },
        }

    def run(self, files: int, seconds: float = float("inf")) -> int:
        """Try this many files, or as many as the time allows; the number tried."""
        end, tried = time.monotonic() + seconds, 0
        while tried < files and time.monotonic() < end:
            self.step()
            tried += 1
        for bench in self.benches.values():
            bench.renew(self.tally("all", "what is kept"))
        return tried

    def step(self) -> None:
        kind = self.rng.choices(
            ("CSV", "CSV.gz", "JSON Lines", "Parquet", "bomb", "no file", "plan", "plan in use", "ledger"),
            (36, 9, 20, 10, 0.15, 2, 14, 0.85, 8),
        )[0]
        if kind in self.seed_of:
            self._log(kind)
        elif kind == "bomb":
            content = hostile.gzip_bomb(self._csv(self.rng), self.rng)
            self._ingest(self.tally("CSV.gz", "bombs of 70 MB"), "strict", "log.csv.gz", content)
        elif kind == "no file":
            self._odd()
        elif kind == "ledger":
            self._with_corpus("ledger", ledger_mutants(self.ledger), read_ledger)
        elif kind == "plan":
            self._with_corpus("plan", plan_mutants(), read_plan)
        else:
            tally = self.tally("plan", "hostile names, then put to use")
            tally.tried += 1
            tally.taken += store_with(self.folder, tally, self.rng)

    def tally(self, kind: str, how: str) -> Tally:
        return self.tallies.setdefault(f"{kind}: {how}", Tally())

    def _rows(self) -> list[dict[str, object]]:
        make = seeds.prediction_rows if self.rng.random() < 0.65 else seeds.outcome_rows
        return make(self.rng)

    def _csv(self, _rng: random.Random) -> bytes:
        return seeds.csv(self._rows())

    def _log(self, kind: str) -> None:
        how = self.rng.choice(list(self.mutations[kind]))
        content = self._mutant(kind, self.mutations[kind][how])
        ending = {"CSV": ".csv", "CSV.gz": ".csv.gz", "JSON Lines": ".jsonl", "Parquet": ".parquet"}[kind]
        bench = "loose" if how in MOVING or kind == "Parquet" else "strict"
        with self.arcs:
            self._ingest(self.tally(kind, how), bench, f"log{ending}", content)
        if bench == "strict" and kind != "CSV.gz":
            self._learn(kind, content)

    def _mutant(self, kind: str, mutation: hostile.Mutation) -> bytes:
        known = self.corpus.get(kind, [])
        content = (
            self.rng.choice(known) if known and self.rng.random() < 0.35 else self.seed_of[kind](self.rng)
        )
        try:
            return mutation(content, self.rng)
        except (ValueError, IndexError, LookupError):  # a mutant is no longer text or JSON
            return hostile.flip(content, self.rng)

    def _learn(self, kind: str, content: bytes) -> None:
        known = self.corpus.setdefault(kind, [])
        if self.arcs.fresh and len(content) <= LARGEST_SEED:
            known.append(content)
            del known[:-CORPUS]

    def _ingest(self, tally: Tally, bench: str, name: str, content: bytes) -> None:
        tally.tried += 1
        folder = self.benches[bench].folder
        (folder / name).write_bytes(content)
        self.benches[bench].ingest(tally, folder / name)
        clean(folder)

    def _odd(self) -> None:
        what = self.rng.choice(("log", "plan", "ledger"))
        tally = self.tally("no file", f"links, pipes, folders as {what}")
        tally.tried += 1
        bench = self.benches["strict"]
        ending = self.rng.choice((".csv", ".csv.gz", ".jsonl", ".parquet")) if what == "log" else ".yaml"
        path = odd_files.make(bench.folder, ending, self.rng)
        if what == "log":
            bench.ingest(tally, path)
        else:
            read = read_plan if what == "plan" else read_ledger
            tally.refused += not attempt(tally, lambda: read(path))
        clean(bench.folder)

    def _with_corpus(
        self, kind: str, mutants: dict[str, tuple[bytes, hostile.Mutation]], read: Callable[[Path], None]
    ) -> None:
        how = self.rng.choice(list(mutants))
        sound, mutation = mutants[how]
        known = self.corpus.get(f"{kind} {how}", [])
        content = self.rng.choice(known) if known and self.rng.random() < 0.35 else sound
        try:
            content = mutation(content, self.rng)
        except (ValueError, IndexError, LookupError, TypeError):
            content = hostile.flip(content, self.rng)
        tally = self.tally(kind, how)
        tally.tried += 1
        path = self.folder / "candidate"
        path.write_bytes(content)
        with self.arcs:
            good = attempt(tally, lambda: read(path))
        tally.taken += good
        tally.refused += not good
        self._learn(f"{kind} {how}", content)

    def table(self) -> str:
        """One line for each kind of file."""
        names = ("tried", "refused", "taken", "rows", "rejected", "lost", "tracebacks", "hangs", "leaks")
        head = ("files", "refused whole", "taken", "rows read", "rows rejected", *names[5:])
        lines = [f"{'kind of file':<52}" + "".join(f"{name:>15}" for name in head)]
        total = dict.fromkeys(names, 0)
        for kind, tally in sorted(self.tallies.items()):
            counts = {name: getattr(tally, name) for name in names}
            total = {name: total[name] + counts[name] for name in names}
            lines.append(f"{kind:<52}" + "".join(f"{counts[name]:>15,}" for name in names))
        lines.append(f"{'together':<52}" + "".join(f"{total[name]:>15,}" for name in names))
        return "\n".join(lines)


def fuzz(files: int, seed: int, seconds: float = float("inf")) -> Fuzz:
    """A whole run in a folder that is removed afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        made = Fuzz(Path(folder), seed)
        made.run(files, seconds)
    return made


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--files", type=int, default=10_000)
    options.add_argument("--seed", type=int, default=20261121)
    options.add_argument("--seconds", type=float, default=float("inf"))
    chosen = options.parse_args()
    begun = time.monotonic()
    done = fuzz(chosen.files, chosen.seed, chosen.seconds)
    print(done.table())
    print(
        f"seed {chosen.seed}, {time.monotonic() - begun:.0f} s, {len(done.arcs.seen)} steps of the code, "
        f"{sum(map(len, done.corpus.values()))} mutants kept as seeds"
    )
    faults = [(kind, fault) for kind, tally in done.tallies.items() for fault in tally.faults]
    for kind, fault in faults:
        print(f"\n{kind}\n{fault}", file=sys.stderr)
    return 1 if not all(tally.sound for tally in done.tallies.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
