"""What a dossier is written from: the plan as loaded, the change, and the ledger around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from monitor.plan.model import ChangePlan
from monitor.registry import Change, RegistryState

__all__ = ["Case", "Change", "History", "PlanFile", "Record", "history_of"]

Record = Mapping[str, Any]


class PlanFile(Protocol):
    """A checked plan and the hash that binds every record to it: from a file, or from the workspace."""

    @property
    def plan(self) -> ChangePlan: ...

    @property
    def sha256(self) -> str: ...


@dataclass(frozen=True)
class History:
    """What the ledger holds beside one change, at the time its dossier is issued.

    Attributes:
        software: Version of the program that bound the plan, from the first entry; None when not told.
        plans: Identity of every version of the plan that was bound, oldest first.
        changes: Every change of every place, in the order in which they were opened.
        deviations: Deviations from the plan, and records of what is none.
        corrective_actions: Opened because a version in use was below its floor.
    """

    software: str | None = None
    plans: tuple[Record, ...] = ()
    changes: tuple[Change, ...] = ()
    deviations: tuple[Record, ...] = ()
    corrective_actions: tuple[Record, ...] = ()


def history_of(state: RegistryState) -> History:
    """The history as the ledger tells it so far: nothing of it is read from a clock or the machine."""
    return History(
        state.bound.get("software"),
        tuple(state.plans),
        tuple(state.changes.values()),
        tuple(state.deviations),
        tuple(state.corrective_actions),
    )


@dataclass(frozen=True)
class Case:
    """One change with all that is said about it; numbers of studies are taken from `shared` only.

    Attributes:
        loaded: The plan, with its hash.
        change: The change as the ledger tells it.
        history: What the ledger holds beside it.
        shared: The dossier as it may be shared, without small cells where the plan says so.
    """

    loaded: PlanFile
    change: Change
    history: History
    shared: Record

    @property
    def plan(self) -> ChangePlan:
        return self.loaded.plan

    @property
    def verdict(self) -> str | None:
        """accept, reject or insufficient; None when no look decided."""
        return (self.change.verdict or {}).get("verdict")

    @property
    def looked(self) -> bool:
        """True when the criteria were evaluated on validation studies."""
        return bool((self.change.verdict or {}).get("criteria"))

    @property
    def in_use(self) -> bool:
        """True while the candidate is deployed and not rolled back."""
        return self.change.state == "deployed"

    @property
    def may_come(self) -> bool:
        """True when users meet the candidate, or will when the plan's roles approve."""
        return self.change.state in ("proposed", "approved", "deployed")

    @property
    def version(self) -> str | None:
        """Version of the candidate; None when none was frozen."""
        frozen = (self.change.candidate or {}).get("candidate")
        return None if frozen is None else frozen["version"]

    @property
    def at_this_place(self) -> tuple[Change, ...]:
        """Changes of the same site and finding up to and with this one."""
        before = [item for item in self.history.changes if item.place == self.change.place]
        names = [item.id for item in before]
        end = names.index(self.change.id) if self.change.id in names else len(before)
        return (*before[:end], self.change)
