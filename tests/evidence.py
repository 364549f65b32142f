"""A small finished workspace with everything a ledger can hold, and a forger who recomputes its hashes."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor import store
from monitor.documentation.write import FIGURE_NAMES
from monitor.operation.night import ingest, nightly
from monitor.operation.people.closure import close_alarm
from monitor.operation.people.decisions import decide
from monitor.operation.people.signing import Signatory
from monitor.operation.replay import replay
from monitor.operation.workspace import initialise
from monitor.registry import Entry, new_key, read_chain
from monitor.registry.ledger import next_entry
from monitor.simulation import Network, Scenario, network
from monitor.store import Content

PLAN = Path(__file__).resolve().parent / "plans" / "chest_xray.yaml"
ROLES = ("clinical_lead", "quality_lead")
DECIDED_ON, COMPLETE_ON = 40, 57


@contextmanager
def undrawn() -> Iterator[None]:
    """Drawing takes most of the time of a dossier, and no figure or PDF is evidence."""
    with pytest.MonkeyPatch.context() as patch:
        drawn = dict.fromkeys(FIGURE_NAMES, "<svg/>")
        patch.setattr("monitor.documentation.write.figures", lambda _: drawn)
        patch.setattr("monitor.documentation.write.dossier_pdf", lambda *_: b"%PDF-")
        yield


def shifted(site: str) -> Scenario:
    """A site whose outcomes become more frequent at the same score."""
    return Scenario(
        site, "intercept", "A shift.", "Accepted.", 90.0, 0.2, intercept_shift=1.6, change_share=9 / 44
    )


PASSING = Scenario(
    "Market",
    "reverting",
    "A shift that ends.",
    "Harm after it.",
    90.0,
    0.2,
    intercept_shift=1.6,
    change_share=9 / 70,
    shifted_nights=24,
)
QUIET = Scenario("North", "quiet", "Nothing changes.", "No alarm.", 8.0, 0.1)


@dataclass(frozen=True)
class Scene:
    """A workspace, the folder of its keys, and its logs."""

    path: Path
    private: Path
    logs: Path
    made: Network

    @property
    def key(self) -> Path:
        return self.private / "pseudonym.key"

    def who(self, role: str) -> Signatory:
        return Signatory(f"A person for {role}", role, self.private / f"{role}.pem")

    def copy(self, folder: Path) -> Scene:
        """The same workspace at another place, with the same keys."""
        shutil.copytree(self.path, folder)
        return Scene(folder, self.private, self.logs, self.made)


def bound(
    folder: Path, *scenarios: Scenario, nights: int = 44, edits: Mapping[str, str] | None = None
) -> Scene:
    """A workspace under the demonstration's plan, with a key for each role, and no night yet.

    Args:
        folder: Gets the workspace, its keys and its logs.
        scenarios: One per site.
        nights: Of the simulated network.
        edits: Texts of the plan and what stands in their place.
    """
    made = network(nights=nights, seed=5, scenarios=scenarios)
    text = PLAN.read_text()
    for old, new in (edits or {}).items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    for role in ROLES:
        public = new_key(folder / "private" / f"{role}.pem")
        before, found, after = text.partition(f"role: {role}")
        text = before + found + after.replace("keys: []", f"keys: ['{public}']", 1)
    plan = folder / "plan.yaml"
    plan.write_text(text)
    scene = Scene(folder / "workspace", folder / "private", folder / "logs", made)
    initialise(scene.path, plan, scene.key, at="2026-01-01")
    return scene


def replayed(scene: Scene) -> Scene:
    """History read in one run, accepted changes deployed by simulated approvals."""
    files = scene.made.write(scene.logs)
    replay(
        scene.path,
        files.predictions,
        files.outcomes,
        until=scene.made.complete_on,
        approve_accepted=True,
        key_file=scene.key,
    )
    return scene


def lived(scene: Scene) -> Scene:
    """Two runs, and people between them: one change approved, one declined, its alarm closed."""
    deliver(scene, 0, DECIDED_ON)
    for role in ROLES:
        decide(scene.path, "CHG-0001", "approval", scene.who(role), meaning="approve", key_file=scene.key)
    decide(scene.path, "CHG-0002", "declined", scene.who(ROLES[0]), meaning="a recall", key_file=scene.key)
    close_alarm(
        scene.path, "ALM-0002", scene.who(ROLES[1]), cause="device", reason="recalled", key_file=scene.key
    )
    deliver(scene, DECIDED_ON, COMPLETE_ON)
    return scene


def deliver(scene: Scene, after: int, until: int) -> None:
    """One file of each kind with what was sent in some days, and every night up to the last of them."""
    first, last = (scene.made.first_day + timedelta(days=day) for day in (after, until))
    daily = scene.made.write(scene.logs / "nightly", per_night=True)
    files: list[Path] = []
    for role, paths in (("predictions", daily.predictions), ("outcomes", daily.outcomes)):
        days = [path for path in paths if _sent(path, after, first, last)]
        lines = [path.read_text().splitlines(keepends=True) for path in days]
        file = scene.logs / f"{role}-{until}.csv"
        file.write_text("".join([lines[0][0], *(line for found in lines for line in found[1:])]))
        files.append(file)
    ingest(scene.path, files, last, key_file=scene.key)
    nightly(scene.path, last, key_file=scene.key)


def _sent(path: Path, after: int, first: Any, last: Any) -> bool:
    day = path.stem.partition("-")[2]
    return (after == 0 or day > first.isoformat()) and day <= last.isoformat()


def contents(path: Path, scratch: Path) -> dict[str, Content]:
    """What the two databases of a workspace hold."""
    found: dict[str, Content] = {}
    for name in (store.DATABASE, store.SNAPSHOT):
        copy = store.copy_database(path, scratch / name, name)
        assert copy
        found[name] = store.content_of(copy)
        shutil.rmtree(copy.parent)
    return found


def forge(path: Path, change: Callable[[list[Entry]], list[tuple[str, str, dict[str, Any]]]]) -> None:
    """Rewrite a ledger as someone who can recompute every hash, but has no key."""
    ledger = path / "ledger.jsonl"
    entries: list[Entry] = []
    for kind, at, body in change(read_chain(ledger)):
        entries.append(next_entry(entries[-1] if entries else None, kind, at, body))
    ledger.write_text("".join(entry.line + "\n" for entry in entries))
    for checkpoint in (path / "checkpoints").glob("*.json"):
        checkpoint.unlink()


def flipped(content: bytes, position: int, mask: int = 1) -> bytes:
    """The same bytes with one of them changed."""
    return content[:position] + bytes([content[position] ^ mask]) + content[position + 1 :]


def flip(file: Path, position: int, mask: int = 1) -> None:
    """Change one byte of a file in place; the same once more undoes it."""
    with file.open("r+b") as handle:
        handle.seek(position)
        byte = handle.read(1)[0]
        handle.seek(position)
        handle.write(bytes([byte ^ mask]))
