"""Whether a decision on the ledger was signed by someone the plan lists, over the record it names."""

from __future__ import annotations

from typing import Any

from monitor.errors import EvidenceError
from monitor.hashing import sha256_record
from monitor.operation.workspace import Workspace
from monitor.registry import record_is_signed


def require_signature(workspace: Workspace, body: dict[str, Any]) -> None:
    """Refuse a decision whose signature, key or record is not the right one.

    Args:
        workspace: In the state just before the decision.
        body: Of an approval or a decline.

    Raises:
        EvidenceError: What does not hold.
    """
    role = body["role"]
    keys = [key for item in workspace.loaded.plan.approvals if item.role == role for key in item.keys]
    if not record_is_signed(body, keys):
        raise EvidenceError(f"not signed by a key that the plan lists for the role {role}")
    change = workspace.state.changes[body["change"]]
    if body["record_sha256"] != sha256_record([change.opened, change.candidate, change.verdict]):
        raise EvidenceError("signs another record than the one on the ledger")
