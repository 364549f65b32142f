"""Changes as the ledger tells them, one JSON file per outcome, for every test of the dossier.

Each file holds a plan and the bodies of one change's ledger entries. The numbers hang together: they
were computed by the program's own criteria on simulated studies. `hostile()` is an accepted change in
which every text that comes from a file tries to be something else.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitor.documentation import dossier
from monitor.hashing import canonical_json
from monitor.plan.model import ChangePlan
from monitor.registry import Change

FOLDER = Path(__file__).parent / "examples"
NAMES = ("accepted", "deployed", "rejected", "insufficient", "collecting", "kept")
WITH_LOOK = ("accepted", "deployed", "rejected", "insufficient")
HOSTILE = (
    "<script>document.title='owned'</script>",
    '"><img src="http://canary.invalid/x" onerror="console.error(1)">',
    "$x^2$ \\frac{1}{2}",
    "</style></title></svg><b>",
    "abc\u202edef\u2066ghi",
    "{{ 7 * 7 }}{% raw %}",
    "a\x00b & 'c'",
)


@dataclass(frozen=True)
class Plan:
    """A plan with its hash, as the workspace hands it over."""

    plan: ChangePlan
    sha256: str


@dataclass(frozen=True)
class Example:
    """What a dossier is made from."""

    plan: Plan
    change: Change
    head: dict[str, Any]

    @property
    def dossier(self) -> dict[str, Any]:
        return dossier(self.plan, self.change, self.head)


def read(name: str) -> dict[str, Any]:
    """The example's record, to be altered before `example` reads it."""
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def example(record: str | dict[str, Any]) -> Example:
    """An example by name, or from a record that a test has altered."""
    found = read(record) if isinstance(record, str) else record
    plan = Plan(ChangePlan.model_validate_json(canonical_json(found["plan"])), found["plan_sha256"])
    change = found["change"]
    parts = {key: change[key] for key in ("alarm", "opened", "candidate", "verdict", "deployed")}
    entries = tuple((int(seq), str(digest), str(kind)) for seq, digest, kind in change["entries"])
    approvals = tuple(change["approvals"])
    return Example(plan, Change(change["id"], **parts, approvals=approvals, entries=entries), found["head"])


def hostile() -> Example:
    """An accepted, deployed change whose texts are markup, mathematics, templates and reordering marks."""
    record = read("deployed")
    text = " ".join(HOSTILE)
    plan, change = record["plan"], record["change"]
    change["opened"]["site"] = change["alarm"]["site"] = text
    change["alarm"]["bet"] = change["alarm"]["cohort"] = text
    change["verdict"]["reasons"] = list(HOSTILE)
    change["candidate"]["candidate"]["version"] = HOSTILE[0] + HOSTILE[2]
    change["approvals"][0].update(signer=text, meaning=text, key_id=text)
    plan["plan"]["title"] = plan["device"]["name"] = plan["device"]["intended_use"] = text.replace("\x00", "")
    plan["impact_assessment"][0]["bias"] = text.replace("\x00", "")
    for step in change["verdict"]["data_account"]:
        step["step"] = text
    return example(record)
