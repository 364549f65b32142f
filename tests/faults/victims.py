"""Commands to disturb, each with a workspace in which it has work to do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.faults import forked, scene
from tests.faults.scene import Scene

CLINICAL, QUALITY = "clinical_lead", "quality_lead"
SETTLED_BEFORE = "2026-01-15"
"""No night reads older cohorts of the scene again."""


@dataclass(frozen=True)
class Victim:
    """A command to kill: the state it starts from and its words."""

    name: str
    start: Scene
    words: tuple[str, ...]


def victims(folder: Path) -> list[Victim]:
    """Every command that writes, each from the state in which it has work to do."""
    bound = scene.bound(folder / "bound")
    inbox = scene.delivered(bound, folder / "inbox")
    logs = [str(bound.folder / "logs" / name) for name in ("predictions.csv", "outcomes.csv")]
    nightly = ("nightly", "--as-of", inbox.last)
    judged = _after(inbox, folder / "judged", nightly)
    first = ("approve", "CHG-0001", "--meaning", "approved", *_who(judged, CLINICAL))
    second = ("approve", "CHG-0001", "--meaning", "approved", *_who(judged, QUALITY))
    decline = ("decline", "CHG-0001", "--meaning", "a recall", *_who(judged, CLINICAL))
    close = ("close", "ALM-0001", "--cause", "device", "--reason", "recalled", *_who(judged, QUALITY))
    signed = _after(judged, folder / "signed", first)
    deployed = _after(signed, folder / "deployed", second)
    declined = _after(judged, folder / "declined", decline)
    lost = deployed.copy(folder / "lost")
    (lost.workspace / "monitor.duckdb").unlink()
    back = ("rollback", "--site", "Harbour", "--reason", "a recall", *_who(judged, QUALITY))
    amend = ("amend", "--plan", str(_amended(bound)), "--meaning", "authorised", *_who(judged, QUALITY))
    return [
        Victim("ingest", bound, ("ingest", *logs)),
        Victim("nightly", inbox, nightly),
        Victim("approve", signed, second),
        Victim("decline", judged, decline),
        Victim("close", declined, close),
        Victim("rollback", deployed, back),
        Victim("amend", deployed, amend),
        Victim("archive", declined, ("archive", "--before", SETTLED_BEFORE)),
        Victim("rebuild", lost, nightly),
    ]


def _after(before: Scene, folder: Path, words: tuple[str, ...]) -> Scene:
    scene_after = before.copy(folder)
    code, _ = forked.ended(scene_after, words)
    if code:
        raise SystemExit(f"preparing, {words[0]} ended with {code}: {forked.said(scene_after)}")
    return scene_after


def _who(judged: Scene, role: str) -> tuple[str, ...]:
    key = judged.folder / "private" / f"{role}.pem"
    return ("--signer", f"A person for {role}", "--role", role, "--key", str(key))


def _amended(bound: Scene) -> Path:
    new, text = bound.folder / "amended.yaml", (bound.folder / "plan.yaml").read_text()
    changed = text.replace("version: 1.0.0", "version: 1.1.0").replace("logit: 0.1,", "logit: 0.12,")
    new.write_text(changed)
    return new
