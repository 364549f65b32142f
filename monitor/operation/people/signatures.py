"""Whether a decision on the ledger was signed by someone the plan lists, over the record it names."""

from __future__ import annotations

from typing import Any

from monitor.errors import EvidenceError
from monitor.operation.people.decisions import bound_record
from monitor.operation.workspace import Workspace
from monitor.registry import Entry, record_is_signed

NEVER_UNSIGNED = ("approval", "declined")


def require_signature(workspace: Workspace, entry: Entry) -> bool:
    """Refuse a decision of a person whose signature, key or record is not the right one.

    Args:
        workspace: In the state just before the decision.
        entry: The decision, as recorded.

    Returns:
        True when it is signed; False where the plan lists no key at all and none was needed.

    Raises:
        EvidenceError: What does not hold.
    """
    body, faults = entry.body, list[str]()
    signed = _signed(workspace, entry, faults)
    if body["act"] != entry.kind:
        faults.append(f"signed as {body['act']}, recorded as {entry.kind}")
    if body["plan_sha256"] != workspace.loaded.sha256:
        faults.append("signed under another plan than the one in force")
    if body["ledger_head"] != _head(workspace):
        faults.append("signed after another entry than the one before it")
    if entry.kind in NEVER_UNSIGNED and not _names_the_record(workspace, body):
        faults.append("signs another record, or another dossier, than those on the ledger")
    if faults:
        raise EvidenceError("; ".join(faults))
    return signed


def _signed(workspace: Workspace, entry: Entry, faults: list[str]) -> bool:
    body, approvals = entry.body, workspace.loaded.plan.approvals
    if entry.kind not in NEVER_UNSIGNED and not any(item.keys for item in approvals):
        if body["signature"] is not None or body["role"] not in [item.role for item in approvals]:
            faults.append("expected a role of the plan and, as the plan lists no key, no signature")
        return False
    keys = [key for item in approvals if item.role == body["role"] for key in item.keys]
    if not record_is_signed(body, keys):
        faults.append(f"not signed by a key that the plan lists for the role {body['role']}")
    return True


def _names_the_record(workspace: Workspace, body: dict[str, Any]) -> bool:
    expected = bound_record(workspace.state.changes[body["change"]])
    return {name: body[name] for name in expected} == expected


def _head(workspace: Workspace) -> str | None:
    """Hash of the entry a decision was signed after; changes it ends as void are recorded between."""
    before = (entry for entry in reversed(workspace.ledger.entries) if entry.kind != "voided")
    last = next(before, None)
    return last.hash if last else None
