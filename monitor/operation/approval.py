"""Approvals, declines and closures: decisions of people, each one ledger entry."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal

from monitor.errors import OutsidePlanError, UsageError
from monitor.hashing import sha256_record
from monitor.operation.dossiers import issue_dossiers
from monitor.operation.workspace import Workspace, open_workspace
from monitor.registry import Change, key_id, public_key_text, sign

Decision = Literal["approval", "declined"]
CAUSES = ("data", "population", "device", "practice", "none", "other")


def decide(
    path: Path,
    change_name: str,
    decision: Decision,
    *,
    signer: str,
    role: str,
    signing_key: Path,
    meaning: str,
    key_file: Path | None = None,
) -> Change:
    """Sign the record of an accepted change: an approval deploys its calibrator at the proposing site.

    Args:
        path: The workspace.
        change_name: For example "CHG-0001".
        decision: approval or declined.
        signer: Printed name of the person.
        role: One of the plan's roles.
        signing_key: Ed25519 private key whose public half the plan lists for the role.
        meaning: What the signature means, in the signer's words.
        key_file: Pseudonym key of the workspace.

    Returns:
        The change after the decision.

    Raises:
        UsageError: Unknown change, or one that is not an open proposal.
        OutsidePlanError: The role or the key is not in the plan.
    """
    with open_workspace(path, key_file) as workspace:
        change = _proposal(workspace, change_name)
        public = _listed_key(workspace, role, signing_key)
        at = datetime.now(UTC).isoformat(timespec="seconds")
        record = sha256_record([change.opened, change.candidate, change.verdict])
        statement = {
            "change": change.id,
            "decision": decision,
            "signer": signer,
            "role": role,
            "meaning": meaning,
            "at": at,
            "record_sha256": record,
        }
        body = {
            **statement,
            "key_id": key_id(public),
            "signature": sign(signing_key, sha256_record(statement)),
            "simulated": False,
        }
        with workspace.commit():
            workspace.record(decision, at, body)
            if decision == "approval":
                deploy(workspace, workspace.state.changes[change.id], at[:10])
        issue_dossiers(workspace, again=(change.id,))
        workspace.store.publish_snapshot()
        return workspace.state.changes[change.id]


def record_simulated_approval(workspace: Workspace, change: Change, night: date) -> None:
    """Approve and deploy inside a replay; the record says that no person signed."""
    workspace.record(
        "approval",
        night.isoformat(),
        {
            "change": change.id,
            "decision": "approval",
            "signer": "simulated approval",
            "role": workspace.loaded.plan.approvals[0].role,
            "meaning": "simulated approval: no person has signed this change",
            "at": night.isoformat(),
            "record_sha256": sha256_record([change.opened, change.candidate, change.verdict]),
            "key_id": None,
            "signature": None,
            "simulated": True,
        },
    )
    deploy(workspace, workspace.state.changes[change.id], night.isoformat())


def deploy(workspace: Workspace, change: Change, night: str) -> None:
    """Make an approved candidate the live calibrator of its place; its stream starts anew."""
    if change.state != "approved" or change.candidate is None:
        raise OutsidePlanError(
            f"{change.id}: only an approved change is deployed, this one is {change.state}"
        )
    body: dict[str, Any] = {
        "change": change.id,
        "site": change.place.site,
        "finding": change.place.finding,
        "calibrator": change.candidate["candidate"],
        "night": night,
        "simulated": any(approval["simulated"] for approval in change.approvals),
    }
    workspace.record("deployed", night, body)


def close_alarm(
    path: Path,
    alarm: str,
    *,
    signer: str,
    role: str,
    cause: str,
    reason: str,
    key_file: Path | None = None,
) -> None:
    """End an alarm with a cause and a reason; the place's stream starts anew.

    Raises:
        UsageError: Unknown or closed alarm, one whose change is still open, or an unknown cause.
        OutsidePlanError: The role is not in the plan.
    """
    with open_workspace(path, key_file) as workspace:
        found = workspace.state.alarms.get(alarm)
        if found is None or found.closed:
            known = [name for name, item in workspace.state.alarms.items() if not item.closed]
            raise UsageError(f"{alarm}: no open alarm of that name; open: {', '.join(known) or 'none'}")
        if cause not in CAUSES:
            raise UsageError(f"--cause {cause}: expected one of {', '.join(CAUSES)}")
        _require_role(workspace, role)
        for change in workspace.state.changes.values():
            if change.opened["alarm"] == alarm and change.state in ("collecting", "proposed", "approved"):
                raise UsageError(f"{alarm}: its change {change.id} is {change.state}; decide that first")
        at = datetime.now(UTC).isoformat(timespec="seconds")
        body = {"alarm": alarm, "by": signer, "role": role, "cause": cause, "reason": reason}
        with workspace.commit():
            workspace.record("alarm_closed", at, body)
        workspace.store.publish_snapshot()


def _proposal(workspace: Workspace, name: str) -> Change:
    change = workspace.state.changes.get(name)
    if change is None:
        raise UsageError(f"{name}: no such change; `pccp changes {workspace.path}` lists them")
    if change.state != "proposed":
        raise UsageError(
            f"{name}: only an accepted, undecided change can be signed, this one is {change.state}"
        )
    return change


def _listed_key(workspace: Workspace, role: str, signing_key: Path) -> str:
    _require_role(workspace, role)
    public = public_key_text(signing_key)
    listed = next(item.keys for item in workspace.loaded.plan.approvals if item.role == role)
    if public not in listed:
        raise OutsidePlanError(f"key {key_id(public)} is not listed in the plan for the role {role}")
    return public


def _require_role(workspace: Workspace, role: str) -> None:
    roles = [item.role for item in workspace.loaded.plan.approvals]
    if role not in roles:
        raise OutsidePlanError(f"role {role} is not in the plan; it lists {', '.join(roles)}")
