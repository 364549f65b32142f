"""A small workspace to disturb, and a digest of everything that must survive the disturbance."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitor import store
from monitor.hashing import sha256_file, sha256_record
from monitor.operation.workspace import initialise, open_workspace
from monitor.registry import new_key, read_chain
from monitor.simulation import Scenario, network

ROOT = Path(__file__).resolve().parents[2]
PLAN = ROOT / "change_plans" / "chest_xray_pneumothorax.yaml"
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
CLOCK_KEYS = ("at", "signature", "record_sha256", "night")
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
        name, *rest = words
        start = [sys.executable, "-m", "flows", name, str(self.workspace), *rest]
        return [*start, "--pseudonym-key", str(self.key)]


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


def killed(command: Sequence[str], after_seconds: float) -> bool:
    """Start a command and kill -9 it; True when it was still running."""
    process = subprocess.Popen(
        list(command), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT, start_new_session=True
    )
    time.sleep(after_seconds)
    alive = process.poll() is None
    if alive:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return alive


def digest(scene: Scene) -> dict[str, str]:
    """One hash per part of the state; clock readings and what is signed over them left out."""
    with open_workspace(scene.workspace, scene.key) as opened:
        tables = opened.store.content()
    with store.open_snapshot(scene.workspace, opened.loaded.plan) as snapshot:
        published = snapshot.content()
    dossiers = sorted((scene.workspace / "dossiers").rglob("dossier.json"))
    return {
        "ledger": sha256_record([_timeless(scene)]),
        "store": sha256_record(tables.tables),
        "snapshot": sha256_record(published.tables),
        "archive": sha256_record(
            sorted(path.name for path in (scene.workspace / "archive").glob("*.parquet"))
        ),
        "rejected": sha256_record(
            sorted(sha256_file(path) for path in (scene.workspace / "rejected").iterdir())
        ),
        "dossiers": sha256_record([path.parent.name for path in dossiers]),
        "inbox": sha256_record(sorted(path.name for path in (scene.workspace / "inbox").glob("*.csv"))),
        "done": sha256_record(sorted(path.name for path in (scene.workspace / "inbox").glob("done/*"))),
    }


def _timeless(scene: Scene) -> list[Any]:
    """Entries without clock readings, for commands that read the clock."""
    kept: list[Any] = []
    clocked = False
    for entry in read_chain(scene.workspace / "ledger.jsonl"):
        clocked |= entry.kind in ("approval", "declined", "deployed")
        body = (
            {key: value for key, value in entry.body.items() if key not in CLOCK_KEYS}
            if clocked
            else entry.body
        )
        kept.append([entry.kind, {} if entry.kind == "dossier" and clocked else body])
    return kept


def _with_keys(text: str, private: Path) -> str:
    """The plan with a listed key for each role."""
    for role in ("clinical_lead", "quality_lead"):
        before, found, after = text.partition(f"role: {role}")
        public = new_key(private / f"{role}.pem")
        text = before + found + after.replace("keys: []", f"keys: ['{public}']", 1)
    return text


Prepare = Callable[[Path], Scene]


def delays(duration: float, count: int, seed: int) -> list[float]:
    """Random moments within a command's run."""
    rng = random.Random(seed)
    return [rng.uniform(0.0, duration * 1.02) for _ in range(count)]
