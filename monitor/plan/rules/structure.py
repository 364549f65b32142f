"""The plan as a whole: names used once, references that lead somewhere, weights and keys."""

from __future__ import annotations

import base64
from collections.abc import Iterator

from monitor.plan.fault import Key, Problem
from monitor.plan.model import ChangePlan
from monitor.plan.rules.rule import MODIFICATIONS, Rule, repeated
from monitor.plan.rules.times import is_date

PROTOCOL: Key = ("modification_protocol",)
CELLS = ("data_management", "retraining", "performance_evaluation", "update_procedures")
PLACEHOLDER_WORDS = ("example", "placeholder", "replace")
LEAST_DISTINCT_BYTES = 12  # of 32; a key made by chance has fewer with probability below 1e-12


def letter_date(plan: ChangePlan) -> Iterator[Problem]:
    """The date of the authorisation letter is a calendar date."""
    written = plan.plan.authorization.date
    if written is not None and not is_date(written):
        key = ("plan", "authorization", "date")
        yield Problem(key, "not a calendar date", "a date such as 2026-03-01", "text")


def finding_ids(plan: ChangePlan) -> Iterator[Problem]:
    """Findings are told apart by their ids."""
    for position, first in repeated([finding.id for finding in plan.findings]):
        yield Problem(
            ("findings", position, "id"), f"the id of finding {first} again", "an id of its own", "text"
        )


def protocol_ids(plan: ChangePlan) -> Iterator[Problem]:
    """Modifications and items of the protocol are told apart by their ids."""
    owners: list[tuple[Key, str]] = [((*MODIFICATIONS, 0, "id"), plan.modification.id)]
    owners += [((*PROTOCOL, cell, 0, "id"), next(iter(existing(plan, cell)))) for cell in CELLS]
    for position, first in repeated([name for _, name in owners]):
        message = f"the id of {owners[first][0][-3]} again"
        yield Problem(owners[position][0], message, "an id of its own", "text")


def existing(plan: ChangePlan, cell: str) -> set[str]:
    """Ids of the protocol's items of one kind."""
    return {item.id for item in getattr(plan.modification_protocol, cell)}


def traceability(plan: ChangePlan) -> Iterator[Problem]:
    """Every modification has one row, and every cell of it leads to an item of the protocol."""
    known = {change.id for change in plan.description_of_modifications}
    yield from references(("traceability",), known, [row.modification for row in plan.traceability])
    for position, row in enumerate(plan.traceability):
        for cell in CELLS:
            for at, name in enumerate(getattr(row, cell)):
                if name not in existing(plan, cell):
                    key = ("traceability", position, cell, at)
                    yield Problem(key, f"no {cell} item has this id", f"an id of {dotted_cell(cell)}", "text")


def dotted_cell(cell: str) -> str:
    """Where the items of a traceability cell are defined."""
    return f"modification_protocol.{cell}"


def impact(plan: ChangePlan) -> Iterator[Problem]:
    """Every modification has one impact assessment."""
    known = {change.id for change in plan.description_of_modifications}
    yield from references(("impact_assessment",), known, [row.modification for row in plan.impact_assessment])


def references(table: Key, known: set[str], rows: list[str]) -> Iterator[Problem]:
    """Each known modification has exactly one row in the table, and no row is about another."""
    for name in sorted(known - set(rows)):
        yield Problem(table, f"no row for modification {name}", "one row per modification", on_key=True)
    for position, name in enumerate(rows):
        if name not in known:
            key = (*table, position, "modification")
            yield Problem(key, "no modification has this id", "an id of description_of_modifications", "text")
    for position, first in repeated(rows):
        key = (*table, position, "modification")
        yield Problem(key, f"the modification of row {first} again", "one row per modification", "text")


def approval_roles(plan: ChangePlan) -> Iterator[Problem]:
    """Roles are told apart by their names."""
    for position, first in repeated([approval.role for approval in plan.approvals]):
        key = ("approvals", position, "role")
        yield Problem(key, f"the role of approval {first} again", "each role once", "text")


def public_keys(plan: ChangePlan) -> Iterator[Problem]:
    """A key belongs to one person in one role, and is a key that somebody holds."""
    places = [
        (("approvals", position, "keys", at), key)
        for position, approval in enumerate(plan.approvals)
        for at, key in enumerate(approval.keys)
    ]
    for where, key in places:
        if is_placeholder(key):
            yield Problem(
                where, "a placeholder that nobody can sign with", "a key that `pccp key show` prints", "text"
            )
    for position, _ in repeated([key_bytes(key).hex() for _, key in places]):
        yield Problem(places[position][0], "the same key again", "a key of its own for each role", "text")


def signatures(plan: ChangePlan) -> Iterator[Problem]:
    """A role that lists keys lists enough of them to sign; one that lists none cannot approve yet."""
    for position, approval in enumerate(plan.approvals):
        if approval.keys and len(approval.keys) < approval.signatures:
            yield Problem(
                ("approvals", position, "signatures"),
                "more signatures than the role has keys",
                "at most one signature for each key",
                "whole number",
            )


def key_bytes(key: str) -> bytes:
    """The 32 bytes of a public key."""
    return base64.urlsafe_b64decode(key.removeprefix("ed25519:") + "=")


def is_placeholder(key: str) -> bool:
    """True for a key that was typed rather than made.

    Example:
        >>> is_placeholder("ed25519:" + "A" * 43)
        True
    """
    word = key.removeprefix("ed25519:").casefold()
    return len(set(key_bytes(key))) < LEAST_DISTINCT_BYTES or any(hint in word for hint in PLACEHOLDER_WORDS)


RULES = (
    Rule((("plan",),), letter_date),
    Rule((("findings",),), finding_ids),
    Rule((MODIFICATIONS, PROTOCOL), protocol_ids),
    Rule((MODIFICATIONS, PROTOCOL, ("traceability",)), traceability),
    Rule((MODIFICATIONS, ("impact_assessment",)), impact),
    Rule((("approvals",),), approval_roles),
    Rule((("approvals",),), public_keys),
    Rule((("approvals",),), signatures),
)
