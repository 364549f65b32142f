"""An alarm and a change attempt, as the ledger tells them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from monitor.records import Place

ChangeStateName = Literal[
    "collecting",
    "proposed",
    "approved",
    "deployed",
    "declined",
    "rejected",
    "insufficient",
    "void",
    "withdrawn",
    "rolled_back",
]
Body = dict[str, Any]
CALIBRATION = "calibration"
"""The one stream whose alarm opens a change."""


@dataclass(frozen=True)
class Alarm:
    """An alarm and, once it ended, how."""

    body: Body
    closed: Body | None = None

    @property
    def place(self) -> Place:
        return Place(self.body["site"], self.body["finding"])

    @property
    def stream(self) -> str:
        """The stream that raised it."""
        return self.body["stream"]


class Signatures(NamedTuple):
    """How many people of a role have signed a change, and how many must."""

    role: str
    have: int
    need: int


@dataclass(frozen=True)
class Change:
    """One change attempt: every ledger body that belongs to it.

    Attributes:
        implemented: The plan's own decision to deploy, where implementation is automatic.
        looks: Looks that decided nothing, in order; the one that decides is the verdict.
        plan_sha256: The plan that was bound when the change was opened, and under which it stays.
    """

    id: str
    alarm: Body
    opened: Body
    candidate: Body | None = None
    looks: tuple[Body, ...] = ()
    verdict: Body | None = None
    approvals: tuple[Body, ...] = ()
    implemented: Body | None = None
    declined: Body | None = None
    deployed: Body | None = None
    voided: Body | None = None
    rolled_back: Body | None = None
    followed_up: Body | None = None
    dossier: Body | None = None
    entries: tuple[tuple[int, str, str], ...] = ()
    plan_sha256: str | None = None

    @property
    def place(self) -> Place:
        return Place(self.opened["site"], self.opened["finding"])

    @property
    def looks_held(self) -> int:
        """Number of the last planned look that was held; 0 before the first."""
        return self.looks[-1]["look"] if self.looks else 0

    @property
    def state(self) -> ChangeStateName:
        """Where the change stands; a verdict of None means that no candidate was put forward, or void."""
        ends: tuple[tuple[Any, ChangeStateName], ...] = (
            (self.rolled_back, "rolled_back"),
            (self.deployed, "deployed"),
            (self.voided, "void"),
            (self.declined, "declined"),
            ((self.verdict or {}).get("void"), "void"),
        )
        for body, name in ends:
            if body:
                return name
        if self.verdict is None:
            return "collecting"
        states: dict[str | None, ChangeStateName] = {
            "accept": "approved" if self.fully_signed or self.implemented else "proposed",
            "reject": "rejected",
            "insufficient": "insufficient",
            None: "withdrawn",
        }
        return states[self.verdict["verdict"]]

    @property
    def signatures(self) -> tuple[Signatures, ...]:
        """For each role of the plan in force, how many have signed and how many must."""
        have = Counter(approval["role"] for approval in self.approvals)
        required: list[Body] = self.opened.get("approvals", [])
        return tuple(Signatures(item["role"], have[item["role"]], item["signatures"]) for item in required)

    @property
    def fully_signed(self) -> bool:
        """True when somebody has signed and no role lacks a signature."""
        return bool(self.approvals) and all(role.have >= role.need for role in self.signatures)

    @property
    def fitting_patients_sha256(self) -> str | None:
        return self.candidate["fit"]["patients_sha256"] if self.candidate else None
