"""Hostile ledgers: bytes changed, and whole chains forged by somebody who knows how to hash."""

from __future__ import annotations

import json
import random
import tempfile
from pathlib import Path
from typing import Any

from monitor.hashing import canonical_json, sha256_text
from monitor.operation.replay import replay
from monitor.operation.workspace import initialise
from monitor.registry import fold, read_chain
from monitor.simulation import Scenario, network
from tests.properties import hostile

ROOT = Path(__file__).resolve().parents[2]
SHIFTED = Scenario(
    "Harbour", "intercept", "A shift.", "Accepted.", 150.0, 0.2, intercept_shift=1.2, change_share=0.3
)
VALUES: tuple[Any, ...] = (None, True, -1, 10**30, 0.5, "", "x", [], {}, [[]], {"a": 1}, *hostile.TEXTS[:12])


def read_ledger(path: Path) -> None:
    """The chain is read and folded, as every command does first."""
    fold(read_chain(path))


def _sound(kept: Path) -> bytes:
    """The ledger of a replay with alarms, verdicts and deployments; made once in a run."""
    if not kept.exists():
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            made = network(nights=40, seed=5, scenarios=(SHIFTED,))
            files = made.write(folder / "logs")
            plan, key = ROOT / "tests" / "plans" / "chest_xray.yaml", folder / "key"
            initialise(folder / "w", plan, key, at="2026-01-01")
            replay(
                folder / "w",
                files.predictions,
                files.outcomes,
                until=made.complete_on,
                approve_accepted=True,
                key_file=key,
            )
            kept.write_bytes((folder / "w" / "ledger.jsonl").read_bytes())
    return kept.read_bytes()


def rehashed(entries: list[dict[str, Any]]) -> bytes:
    """A chain that holds, whatever its entries say."""
    previous, lines = "0" * 64, []
    for number, entry in enumerate(entries):
        content = {**{key: entry.get(key) for key in ("seq", "kind", "at", "body")}, "prev": previous}
        content["seq"] = number if isinstance(content["seq"], int) else content["seq"]
        previous = sha256_text(canonical_json(content))
        lines.append(canonical_json({**content, "hash": previous}) + "\n")
    return "".join(lines).encode("utf-8", "replace")


def _forged(content: bytes, rng: random.Random) -> bytes:
    """Values, keys and entries changed, doubled, dropped or in another order, and all hashes made anew."""
    entries = [json.loads(line) for line in content.splitlines()]
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(entries))
        match rng.randrange(4):
            case 0:
                del entries[at]
            case 1:
                entries.insert(rng.randrange(len(entries)), entries[at])
            case _:
                entries[at] = json.loads(json.dumps(entries[at]))
                _alter(entries[at], rng)
    return rehashed(entries)


def _alter(entry: dict[str, Any], rng: random.Random) -> None:
    places: list[tuple[Any, Any]] = [(entry, name) for name in ("kind", "at", "body", "seq")]
    reach: list[Any] = [entry["body"]]
    while reach:
        here = reach.pop()
        items = here.items() if isinstance(here, dict) else enumerate(here) if isinstance(here, list) else ()
        for name, value in items:
            places.append((here, name))
            reach.append(value)
    parent, name = rng.choice(places)
    if rng.random() < 0.3 and parent is not entry and isinstance(parent, dict):
        del parent[name]
    else:
        parent[name] = rng.choice(VALUES)


def _lines(content: bytes, rng: random.Random) -> bytes:
    """Lines of JSON that are no entries, huge or deep."""
    deep = rng.choice((100, 100_000))
    put = rng.choice(
        (
            b"[" * deep,
            b'{"seq":' + b"9" * 10_000 + b"}",
            b"null",
            b'{"seq":0,"prev":[],"kind":{},"at":1,"body":[],"hash":2}',
            b'{"seq":NaN}',
            b'{"seq":0,"seq":1}',
            b'"\\ud800"',
            b"\xff\xfe",
            b"",
        )
    )
    lines = content.split(b"\n")
    lines.insert(rng.randrange(len(lines)), put)
    return b"\n".join(lines)


def ledger_mutants(kept: Path) -> dict[str, tuple[bytes, hostile.Mutation]]:
    """How ledgers are made hostile, each with the sound one."""
    sound = _sound(kept)
    return {
        "bytes flipped": (sound, hostile.flip),
        "truncated, spliced": (
            sound,
            lambda content, rng: rng.choice((hostile.truncate, hostile.splice))(content, rng),
        ),
        "encodings, NULs, marks, line ends": (
            sound,
            lambda content, rng: rng.choice(
                (hostile.recode, hostile.put_bytes, hostile.marks, hostile.line_ends)
            )(content, rng),
        ),
        "lines that are no entries": (sound, _lines),
        "forged entries, hashes made anew": (sound, _forged),
    }
