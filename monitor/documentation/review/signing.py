"""Who has signed a change, who must, and the exact command for each signature."""

from __future__ import annotations

from typing import Final

from monitor.documentation.blocks import Aside, Cell, Facts, Sentence, Table
from monitor.documentation.evidence import Record
from monitor.documentation.review.addresses import rollback_command, sign_command
from monitor.documentation.review.desk import Desk, decision_form, rollback_form
from monitor.documentation.review.loose import many, part
from monitor.documentation.review.pieces import Command, Part, Piece
from monitor.documentation.wording import counted, listed

REPLACE: Final = "Replace the words in capitals. A command that the plan does not allow is refused."
SIGNERS: Final = ("Decision", "Signer", "Role", "Time", "Meaning", "Key")


def signatures_part(change: Record, report: Record, desk: Desk | None = None) -> Part:
    """Roles with what is missing, signatures on record, and what can be done now."""
    workspace = str(report.get("workspace") or "WORKSPACE")
    pieces: list[Piece] = [*_on_record(change)]
    commands = _commands(change, workspace)
    if desk and commands:
        pieces.append(decision_form(change, desk) if _waits(change) else rollback_form(change, desk))
    pieces += [Sentence(REPLACE), *commands] if commands else [Sentence(_nothing_to_sign(change))]
    return Part("signatures", "Signatures", tuple(pieces))


def _on_record(change: Record) -> list[Piece]:
    roles = tuple(
        (str(item.get("role")), f"{item.get('have')} of {item.get('need')}")
        for item in many(change, "approvals")
    )
    pieces: list[Piece] = [Facts(roles)] if roles else []
    rows = [_signature("approved", found) for found in many(change, "signed")]
    if declined := part(change, "declined"):
        rows.append(_signature("declined", declined))
    if undone := part(change, "rolled_back"):
        rows.append(_signature("rolled back", {**undone, "meaning": undone.get("reason")}))
    if rows:
        pieces.append(Table("signed", "Signatures on record", SIGNERS, tuple(rows)))
    if change.get("simulated_approval"):
        pieces.append(Aside("Simulated approval: no person has signed this change."))
    return pieces


def _signature(decision: str, found: Record) -> tuple[Cell, ...]:
    keys = ("signer", "role", "at", "meaning")
    return (
        decision,
        *(str(found.get(key) or "not recorded") for key in keys),
        str(found.get("key_id") or "none"),
    )


def _commands(change: Record, workspace: str) -> list[Piece]:
    name = str(change.get("id"))
    if _waits(change):
        lacking = [str(item.get("role")) for item in _lacking(change)]
        approve = [
            Command(f"To approve as {role}", sign_command("approve", name, workspace, role))
            for role in lacking
        ]
        decline = Command("To decline, as any role of the plan", sign_command("decline", name, workspace))
        return [*approve, decline, *_without_keys(change, lacking)]
    if change.get("can_roll_back"):
        line = rollback_command(change, workspace, with_key=any(part(change, "keys").values()))
        return [Command("To take the live calibrator back", line)]
    return []


def _waits(change: Record) -> bool:
    """True when it can be approved or declined."""
    return change.get("state") == "proposed"


def _lacking(change: Record) -> list[Record]:
    """Roles whose people have not all signed."""
    return [item for item in many(change, "approvals") if (item.get("have") or 0) < (item.get("need") or 1)]


def _without_keys(change: Record, roles: list[str]) -> list[Piece]:
    keys = part(change, "keys")
    without = [role for role in roles if not keys.get(role)]
    if not without:
        return []
    return [Aside(f"The plan lists no key for {listed(without)}: these commands will be refused.")]


def _nothing_to_sign(change: Record) -> str:
    lacking = sum((item.get("need") or 0) - (item.get("have") or 0) for item in many(change, "approvals"))
    if change.get("state") == "collecting":
        return f"Nothing to sign yet: an accepted candidate will need {counted(lacking, 'signature')}."
    return "Nothing to sign: the change has ended."
