"""A small workspace to disturb, and a digest of everything that must survive the disturbance."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from monitor import store
from monitor.hashing import sha256_file, sha256_record
from monitor.operation.workspace import initialise, open_workspace
from monitor.registry import new_key
from monitor.simulation import Scenario, network

ROOT = Path(__file__).resolve().parents[2]
PLAN = ROOT / "tests" / "plans" / "chest_xray.yaml"
HARBOUR = Scenario(
    "Harbour",
    "intercept",
    "A shift for good.",
    "Accepted.",
    150.0,
    0.2,
    intercept_shift=1.2,
    change_share=0.3,
)
FOLDERS = ("archive", "rejected", "dossiers", "plans", "inbox")
NIGHTS = 40
COMMAND_SECONDS = 300


@dataclass(frozen=True)
class Scene:
    """A folder that can be copied and disturbed.

    Attributes:
        folder: Holds workspace/, private/ (keys) and logs/.
        last: Date on which every outcome is mature.
    """

    folder: Path
    last: str

    @property
    def workspace(self) -> Path:
        return self.folder / "workspace"

    @property
    def key(self) -> Path:
        return self.folder / "private" / "pseudonym.key"

    def copy(self, target: Path) -> Scene:
        """The same scene somewhere else."""
        shutil.copytree(self.folder, target)
        return Scene(target, self.last)

    def command(self, *words: str) -> list[str]:
        """A command line of the product on this scene's workspace."""
        return [sys.executable, "-m", "flows", *self.words(*words)]

    def words(self, name: str, *rest: str) -> list[str]:
        """The same without the program."""
        return [name, str(self.workspace), *rest, "--pseudonym-key", str(self.key)]


def bound(folder: Path) -> Scene:
    """A bound workspace with an empty inbox, and the logs of a site whose change will be accepted."""
    made = network(nights=NIGHTS, seed=5, scenarios=(HARBOUR,))
    made.write(folder / "logs")
    plan = folder / "plan.yaml"
    plan.write_text(_with_keys(PLAN.read_text(), folder / "private"))
    initialise(folder / "workspace", plan, folder / "private" / "pseudonym.key", at="2026-01-01")
    return Scene(folder, made.complete_on.isoformat())


def delivered(scene: Scene, target: Path) -> Scene:
    """The scene with both logs in its inbox."""
    copied = scene.copy(target)
    for name in ("predictions.csv", "outcomes.csv"):
        shutil.copy(copied.folder / "logs" / name, copied.workspace / "inbox" / name)
    return copied


def finished(scene: Scene, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        list(command), capture_output=True, text=True, timeout=COMMAND_SECONDS, cwd=ROOT, check=False
    )


def digest(scene: Scene) -> dict[str, str]:
    """One hash per part of the state: what a rerun must leave as an undisturbed run does."""
    with open_workspace(scene.workspace, scene.key) as opened:
        tables = opened.store.content()
    with store.open_snapshot(scene.workspace, opened.loaded.plan) as snapshot:
        published = snapshot.content()
    head = max((scene.workspace / "checkpoints").glob("*.json"), key=lambda file: int(file.stem))
    files = {name: _files(scene.workspace, name) for name in FOLDERS}
    return {
        "ledger": sha256_file(scene.workspace / "ledger.jsonl"),
        "head checkpoint": sha256_record([head.name, sha256_file(head)]),
        "plan": sha256_file(scene.workspace / "plan.yaml"),
        "store": sha256_record(tables.tables),
        "snapshot": sha256_record(published.tables),
        **{name: sha256_record(found) for name, found in files.items()},
    }


def leftovers(scene: Scene) -> list[str]:
    """Unfinished files that a crash left and no later run removed."""
    return sorted(str(path.relative_to(scene.workspace)) for path in scene.workspace.rglob("*.part"))


def _files(workspace: Path, name: str) -> dict[str, str]:
    """Every finished file in a folder, with its hash."""
    return {
        str(path.relative_to(workspace)): sha256_file(path)
        for path in sorted((workspace / name).rglob("*"))
        if path.is_file() and path.suffix != ".part"
    }


def _with_keys(text: str, private: Path) -> str:
    """The plan with a listed key for each role."""
    for role in ("clinical_lead", "quality_lead"):
        before, found, after = text.partition(f"role: {role}")
        public = new_key(private / f"{role}.pem")
        text = before + found + after.replace("keys: []", f"keys: ['{public}']", 1)
    return text
