"""Approving and declining a change: one record per person, and a deployment when every role has signed."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any, Literal

from monitor.errors import EvidenceError, OutsidePlanError, UsageError
from monitor.hashing import sha256_file, sha256_record
from monitor.operation.dossiers import issue_dossiers
from monitor.operation.people.deployment import deploy
from monitor.operation.people.signing import Signatory, clock, decision_record, listed_key, same_person
from monitor.operation.workspace import Workspace, open_workspace
from monitor.registry import Change, key_id, public_key_text

Decision = Literal["approval", "declined"]


def decide(
    path: Path,
    change_name: str,
    decision: Decision,
    who: Signatory,
    *,
    meaning: str,
    dossier: str | None = None,
    key_file: Path | None = None,
) -> Change:
    """Sign the record of an accepted change; the last signature the plan asks for deploys its calibrator.

    A refusal by any role ends the change.

    Args:
        path: The workspace.
        change_name: For example "CHG-0001".
        decision: approval or declined.
        who: The person, with a key that the plan lists for the role.
        meaning: What the signature means, in the person's words.
        dossier: SHA-256 of the dossier the person was shown; whichever is on record when None.
        key_file: Pseudonym key of the workspace.

    Returns:
        The change after the decision.

    Raises:
        UsageError: Unknown change, one that is not an open proposal, a dossier that was issued anew since it
            was shown, or a person who has signed already.
        OutsidePlanError: The role or the key is not in the plan.
        EvidenceError: The dossier on disk is not the one on record.
    """
    with open_workspace(path, key_file) as workspace:
        change = _proposal(workspace, change_name)
        _require_shown(change, dossier)
        _require_approver(workspace, change, who)
        at = clock()
        content = {
            "change": change.id,
            "meaning": meaning,
            **bound_record(change),
            "simulated": False,
        }
        body = decision_record(workspace, decision, who, content, at)
        with workspace.commit():
            workspace.record(decision, at, body)
            if workspace.state.changes[change.id].state == "approved":
                deploy(workspace, workspace.state.changes[change.id], at[:10])
        issue_dossiers(workspace)
        workspace.store.publish_snapshot()
        return workspace.state.changes[change.id]


def bound_record(change: Change, dossier_sha256: str | None = None) -> dict[str, Any]:
    """What a signature binds: opening, candidate and verdict, and the dossier that was read.

    Args:
        change: With a verdict.
        dossier_sha256: Of the dossier that was read; the change's newest when None.
    """
    dossier = dossier_sha256 or (change.dossier or {}).get("sha256")
    record = sha256_record([change.opened, change.candidate, change.verdict, dossier])
    return {"dossier_sha256": dossier, "record_sha256": record}


def record_simulated_approvals(workspace: Workspace, change: Change, night: date) -> None:
    """Approve and deploy inside a replay; each record says that no person signed."""
    at = night.isoformat()
    for role in change.signatures:
        for _ in range(role.need):
            body = {
                "act": "approval",
                "change": change.id,
                "meaning": "simulated approval: no person has signed this change",
                **bound_record(change),
                "signer": "simulated approval",
                "role": role.role,
                "at": at,
                "plan_sha256": workspace.loaded.sha256,
                "key_id": None,
                "signature": None,
                "simulated": True,
            }
            workspace.record("approval", at, body)
    deploy(workspace, workspace.state.changes[change.id], at)


def _proposal(workspace: Workspace, name: str) -> Change:
    """The change, if it can be signed: judged, accepted, undecided, and its dossier as issued."""
    change = workspace.state.changes.get(name)
    if change is None:
        raise UsageError(f"{name}: no such change; `pccp changes {workspace.path}` lists them")
    if change.state == "collecting":
        raise UsageError(f"{name}: its criteria have not been evaluated yet, so there is nothing to sign")
    if change.state != "proposed":
        raise UsageError(
            f"{name}: only an accepted, undecided change can be signed, this one is {change.state}"
        )
    if not (change.verdict or {}).get("criteria"):
        raise EvidenceError(f"{name}: accepted without a single criterion on record")
    _require_dossier(workspace, change)
    return change


def _require_dossier(workspace: Workspace, change: Change) -> None:
    file = workspace.path / "dossiers" / change.id / "dossier.json"
    again = f"`pccp document {workspace.path} {change.id}` issues it"
    if change.dossier is None or not file.exists():
        raise UsageError(f"{change.id}: its dossier has to be there before it can be signed; {again}")
    if sha256_file(file) != change.dossier["sha256"]:
        raise EvidenceError(f"dossiers/{change.id}/dossier.json: not the dossier on record; {again} anew")


def _require_shown(change: Change, dossier: str | None) -> None:
    """Refuse a signature for a dossier that another one has replaced, as after somebody else signed."""
    recorded = (change.dossier or {}).get("sha256")
    if dossier is not None and dossier != recorded:
        raise UsageError(
            f"{change.id}: its dossier was issued anew since this page was opened, now with SHA-256 "
            f"{str(recorded)[:16]}; read that one, then sign"
        )


def _require_approver(workspace: Workspace, change: Change, who: Signatory) -> None:
    """One signature per person and role, by another key each time."""
    plan = workspace.loaded.plan
    if not any(item.keys for item in plan.approvals):
        raise OutsidePlanError("the plan lists no key for any role: nobody can approve or decline yet")
    used = key_id(public_key_text(listed_key(plan, who), who.passphrase))
    for approval in change.approvals:
        if approval["key_id"] == used:
            raise UsageError(f"{change.id}: key {used} has signed already, as {approval['signer']}")
        if same_person(approval["signer"], who.name):
            raise UsageError(
                f"{change.id}: {who.name} has signed already as {approval['role']}; each signature is "
                "another person's"
            )
