"""A workspace in which changes await people: its plan lists keys, its changes come from an example."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from monitor import documentation
from monitor.hashing import canonical_json
from monitor.operation.attempt.changes import open_change
from monitor.operation.dossiers import issue_dossiers
from monitor.operation.people import decisions
from monitor.operation.people.decisions import Decision
from monitor.operation.people.signing import Signatory
from monitor.operation.reading.status import status
from monitor.operation.workspace import Workspace, initialise, open_workspace
from monitor.records import Place
from monitor.registry import Change, Entry, RegistryState, fold, new_key, read_chain

ROOT = Path(__file__).parents[1]
PLAN = (ROOT / "tests" / "plans" / "chest_xray.yaml").read_text(encoding="utf-8")
EXAMPLES = ROOT / "tests" / "browser" / "examples"
NIGHT = date(2026, 3, 1)
PLACE = Place("Harbour", "pneumothorax")


def without_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dossiers of dossier.json alone: nothing here looks at a page, and drawing takes most of the time."""

    def write(folder: Path, content: dict[str, Any]) -> dict[str, Path]:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "dossier.json").write_text(canonical_json(content), encoding="utf-8")
        return {"json": folder / "dossier.json", "html": folder / "dossier.html"}

    monkeypatch.setattr(documentation, "write_dossier", write)


@dataclass
class Office:
    """A bound workspace and the people who decide in it."""

    path: Path
    key: Path
    people: dict[str, Signatory]
    plan: Path

    def propose(self, verdict: str | None = "accept") -> str:
        """Open a change at the one place and judge it; with None it is left collecting."""
        example = json.loads((EXAMPLES / "accepted.json").read_text(encoding="utf-8"))["change"]
        with open_workspace(self.path, self.key) as workspace:
            with workspace.commit():
                name = self._open(workspace, example)
                if verdict is not None:
                    self._judge(workspace, example, name, verdict)
            issue_dossiers(workspace)
            workspace.store.publish_snapshot()
        return name

    def _open(self, workspace: Workspace, example: dict[str, Any]) -> str:
        number = len(workspace.state.alarms) + 1
        alarm = {**example["alarm"], "alarm": f"ALM-{number:04d}", "site": PLACE.site}
        workspace.record("alarm", NIGHT.isoformat(), alarm)
        change = open_change(workspace, alarm, NIGHT)
        assert change is not None
        return change.id

    def _judge(self, workspace: Workspace, example: dict[str, Any], name: str, verdict: str) -> None:
        version = workspace.state.next_version(PLACE)
        candidate = {**example["candidate"]["candidate"], "version": version}
        frozen = {**example["candidate"], "change": name, "candidate": candidate}
        workspace.record("candidate_frozen", NIGHT.isoformat(), frozen)
        judged = {**example["verdict"], "change": name, "verdict": verdict}
        workspace.record("verdict", NIGHT.isoformat(), judged)

    def decide(self, change: str, decision: Decision, person: str, meaning: str = "I have read it") -> Change:
        who = self.people[person]
        return decisions.decide(self.path, change, decision, who, meaning=meaning, key_file=self.key)

    def deploy(self) -> str:
        """Propose a change and have every role sign it."""
        change = self.propose()
        self.decide(change, "approval", "clinical")
        self.decide(change, "approval", "quality")
        return change

    def entries(self) -> list[Entry]:
        return read_chain(self.path / "ledger.jsonl")

    def last(self, kind: str) -> dict[str, Any]:
        """Body of the newest entry of a kind."""
        return next(entry.body for entry in reversed(self.entries()) if entry.kind == kind)

    @property
    def state(self) -> RegistryState:
        return fold(self.entries())

    def change(self, name: str) -> dict[str, Any]:
        """A change as `pccp status --json` shows it."""
        return next(item for item in status(self.path)["changes"] if item["id"] == name)


def office(folder: Path, **edits: str) -> Office:
    """A new workspace; the plan's clinical lead has two keys and its quality lead one.

    Args:
        folder: An empty folder.
        edits: Texts of the plan to replace, given as old=new through a mapping.
    """
    people = {
        "clinical": Signatory("C. Lead", "clinical_lead", folder / "private" / "clinical.pem"),
        "deputy": Signatory("D. Lead", "clinical_lead", folder / "private" / "deputy.pem"),
        "quality": Signatory("Q. Lead", "quality_lead", folder / "private" / "quality.pem"),
        "stranger": Signatory("S. Ranger", "quality_lead", folder / "private" / "stranger.pem"),
    }
    keys = {name: new_key(who.key) for name, who in people.items() if who.key}
    text = with_keys(PLAN, "clinical_lead", keys["clinical"], keys["deputy"])
    text = with_keys(text, "quality_lead", keys["quality"])
    for old, new in edits.items():
        assert old in text, old
        text = text.replace(old, new)
    plan, key = folder / "plan.yaml", folder / "private" / "pseudonym.key"
    plan.write_text(text, encoding="utf-8")
    initialise(folder / "workspace", plan, key, at="2026-01-01")
    return Office(folder / "workspace", key, people, plan)


def with_keys(text: str, role: str, *keys: str) -> str:
    old = f"{role}, signatures: 1, keys: []"
    assert old in text
    listed = ", ".join(f'"{key}"' for key in keys)
    return text.replace(old, f"{role}, signatures: 1, keys: [{listed}]")
