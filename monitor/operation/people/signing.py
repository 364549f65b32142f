"""Who decides: a person with a printed name, a role of the plan, and a key the plan lists for that role.

What a person leaves is an approval record, not an electronic signature under 21 CFR Part 11: the program
cannot know who holds a key.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from monitor.errors import OutsidePlanError, UsageError
from monitor.operation.attempt.changes import AUTHOR
from monitor.operation.workspace import Workspace
from monitor.plan import ChangePlan
from monitor.registry import key_id, public_key_text, sign_record

LONGEST_TEXT = 4000


@dataclass(frozen=True)
class Signatory:
    """A person who decides.

    Attributes:
        name: Printed name.
        role: One of the plan's roles.
        key: Private key file; only a plan that lists no key at all goes without.
        passphrase: Of the key file, when it is protected.
    """

    name: str
    role: str
    key: Path | None = None
    passphrase: str | None = field(default=None, repr=False)


def clock() -> str:
    """The one clock reading of a decision, in UTC, as it is recorded."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def decision_record(
    workspace: Workspace, act: str, who: Signatory, content: dict[str, Any], at: str
) -> dict[str, Any]:
    """What a person decided, signed over all of it and over the ledger up to here.

    Args:
        workspace: Open for writing.
        act: The ledger's word for the decision, part of what is signed.
        who: The person.
        content: What is decided; its texts are checked.
        at: The clock reading.

    Returns:
        The ledger body. `key_id` and `signature` are None where the plan lists no key at all.

    Raises:
        UsageError: A text is empty or holds invisible characters, or no key was named.
        OutsidePlanError: The role is not in the plan, or the key is not listed for it.
    """
    _require_person(who)
    for name, value in content.items():
        if isinstance(value, str):
            require_visible(name, value)
    require_role(workspace.loaded.plan, who.role)
    last = workspace.ledger.last
    body = {
        "act": act,
        **content,
        "signer": who.name,
        "role": who.role,
        "at": at,
        "plan_sha256": workspace.loaded.sha256,
        "ledger_head": last.hash if last else None,
    }
    if not any(item.keys for item in workspace.loaded.plan.approvals):
        return {**body, "key_id": None, "signature": None}
    return sign_record(body, listed_key(workspace.loaded.plan, who), who.passphrase)


def listed_key(plan: ChangePlan, who: Signatory) -> Path:
    """The file of the person's key, which the plan lists for the role.

    Raises:
        UsageError: No key was named, or it cannot be read.
        OutsidePlanError: The role is not in the plan, or the key is not listed for it.
    """
    require_role(plan, who.role)
    if who.key is None:
        raise UsageError(f"the plan lists keys: name the signing key of {who.role} with --key")
    public = public_key_text(who.key, who.passphrase)
    listed = next(item.keys for item in plan.approvals if item.role == who.role)
    if public not in listed:
        raise OutsidePlanError(f"key {key_id(public)} is not listed in the plan for the role {who.role}")
    return who.key


def require_role(plan: ChangePlan, role: str) -> None:
    """Refuse a role that the plan does not name.

    Raises:
        OutsidePlanError: Names the plan's roles.
    """
    roles = [item.role for item in plan.approvals]
    if role not in roles:
        raise OutsidePlanError(f"role {role} is not in the plan; it lists {', '.join(roles)}")


def require_visible(name: str, text: str) -> None:
    """Refuse a text that says nothing, or that shows something else than it holds.

    Raises:
        UsageError: It is empty, too long, or has control or direction characters.

    Example:
        >>> require_visible("reason", "scanner recalled")
        >>> require_visible("reason", " ")
        Traceback (most recent call last):
        monitor.errors.UsageError: the reason is empty
    """
    if not text.strip():
        raise UsageError(f"the {name} is empty")
    if len(text) > LONGEST_TEXT:
        raise UsageError(f"the {name} is longer than {LONGEST_TEXT} characters")
    if any(unicodedata.category(character).startswith("C") for character in text):
        raise UsageError(f"the {name} holds an invisible character; write visible text on one line")


def _require_person(who: Signatory) -> None:
    require_visible("signer", who.name)
    if same_person(who.name, AUTHOR):
        raise UsageError(f"{AUTHOR} proposes changes and approves none: give the printed name of a person")


def same_person(one: str, other: str) -> bool:
    """True for names that print alike but for case and spaces.

    Example:
        >>> same_person("A.  Reviewer", "a. reviewer")
        True
    """
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()
